"""A simulated domain: its definitions, its state, and the rules that all domain functions share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainEventStartedDetailType,
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainModificationImpact,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.events import DomainLifecycleEvent
from virtkit.records import GuestTime
from virtkit.refs import NO_ID, DomainRef
from virtkit_test.filters import refuse
from virtkit_test.moments import CheckpointTree, SnapshotTree
from virtkit_test.reading import read

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain as DomainXML
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
DOMAIN = ErrorDomain.DOMAIN

LIVE = DomainModificationImpact.LIVE
CONFIG = DomainModificationImpact.CONFIG
IMPACT = LIVE | CONFIG

BOOT_TIME = GuestTime(627319920, 0)
"""The guest's clock at first, and when its memory was last looked at."""


class Polling:
    """How an I/O thread polls, times in ns."""

    def __init__(self) -> None:
        self.max_ns = 32768
        self.grow = 0
        self.shrink = 0


class Domain:
    """A domain.

    Attributes:
        config: The persistent definition; None for a transient domain.
        live: What it runs with; None while it does not run.
        figures: State, memory in KiB (maximum, current) and vCPUs; kept so that `domain_get_info` costs nothing.
        saved: Whether a managed save image waits for the next start.
        frozen: Frozen file systems.
        polling: The I/O threads added since the definition, by id.
        time: The guest's clock, which stands still.
    """

    def __init__(self, name: str, uuid: bytes) -> None:
        self.name = name
        self.uuid = uuid
        self.config: DomainXML | None = None
        self.live: DomainXML | None = None
        self.state = DomainState.SHUTOFF
        self.reason: int = DomainShutoffReason.UNKNOWN
        self.autostart = False
        self.saved = False
        self.ref = DomainRef(name, uuid)
        self.figures = (DomainState.SHUTOFF, 0, 0, 0)
        self.frozen: set[str] = set()
        self.polling: dict[int, Polling] = {}
        self.time = BOOT_TIME
        self.snapshots = SnapshotTree()
        self.checkpoints = CheckpointTree()

    @property
    def document(self) -> DomainXML:
        """What it runs with, else its definition."""
        document = self.live or self.config
        assert document is not None, "a domain without both is not in the table"
        return document

    @property
    def active(self) -> bool:
        """Whether it runs, paused included."""
        return self.live is not None

    def enter(self, state: DomainState, reason: int) -> None:
        """Enter a state."""
        self.state, self.reason = state, reason
        self.update()

    def update(self) -> None:
        """Bring up to date what is kept of the definition."""
        document = self.document
        self.ref = DomainRef(self.name, self.uuid, NO_ID if document.id is None else document.id)
        maximum = document.memory.size or 0 if document.memory is not None else 0
        self.figures = (self.state, maximum, document.current_memory or 0, vcpus(document))

    def require_active(self) -> None:
        """Raise `OperationInvalidError` unless it runs."""
        if not self.active:
            raise OperationInvalidError(f"domain {self.name!r} is not running: start it first", domain=DOMAIN)

    def definition(self, flags: int) -> DomainXML:
        """The one definition that flags which passed `check_impact` mean. Raises as `definitions` does."""
        return self.definitions(flags)[0]

    def definitions(self, flags: int) -> Sequence[DomainXML]:
        """The definitions that the flags of a function mean; without flags the current one.

        Raises:
            OperationInvalidError: LIVE and it does not run, or CONFIG and it is transient.
        """
        if not flags & IMPACT:
            return (self.document,)
        meant = []
        if flags & LIVE:
            self.require_active()
            meant.append(self.document)
        if flags & CONFIG:
            if self.config is None:
                raise OperationInvalidError(
                    f"domain {self.name!r} is transient and has no definition to change", domain=DOMAIN
                )
            meant.append(self.config)
        return meant


def check_impact(function: str, flags: int, known: int = 0) -> None:
    """Refuse flags that do not mean one definition.

    Raises:
        InvalidArgError: LIVE and CONFIG together, or flags beside them and `known`.
    """
    refuse(function, flags & ~(IMPACT | known))
    if flags & IMPACT == IMPACT:
        raise exclusive(function, "LIVE", "CONFIG")


def definition_of(conn: TestState, dom: DomainRef, flags: int, function: str, known: int = 0) -> DomainXML:
    """The definition of a domain that the flags of a function mean. Raises as `check_impact` and `definitions` do."""
    check_impact(function, flags, known)
    return conn.domains.by_ref(dom).definition(flags)


def exclusive(function: str, one: str, other: str, domain: int = DOMAIN) -> InvalidArgError:
    """The error of flags that exclude each other."""
    return InvalidArgError(
        f"{function}: the flags {one} and {other} exclude each other: give one",
        domain=domain,
        str1=function,
        str2="flags",
    )


def vcpus(document: DomainXML) -> int:
    """How many vCPUs a definition starts with."""
    vcpu = document.vcpu
    return 1 if vcpu is None else vcpu.current or vcpu.maximum or 1


def parse(xml: str, *, validate: bool = False) -> DomainXML:
    """Read and complete a definition.

    Raises:
        VirtError: As for parsing and for `virtkit.define.complete`.
    """
    from virtkit.xml.domain import Domain as DomainXML

    document = read(DomainXML, xml, validate=validate)
    finish(document)
    return document


def finish(document: DomainXML) -> None:
    """Complete a definition the way this driver does."""
    from virtkit.define import Profile, complete

    complete(document, Profile(arch="i686"))
    document.id = None
    name_interfaces(document.devices.interfaces)


def name_interfaces(interfaces: Sequence[Interface]) -> None:
    """Give the host's end of each interface a name."""
    from virtkit.xml.domain.devices.interface import InterfaceTarget

    taken = {interface.target.dev for interface in interfaces if interface.target is not None}
    for interface in interfaces:
        if interface.target is None:
            interface.target = InterfaceTarget()
        if not interface.target.dev:
            interface.target.dev = next(
                name for i in range(len(interfaces) + 1) if (name := f"testnet{i}") not in taken
            )
            taken.add(interface.target.dev)


def start(
    conn: TestState,
    domain: Domain,
    reason: int = DomainRunningReason.BOOTED,
    detail: int = DomainEventStartedDetailType.BOOTED,
    document: DomainXML | None = None,
) -> None:
    """Make a domain run: from a document, else from its definition."""
    if document is None:
        assert domain.config is not None, "only a persistent domain can be inactive"
        document = domain.config.copy()
    document.id = conn.domains.set_id(domain)
    domain.live = document
    domain.saved = False
    domain.enter(DomainState.RUNNING, reason)
    publish(conn, domain, DomainEventType.STARTED, detail)


def stop(conn: TestState, domain: Domain, reason: DomainShutoffReason, detail: DomainEventStoppedDetailType) -> None:
    """Stop a domain; a transient one is gone with it."""
    ref = domain.ref
    conn.domains.clear_id(domain)
    if domain.config is None:
        assert domain.live is not None
        domain.live.id = None
        domain.enter(DomainState.SHUTOFF, reason)
        conn.domains.remove(domain)
    else:
        domain.live = None
        domain.enter(DomainState.SHUTOFF, reason)
    domain.frozen.clear()
    conn.hub.publish(ref, DomainLifecycleEvent(DomainEventType.STOPPED, detail))


def publish(conn: TestState, domain: Domain, event: DomainEventType, detail: int) -> None:
    """Tell that a domain entered a state."""
    conn.hub.publish(domain.ref, DomainLifecycleEvent(event, detail))
