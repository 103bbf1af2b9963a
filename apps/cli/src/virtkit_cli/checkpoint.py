"""Commands on checkpoints of domains, and on backups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    DomainBackupBeginFlags,
    DomainCheckpointCreateFlags,
    DomainCheckpointDeleteFlags,
    DomainCheckpointListFlags,
    DomainCheckpointXMLFlags,
)
from virtkit.errors import NoDomainCheckpointError, VirtError
from virtkit_cli.command import Arguments, Flag, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import document, when
from virtkit_cli.words import PRINT_XML, XPATH, print_document

if TYPE_CHECKING:
    from virtkit import DomainCheckpoint
    from virtkit_cli.session import Session

CHECKPOINT = argument("checkpointname", "name of a checkpoint", completes="checkpoint")
QUIESCE = Flag("quiesce", "hold what the guest writes", DomainCheckpointCreateFlags.QUIESCE)


def _checkpoint(session: Session, args: Arguments) -> DomainCheckpoint:
    return find_domain(session, args).lookup_checkpoint_by_name(args.checkpointname)


@command(
    DOMAIN.word,
    option("xmlfile", "file with its XML", completes="file"),
    Flag("redefine", "remember one that exists", DomainCheckpointCreateFlags.REDEFINE),
    Flag("redefine-validate", "and look whether it does", DomainCheckpointCreateFlags.REDEFINE_VALIDATE),
    QUIESCE,
)
def checkpoint_create(session: Session, args: Arguments) -> None:
    """Make a checkpoint of a domain."""
    text = document(args.xmlfile) if args.xmlfile else "<domaincheckpoint/>"
    made = find_domain(session, args).create_checkpoint(text, args.flags)
    source = f" from '{args.xmlfile}'" if args.xmlfile else ""
    session.out.done(f"Domain checkpoint {made.name} created{source}", name=made.name)


@command(
    DOMAIN.word,
    option("name", "name of the checkpoint"),
    option("description", "what it is"),
    PRINT_XML,
    QUIESCE,
    option("diskspec", "a disk: DISK[,checkpoint=KIND][,bitmap=NAME]", many=True),
)
def checkpoint_create_as(session: Session, args: Arguments) -> None:
    """Make a checkpoint of a domain from options."""
    from virtkit.xml.checkpoint import Checkpoint, CheckpointDisk
    from virtkit_cli.snapshot import specified

    described = Checkpoint(name=args.name, description=args.description)
    for text in args.diskspec:
        name, parts = specified("diskspec", text, ("checkpoint", "bitmap"))
        described.disks.disks.append(CheckpointDisk(name=name, **parts))
    if args.print_xml:
        session.out.document(described.format())
        return
    made = find_domain(session, args).create_checkpoint(described.format(), args.flags)
    session.out.done(f"Domain checkpoint {made.name} created", name=made.name)


Listed = DomainCheckpointListFlags


@command(
    DOMAIN.word,
    Flag("parent", "with what they follow", excludes=("tree", "roots")),
    Flag("roots", "only those that follow none", Listed.ROOTS, excludes=("tree", "from")),
    Flag("leaves", "only those that none follows", Listed.LEAVES, excludes=("tree",)),
    Flag("no-leaves", "only those that some follow", Listed.NO_LEAVES, excludes=("tree",)),
    Flag("tree", "as a tree", excludes=("name",)),
    option("from", "only what follows this one", completes="checkpoint"),
    Flag("descendants", "with --from: all below", Listed.DESCENDANTS),
    Flag("name", "print names"),
    Flag("topological", "parents before children", Listed.TOPOLOGICAL),
)
def checkpoint_list(session: Session, args: Arguments) -> None:
    """List the checkpoints of a domain."""
    domain = find_domain(session, args)
    start = getattr(args, "from")
    top = domain.lookup_checkpoint_by_name(start) if start else None
    found = top.list_children(args.flags) if top else domain.list_checkpoints(args.flags)
    if not args.topological:
        found.sort(key=lambda item: item.name)
    if args.name:
        session.out.lines(item.name for item in found)
    elif args.tree:
        _print_tree(session, found)
    else:
        columns = {"name": "Name", "created": "Creation Time"} | ({"parent": "Parent"} if args.parent else {})
        session.out.table(columns, [_row(item) for item in found])


def _row(item: DomainCheckpoint) -> dict[str, Any]:
    from virtkit.xml.checkpoint import Checkpoint

    created = Checkpoint.parse(item.xml_desc()).creation_time
    return {"name": item.name, "created": when(created), "parent": _parent(item) or ""}


def _print_tree(session: Session, found: list[DomainCheckpoint]) -> None:
    from virtkit_cli.tree import tree

    parents = {item.name: _parent(item) for item in found}
    if session.out.json:
        session.out.record({}, parents)
    else:
        session.out.lines(tree(parents))


def _parent(item: DomainCheckpoint) -> str | None:
    try:
        return item.parent().name
    except NoDomainCheckpointError:
        return None


@command(DOMAIN.word, CHECKPOINT)
def checkpoint_info(session: Session, args: Arguments) -> None:
    """Show what is known about a checkpoint."""
    item = _checkpoint(session, args)
    values = {
        "name": item.name,
        "domain": item.domain.name,
        "parent": _parent(item) or "-",
        "children": len(item.list_children()),
        "descendants": len(item.list_children(Listed.DESCENDANTS)),
    }
    session.out.record({key: key.capitalize() for key in values}, values)


@command(
    DOMAIN.word,
    CHECKPOINT,
    Flag("security-info", "with passwords", DomainCheckpointXMLFlags.SECURE),
    Flag("no-domain", "without the domain", DomainCheckpointXMLFlags.NO_DOMAIN),
    Flag("size", "with how much was written since", DomainCheckpointXMLFlags.SIZE),
    *XPATH,
)
def checkpoint_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of a checkpoint."""
    print_document(session, args, _checkpoint(session, args).xml_desc(args.flags))


@command(DOMAIN.word, CHECKPOINT)
def checkpoint_parent(session: Session, args: Arguments) -> None:
    """Print the name of a checkpoint's parent."""
    item = _checkpoint(session, args)
    parent = _parent(item)
    if parent is None:
        raise VirtError(f"checkpoint {item.name!r} has no parent")
    session.out.value("parent", parent)


@command(DOMAIN.word, CHECKPOINT)
def checkpoint_edit(session: Session, args: Arguments) -> None:
    """Edit the XML of a checkpoint."""
    from virtkit_cli.editing import edit

    item = _checkpoint(session, args)
    redefine = DomainCheckpointCreateFlags.REDEFINE
    text = item.xml_desc(DomainCheckpointXMLFlags.SECURE)
    edit(session, item.name, text, lambda xml: item.domain.create_checkpoint(xml, redefine))


@command(
    DOMAIN.word,
    CHECKPOINT,
    Flag("children", "and all that follow it", DomainCheckpointDeleteFlags.CHILDREN, excludes=("children-only",)),
    Flag("children-only", "only those that follow it", DomainCheckpointDeleteFlags.CHILDREN_ONLY),
    Flag("metadata", "only what is remembered of it", DomainCheckpointDeleteFlags.METADATA_ONLY),
)
def checkpoint_delete(session: Session, args: Arguments) -> None:
    """Delete a checkpoint."""
    item = _checkpoint(session, args)
    item.delete(args.flags)
    which = " children" if args.children_only else ""
    session.out.done(f"Domain checkpoint {item.name}{which} deleted", name=item.name)


# Backups


@command(
    DOMAIN.word,
    option("backupxml", "file with the XML of the backup; all disks if left out", completes="file"),
    option("checkpointxml", "file with the XML of a checkpoint to make at the same moment", completes="file"),
    Flag("reuse-external", "the files are there already", DomainBackupBeginFlags.REUSE_EXTERNAL),
)
def backup_begin(session: Session, args: Arguments) -> None:
    """Start copying the disks of a domain; domjobinfo shows how far it is."""
    backup = document(args.backupxml) if args.backupxml else "<domainbackup/>"
    checkpoint = document(args.checkpointxml) if args.checkpointxml else None
    find_domain(session, args).backup_begin(backup, checkpoint, args.flags)
    session.out.done("Backup started", name=args.domain)


@command(DOMAIN.word, *XPATH)
def backup_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of the backup that runs."""
    print_document(session, args, find_domain(session, args).backup_xml_desc())
