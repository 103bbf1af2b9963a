"""The storage backend `btrfs` of virtkit."""
