"""The host put to sleep, and woken by its clock.

What it can do is in /sys/power; the clock is the first in /sys/class/rtc. A sleep begins some seconds after it was
asked for, so that the answer reaches its caller: a thread waits for that, and keeps its process until then.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from virtkit.enums import NodeSuspendTarget
from virtkit.errors import InvalidArgError, OperationInvalidError, OperationUnsupportedError, SystemCallError

LEAST_SECONDS = 60
"""The shortest sleep: the clock is set before the host sleeps, and must not ring before it does."""

DELAY_SECONDS = 10.0
"""From the answer to the sleep."""

BOTH = "suspend"
"""Of /sys/power/disk: write memory to disk, then sleep with it powered. The kernel wakes from either."""

_log = logging.getLogger(__name__)


class Sleeper:
    """How a host sleeps.

    Args:
        sysfs: Where the kernel shows itself.
        delay: Seconds from the answer to the sleep.
    """

    def __init__(self, sysfs: Path = Path("/sys"), delay: float = DELAY_SECONDS) -> None:
        self._power = sysfs / "power"
        self._alarm = sysfs / "class" / "rtc" / "rtc0" / "wakealarm"
        self._delay = delay
        self._asked = threading.Lock()
        """Held from when a sleep was asked for until the host is awake again."""

    def ways(self) -> set[NodeSuspendTarget]:
        """How this host can sleep, whether or not it has a clock that wakes it."""
        states = {"mem": NodeSuspendTarget.MEM, "disk": NodeSuspendTarget.DISK}
        found = {states[name] for name in self._words("state") if name in states}
        if len(found) == len(states) and BOTH in self._words("disk"):
            found.add(NodeSuspendTarget.HYBRID)
        return found

    def sleep(self, target: int, seconds: int, *, domain: int = 0) -> None:
        """Have the host sleep in a moment, and wake some seconds from now.

        Args:
            target: `virtkit.enums.NodeSuspendTarget`.
            seconds: From now until it wakes; 60 at least.
            domain: Error domain of the driver.

        Raises:
            InvalidArgError: It is shorter, or there is no such target.
            OperationUnsupportedError: The host cannot sleep so, or has no clock that wakes it.
            OperationInvalidError: It is about to sleep already.
            SystemCallError: Its clock cannot be set; `int1` is the errno.
        """
        how = self._checked(target, seconds, domain)
        if not self._asked.acquire(blocking=False):
            raise OperationInvalidError(
                "this host is about to sleep already: ask again once it is awake", domain=domain
            )
        try:
            self._set_alarm(seconds, domain)
            threading.Thread(target=self._fall_asleep, args=(how,), name="virtkit-sleep").start()
        except BaseException:
            self._asked.release()
            raise

    def _checked(self, target: int, seconds: int, domain: int) -> NodeSuspendTarget:
        if target not in set(NodeSuspendTarget):
            raise InvalidArgError(
                f"there is no kind {target} of sleep: use {_listed(set(NodeSuspendTarget))}", domain=domain
            )
        if seconds < LEAST_SECONDS:
            raise InvalidArgError(f"a sleep of {seconds} s is too short: {LEAST_SECONDS} s is the least", domain=domain)
        how, ways = NodeSuspendTarget(target), self.ways()
        if how not in ways:
            can = f"it can {_listed(ways)}" if ways else "its kernel knows no sleep that it wakes from"
            raise OperationUnsupportedError(f"this host cannot sleep as {how.name}: {can}", domain=domain)
        if not self._alarm.exists():
            raise OperationUnsupportedError(
                f"this host has no clock that could wake it: there is no {self._alarm}", domain=domain
            )
        return how

    def _set_alarm(self, seconds: int, domain: int) -> None:
        try:
            self._alarm.write_text("0")  # one that is set has to be taken back first
            self._alarm.write_text(f"+{seconds}")
        except OSError as error:
            raise SystemCallError(
                f"the clock cannot be set to wake this host: {error.strerror}; be root",
                domain=domain,
                int1=error.errno or -1,
            ) from error

    def _fall_asleep(self, how: NodeSuspendTarget) -> None:
        try:
            time.sleep(self._delay)
            if how == NodeSuspendTarget.HYBRID:
                self._sleep_in_both()
            else:
                self._write("state", "mem" if how == NodeSuspendTarget.MEM else "disk")
        except OSError as error:
            _log.error("this host does not sleep: %s: %s", error.filename, error.strerror)
        finally:
            self._asked.release()

    def _sleep_in_both(self) -> None:
        before = self._chosen("disk")
        self._write("disk", BOTH)
        try:
            self._write("state", "disk")
        finally:
            if before:
                self._write("disk", before)

    def _words(self, name: str) -> list[str]:
        """The words of a file, without the brackets of the one that is chosen."""
        try:
            return [word.strip("[]") for word in (self._power / name).read_text().split()]
        except OSError:
            return []

    def _chosen(self, name: str) -> str:
        words = (self._power / name).read_text().split()
        return next((word.strip("[]") for word in words if word.startswith("[")), "")

    def _write(self, name: str, word: str) -> None:
        (self._power / name).write_text(word)


HOST = Sleeper()
"""This host, which sleeps or does not whatever driver was asked."""


def _listed(ways: set[NodeSuspendTarget]) -> str:
    return " and ".join(each.name for each in sorted(ways))
