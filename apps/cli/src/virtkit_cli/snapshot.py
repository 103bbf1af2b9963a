"""Commands on snapshots of domains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotListFlags,
    DomainSnapshotRevertFlags,
    DomainSnapshotXMLFlags,
)
from virtkit.errors import NoDomainSnapshotError, VirtError
from virtkit_cli.command import Arguments, Flag, UsageError, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import document, when
from virtkit_cli.words import PRINT_XML, XPATH, print_document

if TYPE_CHECKING:
    from virtkit import DomainSnapshot
    from virtkit.xml.snapshot import Snapshot
    from virtkit_cli.session import Session

SNAPSHOT = option("snapshotname", "name of a snapshot", completes="snapshot")
CURRENT = Flag("current", "the current snapshot", excludes=("snapshotname",))
SECURE = Flag("security-info", "with passwords", DomainSnapshotXMLFlags.SECURE)
Create = DomainSnapshotCreateFlags
CREATE = (
    Flag("no-metadata", "do not remember it", Create.NO_METADATA),
    Flag("halt", "stop the domain afterwards", Create.HALT),
    Flag("disk-only", "disks and no memory", Create.DISK_ONLY),
    Flag("reuse-external", "the files are there already", Create.REUSE_EXT),
    Flag("quiesce", "hold what the guest writes", Create.QUIESCE),
    Flag("atomic", "all of it or nothing", Create.ATOMIC),
    Flag("live", "while the domain runs", Create.LIVE),
    Flag("validate", "refuse a document with names that nobody knows", Create.VALIDATE),
)


def _snapshot(session: Session, args: Arguments) -> DomainSnapshot:
    domain = find_domain(session, args)
    if args.snapshotname:
        return domain.lookup_snapshot_by_name(args.snapshotname)
    if not args.current:
        raise UsageError("name a snapshot by --snapshotname, or say --current")
    return domain.current_snapshot()


@command(
    DOMAIN.word,
    option("xmlfile", "file with its XML", completes="file"),
    Flag("redefine", "remember one that exists", Create.REDEFINE),
    Flag("current", "with --redefine: make it the current one", Create.CURRENT),
    *CREATE,
)
def snapshot_create(session: Session, args: Arguments) -> None:
    """Make a snapshot of a domain."""
    text = document(args.xmlfile) if args.xmlfile else "<domainsnapshot/>"
    made = find_domain(session, args).create_snapshot(text, args.flags)
    source = f" from '{args.xmlfile}'" if args.xmlfile else ""
    session.out.done(f"Domain snapshot {made.name} created{source}", name=made.name)


@command(
    DOMAIN.word,
    option("name", "name of the snapshot"),
    option("description", "what it is"),
    PRINT_XML,
    *CREATE,
    option("memspec", "where memory goes: [file=]NAME[,snapshot=KIND]", by_name=True),
    option("diskspec", "a disk: DISK[,snapshot=KIND][,driver=FORMAT][,file=NAME]", many=True),
)
def snapshot_create_as(session: Session, args: Arguments) -> None:
    """Make a snapshot of a domain from options."""
    text = _described(args).format()
    if args.print_xml:
        session.out.document(text)
        return
    made = find_domain(session, args).create_snapshot(text, args.flags)
    session.out.done(f"Domain snapshot {made.name} created", name=made.name)


def _described(args: Arguments) -> Snapshot:
    from virtkit.xml.domain.devices.source import DiskSource
    from virtkit.xml.snapshot import Snapshot, SnapshotDisk, SnapshotDriver, SnapshotMemory

    made = Snapshot(name=args.name, description=args.description)
    if args.memspec:
        first, parts = specified("memspec", args.memspec, ("file", "snapshot"))
        made.memory = SnapshotMemory(snapshot=parts.get("snapshot"), file=parts.get("file", first))
    for text in args.diskspec:
        name, parts = specified("diskspec", text, ("snapshot", "driver", "file", "stype"))
        disk = SnapshotDisk(name=name, snapshot=parts.get("snapshot"))
        if "driver" in parts:
            disk.driver = SnapshotDriver(type=parts["driver"])
        if "file" in parts:
            disk.type = parts.get("stype")
            field = "dev" if disk.type == "block" else "file"
            disk.source = DiskSource(**{field: parts["file"]})
        made.disks.disks.append(disk)
    return made


def specified(word: str, text: str, known: Iterable[str]) -> tuple[str | None, dict[str, str]]:
    """A text such as `vda,snapshot=external`: what stands first without a name, and the rest by name.

    Raises:
        UsageError: A name is not known.
    """
    pieces = text.split(",")
    first = None if "=" in pieces[0] else pieces.pop(0)
    parts = dict(piece.partition("=")[::2] for piece in pieces)
    unknown = [name for name in parts if name not in known]
    if unknown:
        raise UsageError(f"--{word} {text!r}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    return first, parts


Listed = DomainSnapshotListFlags


@command(
    DOMAIN.word,
    Flag("parent", "with what they follow", excludes=("tree", "roots")),
    Flag("roots", "only those that follow none", Listed.ROOTS, excludes=("tree", "from")),
    Flag("leaves", "only those that none follows", Listed.LEAVES, excludes=("tree",)),
    Flag("no-leaves", "only those that some follow", Listed.NO_LEAVES, excludes=("tree",)),
    Flag("metadata", "only those that are remembered", Listed.METADATA),
    Flag("no-metadata", "only those that are not", Listed.NO_METADATA),
    Flag("inactive", "only of the stopped domain", Listed.INACTIVE),
    Flag("active", "only of the running domain", Listed.ACTIVE),
    Flag("disk-only", "only those without memory", Listed.DISK_ONLY),
    Flag("internal", "only those inside the disk images", Listed.INTERNAL),
    Flag("external", "only those in files of their own", Listed.EXTERNAL),
    Flag("tree", "as a tree", excludes=("name",)),
    option("from", "only what follows this one", completes="snapshot"),
    Flag("current", "only what follows the current one", excludes=("from",)),
    Flag("descendants", "with --from or --current: all below", Listed.DESCENDANTS),
    Flag("name", "print names"),
    Flag("topological", "parents before children", Listed.TOPOLOGICAL),
)
def snapshot_list(session: Session, args: Arguments) -> None:
    """List the snapshots of a domain."""
    domain = find_domain(session, args)
    start = getattr(args, "from")
    if start or args.current:
        top = domain.lookup_snapshot_by_name(start) if start else domain.current_snapshot()
        found = top.list_children(args.flags)
    else:
        found = domain.list_snapshots(args.flags)
    if not args.topological:
        found.sort(key=lambda snapshot: snapshot.name)
    if args.name:
        session.out.lines(snapshot.name for snapshot in found)
    elif args.tree:
        _print_tree(session, found)
    else:
        columns = {"name": "Name", "created": "Creation Time", "state": "State"}
        columns |= {"parent": "Parent"} if args.parent else {}
        session.out.table(columns, [_row(snapshot) for snapshot in found])


def _row(snapshot: DomainSnapshot) -> dict[str, Any]:
    from virtkit.xml.snapshot import Snapshot

    xml = Snapshot.parse(snapshot.xml_desc())
    row: dict[str, Any] = {"name": snapshot.name, "created": when(xml.creation_time), "state": xml.state}
    return row | {"parent": xml.parent.name if xml.parent else ""}


def _print_tree(session: Session, found: list[DomainSnapshot]) -> None:
    from virtkit_cli.tree import tree

    parents = {snapshot.name: _parent(snapshot) for snapshot in found}
    if session.out.json:
        session.out.record({}, parents)
    else:
        session.out.lines(tree(parents))


def _parent(snapshot: DomainSnapshot) -> str | None:
    try:
        return snapshot.parent().name
    except NoDomainSnapshotError:
        return None


@command(DOMAIN.word, SNAPSHOT, CURRENT)
def snapshot_info(session: Session, args: Arguments) -> None:
    """Show what is known about a snapshot."""
    from virtkit.xml.snapshot import Snapshot

    item = _snapshot(session, args)
    xml = Snapshot.parse(item.xml_desc())
    external = any(disk.snapshot == "external" for disk in xml.disks.disks)
    external |= xml.memory is not None and xml.memory.snapshot == "external"
    values = {
        "name": item.name,
        "domain": item.domain.name,
        "current": item.is_current(),
        "state": xml.state,
        "location": "external" if external else "internal",
        "parent": _parent(item) or "-",
        "children": item.num_of_children(),
        "descendants": item.num_of_children(Listed.DESCENDANTS),
        "metadata": item.has_metadata(),
    }
    session.out.record({key: key.capitalize() for key in values}, values)


@command(DOMAIN.word, SNAPSHOT, SECURE, *XPATH)
def snapshot_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of a snapshot."""
    args.current = False
    print_document(session, args, _snapshot(session, args).xml_desc(args.flags))


@command(DOMAIN.word, Flag("name", "its name only"), SECURE, option("snapshotname", "make this one the current one"))
def snapshot_current(session: Session, args: Arguments) -> None:
    """Print the XML of the current snapshot, or choose it."""
    domain = find_domain(session, args)
    if args.snapshotname:
        xml = domain.lookup_snapshot_by_name(args.snapshotname).xml_desc(DomainSnapshotXMLFlags.SECURE)
        domain.create_snapshot(xml, Create.REDEFINE | Create.CURRENT)
        session.out.done(f"Snapshot {args.snapshotname} set as current", name=args.snapshotname)
        return
    item = domain.current_snapshot()
    if args.name:
        session.out.value("name", item.name)
    else:
        session.out.document(item.xml_desc(args.flags))


@command(DOMAIN.word, SNAPSHOT, CURRENT)
def snapshot_parent(session: Session, args: Arguments) -> None:
    """Print the name of a snapshot's parent."""
    item = _snapshot(session, args)
    parent = _parent(item)
    if parent is None:
        raise VirtError(f"snapshot {item.name!r} has no parent")
    session.out.value("parent", parent)


@command(DOMAIN.word, SNAPSHOT, CURRENT)
def snapshot_edit(session: Session, args: Arguments) -> None:
    """Edit the XML of a snapshot."""
    from virtkit_cli.editing import edit

    item = _snapshot(session, args)
    flags = Create.REDEFINE | (Create.CURRENT if item.is_current() else 0)
    text = item.xml_desc(DomainSnapshotXMLFlags.SECURE)
    edit(session, item.name, text, lambda xml: item.domain.create_snapshot(xml, flags))


Delete = DomainSnapshotDeleteFlags


@command(
    DOMAIN.word,
    SNAPSHOT,
    CURRENT,
    Flag("children", "and all that follow it", Delete.CHILDREN, excludes=("children-only",)),
    Flag("children-only", "only those that follow it", Delete.CHILDREN_ONLY),
    Flag("metadata", "only what is remembered of it", Delete.METADATA_ONLY),
)
def snapshot_delete(session: Session, args: Arguments) -> None:
    """Delete a snapshot."""
    item = _snapshot(session, args)
    item.delete(args.flags)
    which = " children" if args.children_only else ""
    session.out.done(f"Domain snapshot {item.name}{which} deleted", name=item.name)


Revert = DomainSnapshotRevertFlags


@command(
    DOMAIN.word,
    SNAPSHOT,
    CURRENT,
    Flag("running", "let it run", Revert.RUNNING, excludes=("paused",)),
    Flag("paused", "leave it paused", Revert.PAUSED),
    Flag("force", "even if something might be lost", Revert.FORCE),
    Flag("reset-nvram", "with the firmware's variables as new", Revert.RESET_NVRAM),
)
def snapshot_revert(session: Session, args: Arguments) -> None:
    """Bring a domain back to a snapshot."""
    item = _snapshot(session, args)
    item.revert(args.flags)
    session.out.done(f"Domain snapshot {item.name} reverted", name=item.name)
