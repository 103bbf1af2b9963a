"""Documents of volumes, and of guests that use them."""

from __future__ import annotations

DISK = "<disk type='volume'>{}<target dev='{}' bus='virtio'/></disk>"


def volume(name: str, size: int, *, format: str = "raw", more: str = "") -> str:
    """A document of a volume; `size` is in bytes."""
    target = f"<target><format type='{format}'/></target>"
    return f"<volume><name>{name}</name><capacity>{size}</capacity>{target}{more}</volume>"


def domain_of(name: str, *disks: str) -> str:
    """A domain with these disks alone."""
    return (
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>4</memory><os><type>hvm</type></os>"
        f"<features><acpi/></features><devices>{''.join(disks)}<serial type='pty'/></devices></domain>"
    )
