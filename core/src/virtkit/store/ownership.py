"""One owner per root at a time, by a lock on `run/owner.lock` that the kernel drops when its process ends.

The lock belongs to the open file, not to the process: a forked child would share it, so a child closes it first thing
and starts without claims. The file is never removed, since two processes could then lock different ones.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from virtkit.errors import ResourceBusyError
from virtkit.store.files import refusal, write_all

CLAIM_DEADLINE = 10.0
"""Seconds a process waits for another owner: an embedded program holds a root for the length of a few calls."""

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds between attempts: flock itself waits without a deadline."""

LOCK_NAME = "owner.lock"


class Owner(NamedTuple):
    """A process that owns a root.

    Attributes:
        pid: Process id, as the owner saw it; 0: it has not written it yet.
        started: When it took the root, seconds since 1970.
        program: What it calls itself.
        socket: Path of the socket to reach it by; empty: none.
    """

    pid: int
    started: float
    program: str
    socket: str = ""


class _Share:
    """What this process has of a root: a locked descriptor while `count` claims stand. `gate` serialises changes."""

    def __init__(self) -> None:
        self.gate = threading.Lock()
        self.descriptor: int | None = None
        self.count = 0


class Claim:
    """A share of this process in the ownership of a root; a context manager that releases it."""

    def __init__(self, share: _Share) -> None:
        self._share: _Share | None = share

    def release(self) -> None:
        """Let go. Doing it twice is harmless."""
        share, self._share = self._share, None
        if share is None:
            return
        with share.gate:
            share.count -= 1
            if share.count == 0 and share.descriptor is not None:
                os.ftruncate(share.descriptor, 0)
                os.close(share.descriptor)
                share.descriptor = None

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


_shares: dict[str, _Share] = {}


def _forget_shares() -> None:
    """In a forked child: the locks are the parent's."""
    for share in _shares.values():
        share.gate = threading.Lock()
        if share.descriptor is not None:
            os.close(share.descriptor)
            share.descriptor = None
    _shares.clear()


os.register_at_fork(after_in_child=_forget_shares)


def claim(folder: Path, deadline: float, program: str, socket: str) -> Claim:
    """Take or share the lock of the root whose `run` folder this is; see `Root.claim`."""
    share = _shares.setdefault(os.path.realpath(folder), _Share())
    end = time.monotonic() + deadline
    if not share.gate.acquire(timeout=max(deadline, 0)):
        raise _busy(folder)
    try:
        first = share.descriptor is None
        if share.descriptor is None:
            share.descriptor = _lock(folder, end)
        if first or socket:
            program = program or os.path.basename(sys.argv[0] if sys.argv else "") or "python"
            _sign(share.descriptor, Owner(os.getpid(), time.time(), program, socket))
        share.count += 1
    finally:
        share.gate.release()
    return Claim(share)


def owner_of(folder: Path) -> Owner | None:
    """The process that holds the lock in a `run` folder; None: nobody."""
    try:
        file = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refusal("see who owns the root", folder / LOCK_NAME, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(file)
    else:
        return None
    finally:
        os.close(file)


def _lock(folder: Path, end: float) -> int:
    """A descriptor of the locked file. Tries twice at least: `owner_of` in another process holds it for an instant."""
    path, pause, attempts = folder / LOCK_NAME, FIRST_PAUSE, 0
    while True:
        attempts += 1
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise refusal("own the root", path, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(file)
        if attempts > 1 and time.monotonic() >= end:
            raise _busy(folder)
        time.sleep(min(pause, max(end - time.monotonic(), FIRST_PAUSE)))
        pause = min(pause * 2, LONGEST_PAUSE)


def _sign(file: int, owner: Owner) -> None:
    """Say in the lock file who owns it. A full disk is no reason to refuse: the lock holds without the text."""
    text = "".join(f"{name}={value}\n" for name, value in owner._asdict().items())
    try:
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        write_all(file, os.fsencode(text))
    except OSError:
        import logging

        logging.getLogger(__name__).warning("cannot write the owner into the lock file", exc_info=True)


def _read(file: int) -> Owner:
    """What the owner wrote; an unknown owner if it did not (yet)."""
    fields = dict(line.partition("=")[::2] for line in os.fsdecode(os.pread(file, 8192, 0)).splitlines())
    try:
        return Owner(int(fields["pid"]), float(fields["started"]), fields["program"], fields["socket"])
    except (KeyError, ValueError):
        return Owner(0, 0.0, "unknown")


def _busy(folder: Path) -> ResourceBusyError:
    owner = owner_of(folder)
    if owner is None or not owner.pid:
        return ResourceBusyError(f"another process owns the root of {folder}; try again when it has ended")
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(owner.started))
    way = f"connect through its socket {owner.socket}" if owner.socket else "wait until it closes its connection"
    message = f"{owner.program} (pid {owner.pid}) owns the root of {folder} since {since}; {way}, or stop it"
    return ResourceBusyError(message, str1=owner.program, int1=owner.pid)
