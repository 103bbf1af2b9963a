"""Helper programs: an argument list, a deadline, bounded output, a clean environment.

    output = run(["qemu-img", "info", "--output=json", path], timeout=10).stdout

Errors quote what the program said.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple

from virtkit.errors import InternalError, OperationTimeoutError, SystemCallError

RUN_TIMEOUT = 60.0
"""Seconds a helper program may take unless its caller knows better."""

OUTPUT_LIMIT = 16 * 1024 * 1024
"""Bytes of standard output that are captured: the longest answers, JSON of many volumes, are below 1 MiB."""

COMPLAINT_LIMIT = 64 * 1024
"""Bytes of standard error that are kept; the rest is read and dropped."""

CHUNK = 64 * 1024
"""Bytes read at once: what a pipe holds."""

QUOTED_LINES = 5
"""Lines of standard error that an error message quotes."""

KILL_GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL, for programs that hold locks of their own (LVM)."""

TICK = 0.05
"""Seconds between looks at a program that keeps its output open: has it ended, may it go on?"""

ENVIRONMENT = ("HOME", "LOGNAME", "TMPDIR", "USER", "XDG_RUNTIME_DIR")
"""Variables a program inherits; PATH is added, and LC_ALL=C so that its messages can be read."""

SYSTEM_PATHS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Searched after PATH: a user's PATH often lacks the folders of system programs."""


class Result(NamedTuple):
    """What a program did: its exit status and what it wrote; of `stderr` the first 64 KiB."""

    status: int
    stdout: bytes
    stderr: bytes


class ProgramError(InternalError):
    """A helper program failed.

    Attributes:
        program: Its name.
        status: Exit status; negative is the signal that ended it.
        stderr: What it wrote to standard error.
    """

    program: str = ""
    status: int = 0
    stderr: bytes = b""


def run(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    timeout: float = RUN_TIMEOUT,
    stdin: bytes = b"",
    stdout: int | None = None,
    environment: Mapping[str, str] | None = None,
    accept: Collection[int] = (0,),
    limit: int = OUTPUT_LIMIT,
    pass_fds: Collection[int] = (),
    guard: Callable[[], object] | None = None,
    domain: int = 0,
) -> Result:
    """Run a program and wait for it.

    It gets a session of its own, the folder `/`, and of our environment only `ENVIRONMENT`. A process it leaves
    behind in the background is left alone; when the program is ended, its whole process group is.

    Args:
        arguments: Program, by path or found in PATH, and its arguments. No shell is involved.
        timeout: Seconds it may take.
        stdin: What it reads on standard input.
        stdout: A descriptor that its standard output is, and is not captured then; for a program that drops what a full
            pipe does not take.
        environment: Variables to set on top.
        accept: Exit statuses that are no failure.
        limit: Bytes of standard output it may write.
        pass_fds: Descriptors it inherits, under the same numbers.
        guard: Called now and then while it runs; what it raises ends the program (`Job.check`).
        domain: Error domain of the driver.

    Raises:
        ProgramError: It ended with another status, by a signal, or wrote too much; the message quotes its stderr.
        OperationTimeoutError: It took too long and was ended.
        SystemCallError: It cannot be started; `int1` is the errno.
    """
    name = os.path.basename(arguments[0])
    ends = subprocess.PIPE if stdin else subprocess.DEVNULL, subprocess.PIPE if stdout is None else stdout
    process = _start(arguments, environment or {}, ends, pass_fds, domain)
    talk = _Talk(process, stdin, limit)
    try:
        talk.hold(time.monotonic() + timeout, guard)
    except TimeoutError:
        message = f"{name} did not end within {timeout:g} s and was stopped{_quote(talk.stderr)}"
        raise OperationTimeoutError(message, domain=domain, str1=name) from None
    finally:
        if process.returncode is None:
            _end(process)
        talk.close()
    status = -signal.SIGKILL if process.returncode is None else process.returncode  # None: it hangs in the kernel
    if len(talk.stdout) > limit:
        raise _failed(name, status, talk.stderr, f"wrote more than {limit} bytes and was stopped", domain)
    if status not in accept:
        how = f"was ended by {_signal_name(-status)}" if status < 0 else f"failed with status {status}"
        raise _failed(name, status, talk.stderr, how, domain)
    return Result(status, bytes(talk.stdout), bytes(talk.stderr))


def find_program(name: str | os.PathLike[str]) -> str | None:
    """The path of a program, looked for in PATH and where system programs lie; None: it is not installed."""
    return shutil.which(name, path=_path())


def _path() -> str:
    return os.pathsep.join(filter(None, (os.environ.get("PATH"), *SYSTEM_PATHS)))


def _start(
    arguments: Sequence[str | os.PathLike[str]],
    environment: Mapping[str, str],
    ends: tuple[int, int],
    pass_fds: Collection[int],
    domain: int,
) -> subprocess.Popen[bytes]:
    inherited = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        return subprocess.Popen(
            [find_program(arguments[0]) or arguments[0], *arguments[1:]],
            stdin=ends[0],
            stdout=ends[1],
            stderr=subprocess.PIPE,
            env={**inherited, "PATH": _path(), "LC_ALL": "C", **environment},
            cwd="/",
            start_new_session=True,
            pass_fds=tuple(pass_fds),
            bufsize=0,
        )
    except OSError as error:
        step = "install it" if isinstance(error, FileNotFoundError) else "check its file and its permissions"
        message = f"cannot run {os.fspath(arguments[0])}: {error.strerror}; {step}"
        raise SystemCallError(message, domain=domain, int1=error.errno or -1) from error


class _Talk:
    """The input and output of a running program."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, limit: int) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self._process = process
        self._rest = memoryview(stdin)
        self._limit = limit
        self._poll = select.poll()
        self._steps: dict[int, tuple[IO[bytes], Callable[[int], bool]]] = {}
        self._handle(process.stdin, select.POLLOUT, self._write)
        self._handle(process.stdout, select.POLLIN, self._read)
        self._handle(process.stderr, select.POLLIN, self._read_complaint)

    def hold(self, end: float, guard: Callable[[], object] | None) -> None:
        """Talk until the program has ended or has written too much.

        Raises:
            TimeoutError: The time `end` (monotonic) has come.
        """
        while self._process.poll() is None and len(self.stdout) <= self._limit:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if guard is not None:
                guard()
            if self._steps:
                self._turn(min(left, TICK))
            else:
                self._wait(min(left, TICK))
        while len(self.stdout) <= self._limit and self._turn(0):
            pass

    def close(self) -> None:
        """Close our ends of the pipes."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _wait(self, seconds: float) -> None:
        """Wait for the end of the program; `Popen.wait` would sleep beyond it."""
        pidfd = os.pidfd_open(self._process.pid)
        try:
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            ended.poll(seconds * 1000)
        finally:
            os.close(pidfd)

    def _turn(self, wait: float) -> bool:
        """Move what can be moved within `wait` seconds; False when nothing could."""
        ready = self._poll.poll(wait * 1000) if self._steps else []
        for file, _ in ready:
            stream, step = self._steps[file]
            if not step(file):
                self._poll.unregister(file)
                del self._steps[file]
                stream.close()
        return bool(ready)

    def _handle(self, stream: IO[bytes] | None, events: int, step: Callable[[int], bool]) -> None:
        """Take a step whenever a pipe, if it is one, is ready, until that returns False; it is closed then."""
        if stream is not None:
            file = stream.fileno()
            os.set_blocking(file, False)
            self._poll.register(file, events)
            self._steps[file] = stream, step

    def _write(self, file: int) -> bool:
        try:
            self._rest = self._rest[os.write(file, self._rest) :]
        except BrokenPipeError:  # it has read enough
            self._rest = self._rest[:0]
        return bool(self._rest)

    def _read(self, file: int) -> bool:
        chunk = os.read(file, CHUNK)
        self.stdout += chunk
        return bool(chunk)

    def _read_complaint(self, file: int) -> bool:
        chunk = os.read(file, CHUNK)
        self.stderr += chunk[: COMPLAINT_LIMIT - len(self.stderr)]
        return bool(chunk)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started: first kindly, then not. One that hangs in the kernel is left to it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(KILL_GRACE)


def _failed(name: str, status: int, stderr: bytes | bytearray, how: str, domain: int) -> ProgramError:
    error = ProgramError(f"{name} {how}{_quote(stderr)}", domain=domain, str1=name, int1=status)
    error.program, error.status, error.stderr = name, status, bytes(stderr)
    return error


def _quote(stderr: bytes | bytearray) -> str:
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    return ": " + "; ".join(lines[:QUOTED_LINES]) if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
