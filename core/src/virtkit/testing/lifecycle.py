"""Tests of what is active or not, persistent or transient, and of the events that tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

import virtkit
from virtkit import Connection
from virtkit.errors import OperationInvalidError, VirtError
from virtkit.testing.kinds import Can
from virtkit.testing.objects import gone
from virtkit.testing.profile import Profile
from virtkit.testing.suite import Conformance, Recorder, Workshop, requires


class Refusing(Conformance):
    """Errors of operations in the wrong state.

    Attributes:
        refusals: Operation -> class of its error, where that is not `OperationInvalidError`.
    """

    refusals: ClassVar[Mapping[str, type[VirtError]]] = {}

    def refused(self, operation: str) -> pytest.RaisesExc[VirtError]:
        """A context in which an operation is refused because of the state."""
        return pytest.raises(self.refusals.get(operation, OperationInvalidError))


class Activity(Refusing):
    """Starting and stopping what is defined."""

    needs = Can.LIST | Can.DEFINE | Can.START

    def test_what_is_defined_is_inactive(self, workshop: Workshop) -> None:
        assert workshop.define(self.kind).is_active() is False

    def test_starting_makes_it_active(self, workshop: Workshop) -> None:
        assert workshop.start(self.kind).is_active() is True

    def test_starting_moves_it_between_the_lists(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.start(self.kind)
        assert obj.name in self.kind.keys(conn, "ACTIVE")
        assert obj.name not in self.kind.keys(conn, "INACTIVE")

    def test_starting_twice_is_refused(self, workshop: Workshop) -> None:
        obj = workshop.start(self.kind)
        with self.refused("create"):
            obj.create()
        assert obj.is_active() is True

    def test_stopping_makes_it_inactive(self, workshop: Workshop) -> None:
        obj = workshop.start(self.kind)
        obj.destroy()
        assert obj.is_active() is False

    def test_what_was_stopped_is_still_defined(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.start(self.kind)
        obj.destroy()
        assert obj == self.kind.by_name(conn, obj.name)

    def test_stopping_what_is_inactive_is_refused(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        with self.refused("destroy"):
            obj.destroy()

    def test_it_can_be_started_again(self, workshop: Workshop) -> None:
        obj = workshop.start(self.kind)
        obj.destroy()
        obj.create()
        assert obj.is_active() is True

    def test_starting_what_is_gone_is_the_error_of_the_kind(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.undefine()
        with pytest.raises(self.kind.missing):
            obj.create()

    def test_another_connection_sees_it_active(self, workshop: Workshop, profile: Profile) -> None:
        if not profile.shared:
            pytest.skip(f"{profile.uri}: each connection has objects of its own")
        obj = workshop.start(self.kind)
        with virtkit.open(profile.uri) as other:
            assert self.kind.by_name(other, obj.name).is_active() is True

    def test_it_stays_active_when_a_connection_closes(self, workshop: Workshop, profile: Profile) -> None:
        if not profile.shared:
            pytest.skip(f"{profile.uri}: each connection has objects of its own")
        obj = workshop.define(self.kind)
        with virtkit.open(profile.uri) as other:
            self.kind.by_name(other, obj.name).create()
        assert obj.is_active() is True


class Persistence(Refusing):
    """Objects with and without a definition.

    Attributes:
        outlives_definition: Whether an active object may lose its definition and go on.
    """

    needs = Can.LIST
    outlives_definition: ClassVar[bool] = True

    @requires(Can.DEFINE)
    def test_what_is_defined_is_persistent(self, workshop: Workshop) -> None:
        assert workshop.define(self.kind).is_persistent() is True

    @requires(Can.CREATE)
    def test_what_is_created_from_xml_is_active_and_transient(self, workshop: Workshop) -> None:
        obj = workshop.create(self.kind)
        assert (True, False) == (obj.is_active(), obj.is_persistent())

    @requires(Can.CREATE)
    def test_filters_tell_what_is_transient(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.create(self.kind)
        assert obj.name in self.kind.keys(conn, "TRANSIENT")
        assert obj.name not in self.kind.keys(conn, "PERSISTENT")

    @requires(Can.CREATE)
    def test_what_is_transient_vanishes_when_it_stops(
        self, conn: Connection, workshop: Workshop, profile: Profile
    ) -> None:
        obj = workshop.create(self.kind)
        obj.destroy()
        gone(self.kind, conn, obj, profile.deadline)
        with pytest.raises(self.kind.missing):
            self.kind.by_name(conn, obj.name)

    @requires(Can.CREATE)
    def test_what_is_active_cannot_be_created_again(self, conn: Connection, workshop: Workshop) -> None:
        text = workshop.text(self.kind)
        obj = workshop.keep(self.kind, self.kind.create(conn, text))
        with self.refused("create_xml"):
            self.kind.create(conn, text)
        assert obj.is_active() is True

    @requires(Can.CREATE, Can.DEFINE)
    def test_defining_what_is_transient_makes_it_persistent(self, conn: Connection, workshop: Workshop) -> None:
        text = workshop.text(self.kind)
        obj = workshop.keep(self.kind, self.kind.create(conn, text))
        self.kind.define(conn, text)
        assert (True, True) == (obj.is_active(), obj.is_persistent())

    @requires(Can.CREATE, Can.DEFINE)
    def test_what_is_transient_has_no_definition_to_remove(self, workshop: Workshop) -> None:
        obj = workshop.create(self.kind)
        with self.refused("undefine"):
            obj.undefine()
        assert obj.is_active() is True

    @requires(Can.START, Can.DEFINE)
    def test_undefining_what_is_active_leaves_it_running(self, workshop: Workshop) -> None:
        if not self.outlives_definition:
            pytest.skip(f"an active {self.kind.noun} keeps its definition")
        obj = workshop.start(self.kind)
        obj.undefine()
        assert (True, False) == (obj.is_active(), obj.is_persistent())

    @requires(Can.START, Can.DEFINE)
    def test_what_is_active_keeps_its_definition(self, workshop: Workshop) -> None:
        if self.outlives_definition:
            pytest.skip(f"an active {self.kind.noun} may lose its definition")
        obj = workshop.start(self.kind)
        with self.refused("undefine"):
            obj.undefine()
        assert (True, True) == (obj.is_active(), obj.is_persistent())


class Events(Conformance):
    """What is told when objects are defined, start, stop and vanish."""

    needs = Can.LIST | Can.EVENTS

    @pytest.fixture
    def record(self, conn: Connection, profile: Profile) -> Callable[..., Recorder]:
        """Subscribe to lifecycle events."""

        def subscribe(about: Any = None) -> Recorder:
            assert self.kind.event is not None
            return Recorder(conn, self.kind.event, profile.deadline, about)

        return subscribe

    def types(self, recorder: Recorder, obj: Any, last: str) -> list[int]:
        """The events about an object up to one."""
        return [int(record.event) for record in recorder.wait(obj, self.kind.event_type(last))]

    def told(self, *names: str) -> list[int]:
        """Events by name."""
        return [self.kind.event_type(name) for name in names]


class DefinitionEvents(Events):
    """Events of definitions."""

    needs = Can.LIST | Can.EVENTS | Can.DEFINE

    def test_a_definition_is_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        events = record()
        obj = workshop.define(self.kind)
        assert self.told("DEFINED") == self.types(events, obj, "DEFINED")

    def test_its_end_is_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        events = record()
        obj = workshop.define(self.kind)
        obj.undefine()
        assert self.told("DEFINED", "UNDEFINED") == self.types(events, obj, "UNDEFINED")

    def test_a_refused_definition_is_not_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        events = record()
        with pytest.raises(VirtError):
            self.kind.define(workshop.conn, "<conformance/>")
        obj.undefine()
        assert self.told("UNDEFINED") == self.types(events, obj, "UNDEFINED")

    def test_a_subscriber_to_one_object_hears_of_no_other(
        self, record: Callable[..., Recorder], workshop: Workshop
    ) -> None:
        one, other = workshop.define(self.kind), workshop.define(self.kind)
        events = record(one)
        other.undefine()
        one.undefine()
        self.types(events, one, "UNDEFINED")
        assert [] == events.of(other)

    def test_nothing_is_told_after_the_subscription_was_closed(
        self, record: Callable[..., Recorder], workshop: Workshop
    ) -> None:
        closed, open_ = record(), record()
        closed.subscription.close()
        obj = workshop.define(self.kind)
        self.types(open_, obj, "DEFINED")
        assert [] == closed.of(obj)

    def test_what_another_connection_does_is_told(
        self, record: Callable[..., Recorder], workshop: Workshop, profile: Profile
    ) -> None:
        if not profile.shared:
            pytest.skip(f"{profile.uri}: each connection has objects of its own")
        events = record()
        obj = workshop.define(self.kind)
        with virtkit.open(profile.uri) as other:
            next(each for each in self.kind.list(other) if each.ref == obj.ref).undefine()
        assert self.told("DEFINED", "UNDEFINED") == self.types(events, obj, "UNDEFINED")


class ActivityEvents(DefinitionEvents):
    """Events of what can be active."""

    @requires(Can.START)
    def test_start_and_stop_are_told_in_order(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        events = record()
        obj.create()
        obj.destroy()
        assert self.told("STARTED", "STOPPED") == self.types(events, obj, "STOPPED")

    @requires(Can.START)
    def test_a_refused_start_is_not_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        obj = workshop.start(self.kind)
        events = record()
        with pytest.raises(VirtError):
            obj.create()
        obj.destroy()
        assert self.told("STOPPED") == self.types(events, obj, "STOPPED")

    @requires(Can.CREATE)
    def test_the_life_of_what_is_transient_is_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        events = record()
        obj = workshop.create(self.kind)
        obj.destroy()
        assert self.told("STARTED", "STOPPED") == self.types(events, obj, "STOPPED")
