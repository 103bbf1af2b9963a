"""Daemons as the tests here want them, and what can be seen of one from outside."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from plugins.remote.tests.daemon import lab_driver
from plugins.remote.tests.daemon.wire import PATIENCE
from tests.interop.virtkitd import Virtkitd
from virtkit.refs import DomainRef, StorageVolRef

RPC, INTERNAL, AUTH_FAILED, DENIED, ACCESS_DENIED = 39, 1, 45, 29, 88
"""Numbers of errors."""

FROM_RPC = 7
"""The domain of errors of the protocol."""

TEST_UUID = bytes.fromhex("6695eb01f6a4830479aa97f2502e193f")
TEST = DomainRef("test", TEST_UUID, 1)
"""The domain that test:///default begins with."""


def domain(name: str) -> DomainRef:
    """A domain of the lab."""
    return DomainRef(name, (name.encode() + bytes(16))[:16], 1)


def volume(name: str) -> StorageVolRef:
    """A volume of the lab."""
    return StorageVolRef("pool", name, f"/{name}")


def until(true: Callable[[], Any], what: str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"it never happened: {what}")
        time.sleep(0.01)


class Lab(Virtkitd):
    """A daemon with the driver `lab`.

    Args:
        folder: Of this daemon alone.
        configuration: Text of its configuration file.
        at: Where its socket is, if the configuration says so.
        more: As for `Virtkitd`.

    Attributes:
        journal: What the driver has lived through.
    """

    def __init__(self, folder: Path, configuration: str = "", at: Path | None = None, **more: Any) -> None:
        packages = folder / "packages"
        packages.mkdir()
        lab_driver.installed(packages)
        self.journal = folder / "journal"
        self.journal.write_text("")
        environment = {"PYTHONPATH": str(packages), "LAB_JOURNAL": str(self.journal), **more.pop("environment", {})}
        super().__init__(folder, configuration=configuration, environment=environment, **more)
        self.socket = at or self.socket

    def _answers(self) -> bool:
        return super()._answers() and (self.root / "run" / "virtkitd.pid").exists()  # which it writes when all is ready

    def __enter__(self) -> Lab:
        self.start()
        return self

    def lived(self) -> list[str]:
        """The lines of the journal."""
        return self.journal.read_text().splitlines()

    def lives(self, line: str, times: int = 1) -> None:
        """Wait for a line of the journal."""
        until(lambda: self.lived().count(line) >= times, f"{line!r} {times} times; there is {self.lived()}")


def logged(daemon: Virtkitd, text: str) -> int:
    """How many lines of the daemon's log have a text."""
    return sum(text in line for line in daemon.output.read_text().splitlines())


def is_logged(daemon: Virtkitd, text: str, times: int = 1) -> bool:
    """Wait until lines of the log have a text, and tell whether they are so many."""
    until(lambda: logged(daemon, text) >= times, f"{text!r} in the log")
    return logged(daemon, text) == times


def descriptors(daemon: Virtkitd) -> int:
    """How many descriptors it has open."""
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def opened(daemon: Virtkitd) -> list[str]:
    """What its descriptors are."""
    folder = Path(f"/proc/{daemon.process.pid}/fd")
    found = []
    for entry in os.listdir(folder):
        with suppress(FileNotFoundError):
            found.append(os.readlink(folder / entry))
    return found


def resident(daemon: Virtkitd) -> int:
    """Its memory, in bytes."""
    for line in Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise LookupError("the process has ended")


def settled(daemon: Virtkitd) -> list[str]:
    """What its descriptors are once that does not change: a daemon that has just begun opens drivers for itself."""
    until(lambda: logged(daemon, "the drivers of this host are open"), "its own drivers are open")
    same, found = 0, opened(daemon)
    while same < 20:
        time.sleep(0.01)
        now = opened(daemon)
        same = same + 1 if now == found else 0
        found = now
    return found


@contextmanager
def nothing_left(daemon: Virtkitd) -> Iterator[None]:
    """Check that what is done in the context leaves no descriptor open in the daemon."""
    before = settled(daemon)
    yield
    deadline = time.monotonic() + PATIENCE
    while descriptors(daemon) > len(before):
        assert time.monotonic() < deadline, f"still open: {Counter(opened(daemon)) - Counter(before)}"
        time.sleep(0.01)
