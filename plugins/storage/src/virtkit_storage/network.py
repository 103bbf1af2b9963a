"""The backend `netfs`."""
