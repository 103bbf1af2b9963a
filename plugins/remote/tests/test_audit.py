"""The log of changes."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from virtkit.access import Identity
from virtkit.discovery import Function, function
from virtkit.errors import AccessDeniedError, NoDomainError, SystemCallError
from virtkit.refs import DomainRef, SecretRef, SnapshotRef, StorageVolRef
from virtkit_remote.daemon.audit import KINDS, Audit, described

ALICE = Identity(user_name="alice", user_id=1000, transport="unix")
WEB = DomainRef("web", b"w" * 16, 1)
WEB_SHOWN = {"kind": "domain", "name": "web", "uuid": "77777777-7777-7777-7777-777777777777"}


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    made = Audit(tmp_path / "audit.log")
    yield made
    made.close()


def declared(name: str) -> Function:
    found = function(name)
    assert found is not None
    return found


def entries(audit: Audit) -> list[dict[str, Any]]:
    return [json.loads(line) for line in audit.path.read_text().splitlines()]


def failing(error: Exception) -> Any:
    def fail(*_: Any) -> None:
        raise error

    return fail


def test_a_change_is_written_with_who_what_and_how_it_ended(audit: Audit) -> None:
    assert "result" == audit.watched(declared("domain_create_with_flags"), lambda *_: "result", ALICE)(WEB, 0)
    (entry,) = entries(audit)
    assert None is not datetime.fromisoformat(entry.pop("time")).tzinfo
    assert entry.pop("seconds") >= 0
    assert {
        "requester": "user 'alice'",
        "identity": {"user_name": "alice", "user_id": 1000, "transport": "unix"},
        "function": "domain_create_with_flags",
        "object": WEB_SHOWN,
        "outcome": "success",
    } == entry


def test_what_changes_nothing_is_not_watched(audit: Audit) -> None:
    assert print is audit.watched(declared("domain_get_info"), print, ALICE)


@pytest.mark.parametrize(("error", "outcome", "code"), [
    (AccessDeniedError("no rule allows it"), "refused", 88),
    (NoDomainError("no rule allows it"), "failed", 42),
    (RuntimeError("no rule allows it"), "failed", 1),
])  # fmt: skip
def test_a_failure_is_written_and_raised(audit: Audit, error: Exception, outcome: str, code: int) -> None:
    with pytest.raises(type(error)):
        audit.watched(declared("domain_destroy"), failing(error), ALICE)(WEB)
    (entry,) = entries(audit)
    assert (outcome, {"code": code, "message": "no rule allows it"}) == (entry["outcome"], entry["error"])


def test_an_object_that_was_made_is_known_by_the_result(audit: Audit) -> None:
    audit.watched(declared("domain_define_xml"), lambda xml: WEB, ALICE)("<domain/>")
    assert [WEB_SHOWN] == [entry["object"] for entry in entries(audit)]


def test_a_change_of_the_host_has_no_object(audit: Audit) -> None:
    audit.watched(declared("node_suspend_for_duration"), lambda *_: None, ALICE)(0, 60, 0)
    assert [None] == [entry["object"] for entry in entries(audit)]


def test_arguments_are_not_written(audit: Audit) -> None:
    audit.watched(declared("domain_set_user_password"), lambda *_: None, ALICE)(WEB, "root", "hunter2", 0)
    assert "hunter2" not in audit.path.read_text()


def test_a_line_is_one_object_whatever_the_names_are(audit: Audit) -> None:
    name = 'we"b\n{"outcome": "success"}\\é'
    audit.watched(declared("domain_create_with_flags"), lambda *_: None, ALICE)(WEB._replace(name=name), 0)
    assert [name] == [entry["object"]["name"] for entry in entries(audit)]


@pytest.mark.parametrize(("ref", "shown"), [
    (SnapshotRef("before", WEB), {"kind": "snapshot", "name": "before", "domain": "web"}),
    (StorageVolRef("images", "a.img", "/a"), {"kind": "storage_vol", "name": "a.img", "pool": "images"}),
    (SecretRef(b"w" * 16, 2, "ceph"), {"kind": "secret", "name": "ceph", "uuid": WEB_SHOWN["uuid"]}),
])  # fmt: skip
def test_an_object_is_described_by_what_its_reference_has(ref: Any, shown: dict[str, str]) -> None:
    assert shown == json.loads(described(ref))


def test_every_reference_of_the_api_has_a_kind() -> None:
    from virtkit import refs

    assert {each for name, each in vars(refs).items() if name.endswith("Ref")} == set(KINDS)


def test_only_the_owner_can_read_it(audit: Audit) -> None:
    assert 0o600 == stat.S_IMODE(os.stat(audit.path).st_mode)


def test_lines_are_added_behind_those_of_an_earlier_daemon(audit: Audit) -> None:
    audit.watched(declared("domain_destroy"), lambda *_: None, ALICE)(WEB)
    again = Audit(audit.path)
    again.watched(declared("domain_create"), lambda *_: None, ALICE)(WEB)
    again.close()
    assert ["domain_destroy", "domain_create"] == [entry["function"] for entry in entries(audit)]


def test_lines_of_many_threads_are_whole(audit: Audit) -> None:
    call = audit.watched(declared("domain_destroy"), lambda *_: None, ALICE)
    threads = [threading.Thread(target=lambda: [call(WEB) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 == len(entries(audit))


def test_a_log_that_was_moved_away_is_begun_anew_when_told(audit: Audit) -> None:
    call = audit.watched(declared("domain_destroy"), lambda *_: None, ALICE)
    call(WEB)
    audit.path.rename(audit.path.with_suffix(".1"))
    audit.reopen()
    call(WEB)
    assert 1 == len(entries(audit))


def test_a_log_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match=r"change audit\.file") as raised:
        Audit(tmp_path / "missing" / "audit.log")
    assert 2 == raised.value.int1


def test_a_line_that_cannot_be_written_is_in_the_daemons_log(caplog: pytest.LogCaptureFixture) -> None:
    audit = Audit("/dev/full")
    with caplog.at_level(logging.ERROR):
        audit.watched(declared("domain_destroy"), lambda *_: None, ALICE)(WEB)
    audit.close()
    (record,) = caplog.records
    assert "/dev/full cannot be written" in record.getMessage()
    assert '"function": "domain_destroy"' in record.getMessage()
