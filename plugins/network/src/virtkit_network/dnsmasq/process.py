"""The running dnsmasq of a network: a process that outlives ours and is found again by its pid file.

A process is ours if its command line names our configuration file; what is asked and what gets a signal is one and the
same process, held by a descriptor, however its number is used again meanwhile.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError, OperationTimeoutError
from virtkit.services.runner import ProgramError, find_program, run
from virtkit.store.files import make_folder, refusal, replace
from virtkit_network.dnsmasq.configuration import Paths

NETWORK = ErrorDomain.NETWORK

PROGRAM = "dnsmasq"

START_SECONDS = 20.0
"""It answers in 25 ms; reading a long list of names takes longer."""

STOP_SECONDS = 5.0
"""It ends at once when told to; after this it is killed."""

FREE_SECONDS = 1.0
"""How long ports may stay in use by one that has ended, or failed to start: what it forked may end a little later."""

IN_USE = os.strerror(errno.EADDRINUSE)

TICK = 0.01


class _Held(NamedTuple):
    """A process of ours: its number, and the descriptor that keeps the number its own."""

    pid: int
    file: int


def start(paths: Paths, text: str) -> int:
    """Write a configuration and start dnsmasq with it; one that runs for this network already is ended first.

    Returns:
        Its process id; it serves by now.

    Raises:
        ConfigUnsupportedError: dnsmasq is not installed.
        ProgramError: dnsmasq does not take the configuration, or cannot bind its ports; the message quotes it. Nothing
            of it runs then.
        SystemCallError: The file cannot be written.
    """
    program = _program()
    _write(paths, text)
    stop(paths)
    make_folder(paths.pid.parent)
    _launch(program, paths)
    pid = find(paths)
    if pid is None:
        raise InternalError(f"dnsmasq for {paths.configuration} ended as soon as it had started", domain=NETWORK)
    return pid


def _launch(program: str, paths: Paths) -> None:
    """Run dnsmasq until it serves."""
    end_time = time.monotonic() + FREE_SECONDS
    while True:
        try:
            run([program, f"--conf-file={paths.configuration}"], timeout=START_SECONDS, domain=NETWORK)
        except ProgramError as error:
            if IN_USE not in str(error) or time.monotonic() > end_time:
                raise
            time.sleep(TICK)
        else:
            return


def update(paths: Paths, text: str) -> int:
    """Let dnsmasq serve by another configuration, keeping all leases; a process that has it already stays.

    Returns:
        The process id from now on.

    Raises:
        VirtError: As for `start`. The configuration from before is served on.
    """
    pid, before = find(paths), _read(paths.configuration)
    if pid is not None and before == text:
        return pid
    check(paths, text)
    try:
        return start(paths, text)
    except BaseException:
        if pid is not None and before is not None:
            start(paths, before)
        raise


def check(paths: Paths, text: str) -> None:
    """Let dnsmasq read a configuration without serving by it.

    Raises:
        ConfigUnsupportedError: dnsmasq is not installed.
        ProgramError: It does not take the configuration; the message quotes it.
    """
    tried = paths._replace(configuration=paths.configuration.with_name(f".{paths.configuration.name}.tried"))
    program = _program()
    _write(tried, text)
    try:
        run([program, "--test", f"--conf-file={tried.configuration}"], timeout=START_SECONDS, domain=NETWORK)
    finally:
        tried.configuration.unlink(missing_ok=True)


def find(paths: Paths) -> int | None:
    """The process id of the network's dnsmasq; None: it does not run."""
    held = _hold(paths)
    if held is None:
        return None
    os.close(held.file)
    return held.pid


def stop(paths: Paths) -> None:
    """End the network's dnsmasq and remove its pid file; one that does not run is no error. Leases stay.

    Raises:
        OperationTimeoutError: It does not end even when killed.
    """
    held = _hold(paths)
    if held is not None:
        try:
            _end(held)
        finally:
            os.close(held.file)
    paths.pid.unlink(missing_ok=True)


def forget(paths: Paths) -> None:
    """Remove all files of a network's dnsmasq, the leases too; it does not run any more."""
    for path in paths:
        path.unlink(missing_ok=True)


def _program() -> str:
    program = find_program(PROGRAM)
    if program is None:
        raise ConfigUnsupportedError(
            "dnsmasq, which serves DHCP and DNS on networks, is not installed: install Debian's dnsmasq-base",
            domain=NETWORK,
        )
    return program


def _write(paths: Paths, text: str) -> None:
    make_folder(paths.configuration.parent)
    try:
        replace(paths.configuration, text.encode())
    except OSError as error:
        raise refusal("write the configuration of dnsmasq", paths.configuration, error, domain=NETWORK) from error


def _read(path: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text()
    return None


def _hold(paths: Paths) -> _Held | None:
    """The process that the pid file names, if it is ours; the caller closes its descriptor."""
    try:
        pid = int(paths.pid.read_text())
        file = os.pidfd_open(pid)
    except (OSError, ValueError, OverflowError):
        return None
    if _is_ours(pid, paths):
        return _Held(pid, file)
    os.close(file)
    return None


def _is_ours(pid: int, paths: Paths) -> bool:
    """Whether a process is a dnsmasq with our configuration; one that has ended has no command line."""
    with suppress(OSError):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        wanted = os.fsencode(f"--conf-file={paths.configuration}")
        return os.path.basename(arguments[0]) == PROGRAM.encode() and wanted in arguments
    return False


def _end(held: _Held) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(held.file, number)
        if select.select([held.file], [], [], STOP_SECONDS)[0]:
            return
    raise OperationTimeoutError(f"dnsmasq, process {held.pid}, does not end even when killed", domain=NETWORK)
