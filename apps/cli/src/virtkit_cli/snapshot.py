"""Commands on snapshots and checkpoints of domains."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCheckpointCreateFlags,
    DomainCheckpointDeleteFlags,
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotRevertFlags,
)
from virtkit.errors import NoDomainCheckpointError, NoDomainSnapshotError
from virtkit_cli.command import Argument, Arguments, Flag, Option, UsageError, command
from virtkit_cli.words import DOMAIN, document, find_domain, flags

if TYPE_CHECKING:
    from virtkit import DomainCheckpoint, DomainSnapshot
    from virtkit_cli.session import Session

SNAPSHOT = Argument("snapshotname", "name of a snapshot", required=False)
CURRENT = Flag("current", "the current snapshot")
CHECKPOINT = Argument("checkpointname", "name of a checkpoint")
OPTIONAL_FILE = Argument("xmlfile", "file with its XML", required=False, completes="file")
CREATE = {
    "redefine": DomainSnapshotCreateFlags.REDEFINE,
    "no_metadata": DomainSnapshotCreateFlags.NO_METADATA,
    "halt": DomainSnapshotCreateFlags.HALT,
    "disk_only": DomainSnapshotCreateFlags.DISK_ONLY,
    "reuse_external": DomainSnapshotCreateFlags.REUSE_EXT,
    "quiesce": DomainSnapshotCreateFlags.QUIESCE,
    "atomic": DomainSnapshotCreateFlags.ATOMIC,
    "live": DomainSnapshotCreateFlags.LIVE,
    "validate": DomainSnapshotCreateFlags.VALIDATE,
}
CREATE_FLAGS = tuple(Flag(key.replace("_", "-"), f"the flag {bit.name}") for key, bit in CREATE.items())


def _snapshot(session: Session, args: Arguments) -> DomainSnapshot:
    domain = find_domain(session, args)
    if args.current:
        return domain.current_snapshot()
    if not args.snapshotname:
        raise UsageError("name a snapshot, or say --current")
    return domain.lookup_snapshot_by_name(args.snapshotname)


@command("snapshot-create", "Make a snapshot of a domain.", DOMAIN, OPTIONAL_FILE, *CREATE_FLAGS)
def snapshot_create(session: Session, args: Arguments) -> None:
    """Make a snapshot."""
    text = document(args.xmlfile) if args.xmlfile else "<domainsnapshot/>"
    made = find_domain(session, args).create_snapshot(text, flags(args, CREATE))
    session.out.done(f"Domain snapshot {made.name} created", name=made.name)


@command(
    "snapshot-create-as",
    "Make a snapshot of a domain from options.",
    DOMAIN,
    Argument("name", "name of the snapshot", required=False),
    Argument("description", "what it is", required=False),
    Flag("print-xml", "print the XML and do nothing"),
    *(word for word in CREATE_FLAGS if word.name != "redefine"),
)
def snapshot_create_as(session: Session, args: Arguments) -> None:
    """Make a snapshot."""
    from virtkit.xml.snapshot import Snapshot

    text = Snapshot(name=args.name, description=args.description).format()
    if args.print_xml:
        session.out.document(text)
        return
    args.redefine = False
    made = find_domain(session, args).create_snapshot(text, flags(args, CREATE))
    session.out.done(f"Domain snapshot {made.name} created", name=made.name)


@command("snapshot-list", "List the snapshots of a domain.", DOMAIN, Flag("parent", "with what they follow"))
def snapshot_list(session: Session, args: Arguments) -> None:
    """One row per snapshot."""
    from virtkit.xml.snapshot import Snapshot

    rows = []
    for item in find_domain(session, args).list_snapshots():
        xml = Snapshot.parse(item.xml_desc())
        rows.append(
            {
                "name": item.name,
                "created": _when(xml.creation_time),
                "state": xml.state,
                "parent": xml.parent.name if xml.parent else None,
            }
        )
    columns = {"name": "Name", "created": "Creation Time", "state": "State"}
    session.out.table(columns | ({"parent": "Parent"} if args.parent else {}), rows)


def _when(seconds: int | None) -> str | None:
    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))


@command("snapshot-info", "Show what is known about a snapshot.", DOMAIN, SNAPSHOT, CURRENT)
def snapshot_info(session: Session, args: Arguments) -> None:
    """Basic facts."""
    item = _snapshot(session, args)
    values = {
        "name": item.name,
        "domain": item.domain.name,
        "current": item.is_current(),
        "parent": _parent(item),
        "children": item.num_of_children(),
        "metadata": item.has_metadata(),
    }
    labels = {
        "name": "Name", "domain": "Domain", "current": "Current", "parent": "Parent", "children": "Children",
        "metadata": "Metadata",
    }  # fmt: skip
    session.out.record(labels, values)


def _parent(item: DomainSnapshot) -> str | None:
    try:
        return item.parent().name
    except NoDomainSnapshotError:
        return None


@command("snapshot-dumpxml", "Print the XML of a snapshot.", DOMAIN, SNAPSHOT, CURRENT)
def snapshot_dumpxml(session: Session, args: Arguments) -> None:
    """The XML."""
    session.out.document(_snapshot(session, args).xml_desc())


@command("snapshot-current", "Print the XML of the current snapshot.", DOMAIN, Flag("name", "its name only"))
def snapshot_current(session: Session, args: Arguments) -> None:
    """The current snapshot."""
    item = find_domain(session, args).current_snapshot()
    if args.name:
        session.out.value("name", item.name)
    else:
        session.out.document(item.xml_desc())


@command("snapshot-parent", "Print the name of a snapshot's parent.", DOMAIN, SNAPSHOT, CURRENT)
def snapshot_parent(session: Session, args: Arguments) -> None:
    """The parent."""
    session.out.value("parent", _snapshot(session, args).parent().name)


@command(
    "snapshot-delete",
    "Delete a snapshot.",
    DOMAIN,
    SNAPSHOT,
    CURRENT,
    Flag("children", "and all that follow it"),
    Flag("children-only", "only those that follow it"),
    Flag("metadata", "only what is known of it"),
)
def snapshot_delete(session: Session, args: Arguments) -> None:
    """Delete a snapshot."""
    item = _snapshot(session, args)
    kinds = DomainSnapshotDeleteFlags
    bits = {"children": kinds.CHILDREN, "children_only": kinds.CHILDREN_ONLY, "metadata": kinds.METADATA_ONLY}
    item.delete(flags(args, bits))
    session.out.done(f"Domain snapshot {item.name} deleted", name=item.name)


@command(
    "snapshot-revert",
    "Bring a domain back to a snapshot.",
    DOMAIN,
    SNAPSHOT,
    CURRENT,
    Flag("running", "let it run"),
    Flag("paused", "leave it paused"),
    Flag("force", "even if something might be lost"),
)
def snapshot_revert(session: Session, args: Arguments) -> None:
    """Revert to a snapshot."""
    item = _snapshot(session, args)
    kinds = DomainSnapshotRevertFlags
    item.revert(flags(args, {"running": kinds.RUNNING, "paused": kinds.PAUSED, "force": kinds.FORCE}))
    session.out.done(f"Domain reverted to snapshot {item.name}", name=item.name)


def _checkpoint(session: Session, args: Arguments) -> DomainCheckpoint:
    return find_domain(session, args).lookup_checkpoint_by_name(args.checkpointname)


@command("checkpoint-create", "Make a checkpoint of a domain.", DOMAIN, OPTIONAL_FILE, Flag("redefine", "only note it"))
def checkpoint_create(session: Session, args: Arguments) -> None:
    """Make a checkpoint."""
    text = document(args.xmlfile) if args.xmlfile else "<domaincheckpoint/>"
    wanted = flags(args, {"redefine": DomainCheckpointCreateFlags.REDEFINE})
    made = find_domain(session, args).create_checkpoint(text, wanted)
    session.out.done(f"Domain checkpoint {made.name} created", name=made.name)


@command(
    "checkpoint-create-as",
    "Make a checkpoint of a domain from options.",
    DOMAIN,
    Argument("name", "name of the checkpoint", required=False),
    Option("description", "what it is"),
)
def checkpoint_create_as(session: Session, args: Arguments) -> None:
    """Make a checkpoint."""
    from virtkit.xml.checkpoint import Checkpoint

    text = Checkpoint(name=args.name, description=args.description).format()
    made = find_domain(session, args).create_checkpoint(text)
    session.out.done(f"Domain checkpoint {made.name} created", name=made.name)


@command("checkpoint-list", "List the checkpoints of a domain.", DOMAIN)
def checkpoint_list(session: Session, args: Arguments) -> None:
    """One row per checkpoint."""
    from virtkit.xml.checkpoint import Checkpoint

    rows = [
        {"name": item.name, "created": _when(Checkpoint.parse(item.xml_desc()).creation_time)}
        for item in find_domain(session, args).list_checkpoints()
    ]
    session.out.table({"name": "Name", "created": "Creation Time"}, rows)


@command("checkpoint-dumpxml", "Print the XML of a checkpoint.", DOMAIN, CHECKPOINT)
def checkpoint_dumpxml(session: Session, args: Arguments) -> None:
    """The XML."""
    session.out.document(_checkpoint(session, args).xml_desc())


@command("checkpoint-parent", "Print the name of a checkpoint's parent.", DOMAIN, CHECKPOINT)
def checkpoint_parent(session: Session, args: Arguments) -> None:
    """The parent."""
    try:
        session.out.value("parent", _checkpoint(session, args).parent().name)
    except NoDomainCheckpointError:
        session.out.value("parent", None)


@command("checkpoint-delete", "Delete a checkpoint.", DOMAIN, CHECKPOINT, Flag("children", "and all that follow it"))
def checkpoint_delete(session: Session, args: Arguments) -> None:
    """Delete a checkpoint."""
    item = _checkpoint(session, args)
    item.delete(flags(args, {"children": DomainCheckpointDeleteFlags.CHILDREN}))
    session.out.done(f"Domain checkpoint {item.name} deleted", name=item.name)
