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

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from virtkit.params import Value
from virtkit.services.locks import LOCK_TIMEOUT

if TYPE_CHECKING:
    from virtkit.enums import DomainJobOperation, DomainJobType
    from virtkit.records import JobInfo, JobStats


class Meter(NamedTuple):
    """How far something is, in bytes. `remaining` None is total less processed; a live migration has its own."""

    total: int = 0
    processed: int = 0
    remaining: int | None = None


class Job:
    """One operation. As a context manager it finishes: completed, cancelled when aborted, else failed.

    Attributes:
        name: The call it belongs to.
        operation: What kind of operation it is.
        phase: What it is doing now, for people; empty: not told.
        memory: Guest memory moved, in bytes.
        disk: Disk data moved, in bytes.
    """

    name: str
    operation: DomainJobOperation
    phase: str
    memory: Meter
    disk: Meter

    def report(
        self, *, phase: str | None = None, memory: Meter | None = None, disk: Meter | None = None, **fields: Value
    ) -> None:
        """Tell the progress; what is left out stays.

        Args:
            phase: What it is doing now.
            memory: Guest memory moved.
            disk: Disk data moved.
            fields: Further statistics by libvirt's names (`virtkit.constants.DOMAIN_JOB_*`).
        """
        raise NotImplementedError

    def check(self) -> None:
        """Return if the job may go on.

        Raises:
            OperationAbortedError: It was aborted.
            OperationTimeoutError: Its deadline has passed.
        """
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than until the job is aborted or its deadline; then as `check`."""
        raise NotImplementedError

    def abort(self) -> None:
        """Ask the job to stop. It ends when the operation has noticed.

        Raises:
            OperationInvalidError: It cannot be aborted, or has ended.
        """
        raise NotImplementedError

    def finish(self, type: DomainJobType | None = None, error: BaseException | None = None) -> None:
        """End the job and free the object for the next one. Once is enough, more do nothing.

        Args:
            type: COMPLETED, FAILED or CANCELLED; None: by `error`.
            error: Why it failed; its message becomes `errmsg`.
        """
        raise NotImplementedError

    def info(self) -> JobInfo:
        """The progress as `domain_get_job_info` returns it."""
        raise NotImplementedError

    def stats(self) -> JobStats:
        """The statistics as `domain_get_job_stats` returns them."""
        raise NotImplementedError

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error=error)


class JobSlot:
    """The place of an object's job: one at a time."""

    def __init__(self, label: str, *, domain: int = 0) -> None:
        """Make a slot; `label` names the object in messages (`domain 'web'`), `domain` is the error domain."""

    @property
    def current(self) -> Job | None:
        """The running job."""
        raise NotImplementedError

    def begin(
        self,
        name: str,
        operation: DomainJobOperation,
        *,
        wait: float = LOCK_TIMEOUT,
        deadline: float | None = None,
        abort: Callable[[], object] | None = None,
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
        raise NotImplementedError

    def abort(self) -> None:
        """Abort the running job.

        Raises:
            OperationInvalidError: None is running, or it cannot be aborted.
        """
        raise NotImplementedError

    def info(self) -> JobInfo:
        """The progress of the running job; type NONE and zeros when there is none."""
        raise NotImplementedError

    def stats(self) -> JobStats:
        """The statistics of the running job; type NONE and nothing when there is none."""
        raise NotImplementedError

    def completed(self, *, keep: bool = False) -> JobStats:
        """The statistics of the last job that ended: until read, or still there after that with `keep`."""
        raise NotImplementedError
