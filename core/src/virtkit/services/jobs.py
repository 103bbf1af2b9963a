"""Long operations on an object: progress, abort, deadline, and statistics in libvirt's words.

    slot = JobSlot("domain 'web'")
    with slot.begin("save", DomainJobOperation.SAVE) as job:
        for chunk in chunks:
            job.check()
            job.report(memory=Meter(total, done))

`slot.info()` and `slot.stats()` answer other callers meanwhile. A job may be finished by another thread than the one
that began it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from virtkit import constants
from virtkit.enums import DomainJobType
from virtkit.errors import OperationAbortedError, OperationInvalidError, OperationTimeoutError
from virtkit.params import BOOLEAN, INT, STRING, ULLONG, TypedParams, Value
from virtkit.records import JobInfo, JobStats
from virtkit.services.locks import LOCK_TIMEOUT

if TYPE_CHECKING:
    from virtkit.enums import DomainJobOperation

INT_FIELDS = {constants.DOMAIN_JOB_OPERATION, constants.DOMAIN_JOB_AUTO_CONVERGE_THROTTLE}
"""Statistics that travel as int; other numbers are ullong."""

Abort = Callable[[], object]


class Meter(NamedTuple):
    """How far something is, in bytes. `remaining` None is total less processed; a live migration has its own."""

    total: int = 0
    processed: int = 0
    remaining: int | None = None

    @property
    def left(self) -> int:
        """Bytes still to do."""
        return max(self.total - self.processed, 0) if self.remaining is None else self.remaining


class Job:
    """One operation; `JobSlot.begin` makes it. As a context manager it finishes itself: completed, or by the error.

    Attributes:
        name: The call it belongs to.
        operation: What kind of operation it is.
        phase: What it is doing now, for people; empty: not told.
        memory: Guest memory moved, in bytes.
        disk: Disk data moved, in bytes.
        type: BOUNDED or UNBOUNDED while it runs, then how it ended.
    """

    def __init__(
        self,
        slot: JobSlot,
        name: str,
        operation: DomainJobOperation,
        *,
        deadline: float | None,
        abort: Abort | None,
        abortable: bool,
        bounded: bool,
    ) -> None:
        self.name = name
        self.operation = operation
        self.phase = ""
        self.memory = Meter()
        self.disk = Meter()
        self.type = DomainJobType.BOUNDED if bounded else DomainJobType.UNBOUNDED
        self._slot = slot
        self._deadline = deadline
        self._abort = abort
        self._abortable = abortable
        self._aborted = threading.Event()
        self._fields: dict[str, Value] = {}
        self._started = time.monotonic()
        self._ended: float | None = None

    def report(
        self,
        *,
        phase: str | None = None,
        memory: Meter | None = None,
        disk: Meter | None = None,
        fields: Mapping[str, Value] | None = None,
    ) -> None:
        """Tell the progress; what is left out stays.

        Args:
            phase: What it is doing now.
            memory: Guest memory moved.
            disk: Disk data moved.
            fields: Further statistics by libvirt's names (`virtkit.constants.DOMAIN_JOB_*`).
        """
        self.phase = self.phase if phase is None else phase
        self.memory = memory or self.memory
        self.disk = disk or self.disk
        self._fields = {**self._fields, **(fields or {})}

    def check(self) -> None:
        """Return if the job may go on.

        Raises:
            OperationAbortedError: It was aborted.
            OperationTimeoutError: Its deadline has passed.
        """
        if self._aborted.is_set():
            raise OperationAbortedError(f"{self} was aborted; start it again when wanted", domain=self._slot.domain)
        if self._left() <= 0:
            message = f"{self} did not end within {self._deadline:g} s; allow it more time"
            raise OperationTimeoutError(message, domain=self._slot.domain)

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than until the job is aborted or its deadline passes; then as `check`."""
        self._aborted.wait(max(min(seconds, self._left()), 0))
        self.check()

    def abort(self) -> None:
        """Ask the job to stop. It ends when the operation has noticed.

        Raises:
            OperationInvalidError: It cannot be aborted, or has ended.
        """
        if self._ended is not None or not self._abortable:
            why = "cannot be aborted; wait for its end" if self._ended is None else "has ended already"
            raise OperationInvalidError(f"{self} {why}", domain=self._slot.domain)
        with self._slot.changed:
            first = not self._aborted.is_set()
            self._aborted.set()
        if first and self._abort is not None:
            self._abort()

    def finish(self, type: DomainJobType | None = None, error: BaseException | None = None) -> None:
        """End the job and free the object for the next one. Once is enough, more do nothing.

        Args:
            type: COMPLETED, FAILED or CANCELLED; None: by `error`, and whether it was aborted.
            error: Why it failed; its message becomes `errmsg`.
        """
        with self._slot.changed:
            if self._ended is not None:
                return
            self._ended = time.monotonic()
            self.type = self._outcome(error) if type is None else type
            self._fields[constants.DOMAIN_JOB_SUCCESS] = self.type == DomainJobType.COMPLETED
            if error is not None:
                self._fields[constants.DOMAIN_JOB_ERRMSG] = str(error)
            self._slot.end(self)

    def info(self) -> JobInfo:
        """The progress as `domain_get_job_info` returns it."""
        memory, disk, elapsed = self.memory, self.disk, self._elapsed()
        processed, left = memory.processed + disk.processed, memory.left + disk.left
        return JobInfo(
            type=self.type,
            time_elapsed=elapsed,
            time_remaining=elapsed * left // processed if self.type == DomainJobType.BOUNDED and processed else 0,
            data_total=memory.total + disk.total,
            data_processed=processed,
            data_remaining=left,
            mem_total=memory.total,
            mem_processed=memory.processed,
            mem_remaining=memory.left,
            file_total=disk.total,
            file_processed=disk.processed,
            file_remaining=disk.left,
        )

    def stats(self) -> JobStats:
        """The statistics as `domain_get_job_stats` returns them."""
        info = self.info()
        values: dict[str, Value] = {
            constants.DOMAIN_JOB_OPERATION: int(self.operation),
            constants.DOMAIN_JOB_TIME_ELAPSED: info.time_elapsed,
            constants.DOMAIN_JOB_TIME_REMAINING: info.time_remaining,
            constants.DOMAIN_JOB_DATA_TOTAL: info.data_total,
            constants.DOMAIN_JOB_DATA_PROCESSED: info.data_processed,
            constants.DOMAIN_JOB_DATA_REMAINING: info.data_remaining,
            constants.DOMAIN_JOB_MEMORY_TOTAL: info.mem_total,
            constants.DOMAIN_JOB_MEMORY_PROCESSED: info.mem_processed,
            constants.DOMAIN_JOB_MEMORY_REMAINING: info.mem_remaining,
            constants.DOMAIN_JOB_DISK_TOTAL: info.file_total,
            constants.DOMAIN_JOB_DISK_PROCESSED: info.file_processed,
            constants.DOMAIN_JOB_DISK_REMAINING: info.file_remaining,
            **self._fields,
        }
        if self.type != DomainJobType.BOUNDED:
            del values[constants.DOMAIN_JOB_TIME_REMAINING]
        return JobStats(info.type, TypedParams(values, {name: _wire_type(name, values[name]) for name in values}))

    def _outcome(self, error: BaseException | None) -> DomainJobType:
        if error is None:
            return DomainJobType.COMPLETED
        return DomainJobType.CANCELLED if self._aborted.is_set() else DomainJobType.FAILED

    def _elapsed(self) -> int:
        return int(((time.monotonic() if self._ended is None else self._ended) - self._started) * 1000)

    def _left(self) -> float:
        return float("inf") if self._deadline is None else self._started + self._deadline - time.monotonic()

    def __str__(self) -> str:
        return f"{self.name} of {self._slot.label}"

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error=error)


class JobSlot:
    """The place of an object's job: one at a time.

    Attributes:
        label: What the object is called in messages: `domain 'web'`.
        domain: Error domain of the driver.
        current: The running job.
    """

    def __init__(self, label: str, *, domain: int = 0) -> None:
        self.label = label
        self.domain = domain
        self.current: Job | None = None
        self.changed = threading.Condition()
        self._last: Job | None = None

    def begin(
        self,
        name: str,
        operation: DomainJobOperation,
        *,
        wait: float = LOCK_TIMEOUT,
        deadline: float | None = None,
        abort: Abort | None = None,
        abortable: bool = True,
        bounded: bool = True,
    ) -> Job:
        """Begin a job once no other runs.

        Args:
            name: The call it belongs to, for messages.
            operation: What kind of operation it is.
            wait: Seconds to wait for a running job.
            deadline: Seconds the job may take; None: as long as it takes.
            abort: Called, once, when somebody aborts the job: tells the guest or the program to stop.
            abortable: Whether it can be aborted.
            bounded: Whether its end can be foretold from the progress.

        Raises:
            OperationTimeoutError: Another job still runs; the message names it.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: self.current is None, max(wait, 0)):
                assert self.current is not None
                running = f"{self.current.name} for {self.current.info().time_elapsed / 1000:.1f} s"
                message = f"{name}: {self.label} is busy with {running}; wait for its end or abort it"
                raise OperationTimeoutError(message, domain=self.domain, str1=name, str2=self.current.name)
            self.current = Job(
                self, name, operation, deadline=deadline, abort=abort, abortable=abortable, bounded=bounded
            )
            return self.current

    def end(self, job: Job) -> None:
        """Let the next job in; `Job.finish` calls it."""
        with self.changed:
            self.current, self._last = None, job
            self.changed.notify_all()

    def abort(self) -> None:
        """Abort the running job.

        Raises:
            OperationInvalidError: None is running, or it cannot be aborted.
        """
        job = self.current
        if job is None:
            raise OperationInvalidError(f"{self.label} has no job to abort", domain=self.domain)
        job.abort()

    def info(self) -> JobInfo:
        """The progress of the running job; type NONE and zeros when there is none."""
        job = self.current
        return job.info() if job else JobInfo(DomainJobType.NONE, *(0,) * (len(JobInfo._fields) - 1))

    def stats(self) -> JobStats:
        """The statistics of the running job; type NONE and nothing when there is none."""
        job = self.current
        return job.stats() if job else JobStats(DomainJobType.NONE, TypedParams())

    def completed(self, *, keep: bool = False) -> JobStats:
        """The statistics of the last job that ended, until they are read; type NONE and nothing when there are none.

        Args:
            keep: Leave them for the next reader.
        """
        with self.changed:
            job = self._last
            self._last = job if keep else None
        return job.stats() if job else JobStats(DomainJobType.NONE, TypedParams())


def _wire_type(name: str, value: Value) -> int:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, str):
        return STRING
    return INT if name in INT_FIELDS else ULLONG
