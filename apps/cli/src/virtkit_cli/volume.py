"""Commands on storage volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from virtkit.enums import (
    StorageVolCreateFlags,
    StorageVolDeleteFlags,
    StorageVolDownloadFlags,
    StorageVolInfoFlags,
    StorageVolResizeFlags,
    StorageVolType,
    StorageVolUploadFlags,
    StorageVolWipeAlgorithm,
)
from virtkit_cli.command import Arguments, Flag, argument, command, declare, option
from virtkit_cli.objects import POOL, find_pool, volume_named
from virtkit_cli.output import size
from virtkit_cli.values import bytesize, document, word_of
from virtkit_cli.words import FILE, PRINT_XML, XPATH, print_document

if TYPE_CHECKING:
    from virtkit import StorageVol
    from virtkit_cli.session import Session

VOLUME = argument("vol", "name in --pool, key or path of a volume", completes="volume")
IN_POOL = option("pool", "pool the name is in", completes="pool")
PREALLOC = Flag("prealloc-metadata", "allocate the metadata of the image", StorageVolCreateFlags.PREALLOC_METADATA)
REFLINK = Flag("reflink", "share the data until it is written to", StorageVolCreateFlags.REFLINK)
VALIDATE = Flag("validate", "refuse a document with names that nobody knows", StorageVolCreateFlags.VALIDATE)


def find_volume(session: Session, args: Arguments) -> StorageVol:
    """The volume that `--vol` and `--pool` name."""
    return volume_named(session, args.vol, args.pool)


@command(POOL.word, Flag("details", "with types and sizes"))
def vol_list(session: Session, args: Arguments) -> None:
    """List the volumes of a storage pool."""
    rows = []
    for volume in find_pool(session, args).list_volumes():
        row: dict[str, Any] = {"name": volume.name, "path": volume.path()}
        if args.details or session.out.json:
            info = volume.info()
            sizes = {"capacity": info.capacity, "allocation": info.allocation}
            row["type"] = StorageVolType(info.type).name.lower()
            row |= {key: value if session.out.json else size(value) for key, value in sizes.items()}
        rows.append(row)
    columns = {"name": "Name", "path": "Path"}
    details = {"type": "Type", "capacity": "Capacity", "allocation": "Allocation"}
    session.out.table(columns | (details if args.details else {}), rows)


@command(
    VOLUME,
    IN_POOL,
    Flag("bytes", "sizes in bytes"),
    Flag("physical", "the size of the file instead of what is allocated", StorageVolInfoFlags.GET_PHYSICAL),
)
def vol_info(session: Session, args: Arguments) -> None:
    """Show what is known about a volume."""
    volume = find_volume(session, args)
    info = volume.info(args.flags)
    second = "physical" if args.physical else "allocation"
    values: dict[str, Any] = {"name": volume.name, "type": StorageVolType(info.type).name.lower()}
    for key, value in (("capacity", info.capacity), (second, info.allocation)):
        values[key] = value if session.out.json else f"{value} bytes" if args.bytes else size(value)
    session.out.record({key: key.capitalize() for key in values}, values)


@command(VOLUME, IN_POOL, *XPATH)
def vol_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of a volume."""
    print_document(session, args, find_volume(session, args).xml_desc())


def _fact(key: str, ask: Callable[[StorageVol], object]) -> None:
    """Declare a command that prints one fact of a volume."""

    def body(session: Session, args: Arguments) -> None:
        session.out.value(key, ask(find_volume(session, args)))

    declare(f"vol-{key}", f"Print the {key} of a volume.", [VOLUME, IN_POOL], body)


_fact("key", lambda volume: volume.key)
_fact("path", lambda volume: volume.path())
_fact("name", lambda volume: volume.name)


@command(VOLUME, Flag("uuid", "its UUID rather than its name"))
def vol_pool(session: Session, args: Arguments) -> None:
    """Print the pool of a volume."""
    pool = volume_named(session, args.vol).pool()
    session.out.value("pool", pool.uuid_string if args.uuid else pool.name)


@command(POOL.word, FILE, PREALLOC, VALIDATE)
def vol_create(session: Session, args: Arguments) -> None:
    """Create a volume from an XML file."""
    volume = find_pool(session, args).create_volume(document(args.file), args.flags)
    session.out.done(f"Vol {volume.name} created from {args.file}", name=volume.name, key=volume.key)


@command(
    POOL.word,
    FILE,
    argument("vol", "name in --inputpool, key or path of the other volume"),
    option("inputpool", "pool of the other volume; this one if left out", completes="pool"),
    PREALLOC,
    REFLINK,
    VALIDATE,
)
def vol_create_from(session: Session, args: Arguments) -> None:
    """Create a volume from an XML file with the content of another."""
    source = volume_named(session, args.vol, args.inputpool or args.pool)
    made = find_pool(session, args).create_volume_from(document(args.file), source, args.flags)
    session.out.done(f"Vol {made.name} created from input vol {source.name}", name=made.name, key=made.key)


@command(
    POOL.word,
    argument("name", "name of the volume"),
    argument("capacity", "its size, such as 10G", bytesize),
    option("allocation", "how much to allocate at once", bytesize),
    option("format", "format of the image"),
    option("backing-vol", "name in the pool, or path, of what it stands on", completes="file"),
    option("backing-vol-format", "format of that"),
    PREALLOC,
    PRINT_XML,
)
def vol_create_as(session: Session, args: Arguments) -> None:
    """Create a volume from options."""
    from virtkit.xml.volume import StorageVolume, VolumeBacking, VolumeTarget

    described = StorageVolume(name=args.name, capacity=args.capacity, allocation=args.allocation)
    if args.format:
        described.target = VolumeTarget(format=args.format)
    if args.backing_vol:
        path = args.backing_vol
        if "/" not in path:
            path = find_pool(session, args).lookup_volume_by_name(path).path()
        described.backing_store = VolumeBacking(path=path, format=args.backing_vol_format)
    if args.print_xml:
        session.out.document(described.format())
        return
    made = find_pool(session, args).create_volume(described.format(), args.flags)
    session.out.done(f"Vol {made.name} created", name=made.name, key=made.key)


@command(VOLUME, argument("newname", "name of the new volume"), IN_POOL, PREALLOC, REFLINK, PRINT_XML)
def vol_clone(session: Session, args: Arguments) -> None:
    """Create a volume with the content of another in its pool."""
    from virtkit.xml.volume import StorageVolume

    source = find_volume(session, args)
    described = StorageVolume.parse(source.xml_desc())
    described.name, described.key, described.target.path = args.newname, None, None
    if args.print_xml:
        session.out.document(described.format())
        return
    made = source.pool().create_volume_from(described.format(), source, args.flags)
    session.out.done(f"Vol {made.name} cloned from {source.name}", name=made.name, key=made.key)


@command(VOLUME, IN_POOL, Flag("delete-snapshots", "also its snapshots", StorageVolDeleteFlags.WITH_SNAPSHOTS))
def vol_delete(session: Session, args: Arguments) -> None:
    """Delete a volume."""
    volume = find_volume(session, args)
    volume.delete(args.flags)
    session.out.done(f"Vol {volume.name} deleted", name=volume.name)


ALGORITHMS = {word_of(algorithm): algorithm for algorithm in StorageVolWipeAlgorithm}


@command(VOLUME, IN_POOL, option("algorithm", "how to overwrite it; with zeros if left out", choices=tuple(ALGORITHMS)))
def vol_wipe(session: Session, args: Arguments) -> None:
    """Overwrite a volume."""
    volume = find_volume(session, args)
    if args.algorithm:
        volume.wipe_pattern(ALGORITHMS[args.algorithm])
    else:
        volume.wipe()
    session.out.done(f"Vol {volume.name} wiped", name=volume.name)


@command(
    VOLUME,
    argument("capacity", "the new size, such as 20G", bytesize),
    IN_POOL,
    Flag("allocate", "allocate what is added", StorageVolResizeFlags.ALLOCATE),
    Flag("delta", "the size is what to add", StorageVolResizeFlags.DELTA),
    Flag("shrink", "let it become smaller", StorageVolResizeFlags.SHRINK),
)
def vol_resize(session: Session, args: Arguments) -> None:
    """Change the size of a volume."""
    volume = find_volume(session, args)
    volume.resize(args.capacity, args.flags)
    session.out.done(f"Size of volume '{volume.name}' successfully changed", name=volume.name, capacity=args.capacity)


OFFSET = option("offset", "where in the volume to begin", bytesize, default=0)
LENGTH = option("length", "how much; 0 is to the end", bytesize, default=0)


@command(
    VOLUME, argument("file", "what to read", completes="file"), IN_POOL, OFFSET, LENGTH,
    Flag("sparse", "leave out holes of the file", StorageVolUploadFlags.SPARSE_STREAM),
)  # fmt: skip
def vol_upload(session: Session, args: Arguments) -> None:
    """Fill a volume from a file."""
    import os

    volume = find_volume(session, args)
    with open(args.file, "rb") as file:
        length = args.length or os.fstat(file.fileno()).st_size
        part: Any = file if not args.length else Part(file, args.length)
        _transfer(session, f"Uploading {volume.name}", file, length,
                  lambda: volume.upload_from(part, args.offset, args.flags))  # fmt: skip
    session.out.done(f"Vol {volume.name} filled from {args.file}", name=volume.name)


@command(
    VOLUME, argument("file", "what to write", completes="file"), IN_POOL, OFFSET, LENGTH,
    Flag("sparse", "keep holes of the volume", StorageVolDownloadFlags.SPARSE_STREAM),
)  # fmt: skip
def vol_download(session: Session, args: Arguments) -> None:
    """Copy a volume to a file."""
    volume = find_volume(session, args)
    length = args.length or volume.info().capacity - args.offset
    with open(args.file, "wb") as file:
        _transfer(session, f"Downloading {volume.name}", file, length,
                  lambda: volume.download_to(file, args.offset, args.length, args.flags))  # fmt: skip
    session.out.done(f"Vol {volume.name} copied to {args.file}", name=volume.name)


class Part:
    """The first bytes of a file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self.file = file
        self.left = length

    def read(self, size: int) -> bytes:
        """The next bytes; b'' when there are no more."""
        data = self.file.read(min(size, self.left))
        self.left -= len(data)
        return data


def _transfer(session: Session, label: str, file: BinaryIO, length: int, work: Callable[[], None]) -> None:
    """Move data while a terminal shows how much of the file is done; Ctrl+C closes the file under the transfer."""

    def percentage() -> int | None:
        return min(100, 100 * file.tell() // length) if length > 0 and not file.closed else None

    session.watched(label, work, percentage, file.close)
