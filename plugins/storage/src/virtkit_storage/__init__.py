"""The storage driver of virtkit: pools and volumes, whatever their backends, and the backends dir, fs and netfs."""
