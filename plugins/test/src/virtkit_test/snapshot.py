"""Snapshots of the simulator's domains: they keep definitions and states, no memory or disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainEventStartedDetailType,
    DomainEventStoppedDetailType,
    DomainEventSuspendedDetailType,
    DomainEventType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotListFlags,
    DomainSnapshotRevertFlags,
    DomainSnapshotXMLFlags,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    NoDomainSnapshotError,
    OperationFailedError,
    OperationInvalidError,
    OperationUnsupportedError,
    XMLError,
)
from virtkit.hookspecs.domain_snapshot import DomainSnapshotSpec
from virtkit.refs import SnapshotRef
from virtkit.spec import quick
from virtkit_test.block import target
from virtkit_test.domain import DOMAIN, Domain, exclusive, finish, publish, start, stop
from virtkit_test.filters import Filter, matching, refuse
from virtkit_test.moments import SnapshotTree, now, parent_of
from virtkit_test.reading import read

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.snapshot import Snapshot, SnapshotDisk
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
SNAPSHOT = ErrorDomain.DOMAIN_SNAPSHOT

Listed = DomainSnapshotListFlags
Create = DomainSnapshotCreateFlags
Delete = DomainSnapshotDeleteFlags
Revert = DomainSnapshotRevertFlags

CREATE_FLAGS = (
    Create.REDEFINE | Create.CURRENT | Create.HALT | Create.QUIESCE | Create.ATOMIC | Create.LIVE | Create.VALIDATE
)
LIST_FLAGS = sum(Listed)
STATES = {DomainState.RUNNING: "running", DomainState.PAUSED: "paused", DomainState.SHUTOFF: "shutoff"}


class SnapshotPart(DomainSnapshotSpec["TestState"]):
    """The snapshot functions of the driver."""

    @quick
    def domain_list_all_snapshots(self, conn: TestState, dom: DomainRef, flags: int) -> list[SnapshotRef]:
        refuse("domain_list_all_snapshots", flags & ~LIST_FLAGS)
        domain = conn.domains.by_ref(dom)
        tree = domain.snapshots
        snapshots = tree.listed(topological=bool(flags & Listed.TOPOLOGICAL))
        if flags & Listed.ROOTS:
            snapshots = [snapshot for snapshot in snapshots if parent_of(snapshot) is None]
        kept = flags & ~(Listed.ROOTS | Listed.TOPOLOGICAL)
        return [_ref(domain, found) for found in matching(snapshots, _filters(tree), kept, "domain_list_all_snapshots")]

    @quick
    def domain_snapshot_list_all_children(
        self, conn: TestState, snapshot: SnapshotRef, flags: int
    ) -> list[SnapshotRef]:
        refuse("domain_snapshot_list_all_children", flags & ~LIST_FLAGS)
        domain = conn.domains.by_ref(snapshot.dom)
        tree = domain.snapshots
        found = tree.listed_under(
            snapshot.name,
            descendants=bool(flags & Listed.DESCENDANTS),
            topological=bool(flags & Listed.TOPOLOGICAL),
        )
        kept = flags & ~(Listed.DESCENDANTS | Listed.TOPOLOGICAL)
        return [_ref(domain, one) for one in matching(found, _filters(tree), kept, "domain_snapshot_list_all_children")]

    @quick
    def domain_snapshot_lookup_by_name(self, conn: TestState, dom: DomainRef, name: str, flags: int) -> SnapshotRef:
        refuse("domain_snapshot_lookup_by_name", flags)
        domain = conn.domains.by_ref(dom)
        return _ref(domain, domain.snapshots.get(name))

    @quick
    def domain_snapshot_get_parent(self, conn: TestState, snap: SnapshotRef, flags: int) -> SnapshotRef:
        refuse("domain_snapshot_get_parent", flags)
        domain = conn.domains.by_ref(snap.dom)
        return _ref(domain, domain.snapshots.parent(snap.name))

    @quick
    def domain_snapshot_current(self, conn: TestState, dom: DomainRef, flags: int) -> SnapshotRef:
        refuse("domain_snapshot_current", flags)
        domain = conn.domains.by_ref(dom)
        if domain.snapshots.current is None:
            raise NoDomainSnapshotError(f"domain {domain.name!r} has no current snapshot", domain=TEST)
        return _ref(domain, domain.snapshots.get(domain.snapshots.current))

    @quick
    def domain_snapshot_get_xml_desc(self, conn: TestState, snap: SnapshotRef, flags: int) -> str:
        from virtkit.define.secrets import without_secrets

        refuse("domain_snapshot_get_xml_desc", flags & ~DomainSnapshotXMLFlags.SECURE)
        snapshot = conn.domains.by_ref(snap.dom).snapshots.get(snap.name).copy()
        if snapshot.domain is not None and not flags & DomainSnapshotXMLFlags.SECURE:
            snapshot.domain = without_secrets(snapshot.domain)
        return snapshot.format()

    @quick
    def domain_snapshot_create_xml(self, conn: TestState, dom: DomainRef, xml_desc: str, flags: int) -> SnapshotRef:
        from virtkit.xml.snapshot import Snapshot

        refuse("domain_snapshot_create_xml", flags & ~CREATE_FLAGS)
        with conn.domains.hold(dom, "domain_snapshot_create_xml") as domain:
            if domain.checkpoints:
                raise OperationUnsupportedError(
                    f"domain {domain.name!r} has checkpoints: delete them before a snapshot", domain=TEST
                )
            if flags & Create.HALT and domain.config is None:
                raise OperationInvalidError(
                    f"domain {domain.name!r} is transient: it and the snapshot would be gone when it halts", domain=TEST
                )
            snapshot = read(Snapshot, xml_desc, validate=bool(flags & Create.VALIDATE))
            if flags & Create.REDEFINE:
                redefine(domain, snapshot, current=bool(flags & Create.CURRENT))
            else:
                _take(domain, snapshot)
            if flags & Create.HALT and domain.active:
                reason = DomainShutoffReason.FROM_SNAPSHOT
                stop(conn, domain, reason, DomainEventStoppedDetailType.FROM_SNAPSHOT)
            return _ref(domain, snapshot)

    @quick
    def domain_revert_to_snapshot(self, conn: TestState, snap: SnapshotRef, flags: int) -> None:
        if flags & Revert.RUNNING and flags & Revert.PAUSED:
            raise exclusive("domain_revert_to_snapshot", "RUNNING", "PAUSED", SNAPSHOT)
        refuse("domain_revert_to_snapshot", flags & ~(Revert.RUNNING | Revert.PAUSED | Revert.FORCE))
        with conn.domains.hold(snap.dom, "domain_revert_to_snapshot") as domain:
            snapshot = domain.snapshots.get(snap.name)
            _revert(conn, domain, snapshot, flags)
            domain.snapshots.current = snap.name

    @quick
    def domain_snapshot_delete(self, conn: TestState, snap: SnapshotRef, flags: int) -> None:
        refuse("domain_snapshot_delete", flags & ~(Delete.CHILDREN | Delete.CHILDREN_ONLY))
        with conn.domains.hold(snap.dom, "domain_snapshot_delete") as domain:
            domain.snapshots.get(snap.name)
            if flags:
                domain.snapshots.drop_below(snap.name)
            if not flags & Delete.CHILDREN_ONLY:
                domain.snapshots.drop(snap.name)


def redefine(domain: Domain, snapshot: Snapshot, *, current: bool) -> None:
    """Take over a snapshot that another host made.

    Raises:
        XMLError: It has no name.
        InternalError: It has no time, state or definition.
        InvalidArgError: It is of another domain, or its parent is missing or below it.
    """
    from virtkit.xml.snapshot import SnapshotMemory

    if not snapshot.name:
        raise XMLError("a snapshot that is taken over needs its <name>", domain=SNAPSHOT)
    for field, element in (("creation_time", "creationTime"), ("state", "state"), ("domain", "domain")):
        if getattr(snapshot, field) is None:
            raise InternalError(f"snapshot {snapshot.name!r} is taken over and has no <{element}>", domain=SNAPSHOT)
    assert snapshot.domain is not None
    if snapshot.domain.uuid != domain.uuid:
        raise InvalidArgError(f"snapshot {snapshot.name!r} is of another domain than {domain.name!r}", domain=SNAPSHOT)
    finish(snapshot.domain)
    _check_parent(domain.snapshots, snapshot.name, parent_of(snapshot))
    internal = snapshot.state in ("running", "paused")
    snapshot.memory = snapshot.memory or SnapshotMemory(snapshot="internal" if internal else "no")
    snapshot.active = None
    domain.snapshots.add(snapshot.name, snapshot, current=current)


def _check_parent(tree: SnapshotTree, name: str, parent: str | None) -> None:
    if parent is None:
        return
    if parent not in tree.moments:
        raise InvalidArgError(f"snapshot {name!r} has a parent {parent!r} that does not exist", domain=DOMAIN)
    if name in tree.moments and (parent == name or parent in tree.below(name)):
        raise InvalidArgError(f"snapshot {name!r} would be under itself by parent {parent!r}", domain=DOMAIN)


def _take(domain: Domain, snapshot: Snapshot) -> None:
    """Complete a new snapshot with what the domain is now."""
    from virtkit.xml.snapshot import SnapshotMemory

    taken = now()
    snapshot.name = snapshot.name or str(taken)
    if snapshot.name in domain.snapshots.moments:
        raise OperationFailedError(f"domain {domain.name!r} has a snapshot {snapshot.name!r} already", domain=DOMAIN)
    if snapshot.memory is not None and snapshot.memory.snapshot == "external":
        raise ConfigUnsupportedError("the simulator keeps memory in its snapshots: leave out <memory>", domain=SNAPSHOT)
    snapshot.disks.disks = _disks(domain, snapshot.disks.disks)
    snapshot.creation_time = taken
    snapshot.state = STATES.get(domain.state, "running")
    snapshot.memory = SnapshotMemory(snapshot="internal" if domain.active else "no")
    snapshot.domain = domain.document.copy()
    snapshot.domain.id = None
    domain.snapshots.follow_current(snapshot)
    domain.snapshots.add(snapshot.name, snapshot, current=True)


def _disks(domain: Domain, given: list[SnapshotDisk]) -> list[SnapshotDisk]:
    """An entry for each disk, kept inside it."""
    from virtkit.xml.snapshot import SnapshotDisk

    targets = [target(disk) for disk in domain.document.devices.disks if disk.device != "cdrom"]
    by_name = {disk.name: disk for disk in given}
    for disk in given:
        if disk.name not in targets:
            raise ConfigUnsupportedError(f"domain {domain.name!r} has no disk {disk.name!r}", domain=SNAPSHOT)
        if disk.snapshot not in (None, "internal"):
            raise ConfigUnsupportedError(
                f"disk {disk.name!r}: the simulator keeps all disks inside: use snapshot='internal'", domain=SNAPSHOT
            )
    entries = [by_name.get(name, SnapshotDisk(name=name)) for name in targets]
    for entry in entries:
        entry.snapshot = "internal"
    return entries


def _revert(conn: TestState, domain: Domain, snapshot: Snapshot, flags: int) -> None:
    """Bring a domain into the state of a snapshot. A transient one stays transient: if it stops, it is gone."""
    assert snapshot.domain is not None
    transient = domain.config is None
    domain.config = snapshot.domain.copy()  # for a transient one, so that stopping it is not its end
    if domain.active:
        stop(conn, domain, DomainShutoffReason.FROM_SNAPSHOT, DomainEventStoppedDetailType.FROM_SNAPSHOT)
    if snapshot.state in ("running", "paused"):
        paused = flags & Revert.PAUSED or (snapshot.state == "paused" and not flags & Revert.RUNNING)
        _run(conn, domain, paused=bool(paused))
        domain.config = None if transient else domain.config
    elif transient:
        conn.domains.remove(domain)
    else:
        domain.update()
        _announce(conn, domain, flags)


def _announce(conn: TestState, domain: Domain, flags: int) -> None:
    """Tell of the start that the flags ask for after a snapshot of a stopped domain, which stays stopped.

    libvirt's simulator does the same: its clients hear of a start that never was.
    """
    if flags & (Revert.RUNNING | Revert.PAUSED):
        publish(conn, domain, DomainEventType.STARTED, DomainEventStartedDetailType.FROM_SNAPSHOT)
    if flags & Revert.PAUSED:
        publish(conn, domain, DomainEventType.SUSPENDED, DomainEventSuspendedDetailType.FROM_SNAPSHOT)


def _run(conn: TestState, domain: Domain, *, paused: bool) -> None:
    """Start a domain as a snapshot had it."""
    start(conn, domain, DomainRunningReason.FROM_SNAPSHOT, DomainEventStartedDetailType.FROM_SNAPSHOT)
    if paused:
        domain.enter(DomainState.PAUSED, DomainPausedReason.FROM_SNAPSHOT)
        publish(conn, domain, DomainEventType.SUSPENDED, DomainEventSuspendedDetailType.FROM_SNAPSHOT)


def _filters(tree: SnapshotTree) -> tuple[Filter[Snapshot], ...]:
    from virtkit.xml.snapshot import Snapshot

    return (
        Filter[Snapshot](Listed.METADATA, Listed.NO_METADATA, lambda snapshot: True),
        Filter[Snapshot](Listed.LEAVES, Listed.NO_LEAVES, lambda snapshot: not tree.children(snapshot.name or "")),
        Filter[Snapshot](Listed.INACTIVE, Listed.ACTIVE, lambda snapshot: snapshot.state == "shutoff"),
        Filter[Snapshot](Listed.INTERNAL, Listed.EXTERNAL | Listed.DISK_ONLY, lambda snapshot: True),
    )


def _ref(domain: Domain, snapshot: Snapshot) -> SnapshotRef:
    return SnapshotRef(snapshot.name or "", domain.ref)
