"""Helper programs: an argument list, a deadline, bounded output, a clean environment.

    output = run(["qemu-img", "info", "--output=json", path], timeout=10).stdout

Errors quote what the program said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from virtkit.errors import InternalError

RUN_TIMEOUT = 60.0
"""Seconds a helper program may take unless its caller knows better."""

OUTPUT_LIMIT = 16 * 1024 * 1024
"""Bytes of standard output that are captured: the longest answers, JSON of many volumes, are below 1 MiB."""


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

    program: str
    status: int
    stderr: bytes


def run(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    timeout: float = RUN_TIMEOUT,
    stdin: bytes = b"",
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
    raise NotImplementedError
