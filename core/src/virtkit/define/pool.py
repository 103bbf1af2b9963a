"""The define pass of storage pools: what a type of pool needs of its source and target, and what it has by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.pool import PoolSource, SourceFormat, StoragePool

STORAGE = ErrorDomain.STORAGE


class PoolType(NamedTuple):
    """What the definitions of a type of pools have in common.

    Attributes:
        needs: What its source must have: hosts, devices, dir, adapter, initiator, name.
        format: Format of a source that names none.
        named: The source's name is the pool's where it has none.
        path: Start of the target's path, which the source's name completes; None: the definition gives it; empty: none.
    """

    needs: tuple[str, ...] = ()
    format: str | None = None
    named: bool = False
    path: str | None = None


TYPES = {
    "dir": PoolType(),
    "fs": PoolType(("devices",), "auto"),
    "netfs": PoolType(("hosts", "dir"), "auto"),
    "logical": PoolType(format="lvm2", named=True, path="/dev/"),
    "disk": PoolType(("devices",), "unknown"),
    "iscsi": PoolType(("hosts",)),
    "iscsi-direct": PoolType(("hosts", "devices", "initiator"), path=""),
    "scsi": PoolType(("adapter",)),
    "mpath": PoolType(),
    "rbd": PoolType(("hosts", "name"), path=""),
    "sheepdog": PoolType(("hosts",), named=True, path=""),
    "gluster": PoolType(("hosts",), named=True, path=""),
    "zfs": PoolType(named=True, path="/dev/zvol/"),
    "vstorage": PoolType(named=True),
}

PARTS: dict[str, Callable[[PoolSource], object]] = {
    "hosts": lambda source: any(host.name for host in source.hosts),
    "devices": lambda source: any(device.path for device in source.devices),
    "dir": lambda source: source.dir,
    "adapter": lambda source: source.adapter is not None and (source.adapter.name or source.adapter.wwpn),
    "initiator": lambda source: source.initiator is not None and source.initiator.iqn,
    "name": lambda source: source.name,
}
"""Part of a source -> whether it is there."""


def type_of(document: StoragePool) -> str:
    """The type that a definition names.

    Raises:
        XMLError: It names none.
    """
    if document.type is None:
        raise XMLError("the storage pool has no type: give it type='dir' or another", domain=ErrorDomain.XML)
    return document.type


def shape_of(document: StoragePool) -> PoolType:
    """What libvirt's own types of pools need.

    Raises:
        XMLError: It has no type, or one that libvirt does not have.
    """
    shape = TYPES.get(type_of(document))
    if shape is None:
        known = ", ".join(TYPES)
        raise XMLError(f"{document.type!r} is no type of storage pool: there are {known}", domain=ErrorDomain.XML)
    return shape


def complete(document: StoragePool, kind: PoolType) -> None:
    """Check the definition of a pool and fill in the defaults; the figures become 0, whatever was written.

    Args:
        document: The definition; changed in place.
        kind: What its type needs.

    Raises:
        XMLError: It has no name, or lacks what its type needs.
        ConfigUnsupportedError: An `iscsi-direct` pool without initiator.
    """
    source = document.source
    document.name = document.name or (source.name if document.type == "logical" else None)
    if not document.name:
        raise XMLError("the storage pool has no <name>: give it one", domain=STORAGE)
    if "/" in document.name or "\n" in document.name:
        raise XMLError(f"storage pool name {document.name!r} has '/' or a line break: choose another", domain=STORAGE)
    document.uuid = document.uuid or os.urandom(16)
    if kind.named:
        source.name = source.name or document.name
    if document.type == "gluster":
        source.dir = source.dir or "/"
    if kind.format is not None and (source.format is None or source.format.type is None):
        source.format = SourceFormat(type=kind.format)
    if source.adapter is not None:
        source.adapter.type = source.adapter.type or "scsi_host"
    _require(document, kind)
    _set_path(document, kind)
    document.capacity = document.allocation = document.available = 0


def _require(document: StoragePool, kind: PoolType) -> None:
    for part in kind.needs:
        if not PARTS[part](document.source):
            error = ConfigUnsupportedError if part == "initiator" else XMLError
            raise error(
                f"storage pool {document.name!r} of type {document.type!r} has no {part} in its <source>: give it one",
                domain=STORAGE,
            )


def _set_path(document: StoragePool, kind: PoolType) -> None:
    if kind.path:
        document.target.path = f"{kind.path}{document.source.name}"
    elif kind.path is not None:
        document.target.path = None
    elif not document.target.path:
        raise XMLError(f"storage pool {document.name!r} has no <target><path>: give it one", domain=STORAGE)
