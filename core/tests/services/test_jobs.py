"""Long operations."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from virtkit import constants
from virtkit.enums import DomainJobOperation, DomainJobType
from virtkit.errors import OperationAbortedError, OperationInvalidError, OperationTimeoutError
from virtkit.params import TYPE_NAMES
from virtkit.services.jobs import Job, JobSlot, Meter

DEADLINE = 20.0
SAVE = DomainJobOperation.SAVE
FACTS = json.loads((Path(__file__).parents[3] / "tools" / "facts" / "enums.json").read_text())


@pytest.fixture
def slot() -> JobSlot:
    return JobSlot("domain 'web'", domain=10)


def test_an_idle_object_has_no_job(slot: JobSlot) -> None:
    assert slot.info() == (DomainJobType.NONE, *[0] * 11)
    assert slot.stats() == (DomainJobType.NONE, {})
    assert slot.completed() == (DomainJobType.NONE, {})
    with pytest.raises(OperationInvalidError, match="domain 'web' has no job") as caught:
        slot.abort()
    assert caught.value.domain == 10


def test_the_progress_is_seen_while_the_job_runs(slot: JobSlot) -> None:
    with slot.begin("save", SAVE) as job:
        job.report(phase="memory", memory=Meter(1000, 250), disk=Meter(100, 50, 40))
        info = slot.info()
        assert slot.current is job
    assert info.type == DomainJobType.BOUNDED
    assert (info.mem_total, info.mem_processed, info.mem_remaining) == (1000, 250, 750)
    assert (info.file_total, info.file_processed, info.file_remaining) == (100, 50, 40)
    assert (info.data_total, info.data_processed, info.data_remaining) == (1100, 300, 790)
    assert job.phase == "memory"


def test_a_report_keeps_what_it_does_not_mention(slot: JobSlot) -> None:
    with slot.begin("save", SAVE) as job:
        job.report(phase="memory", memory=Meter(10, 5), fields={constants.DOMAIN_JOB_DOWNTIME: 3})
        job.report(disk=Meter(4))
        assert (job.phase, job.memory, job.disk) == ("memory", Meter(10, 5), Meter(4))
        assert job.stats().params[constants.DOMAIN_JOB_DOWNTIME] == 3


def test_statistics_have_the_names_and_types_of_libvirt(slot: JobSlot) -> None:
    known = {
        fact["value"]: fact["typed_param"]
        for macro, fact in FACTS["string_macros"].items()
        if macro.startswith("VIR_DOMAIN_JOB_")
    }
    more = {name: 1 for name, kind in known.items() if kind in ("int", "ullong")}
    del more[constants.DOMAIN_JOB_OPERATION]
    job = slot.begin("save", SAVE)
    job.report(fields=more)
    running = slot.stats().params
    job.finish(error=OSError("no space left"))
    ended = slot.completed().params
    types = {name: TYPE_NAMES[kind] for params in (running, ended) for name, kind, _ in params.entries()}
    assert types == known


def test_time_remaining_is_told_only_where_the_end_is_known(slot: JobSlot) -> None:
    with slot.begin("save", SAVE, bounded=False) as job:
        job.report(memory=Meter(10, 5))
        assert job.info().type == DomainJobType.UNBOUNDED
        assert constants.DOMAIN_JOB_TIME_REMAINING not in job.stats().params


def test_statistics_of_the_last_job_are_kept_until_read(slot: JobSlot) -> None:
    with slot.begin("save", SAVE) as job:
        job.report(memory=Meter(10, 10))
    kept = slot.completed(keep=True)
    assert kept.type == DomainJobType.COMPLETED
    assert kept.params[constants.DOMAIN_JOB_OPERATION] == SAVE
    assert kept.params[constants.DOMAIN_JOB_SUCCESS] is True
    assert kept.params[constants.DOMAIN_JOB_MEMORY_PROCESSED] == 10
    assert slot.completed() == kept
    assert slot.completed().type == DomainJobType.NONE
    assert slot.info().type == DomainJobType.NONE


def test_a_job_that_fails_says_why(slot: JobSlot) -> None:
    with pytest.raises(OSError, match="disk"), slot.begin("save", SAVE):
        raise OSError("disk is gone")
    stats = slot.completed()
    assert stats.type == DomainJobType.FAILED
    assert stats.params[constants.DOMAIN_JOB_SUCCESS] is False
    assert stats.params[constants.DOMAIN_JOB_ERRMSG] == "disk is gone"


def test_an_aborted_job_stops_where_it_looks(slot: JobSlot) -> None:
    told: list[str] = []
    job = slot.begin("save", SAVE, abort=lambda: told.append("stop"))
    job.check()
    slot.abort()
    slot.abort()
    with pytest.raises(OperationAbortedError, match="save of domain 'web' was aborted"), job:
        job.check()
    assert told == ["stop"]
    assert slot.completed().type == DomainJobType.CANCELLED


def test_an_abort_wakes_a_job_that_waits(slot: JobSlot) -> None:
    waiting = threading.Event()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            with slot.begin("save", SAVE) as job:
                waiting.set()
                job.wait(DEADLINE)
        except OperationAbortedError as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert waiting.wait(DEADLINE)
    slot.abort()
    thread.join(DEADLINE)
    assert len(ended) == 1


def test_a_job_aborted_too_late_is_completed(slot: JobSlot) -> None:
    with slot.begin("save", SAVE):
        slot.abort()
    assert slot.completed().type == DomainJobType.COMPLETED


def test_a_job_that_cannot_be_aborted_says_so(slot: JobSlot) -> None:
    with slot.begin("restore", DomainJobOperation.RESTORE, abortable=False) as job:
        with pytest.raises(OperationInvalidError, match="cannot be aborted"):
            slot.abort()
        job.check()


def test_a_job_past_its_deadline_is_ended(slot: JobSlot) -> None:
    with (
        pytest.raises(OperationTimeoutError, match=r"did not end within 0\.001 s"),
        slot.begin("save", SAVE, deadline=0.001) as job,
    ):
        job.wait(DEADLINE)
    assert slot.completed().type == DomainJobType.FAILED


def test_a_second_job_waits_and_is_told_which_is_in_the_way(slot: JobSlot) -> None:
    with (
        slot.begin("save", SAVE),
        pytest.raises(OperationTimeoutError, match="dump: domain 'web' is busy with save") as caught,
    ):
        slot.begin("dump", DomainJobOperation.DUMP, wait=0)
    assert caught.value.str2 == "save"


def test_a_second_job_begins_when_the_first_has_ended(slot: JobSlot) -> None:
    first = slot.begin("save", SAVE)
    begun: list[Job] = []
    thread = threading.Thread(target=lambda: begun.append(slot.begin("dump", DomainJobOperation.DUMP, wait=DEADLINE)))
    thread.start()
    first.finish()
    thread.join(DEADLINE)
    assert slot.current is begun[0]


def test_a_job_may_end_on_another_thread_and_more_than_once(slot: JobSlot) -> None:
    job = slot.begin("backup", DomainJobOperation.BACKUP)
    thread = threading.Thread(target=job.finish, args=(DomainJobType.COMPLETED,))
    thread.start()
    thread.join(DEADLINE)
    job.finish(DomainJobType.FAILED)
    assert slot.completed().type == DomainJobType.COMPLETED
    with pytest.raises(OperationInvalidError, match="has ended"):
        job.abort()
