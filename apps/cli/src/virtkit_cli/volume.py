"""Commands on storage volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import StorageVolCreateFlags, StorageVolResizeFlags, StorageVolType
from virtkit_cli.command import Argument, Arguments, Flag, Option, command
from virtkit_cli.output import size
from virtkit_cli.words import POOL, document, find_pool, find_volume, flags, size_in

if TYPE_CHECKING:
    from virtkit_cli.session import Session

VOLUME = Argument("vol", "name in --pool, key or path of a volume")
IN_POOL = Option("pool", "pool the name is in", completes="pool")
FILE = Argument("file", "file with the XML of the volume; - is standard input", completes="file")
PREALLOC = Flag("prealloc-metadata", "allocate the metadata of the image")


@command("vol-list", "List the volumes of a storage pool.", POOL, Flag("details", "with types and sizes"))
def vol_list(session: Session, args: Arguments) -> None:
    """One row per volume."""
    rows = []
    for volume in find_pool(session, args.pool).list_volumes():
        row: dict[str, object] = {"name": volume.name, "path": volume.path()}
        if args.details or session.out.json:
            info = volume.info()
            sizes = {"capacity": info.capacity, "allocation": info.allocation}
            row["type"] = StorageVolType(info.type).name.lower()
            row |= {key: value if session.out.json else size(value) for key, value in sizes.items()}
        rows.append(row)
    columns = {"name": "Name", "path": "Path"}
    details = {"type": "Type", "capacity": "Capacity", "allocation": "Allocation"}
    session.out.table(columns | (details if args.details else {}), rows)


@command("vol-info", "Show what is known about a volume.", VOLUME, IN_POOL, Flag("bytes", "sizes in bytes"))
def vol_info(session: Session, args: Arguments) -> None:
    """Basic facts."""
    volume = find_volume(session, args)
    info = volume.info()
    plain = args.bytes or session.out.json
    values = {
        "name": volume.name,
        "type": StorageVolType(info.type).name.lower(),
        "capacity": info.capacity if plain else size(info.capacity),
        "allocation": info.allocation if plain else size(info.allocation),
    }
    labels = {"name": "Name", "type": "Type", "capacity": "Capacity", "allocation": "Allocation"}
    session.out.record(labels, values)


@command("vol-dumpxml", "Print the XML of a volume.", VOLUME, IN_POOL)
def vol_dumpxml(session: Session, args: Arguments) -> None:
    """The XML."""
    session.out.document(find_volume(session, args).xml_desc())


@command("vol-key", "Print the key of a volume.", VOLUME, IN_POOL)
def vol_key(session: Session, args: Arguments) -> None:
    """The key."""
    session.out.value("key", find_volume(session, args).key)


@command("vol-path", "Print the path of a volume.", VOLUME, IN_POOL)
def vol_path(session: Session, args: Arguments) -> None:
    """The path."""
    session.out.value("path", find_volume(session, args).path())


@command("vol-name", "Print the name of a volume.", VOLUME, IN_POOL)
def vol_name(session: Session, args: Arguments) -> None:
    """The name."""
    session.out.value("name", find_volume(session, args).name)


@command("vol-pool", "Print the name of a volume's pool.", VOLUME, IN_POOL)
def vol_pool(session: Session, args: Arguments) -> None:
    """The pool."""
    session.out.value("pool", find_volume(session, args).pool().name)


@command("vol-create", "Create a volume from an XML file.", POOL, FILE, PREALLOC)
def vol_create(session: Session, args: Arguments) -> None:
    """Create a volume."""
    wanted = flags(args, {"prealloc_metadata": StorageVolCreateFlags.PREALLOC_METADATA})
    volume = find_pool(session, args.pool).create_volume(document(args.file), wanted)
    session.out.done(f"Vol {volume.name} created from {args.file}", name=volume.name, key=volume.key)


@command(
    "vol-create-as",
    "Create a volume from options.",
    POOL,
    Argument("name", "name of the volume"),
    Argument("capacity", "its size, such as 10G", type=size_in("bytes")),
    Option("allocation", "how much to allocate at once", type=size_in("bytes")),
    Option("format", "format of the image"),
    Option("backing-vol", "path of the volume it stands on"),
    Option("backing-vol-format", "format of that"),
    PREALLOC,
    Flag("print-xml", "print the XML and do nothing"),
)
def vol_create_as(session: Session, args: Arguments) -> None:
    """Create a volume."""
    from virtkit.xml.volume import StorageVolume, VolumeBacking, VolumeTarget

    volume = StorageVolume(name=args.name, capacity=int(args.capacity))
    if args.allocation is not None:
        volume.allocation = int(args.allocation)
    if args.format:
        volume.target = VolumeTarget(format=args.format)
    if args.backing_vol:
        volume.backing_store = VolumeBacking(path=args.backing_vol, format=args.backing_vol_format)
    if args.print_xml:
        session.out.document(volume.format())
        return
    wanted = flags(args, {"prealloc_metadata": StorageVolCreateFlags.PREALLOC_METADATA})
    made = find_pool(session, args.pool).create_volume(volume.format(), wanted)
    session.out.done(f"Vol {made.name} created", name=made.name, key=made.key)


@command(
    "vol-clone",
    "Create a volume with the content of another.",
    VOLUME,
    Argument("newname", "name of the new volume"),
    IN_POOL,
    PREALLOC,
)
def vol_clone(session: Session, args: Arguments) -> None:
    """Clone a volume."""
    from virtkit.xml.volume import StorageVolume

    source = find_volume(session, args)
    described = StorageVolume.parse(source.xml_desc())
    described.name, described.key, described.target.path = args.newname, None, None
    wanted = flags(args, {"prealloc_metadata": StorageVolCreateFlags.PREALLOC_METADATA})
    made = source.pool().create_volume_from(described.format(), source, wanted)
    session.out.done(f"Vol {made.name} cloned from {source.name}", name=made.name, key=made.key)


@command("vol-delete", "Delete a volume.", VOLUME, IN_POOL)
def vol_delete(session: Session, args: Arguments) -> None:
    """Delete a volume."""
    volume = find_volume(session, args)
    volume.delete()
    session.out.done(f"Vol {volume.name} deleted", name=volume.name)


@command("vol-wipe", "Overwrite a volume.", VOLUME, IN_POOL)
def vol_wipe(session: Session, args: Arguments) -> None:
    """Wipe a volume."""
    volume = find_volume(session, args)
    volume.wipe()
    session.out.done(f"Vol {volume.name} wiped", name=volume.name)


@command(
    "vol-resize",
    "Change the size of a volume.",
    VOLUME,
    Argument("capacity", "the new size, such as 20G", type=size_in("bytes")),
    IN_POOL,
    Flag("allocate", "allocate what is added"),
    Flag("delta", "the size is what to add"),
    Flag("shrink", "let it become smaller"),
)
def vol_resize(session: Session, args: Arguments) -> None:
    """Resize a volume."""
    volume = find_volume(session, args)
    kinds = StorageVolResizeFlags
    wanted = flags(args, {"allocate": kinds.ALLOCATE, "delta": kinds.DELTA, "shrink": kinds.SHRINK})
    volume.resize(int(args.capacity), wanted)
    session.out.done(f"Size of volume '{volume.name}' successfully changed", name=volume.name)


@command(
    "vol-upload",
    "Fill a volume from a file.",
    VOLUME,
    Argument("file", "what to read", completes="file"),
    IN_POOL,
    Option("offset", "where in the volume to begin", type=size_in("bytes"), default=0),
)
def vol_upload(session: Session, args: Arguments) -> None:
    """Upload a file."""
    volume = find_volume(session, args)
    with open(args.file, "rb") as source:
        volume.upload_from(source, int(args.offset))
    session.out.done(f"Vol {volume.name} filled from {args.file}", name=volume.name)


@command(
    "vol-download",
    "Copy a volume to a file.",
    VOLUME,
    Argument("file", "what to write", completes="file"),
    IN_POOL,
    Option("offset", "where in the volume to begin", type=size_in("bytes"), default=0),
    Option("length", "how much; 0 is to the end", type=size_in("bytes"), default=0),
)
def vol_download(session: Session, args: Arguments) -> None:
    """Download to a file."""
    volume = find_volume(session, args)
    with open(args.file, "wb") as target:
        volume.download_to(target, int(args.offset), int(args.length))
    session.out.done(f"Vol {volume.name} copied to {args.file}", name=volume.name)
