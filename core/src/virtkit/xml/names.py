"""Names in documents: namespace prefixes, and the known name nearest to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_NAME = 64
"""Longer names are cut in messages and not compared: difflib's cost grows with the product of the lengths."""

NAMESPACES = {
    "bhyve": "http://libvirt.org/schemas/domain/bhyve/1.0",
    "dnsmasq": "http://libvirt.org/schemas/network/dnsmasq/1.0",
    "fs": "http://libvirt.org/schemas/storagepool/fs/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "rbd": "http://libvirt.org/schemas/storagepool/rbd/1.0",
    "test": "http://libvirt.org/schemas/domain/test/1.0",
    "vmware": "http://libvirt.org/schemas/domain/vmware/1.0",
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
}
"""The prefix that is printed for a namespace, whatever prefix the user chose."""

PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}


def qualified(name: str) -> str:
    """Return a declared name (`qemu:arg`) as the reader spells it (`{http://…/qemu/1.0}arg`)."""
    prefix, colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else name


def displayed(name: str) -> str:
    """Return the reader's spelling of a name for people: the prefix, if it is one of ours, and never too long."""
    if name.startswith("{"):
        uri, _, local = name[1:].partition("}")
        name = f"{PREFIXES[uri]}:{local}" if uri in PREFIXES else local
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` may have been meant to be; None if none is near."""
    if len(name) > LONGEST_NAME:
        return None
    from difflib import get_close_matches

    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[matches[0]] if matches else None
