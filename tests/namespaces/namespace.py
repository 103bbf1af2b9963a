"""A network namespace."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

CLONE_NEWNET = 0x40000000
"""From linux/sched.h; Python 3.11 has neither setns nor unshare."""

RUN_TIMEOUT = 30.0
"""Seconds a program may take unless the test knows better."""

_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network namespace with its loopback up; gone when it is closed and nothing is in it any more.

    Attributes:
        file: Descriptor of the namespace.
    """

    def __init__(self) -> None:
        self.file = -1
        made = threading.Thread(target=self._make)
        made.start()
        made.join()
        if self.file < 0:
            raise OSError("no network namespace can be made: not root?")
        self.run("ip", "link", "set", "lo", "up")

    def _make(self) -> None:
        if _libc.unshare(CLONE_NEWNET) == 0:  # of this thread alone, which ends
            self.file = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    @property
    def path(self) -> str:
        """A path of it, for programs: `ip link set ... netns PATH`, `nsenter --net=PATH`."""
        return f"/proc/{os.getpid()}/fd/{self.file}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in it with this thread, and with what it starts."""
        before = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set(self.file)
            try:
                yield
            finally:
                _set(before)
        finally:
            os.close(before)

    def command(self, *arguments: str | os.PathLike[str]) -> list[str]:
        """The command line that runs a program in it."""
        return ["nsenter", f"--net={self.path}", *(os.fspath(each) for each in arguments)]

    def run(
        self, *arguments: str | os.PathLike[str], check: bool = True, timeout: float = RUN_TIMEOUT
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in it and wait; with `check` a failure raises, with what it said."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{arguments}: status {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def connect(self, name: str, other: Namespace, other_name: str) -> None:
        """Lay a cable to another namespace: link `name` here, `other_name` there, both up."""
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", other_name, "netns", other.path)
        self.run("ip", "link", "set", name, "up")
        other.run("ip", "link", "set", other_name, "up")

    def pings(self, address: str, *, timeout: int = 2, times: int = 1) -> bool:
        """Whether an address answers a ping from here within some seconds, or else one of so many more."""
        ping = ("busybox", "ping", "-c", "1", "-W", str(timeout), address)
        return any(not self.run(*ping, check=False).returncode for _ in range(times))


def _set(file: int) -> None:
    if _libc.setns(file, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
