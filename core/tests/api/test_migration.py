"""A migration led by the program: which phase runs when, with which cookie, and what a failure does."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from virtkit.api.domain import Domain
from virtkit.constants import (
    MIGRATE_PARAM_BANDWIDTH,
    MIGRATE_PARAM_DEST_NAME,
    MIGRATE_PARAM_DEST_XML,
    MIGRATE_PARAM_MIGRATE_DISKS,
    MIGRATE_PARAM_URI,
)
from virtkit.enums import DomainMigrateFlags, DomainState
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    MigrateFinishOkError,
    NotSupportedError,
    OperationFailedError,
    OperationInvalidError,
)
from virtkit.params import STRING, ULLONG, TypedParams
from virtkit.records import DomainStateReason, MigrateBegin, MigrateFinish, MigratePrepare
from virtkit.refs import DomainRef

HERE = DomainRef("web", bytes(16), 7)
THERE = DomainRef("web", bytes(16), 1)
LIVE, PROTECTED = DomainMigrateFlags.LIVE, DomainMigrateFlags.CHANGE_PROTECTION
PHASES = ("begin3", "prepare3", "perform3", "finish3", "confirm3")


class Pair:
    """A domain at a source that can migrate, and a destination that can receive."""

    def __init__(self, source: Any, destination: Any) -> None:
        self.source, self.destination = source, destination
        self.domain = Domain(source.conn, HERE)
        # Both sides tell their calls in one order.
        destination.recorder.calls = source.recorder.calls
        source.answer(
            connect_supports_feature=True,
            domain_get_state=DomainStateReason(DomainState.RUNNING, 1),
            domain_migrate_begin3_params=MigrateBegin(b"begun", "<domain/>"),
            domain_migrate_perform3_params=b"performed",
        )
        destination.answer(
            domain_migrate_prepare3_params=MigratePrepare(b"prepared", "tcp://there:49152"),
            domain_migrate_finish3_params=MigrateFinish(THERE, b"finished"),
        )

    def migrate(self, params: Any = None, flags: int = LIVE) -> Domain:
        return self.domain.migrate(self.destination.conn, params, flags)

    def phases(self) -> list[tuple[Any, ...]]:
        """(phase, cookie handed in, flags, cancelled) of each call of a phase."""
        return [
            _phase(name.removeprefix("domain_migrate_").removesuffix("_params"), arguments)
            for name, *arguments in self.source.calls
            if name.startswith("domain_migrate_")
        ]


def _phase(name: str, arguments: list[Any]) -> tuple[Any, ...]:
    match name, arguments:
        case "begin3", [_, _, flags]:
            return name, flags
        case "prepare3", [_, cookie, flags]:
            return name, cookie, flags
        case "perform3", [_, _, _, cookie, flags]:
            return name, cookie, flags
        case "finish3", [_, cookie, flags, cancelled]:
            return name, cookie, flags, cancelled
        case "confirm3", [_, _, cookie, flags, cancelled]:
            return name, cookie, flags, cancelled
    raise AssertionError(name)


@pytest.fixture
def pair(make_lab: Any) -> Pair:
    return Pair(make_lab(), make_lab())


def test_each_phase_gets_the_cookie_of_the_one_before(pair: Pair) -> None:
    assert Domain(pair.destination.conn, THERE) == pair.migrate()
    assert [
        ("begin3", LIVE | PROTECTED),
        ("prepare3", b"begun", LIVE),
        ("perform3", b"prepared", LIVE | PROTECTED),
        ("finish3", b"performed", LIVE, False),
        ("confirm3", b"finished", LIVE | PROTECTED, False),
    ] == pair.phases()


def test_the_destination_learns_the_description_and_the_source_where_to_send_it(pair: Pair) -> None:
    pair.migrate({MIGRATE_PARAM_BANDWIDTH: 100, MIGRATE_PARAM_DEST_XML: "<mine/>"})
    (params,) = {id(each): each for _, *rest in pair.source.calls for each in rest if isinstance(each, dict)}.values()
    assert {
        MIGRATE_PARAM_BANDWIDTH: 100,
        MIGRATE_PARAM_DEST_XML: "<domain/>",
        MIGRATE_PARAM_URI: "tcp://there:49152",
        MIGRATE_PARAM_DEST_NAME: "web",
    } == params


def test_the_callers_parameters_stay_as_they_are(pair: Pair) -> None:
    params = (
        TypedParams().put(MIGRATE_PARAM_MIGRATE_DISKS, STRING, "vda").put(MIGRATE_PARAM_MIGRATE_DISKS, STRING, "vdb")
    )
    params.put(MIGRATE_PARAM_BANDWIDTH, ULLONG, 5)
    pair.migrate(params)
    passed = pair.source.calls[-1][2]
    assert 3 == len(list(params.entries()))
    assert set(params.entries()) < set(passed.entries())


def test_a_paused_domain_stays_paused(pair: Pair) -> None:
    pair.source.answer(domain_get_state=DomainStateReason(DomainState.PAUSED, 1))
    pair.migrate()
    assert ("prepare3", b"begun", LIVE | DomainMigrateFlags.PAUSED) in pair.phases()


def test_flags_that_concern_the_source_stay_there(pair: Pair) -> None:
    pair.migrate(flags=LIVE | DomainMigrateFlags.ABORT_ON_ERROR | DomainMigrateFlags.AUTO_CONVERGE)
    assert ("prepare3", b"begun", LIVE) in pair.phases()
    assert ("finish3", b"performed", LIVE, False) in pair.phases()


def test_an_offline_migration_sends_no_memory(pair: Pair) -> None:
    pair.migrate(flags=DomainMigrateFlags.OFFLINE)
    assert ["begin3", "prepare3", "finish3", "confirm3"] == [phase for phase, *_ in pair.phases()]
    assert ("finish3", b"", DomainMigrateFlags.OFFLINE, False) in pair.phases()


def test_a_failed_begin_ends_it(pair: Pair) -> None:
    pair.source.answer(domain_migrate_begin3_params=OperationInvalidError("domain 'web' is not running"))
    with pytest.raises(OperationInvalidError):
        pair.migrate()
    assert [("begin3", LIVE | PROTECTED)] == pair.phases()


@pytest.mark.parametrize("protects", [True, False, NotSupportedError("nobody implements it")])
def test_a_failed_prepare_releases_a_source_that_locked_the_definition(pair: Pair, protects: Any) -> None:
    pair.source.answer(connect_supports_feature=protects)
    pair.destination.answer(domain_migrate_prepare3_params=OperationFailedError("no room"))
    with pytest.raises(OperationFailedError, match="no room"):
        pair.migrate()
    confirmed = [("confirm3", b"", LIVE | PROTECTED, True)] if protects is True else []
    assert confirmed == pair.phases()[2:]


def test_a_failed_perform_drops_the_guest_there_and_asks_nothing_of_the_source(pair: Pair) -> None:
    pair.source.answer(domain_migrate_perform3_params=OperationFailedError("the network is gone"))
    pair.destination.answer(domain_migrate_finish3_params=MigrateFinishOkError("dropped"))
    with pytest.raises(OperationFailedError, match="the network is gone"):
        pair.migrate()
    assert [("finish3", b"", LIVE, True)] == pair.phases()[3:]


def test_when_the_guest_died_there_that_is_the_error(pair: Pair) -> None:
    pair.source.answer(domain_migrate_perform3_params=OperationFailedError("migration unexpectedly failed"))
    pair.destination.answer(domain_migrate_finish3_params=InternalError("qemu exited: no such CPU"))
    with pytest.raises(InternalError, match="no such CPU") as caught:
        pair.migrate()
    assert isinstance(caught.value.__cause__, OperationFailedError)


def test_an_interrupted_perform_drops_the_guest_there(pair: Pair) -> None:
    pair.source.answer(domain_migrate_perform3_params=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        pair.migrate()
    assert [("finish3", b"", LIVE, True)] == pair.phases()[3:]


def test_a_failed_finish_lets_the_domain_go_on_at_the_source(pair: Pair) -> None:
    pair.destination.answer(domain_migrate_finish3_params=OperationFailedError("it does not start"))
    with pytest.raises(OperationFailedError, match="it does not start"):
        pair.migrate()
    assert [("finish3", b"performed", LIVE, False), ("confirm3", b"", LIVE | PROTECTED, True)] == pair.phases()[3:]


def test_a_destination_that_names_no_place_is_told_to_forget_it(pair: Pair) -> None:
    pair.destination.answer(domain_migrate_prepare3_params=MigratePrepare(b"prepared", None))
    with pytest.raises(InternalError, match="migrate_uri"):
        pair.migrate()
    assert [("finish3", b"prepared", LIVE, True), ("confirm3", b"", LIVE | PROTECTED, True)] == pair.phases()[2:]


def test_a_failed_confirm_is_logged_since_the_guest_has_moved(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    pair.source.answer(domain_migrate_confirm3_params=OperationFailedError("the monitor is gone"))
    with caplog.at_level(logging.WARNING):
        assert Domain(pair.destination.conn, THERE) == pair.migrate()
    assert "'web' may be left paused" in caplog.text


def test_a_tunnelled_migration_needs_daemons_that_talk_to_each_other(pair: Pair) -> None:
    with pytest.raises(OperationInvalidError, match="PEER2PEER"):
        pair.migrate(flags=DomainMigrateFlags.TUNNELLED)
    assert [] == pair.phases()


def test_peer_to_peer_is_one_call_to_the_source_and_a_lookup(pair: Pair) -> None:
    pair.destination.conn.uri = "qemu+tls://there/system"
    pair.destination.answer(domain_lookup_by_name=THERE)
    moved = pair.migrate({MIGRATE_PARAM_DEST_NAME: "www"}, DomainMigrateFlags.PEER2PEER)
    assert Domain(pair.destination.conn, THERE) == moved
    params, flags = {MIGRATE_PARAM_DEST_NAME: "www"}, DomainMigrateFlags.PEER2PEER
    assert [
        ("domain_migrate_perform3_params", HERE, "qemu+tls://there/system", params, b"", flags),
        ("domain_lookup_by_name", "www"),
    ] == pair.source.calls


@pytest.mark.parametrize("uri", ["qemu:///system", "qemu+ssh://localhost/system"])
def test_peer_to_peer_to_the_same_host_is_refused(pair: Pair, uri: str) -> None:
    with pytest.raises(InvalidArgError, match="back to the host"):
        pair.domain.migrate_to_uri(uri, flags=DomainMigrateFlags.PEER2PEER)
    assert [] == pair.source.calls


def test_a_hypervisor_may_send_a_guest_by_itself(pair: Pair) -> None:
    pair.domain.migrate_to_uri(None, {MIGRATE_PARAM_URI: "xen://there"})
    assert [
        ("domain_migrate_perform3_params", HERE, None, {MIGRATE_PARAM_URI: "xen://there"}, b"", 0)
    ] == pair.source.calls
