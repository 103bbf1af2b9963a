"""Volumes of storage pools that are disks: the storage driver tells where they are when a guest starts.

What was found stays with the run and in its status document: a pool that is stopped later is no matter to the guest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from virtkit.enums import ErrorDomain, StorageVolType
from virtkit.errors import ConfigUnsupportedError, NoStoragePoolError, NoStorageVolError, NotSupportedError, XMLError

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.disk import BackingStore, Disk
    from virtkit.xml.domain.devices.source import DiskSource

Peers = Mapping[str, Callable[..., Any]]
"""Functions of the other drivers; see `virtkit.driver.OpenRequest`."""

TYPES = {StorageVolType.FILE: "file", StorageVolType.BLOCK: "block"}
"""Types of volumes that can be disks -> type of the disk that they are."""

ABSENT = (NoStoragePoolError, NoStorageVolError, ConfigUnsupportedError)

_log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where the bytes of a volume are: its path, and whether it is a `file` or a `block` device."""

    type: str
    path: str


Places = Mapping[tuple[str, str], Place]
"""Pool and volume -> where it is."""


def locate(peers: Peers, domain: Domain) -> dict[tuple[str, str], Place]:
    """Find the volumes that a domain is to start with, and empty the drives whose medium is missing and optional.

    Args:
        peers: Functions of the storage driver.
        domain: The domain; a volume whose format it does not tell is raw.

    Raises:
        NoStoragePoolError: There is no such pool.
        NoStorageVolError: The pool has no such volume.
        ConfigUnsupportedError: The pool is not active, no storage driver is installed, or the volume cannot be a disk.
        XMLError: A mode is asked for that volumes of this pool do not have.
    """
    places: dict[tuple[str, str], Place] = {}
    for disk in domain.devices.disks:
        try:
            for source in _volumes(disk):
                places.setdefault(key_of(source), _place(peers, _Wanted(domain, disk, source)))
        except ABSENT as error:
            if disk.source is None or disk.source.startup_policy != "optional":
                raise
            _log.warning("%s; it is optional, so the drive is empty", error)
            empty(disk)
        if disk.type == "volume" and disk.driver is not None:
            disk.driver.type = disk.driver.type or "raw"
    return places


def key_of(source: DiskSource) -> tuple[str, str]:
    """What a source is called in `Places`."""
    return source.pool or "", source.volume or ""


def empty(disk: Disk) -> None:
    """Take the medium out of a drive."""
    disk.type, disk.source = "file", None


class _Wanted(NamedTuple):
    """A volume that is to be the source of a disk."""

    domain: Domain
    disk: Disk
    source: DiskSource

    @property
    def pool(self) -> str:
        return self.source.pool or ""

    def __str__(self) -> str:
        target = (self.disk.target.dev if self.disk.target else None) or "?"
        return (
            f"domain {self.domain.name!r} cannot start: disk {target} is volume {self.source.volume!r} of storage "
            f"pool {self.source.pool!r}"
        )


def _volumes(disk: Disk) -> Iterator[DiskSource]:
    image: Disk | BackingStore | None = disk
    while image is not None:
        if image.type == "volume" and image.source is not None:
            yield image.source
        image = image.backing_store


def _place(peers: Peers, wanted: _Wanted) -> Place:
    pool = _pool(peers, wanted)
    if wanted.source.mode is not None:
        _check_mode(peers["storage_pool_get_xml_desc"](pool, 0), wanted)
    try:
        volume = peers["storage_vol_lookup_by_name"](pool, wanted.source.volume)
        kind, path = peers["storage_vol_get_info"](volume).type, peers["storage_vol_get_path"](volume)
    except NoStorageVolError as error:
        step = f"`virtkit vol-list {wanted.pool}` shows which there are"
        raise NoStorageVolError(f"{wanted}, which has no such volume; {step}", domain=ErrorDomain.STORAGE) from error
    if kind not in TYPES:
        _refuse(f"{wanted}, which is neither a file nor a block device: use another volume", ErrorDomain.QEMU)
    return Place(TYPES[kind], path)


def _pool(peers: Peers, wanted: _Wanted) -> Any:
    """The pool, which is active."""
    try:
        pool = peers["storage_pool_lookup_by_name"](wanted.pool)
        active = peers["storage_pool_is_active"](pool)
    except NotSupportedError as error:
        raise ConfigUnsupportedError(
            f"{wanted}, and no storage driver is installed: pip install virtkit-storage", domain=ErrorDomain.QEMU
        ) from error
    except NoStoragePoolError as error:
        raise NoStoragePoolError(
            f"{wanted}, which does not exist: define the pool, or correct the definition of the domain",
            domain=ErrorDomain.STORAGE,
        ) from error
    if not active:
        _refuse(f"{wanted}, which is not active: start it with `virtkit pool-start {wanted.pool}`", ErrorDomain.DOMAIN)
    return pool


def _check_mode(document: str, wanted: _Wanted) -> None:
    """Only a volume of an iSCSI target can be reached in two ways."""
    from virtkit.xml.pool import StoragePool

    if StoragePool.parse(document).type != "iscsi":
        raise XMLError(
            f"{wanted}, which is no iSCSI target: leave mode={wanted.source.mode!r} out", domain=ErrorDomain.DOMAIN
        )
    if wanted.source.mode != "host":
        _refuse(f"{wanted} with mode='direct', which is not supported yet: use mode='host'", ErrorDomain.QEMU)


def _refuse(message: str, domain: ErrorDomain) -> NoReturn:
    raise ConfigUnsupportedError(message, domain=domain)
