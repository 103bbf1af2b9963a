"""A guest as a process: started so that it outlives us, found again by whoever comes after us, ended for certain.

A guest must survive the death of the process that started it, at any moment. So it has a session of its own, no pipe
to us, its output in a log file, and it becomes the guest only after its identity is on disk: one that nobody knows
cannot exist. The identity is the pid together with the time the process started, so a pid that meanwhile belongs to
something else is never taken for the guest; signals go through a pidfd, which cannot be recycled at all.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen

from virtkit.errors import InternalError, OperationFailedError, OperationTimeoutError
from virtkit.store.files import replace

CLEAN_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
GRACE_SECONDS = 10.0
# How long the kernel may take to end a process after SIGKILL: it first completes the I/O in flight.
KILL_SECONDS = 15.0
# The end of the log that goes into an error message.
OUTPUT_BYTES = 4096
# Becomes the command once it is told to; ends when we die before that. Output is already redirected.
_WAIT_THEN_RUN = 'unset PWD; read -r go && exec "$@" </dev/null'

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
"""Nanoseconds of a clock tick, the unit of CPU times in /proc."""

_log = logging.getLogger(__name__)


@frozen
class Identity:
    """Which process a pid stands for.

    Attributes:
        pid: Process id.
        started: When it started, in clock ticks since the machine booted.
        boot: Which boot of the machine that was.
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of the process that has `pid` now; None when there is none."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
        after_name = stat.rpartition(")")[2].split()
        return cls(pid, int(after_name[19]), Path("/proc/sys/kernel/random/boot_id").read_text().strip())

    def encode(self) -> bytes:
        """Three lines of text, the first of them the pid."""
        return f"{self.pid}\n{self.started}\n{self.boot}\n".encode()

    @classmethod
    def decode(cls, text: bytes) -> Identity:
        """The identity that `encode` wrote; ValueError for any other text."""
        pid, started, boot = text.decode().splitlines()
        return cls(int(pid), int(started), boot)


@frozen
class Launch:
    """How to start a process.

    Attributes:
        subject: What messages call the guest, as "domain 'web'".
        command: Program and arguments.
        pid_file: Where its identity is kept while it lives.
        log: File that its output is appended to, after a line with the time and the command.
        fds: Descriptors that it inherits, with the same numbers; it inherits no others.
        folder: Its working folder.
        environment: Its whole environment.
        umask: Mode bits that files it makes do not get.
        error_domain: `virtkit.enums.ErrorDomain` of errors about it.
    """

    subject: str
    command: tuple[str, ...]
    pid_file: Path
    log: Path
    fds: tuple[int, ...] = ()
    folder: Path = Path("/")
    environment: Mapping[str, str] = field(factory=lambda: CLEAN_ENVIRONMENT)
    umask: int = 0o027
    error_domain: int = 0


class Process:
    """A process that runs or has run, ours or adopted.

    Args:
        identity: Which process.
        pidfd: A pidfd of it; owned from now on.
        subject: What messages call the guest.
        log: Its log file.
        log_start: Where in the log its output begins.
        error_domain: `virtkit.enums.ErrorDomain` of errors about it.
    """

    def __init__(
        self, identity: Identity, pidfd: int, *, subject: str, log: Path, log_start: int = 0, error_domain: int = 0
    ) -> None:
        self.identity = identity
        self.subject = subject
        self._pidfd = pidfd
        self._log = log
        self._log_start = log_start
        self._error_domain = error_domain
        self._returncode: int | None = None
        self._reaping = threading.Lock()

    @property
    def pid(self) -> int:
        """Its process id; another process may have it once this one has ended."""
        return self.identity.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self.wait(0)

    @property
    def returncode(self) -> int | None:
        """Its exit status, or minus the signal that killed it.

        None while it runs, and also after it ended unless it was a child of this very process.
        """
        with self._reaping:
            self._note_end()
            return self._returncode

    def fileno(self) -> int:
        """The pidfd: readable once the process has ended."""
        return self._pidfd

    def wait(self, seconds: float | None) -> bool:
        """Wait for its end.

        Args:
            seconds: How long; None is for ever.

        Returns:
            Whether it has ended.

        Raises:
            ValueError: It has been let go of.
        """
        ended = select.poll()
        with self._held() as pidfd:
            ended.register(pidfd, select.POLLIN)
            return bool(ended.poll(None if seconds is None else seconds * 1000))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it has ended.

        Raises:
            ValueError: It has been let go of.
        """
        with self._held() as pidfd, contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, number)

    def stop(self, *, grace: float = GRACE_SECONDS) -> None:
        """End it: politely, and after `grace` seconds by force. With 0 it is killed at once.

        Raises:
            OperationTimeoutError: It survives even SIGKILL, as a process does that hangs in the kernel.
        """
        if grace > 0:
            self.signal(signal.SIGTERM)
            if self.wait(grace):
                return
        self.signal(signal.SIGKILL)
        if not self.wait(KILL_SECONDS):
            raise OperationTimeoutError(
                f"{self.subject}: process {self.pid} does not end after SIGKILL: it hangs in the kernel, "
                "most likely on storage that does not answer",
                domain=self._error_domain,
            )

    def output(self) -> str:
        """What it has printed since it started, at most the last 4 KiB."""
        try:
            with self._log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - OUTPUT_BYTES))
                return log.read().decode(errors="replace").strip()
        except OSError as error:
            return f"(the log {self._log} cannot be read: {error.strerror})"

    def close(self) -> None:
        """Let go of it: a process that runs goes on, one that has ended keeps its `returncode`."""
        with self._reaping:
            if self._pidfd >= 0:
                self._note_end()
                os.close(self._pidfd)
                self._pidfd = -1

    @contextmanager
    def _held(self) -> Iterator[int]:
        """A pidfd of this call's own: the number of one that another thread closes may stand for another guest."""
        with self._reaping:
            if self._pidfd < 0:
                raise ValueError(f"{self.subject}: process {self.pid} has been let go of")
            pidfd = os.dup(self._pidfd)
        try:
            yield pidfd
        finally:
            os.close(pidfd)

    def _note_end(self) -> None:
        if self._returncode is not None or self._pidfd < 0:
            return
        with contextlib.suppress(ChildProcessError):
            ended = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
            if ended is not None:
                exited = ended.si_code == os.CLD_EXITED
                self._returncode = ended.si_status if exited else -ended.si_status


def start(launch: Launch) -> Process:
    """Start a process.

    Raises:
        OperationFailedError: The machine refuses, or its log or pid file cannot be written. That the program itself
            fails shows later: by `Process.alive` and `Process.output`.
    """
    try:
        return _start(launch)
    except OSError as cause:
        where = f" {cause.filename}" if cause.filename else ""
        raise OperationFailedError(
            f"{launch.subject}: cannot start {launch.command[0]}:{where} {cause.strerror}", domain=launch.error_domain
        ) from cause


def adopt(pid_file: Path, *, subject: str, log: Path, error_domain: int = 0) -> Process | None:
    """Take over a process that somebody started earlier.

    Args:
        pid_file: The one of its `Launch`.
        subject: What messages call the guest.
        log: Its log file.
        error_domain: `virtkit.enums.ErrorDomain` of errors about it.

    Returns:
        None when it has ended, or was never started.

    Raises:
        InternalError: The pid file is damaged, so it cannot be told whether the process runs.
    """
    try:
        identity = Identity.decode(pid_file.read_bytes())
        pidfd = os.pidfd_open(identity.pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    except (OSError, ValueError, OverflowError) as cause:
        raise InternalError(
            f"{subject}: the pid file {pid_file} is unusable ({cause}): look for its process with ps, end it and "
            "remove the file",
            domain=error_domain,
        ) from cause
    # Compared after the pidfd is open: from here on the pid cannot change hands unnoticed.
    process = Process(identity, pidfd, subject=subject, log=log, error_domain=error_domain)
    if Identity.of(identity.pid) == identity and process.alive:
        return process
    process.close()
    return None


def cpu_time(pid: int | None) -> int:
    """Nanoseconds of CPU time that a process has used; 0 when it is not in sight."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    # The second field, the program's name in parentheses, may itself hold blanks; user and system time are 14 and 15.
    fields = stat.rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_NS


def _start(launch: Launch) -> Process:
    log = os.open(launch.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        log_start = _write_heading(log, launch)
        child = subprocess.Popen(
            ["/bin/sh", "-c", _WAIT_THEN_RUN, "virtkit-launch", *launch.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=launch.folder,
            env=launch.environment,
            pass_fds=launch.fds,
            umask=launch.umask,
            start_new_session=True,
        )
    finally:
        os.close(log)
    pidfd = os.pidfd_open(child.pid)
    identity = Identity.of(child.pid)
    assert identity is not None  # it is our child, so its pid is not free before it is waited for
    # It is waited for through the pidfd, like one that is adopted; Popen is not to do that too.
    child.returncode = 0
    process = Process(
        identity,
        pidfd,
        subject=launch.subject,
        log=launch.log,
        log_start=log_start,
        error_domain=launch.error_domain,
    )
    assert child.stdin is not None
    with child.stdin:
        try:
            replace(launch.pid_file, identity.encode())
        except BaseException:
            process.stop(grace=0)
            process.close()
            raise
        with contextlib.suppress(BrokenPipeError):
            os.write(child.stdin.fileno(), b"go\n")
    return process


def _write_heading(log: int, launch: Launch) -> int:
    heading = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}: starting {shlex.join(launch.command)}\n"
    try:
        os.write(log, heading.encode())
    except OSError as error:  # a full disk: the guest matters more than its log
        _log.warning("%s: cannot write to %s: %s", launch.subject, launch.log, error.strerror)
    return os.fstat(log).st_size
