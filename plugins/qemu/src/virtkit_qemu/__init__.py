"""The QEMU driver of virtkit."""
