"""Tests of domains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

import pytest

from virtkit import Connection, Domain
from virtkit.enums import (
    DomainEventDefinedDetailType,
    DomainEventResumedDetailType,
    DomainEventStartedDetailType,
    DomainEventStoppedDetailType,
    DomainEventSuspendedDetailType,
    DomainEventType,
    DomainEventUndefinedDetailType,
    DomainMetadataType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
    DomainXMLFlags,
)
from virtkit.errors import (
    InvalidArgError,
    NoDomainError,
    NoDomainMetadataError,
    NoNameError,
    OperationInvalidError,
    VirtError,
    XMLError,
)
from virtkit.events import DomainLifecycleEvent
from virtkit.testing.kinds import DOMAIN, Can
from virtkit.testing.lifecycle import Activity, ActivityEvents, Persistence, Refusing
from virtkit.testing.objects import (
    Autostart,
    Description,
    Enumeration,
    NameLookup,
    UUIDDefinition,
    UUIDLookup,
)
from virtkit.testing.profile import Profile, fresh_name
from virtkit.testing.suite import Conformance, Recorder, Workshop, eventually, requires

UNKNOWN_ID = 2**31 - 2
"""Nobody has started that many domains."""

NAMESPACE = "urn:virtkit:conformance"


class BaseDomainLookup(NameLookup, UUIDLookup):
    """Finding domains by name, UUID and id."""

    kind = DOMAIN

    def test_an_active_domain_is_found_by_its_id(self, conn: Connection, workshop: Workshop) -> None:
        domain = conn.lookup_domain_by_name(workshop.active(DOMAIN).name)
        assert domain == conn.lookup_domain_by_id(domain.id)

    @requires(Can.DEFINE)
    def test_an_inactive_domain_has_no_id(self, conn: Connection, workshop: Workshop) -> None:
        assert -1 == conn.lookup_domain_by_name(workshop.define(DOMAIN).name).id

    @pytest.mark.parametrize("number", [UNKNOWN_ID, -1])
    def test_an_id_that_no_domain_has_is_the_error_of_the_kind(self, conn: Connection, number: int) -> None:
        with pytest.raises(NoDomainError):
            conn.lookup_domain_by_id(number)


class BaseDomainEnumeration(Enumeration):
    """Listing domains."""

    kind = DOMAIN
    parts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ACTIVE", "INACTIVE"),
        ("PERSISTENT", "TRANSIENT"),
        ("MANAGEDSAVE", "NO_MANAGEDSAVE"),
        ("AUTOSTART", "NO_AUTOSTART"),
        ("HAS_SNAPSHOT", "NO_SNAPSHOT"),
        ("HAS_CHECKPOINT", "NO_CHECKPOINT"),
    )

    def test_ids_agree_with_the_list_of_active_domains(self, conn: Connection, obj: Domain) -> None:
        assert sorted(each.id for each in DOMAIN.list(conn, "ACTIVE")) == sorted(conn.list_domain_ids())

    def test_names_agree_with_the_list_of_inactive_domains(self, conn: Connection, obj: Domain) -> None:
        assert DOMAIN.keys(conn, "INACTIVE") == set(conn.list_defined_domain_names())

    def test_counts_agree_with_the_lists(self, conn: Connection, obj: Domain) -> None:
        lists = len(DOMAIN.list(conn, "ACTIVE")), len(DOMAIN.list(conn, "INACTIVE"))
        assert lists == (conn.num_of_domains(), conn.num_of_defined_domains())

    def test_each_domain_passes_one_filter_of_state(self, conn: Connection, obj: Domain) -> None:
        states = [DOMAIN.keys(conn, name) for name in ("RUNNING", "PAUSED", "SHUTOFF", "OTHER")]
        assert sorted(DOMAIN.keys(conn)) == sorted(name for names in states for name in names)

    @requires(Can.DEFINE, Can.START)
    def test_filters_of_different_groups_must_all_be_passed(self, conn: Connection, workshop: Workshop) -> None:
        running, defined = workshop.start(DOMAIN), workshop.define(DOMAIN)
        assert {running.name} == {running.name, defined.name} & DOMAIN.keys(conn, "PERSISTENT", "ACTIVE")


class BaseDomainDescription(Description):
    """Domains as XML."""

    kind = DOMAIN

    def test_a_domain_that_is_gone_cannot_be_described(self, workshop: Workshop, profile: Profile) -> None:
        profile.require(DOMAIN, Can.DEFINE)
        domain = workshop.define(DOMAIN)
        domain.undefine()
        with pytest.raises(NoDomainError):
            domain.xml_desc()

    def test_only_an_active_domain_is_described_with_an_id(self, workshop: Workshop) -> None:
        domain = workshop.active(DOMAIN)
        ids = DOMAIN.model.parse(domain.xml_desc()), DOMAIN.model.parse(domain.xml_desc(DomainXMLFlags.INACTIVE))
        assert [workshop.conn.lookup_domain_by_name(domain.name).id, None] == [each.id for each in ids]  # type: ignore[attr-defined]

    @requires(Can.DEFINE, Can.START)
    def test_starting_leaves_the_inactive_description_as_it_is(self, workshop: Workshop) -> None:
        domain = workshop.define(DOMAIN)
        before = domain.xml_desc(DomainXMLFlags.INACTIVE)
        domain.create()
        assert before == domain.xml_desc(DomainXMLFlags.INACTIVE)


class BaseDomainInfo(Conformance):
    """State and sizes."""

    kind = DOMAIN
    needs = Can.LIST | Can.INFO

    def test_it_has_memory_and_processors(self, obj: Domain) -> None:
        info = obj.info()
        assert 0 < info.memory <= info.max_mem
        assert info.nr_virt_cpu >= 1

    def test_info_and_state_agree(self, obj: Domain) -> None:
        assert obj.info().state == obj.state().state

    def test_an_active_domain_is_not_off(self, workshop: Workshop) -> None:
        assert DomainState.SHUTOFF != workshop.active(DOMAIN).info().state

    @requires(Can.DEFINE)
    def test_an_inactive_domain_is_off(self, workshop: Workshop) -> None:
        assert DomainState.SHUTOFF == workshop.define(DOMAIN).info().state

    @requires(Can.DEFINE)
    def test_a_domain_that_is_gone_is_the_error_of_the_kind(self, workshop: Workshop) -> None:
        domain = workshop.define(DOMAIN)
        domain.undefine()
        with pytest.raises(NoDomainError):
            domain.info()

    def test_bulk_statistics_tell_the_same_state(self, conn: Connection, obj: Domain) -> None:
        states = {domain.name: params["state.state"] for domain, params in conn.domain_stats()}
        assert obj.info().state == states[obj.name]

    def test_bulk_statistics_of_one_domain_are_of_no_other(self, conn: Connection, obj: Domain) -> None:
        assert [obj] == [domain for domain, _ in conn.domain_stats([obj])]


class BaseDomainDefinition(UUIDDefinition):
    """Defining domains."""

    kind = DOMAIN
    nameless: ClassVar[type[VirtError]] = NoNameError
    described: ClassVar[int] = DomainXMLFlags.INACTIVE

    def test_a_name_with_a_slash_is_refused(self, conn: Connection, workshop: Workshop) -> None:
        with pytest.raises(XMLError):
            workshop.define(DOMAIN, workshop.text(DOMAIN, f"{fresh_name()}/{fresh_name()}"))

    def test_an_empty_name_is_refused(self, conn: Connection, workshop: Workshop) -> None:
        name = fresh_name()
        with pytest.raises(NoNameError):
            workshop.define(DOMAIN, workshop.text(DOMAIN, name).replace(name, ""))


class BaseDomainActivity(Activity):
    """Starting and stopping domains."""

    kind = DOMAIN

    def test_each_start_gives_another_id(self, conn: Connection, workshop: Workshop) -> None:
        domain = workshop.start(DOMAIN)
        first = conn.lookup_domain_by_name(domain.name).id
        domain.destroy()
        domain.create()
        assert first < conn.lookup_domain_by_name(domain.name).id

    def test_a_start_answers_the_id(self, conn: Connection, workshop: Workshop) -> None:
        domain = workshop.start(DOMAIN)
        assert conn.lookup_domain_by_name(domain.name).id == domain.id

    def test_a_stopped_domain_has_no_id(self, conn: Connection, workshop: Workshop) -> None:
        domain = workshop.start(DOMAIN)
        domain.destroy()
        assert -1 == conn.lookup_domain_by_name(domain.name).id


class BaseDomainPersistence(Persistence):
    """Persistent and transient domains."""

    kind = DOMAIN


class BaseDomainAutostart(Autostart):
    """Domains that start with their driver."""

    kind = DOMAIN
    transient_refusal: ClassVar[type[VirtError]] = OperationInvalidError


class BaseDomainEvents(ActivityEvents):
    """Events of domains."""

    kind = DOMAIN

    @requires(Can.DEFINE)
    def test_details_tell_new_from_changed_definitions(
        self, record: Callable[..., Recorder], workshop: Workshop
    ) -> None:
        events, text = record(), workshop.text(DOMAIN)
        domain = workshop.define(DOMAIN, text)
        DOMAIN.define(workshop.conn, text)
        domain.undefine()
        detail = DomainEventDefinedDetailType
        assert [
            DomainLifecycleEvent(DomainEventType.DEFINED, detail.ADDED),
            DomainLifecycleEvent(DomainEventType.DEFINED, detail.UPDATED),
            DomainLifecycleEvent(DomainEventType.UNDEFINED, DomainEventUndefinedDetailType.REMOVED),
        ] == events.wait(domain, DomainEventType.UNDEFINED)


class Move(NamedTuple):
    """A way from one state to another: what is called, what comes of it, what is told."""

    start: str
    operation: str
    state: DomainState
    reason: int
    event: DomainLifecycleEvent | None
    needs: Can


RUNNING, PAUSED, OFF = DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF
STARTED = DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)
SUSPENDED = DomainLifecycleEvent(DomainEventType.SUSPENDED, DomainEventSuspendedDetailType.PAUSED)
RESUMED = DomainLifecycleEvent(DomainEventType.RESUMED, DomainEventResumedDetailType.UNPAUSED)
DESTROYED = DomainLifecycleEvent(DomainEventType.STOPPED, DomainEventStoppedDetailType.DESTROYED)
FINISHED = DomainLifecycleEvent(DomainEventType.STOPPED, DomainEventStoppedDetailType.SHUTDOWN)

MOVES = (
    Move("off", "create", RUNNING, DomainRunningReason.BOOTED, STARTED, Can.START),
    Move("running", "suspend", PAUSED, DomainPausedReason.USER, SUSPENDED, Can.PAUSE),
    Move("paused", "resume", RUNNING, DomainRunningReason.UNPAUSED, RESUMED, Can.PAUSE),
    Move("running", "reset", RUNNING, DomainRunningReason.BOOTED, None, Can.RESET),
    Move("running", "destroy", OFF, DomainShutoffReason.DESTROYED, DESTROYED, Can.START),
    Move("paused", "destroy", OFF, DomainShutoffReason.DESTROYED, DESTROYED, Can.PAUSE),
)
"""What `virtkit.hookspecs.domain_lifecycle` says of operations that take effect at once."""

REFUSALS = (
    ("off", "suspend", Can.PAUSE), ("off", "resume", Can.PAUSE), ("off", "shutdown", Can.SHUTDOWN),
    ("off", "reboot", Can.REBOOT), ("off", "reset", Can.RESET), ("off", "destroy", Can.START),
    ("running", "create", Can.START), ("running", "resume", Can.PAUSE), ("paused", "create", Can.PAUSE),
)  # fmt: skip
"""Operations in states they do not fit."""


def _id(move: Any) -> str:
    return f"{move[0]}-{move[1]}"


class BaseDomainStates(Refusing):
    """The states of domains, the moves between them, and what is refused."""

    kind = DOMAIN
    needs = Can.LIST | Can.INFO | Can.DEFINE | Can.START
    reasons: ClassVar[Mapping[str, int]] = {}
    """Operation -> reason afterwards, where it is not that of `MOVES`."""

    @pytest.fixture
    def domain_in(self, workshop: Workshop) -> Callable[[str], Domain]:
        """Make a domain in a state."""

        def make(state: str) -> Domain:
            domain: Domain = workshop.define(DOMAIN) if state == "off" else workshop.start(DOMAIN)
            if state == "paused":
                domain.suspend()
            return domain

        return make

    @pytest.mark.parametrize("move", MOVES, ids=_id)
    def test_a_move_leads_to_its_state(self, move: Move, domain_in: Callable[[str], Domain], profile: Profile) -> None:
        profile.require(DOMAIN, move.needs)
        domain = domain_in(move.start)
        getattr(domain, move.operation)()
        assert (move.state, self.reasons.get(move.operation, move.reason)) == domain.state()

    @pytest.mark.parametrize("move", MOVES, ids=_id)
    def test_a_move_is_told(
        self, move: Move, conn: Connection, domain_in: Callable[[str], Domain], profile: Profile
    ) -> None:
        profile.require(DOMAIN, move.needs | Can.EVENTS)
        domain = domain_in(move.start)
        events = Recorder(conn, DomainLifecycleEvent, profile.deadline, domain)
        getattr(domain, move.operation)()
        end = None if move.state == OFF else DESTROYED
        if end:
            domain.destroy()
        expected = [event for event in (move.event, end) if event]
        assert expected == events.wait(domain, DomainEventType.STOPPED)

    @pytest.mark.parametrize(("state", "operation", "ability"), REFUSALS, ids=[_id(each) for each in REFUSALS])
    def test_what_does_not_fit_the_state_is_refused(
        self, state: str, operation: str, ability: Can, domain_in: Callable[[str], Domain], profile: Profile
    ) -> None:
        profile.require(DOMAIN, ability)
        domain = domain_in(state)
        before = domain.state()
        with self.refused(operation):
            getattr(domain, operation)()
        assert before == domain.state()

    @requires(Can.PAUSE)
    def test_suspending_twice_changes_nothing(self, domain_in: Callable[[str], Domain]) -> None:
        domain = domain_in("paused")
        domain.suspend()
        assert (PAUSED, DomainPausedReason.USER) == domain.state()

    @requires(Can.PAUSE, Can.EVENTS)
    def test_suspending_twice_is_told_once(
        self, conn: Connection, domain_in: Callable[[str], Domain], profile: Profile
    ) -> None:
        domain = domain_in("paused")
        events = Recorder(conn, DomainLifecycleEvent, profile.deadline, domain)
        with suppress(VirtError):
            domain.suspend()
        domain.destroy()
        assert [DESTROYED] == events.wait(domain, DomainEventType.STOPPED)

    @requires(Can.PAUSE)
    def test_a_paused_domain_is_active(self, domain_in: Callable[[str], Domain]) -> None:
        assert domain_in("paused").is_active() is True

    @requires(Can.PAUSE)
    def test_a_paused_domain_passes_the_filter_for_it(
        self, conn: Connection, domain_in: Callable[[str], Domain]
    ) -> None:
        paused = domain_in("paused").name
        assert (True, False) == (paused in DOMAIN.keys(conn, "PAUSED"), paused in DOMAIN.keys(conn, "RUNNING"))

    @requires(Can.SHUTDOWN)
    def test_a_guest_that_is_asked_shuts_down(self, domain_in: Callable[[str], Domain], profile: Profile) -> None:
        domain = domain_in("running")
        self._shut_down(domain, profile)
        assert (OFF, DomainShutoffReason.SHUTDOWN) == domain.state()

    @requires(Can.SHUTDOWN, Can.EVENTS)
    def test_a_guest_that_has_shut_down_is_told(
        self, conn: Connection, domain_in: Callable[[str], Domain], profile: Profile
    ) -> None:
        domain = domain_in("running")
        events = Recorder(conn, DomainLifecycleEvent, profile.deadline, domain)
        self._shut_down(domain, profile)
        assert FINISHED == events.wait(domain, DomainEventType.STOPPED)[-1]

    @requires(Can.REBOOT)
    def test_a_guest_that_is_asked_to_restart_keeps_its_id(
        self, conn: Connection, domain_in: Callable[[str], Domain]
    ) -> None:
        domain = domain_in("running")
        domain.reboot()
        assert domain.id == conn.lookup_domain_by_name(domain.name).id

    def _shut_down(self, domain: Domain, profile: Profile) -> None:
        """Ask until the guest complies: one that still boots may not hear the first time."""

        def is_off() -> bool:
            with suppress(VirtError):  # it may be off since the last look
                domain.shutdown()
            return domain.state().state == OFF

        eventually(is_off, f"domain {domain.name} shuts down", profile.deadline)


class BaseDomainRename(Refusing):
    """Giving domains another name."""

    kind = DOMAIN
    needs = Can.LIST | Can.DEFINE | Can.RENAME

    def test_it_is_found_by_the_new_name_only(self, conn: Connection, workshop: Workshop) -> None:
        domain = workshop.define(DOMAIN)
        old, new = domain.name, fresh_name()
        domain.rename(new)
        assert domain == conn.lookup_domain_by_name(new)
        assert old not in DOMAIN.keys(conn)

    def test_a_name_that_is_taken_is_refused(self, workshop: Workshop) -> None:
        one, other = workshop.define(DOMAIN), workshop.define(DOMAIN)
        with self.refused("rename"):
            one.rename(other.name)

    @pytest.mark.parametrize("name", ["", None])
    def test_no_name_is_refused(self, workshop: Workshop, name: Any) -> None:
        with pytest.raises(InvalidArgError):
            workshop.define(DOMAIN).rename(name)

    def test_a_name_with_a_slash_is_refused(self, workshop: Workshop) -> None:
        domain = workshop.define(DOMAIN)
        before = domain.name
        with pytest.raises(XMLError):
            domain.rename(f"{fresh_name()}/{fresh_name()}")
        assert before in DOMAIN.keys(workshop.conn)

    @requires(Can.START)
    def test_an_active_domain_keeps_its_name(self, workshop: Workshop) -> None:
        domain = workshop.start(DOMAIN)
        with self.refused("rename"):
            domain.rename(fresh_name())


class BaseDomainMetadata(Refusing):
    """Titles, descriptions and elements of applications."""

    kind = DOMAIN
    needs = Can.LIST | Can.DEFINE | Can.METADATA

    @pytest.mark.parametrize("type", [DomainMetadataType.TITLE, DomainMetadataType.DESCRIPTION])
    def test_text_that_was_set_can_be_read(self, workshop: Workshop, type: DomainMetadataType) -> None:
        domain = workshop.define(DOMAIN)
        domain.set_metadata(type, "a < b")
        assert "a < b" == domain.metadata(type)

    @pytest.mark.parametrize("type", list(DomainMetadataType))
    def test_what_was_never_set_is_an_error(self, workshop: Workshop, type: DomainMetadataType) -> None:
        with pytest.raises(NoDomainMetadataError):
            workshop.define(DOMAIN).metadata(type, NAMESPACE if type == DomainMetadataType.ELEMENT else None)

    def test_an_element_that_was_set_can_be_read(self, workshop: Workshop) -> None:
        domain = workshop.define(DOMAIN)
        domain.set_metadata(DomainMetadataType.ELEMENT, "<note>hello</note>", "c", NAMESPACE)
        assert "hello" in domain.metadata(DomainMetadataType.ELEMENT, NAMESPACE)

    def test_what_was_removed_is_gone(self, workshop: Workshop) -> None:
        domain = workshop.define(DOMAIN)
        domain.set_metadata(DomainMetadataType.TITLE, "title")
        domain.set_metadata(DomainMetadataType.TITLE, None)
        with pytest.raises(NoDomainMetadataError):
            domain.metadata(DomainMetadataType.TITLE)

    def test_a_title_of_two_lines_is_refused(self, workshop: Workshop) -> None:
        with pytest.raises(InvalidArgError):
            workshop.define(DOMAIN).set_metadata(DomainMetadataType.TITLE, "one\ntwo")
