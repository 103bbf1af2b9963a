"""Checkpoints of the simulator's domains: names and times, no bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCheckpointCreateFlags,
    DomainCheckpointDeleteFlags,
    DomainCheckpointListFlags,
    DomainCheckpointXMLFlags,
    ErrorDomain,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    OperationFailedError,
    OperationUnsupportedError,
    XMLError,
)
from virtkit.hookspecs.domain_checkpoint import DomainCheckpointSpec
from virtkit.refs import CheckpointRef
from virtkit.spec import quick
from virtkit_test.block import target
from virtkit_test.domain import DOMAIN, Domain, finish
from virtkit_test.filters import Filter, matching, refuse
from virtkit_test.moments import CheckpointTree, now, parent_of
from virtkit_test.reading import read

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.checkpoint import Checkpoint, CheckpointDisk
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
CHECKPOINT = ErrorDomain.DOMAIN_CHECKPOINT

Listed = DomainCheckpointListFlags
Create = DomainCheckpointCreateFlags
Delete = DomainCheckpointDeleteFlags
Shown = DomainCheckpointXMLFlags

LIST_FLAGS = sum(Listed)


class CheckpointPart(DomainCheckpointSpec["TestState"]):
    """The checkpoint functions of the driver."""

    @quick
    def domain_list_all_checkpoints(self, conn: TestState, dom: DomainRef, flags: int) -> list[CheckpointRef]:
        refuse("domain_list_all_checkpoints", flags & ~LIST_FLAGS)
        domain = conn.domains.by_ref(dom)
        tree = domain.checkpoints
        found = tree.listed(topological=bool(flags & Listed.TOPOLOGICAL))
        if flags & Listed.ROOTS:
            found = [one for one in found if parent_of(one) is None]
        kept = flags & ~(Listed.ROOTS | Listed.TOPOLOGICAL)
        return [_ref(domain, one) for one in matching(found, _filters(tree), kept, "domain_list_all_checkpoints")]

    @quick
    def domain_checkpoint_list_all_children(
        self, conn: TestState, checkpoint: CheckpointRef, flags: int
    ) -> list[CheckpointRef]:
        refuse("domain_checkpoint_list_all_children", flags & ~LIST_FLAGS)
        domain = conn.domains.by_ref(checkpoint.dom)
        tree = domain.checkpoints
        found = tree.listed_under(
            checkpoint.name,
            descendants=bool(flags & Listed.DESCENDANTS),
            topological=bool(flags & Listed.TOPOLOGICAL),
        )
        kept = flags & ~(Listed.DESCENDANTS | Listed.TOPOLOGICAL)
        function = "domain_checkpoint_list_all_children"
        return [_ref(domain, one) for one in matching(found, _filters(tree), kept, function)]

    @quick
    def domain_checkpoint_lookup_by_name(self, conn: TestState, dom: DomainRef, name: str, flags: int) -> CheckpointRef:
        refuse("domain_checkpoint_lookup_by_name", flags)
        domain = conn.domains.by_ref(dom)
        return _ref(domain, domain.checkpoints.get(name))

    @quick
    def domain_checkpoint_get_parent(self, conn: TestState, checkpoint: CheckpointRef, flags: int) -> CheckpointRef:
        refuse("domain_checkpoint_get_parent", flags)
        domain = conn.domains.by_ref(checkpoint.dom)
        return _ref(domain, domain.checkpoints.parent(checkpoint.name))

    @quick
    def domain_checkpoint_get_xml_desc(self, conn: TestState, checkpoint: CheckpointRef, flags: int) -> str:
        from virtkit.define.secrets import without_secrets

        refuse("domain_checkpoint_get_xml_desc", flags & ~(Shown.SECURE | Shown.NO_DOMAIN | Shown.SIZE))
        found = conn.domains.by_ref(checkpoint.dom).checkpoints.get(checkpoint.name).copy()
        if flags & Shown.NO_DOMAIN:
            found.domain = None
        elif found.domain is not None and not flags & Shown.SECURE:
            found.domain = without_secrets(found.domain)
        return found.format()

    @quick
    def domain_checkpoint_create_xml(self, conn: TestState, dom: DomainRef, xml_desc: str, flags: int) -> CheckpointRef:
        from virtkit.xml.checkpoint import Checkpoint

        known = Create.REDEFINE | Create.QUIESCE | Create.REDEFINE_VALIDATE
        refuse("domain_checkpoint_create_xml", flags & ~known)
        with conn.domains.hold(dom, "domain_checkpoint_create_xml") as domain:
            if domain.snapshots:
                raise OperationUnsupportedError(
                    f"domain {domain.name!r} has snapshots: delete them before a checkpoint", domain=TEST
                )
            if not domain.active:
                raise OperationUnsupportedError(
                    f"domain {domain.name!r} is not running: only running domains have checkpoints", domain=TEST
                )
            checkpoint = read(Checkpoint, xml_desc)
            if flags & Create.REDEFINE:
                _redefine(domain, checkpoint)
            else:
                _take(domain, checkpoint)
            return _ref(domain, checkpoint)

    @quick
    def domain_checkpoint_delete(self, conn: TestState, checkpoint: CheckpointRef, flags: int) -> None:
        known = Delete.CHILDREN | Delete.METADATA_ONLY | Delete.CHILDREN_ONLY
        refuse("domain_checkpoint_delete", flags & ~known)
        with conn.domains.hold(checkpoint.dom, "domain_checkpoint_delete") as domain:
            domain.checkpoints.get(checkpoint.name)
            if flags & (Delete.CHILDREN | Delete.CHILDREN_ONLY):
                domain.checkpoints.drop_below(checkpoint.name)
            if not flags & Delete.CHILDREN_ONLY:
                domain.checkpoints.drop(checkpoint.name)


def _redefine(domain: Domain, checkpoint: Checkpoint) -> None:
    """Take over a checkpoint that another host made."""
    if not checkpoint.name:
        raise XMLError("a checkpoint that is taken over needs its <name>", domain=CHECKPOINT)
    if checkpoint.creation_time is None:
        raise InternalError(
            f"checkpoint {checkpoint.name!r} is taken over and has no <creationTime>", domain=CHECKPOINT
        )
    if checkpoint.domain is not None:
        finish(checkpoint.domain)
    domain.checkpoints.add(checkpoint.name, checkpoint, current=False)


def _take(domain: Domain, checkpoint: Checkpoint) -> None:
    """Complete a new checkpoint with what the domain is now."""
    taken = now()
    checkpoint.name = checkpoint.name or str(taken)
    if checkpoint.name in domain.checkpoints.moments:
        raise OperationFailedError(
            f"domain {domain.name!r} has a checkpoint {checkpoint.name!r} already", domain=DOMAIN
        )
    checkpoint.disks.disks = _disks(domain, checkpoint)
    checkpoint.creation_time = taken
    checkpoint.domain = domain.document.copy()
    checkpoint.domain.id = None
    domain.checkpoints.follow_current(checkpoint)
    domain.checkpoints.add(checkpoint.name, checkpoint, current=True)


def _disks(domain: Domain, checkpoint: Checkpoint) -> list[CheckpointDisk]:
    """An entry for each disk, with a bitmap unless it was said otherwise."""
    from virtkit.xml.checkpoint import CheckpointDisk

    targets = [target(disk) for disk in domain.document.devices.disks if disk.device == "disk"]
    given = {disk.name: disk for disk in checkpoint.disks.disks}
    for name in given:
        if name not in targets:
            raise ConfigUnsupportedError(f"domain {domain.name!r} has no disk {name!r}", domain=CHECKPOINT)
    entries = [given.get(name, CheckpointDisk(name=name)) for name in targets]
    for entry in entries:
        entry.checkpoint = entry.checkpoint or "bitmap"
        if entry.checkpoint == "bitmap":
            entry.bitmap = entry.bitmap or checkpoint.name
    return entries


def _filters(tree: CheckpointTree) -> tuple[Filter[Checkpoint], ...]:
    from virtkit.xml.checkpoint import Checkpoint

    return (Filter[Checkpoint](Listed.LEAVES, Listed.NO_LEAVES, lambda one: not tree.children(one.name or "")),)


def _ref(domain: Domain, checkpoint: Checkpoint) -> CheckpointRef:
    return CheckpointRef(checkpoint.name or "", domain.ref)
