"""The storage of a domain that is removed with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import DomainXMLFlags, StorageVolDeleteFlags
from virtkit.errors import NoStorageVolError, OperationInvalidError
from virtkit_cli.command import Arguments, UsageError
from virtkit_cli.disk import disks, source_of
from virtkit_cli.objects import pool_named, volume_named

if TYPE_CHECKING:
    from virtkit import Domain, StorageVol
    from virtkit.xml.domain.devices.disk import Disk
    from virtkit_cli.session import Session


class Medium(NamedTuple):
    """A disk of a domain: its target, where it is, and the volume that holds it; None: no pool has it."""

    target: str
    source: str
    volume: StorageVol | None

    def __str__(self) -> str:
        return f"'{self.target}'({self.source})"


def chosen_media(session: Session, args: Arguments, domain: Domain) -> list[Medium]:
    """What `--storage` and `--remove-all-storage` name; found before the domain is gone.

    Raises:
        OperationInvalidError: The domain runs.
        UsageError: It has no such disk.
    """
    if not args.storage and not args.remove_all_storage:
        return []
    if domain.is_active():
        raise OperationInvalidError(f"domain {domain.name!r} runs: its storage can be removed once it has stopped")
    found = list(_media(session, domain))
    wanted = {name for name in (args.storage or "").split(",") if name}
    unknown = wanted - {name for medium in found for name in (medium.target, medium.source)}
    if unknown:
        raise UsageError(f"--storage: domain {domain.name!r} has no disk {', '.join(sorted(unknown))}")
    return [each for each in found if args.remove_all_storage or wanted & {each.target, each.source}]


def _media(session: Session, domain: Domain) -> Iterator[Medium]:
    for disk in disks(domain, DomainXMLFlags.INACTIVE):
        source = source_of(disk)
        if source and disk.target and disk.target.dev:
            yield Medium(disk.target.dev, source, _volume(session, disk, source))


def _volume(session: Session, disk: Disk, source: str) -> StorageVol | None:
    try:
        if disk.source is not None and disk.source.pool:
            return pool_named(session, disk.source.pool).lookup_volume_by_name(source)
        return volume_named(session, source)
    except NoStorageVolError:
        return None


def remove(session: Session, args: Arguments, media: list[Medium]) -> None:
    """Delete volumes, wiped before where that was asked; what no pool has stays and is named."""
    flags = StorageVolDeleteFlags.WITH_SNAPSHOTS if args.delete_storage_volume_snapshots else 0
    for medium in media:
        if medium.volume is None:
            remark = f"Storage volume {medium} is in no storage pool. Remove it manually."
            session.out.done(remark, target=medium.target, source=medium.source, removed=False)
            continue
        if args.wipe_storage:
            medium.volume.wipe()
        medium.volume.delete(flags)
        session.out.done(f"Volume {medium} removed.", target=medium.target, source=medium.source, removed=True)
