"""QEMU's monitor: commands with a deadline, events in order.

    loop = MonitorLoop()
    monitor = Monitor.connect(path, subject="domain 'web'", loop=loop, on_event=print)
    monitor.execute("query-status")                           # {'status': 'running', ...}
    monitor.execute("blockdev-add", {"node-name": "disk0", ...}, timeout=5)

Any number of threads may call `execute` at once. QEMU carries commands out one after the other, so a command behind
a long one spends its deadline waiting; other guests' monitors are not touched by that.
"""

from __future__ import annotations

import itertools
import logging
import queue
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    DeviceMissingError,
    OperationFailedError,
    OperationInvalidError,
    OperationTimeoutError,
    OperationUnsupportedError,
    VirtError,
)
from virtkit.services.loop import Mailbox, MonitorLoop
from virtkit_qemu import unixsocket
from virtkit_qemu.wire import Wire, seconds_left

COMMAND_SECONDS = 30.0

_log = logging.getLogger(__name__)
_Answers = queue.SimpleQueue[dict[str, Any] | None]


class Event(NamedTuple):
    """Something QEMU reported on its own.

    Attributes:
        name: QEMU's name of the event, as SHUTDOWN.
        data: Its fields in QEMU's spelling; empty when it has none.
        seconds: When it happened, in seconds since the epoch.
    """

    name: str
    data: dict[str, Any]
    seconds: float


class MonitorClosedError(OperationFailedError):
    """The monitor is closed: QEMU has ended, or has dropped us."""


class QMPError(VirtError):
    """QEMU refused a command.

    Attributes:
        command: The command.
        kind: QEMU's error class, as GenericError.
        reason: QEMU's own words.
    """

    command = ""
    kind = ""
    reason = ""


class CommandFailedError(QMPError, OperationFailedError):
    """QEMU could not carry the command out."""


class CommandUnknownError(QMPError, OperationUnsupportedError):
    """This QEMU does not know the command."""


class DeviceUnknownError(QMPError, DeviceMissingError):
    """The device that the command names is not there."""


class DeviceInactiveError(QMPError, OperationInvalidError):
    """The device is not ready for the command: the guest has not activated it."""


_CLASS_OF_KIND: dict[str, type[QMPError]] = {
    "CommandNotFound": CommandUnknownError,
    "DeviceNotActive": DeviceInactiveError,
    "DeviceNotFound": DeviceUnknownError,
}


class Monitor:
    """A connection to the monitor of one QEMU.

    Args:
        connection: A connected socket; the monitor owns it from now on.
        subject: What messages call the guest, as "domain 'web'".
        loop: The thread that reads.
        on_event: Called for each event, in order, on a thread on which it may block and execute commands.
        on_closed: Called once, after the last event, when the monitor has closed for whatever reason.

    Attributes:
        subject: As given.
        mailbox: Where events are handled; what is posted here runs after the events that have arrived.
        version: QEMU's version, known after the greeting.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        subject: str,
        loop: MonitorLoop,
        on_event: Callable[[Event], None] = lambda event: None,
        on_closed: Callable[[], None] = lambda: None,
    ) -> None:
        self.subject = subject
        self.mailbox = Mailbox(f"virtkit-qemu-events: {subject}")
        self.version = (0, 0, 0)
        self._on_event = on_event
        self._on_closed = on_closed
        self._numbers = itertools.count(1)
        self._greeting: _Answers = queue.SimpleQueue()
        self._replies: dict[int, _Answers] = {}
        self._wire = Wire(connection, subject=subject, loop=loop, on_message=self._take, on_closed=self._finish)

    @classmethod
    def connect(
        cls,
        path: Path,
        *,
        subject: str,
        loop: MonitorLoop,
        on_event: Callable[[Event], None] = lambda event: None,
        on_closed: Callable[[], None] = lambda: None,
        waiting: Callable[[Monitor], None] = lambda monitor: None,
        timeout: float = COMMAND_SECONDS,
    ) -> Monitor:
        """Connect to the monitor socket at `path` and agree on the protocol.

        Args:
            path: The socket of a QEMU that is running or starting.
            subject: As of `Monitor`.
            loop: As of `Monitor`.
            on_event: As of `Monitor`.
            on_closed: As of `Monitor`.
            waiting: Called before it waits for QEMU; closing the monitor from another thread ends that.
            timeout: Seconds that QEMU may take until it answers.

        Raises:
            MonitorClosedError: Nobody listens at `path`, or QEMU ended meanwhile.
            OperationTimeoutError: QEMU does not answer: it hangs, or serves another client of this monitor.
        """
        try:
            connection = unixsocket.connect(path)
        except OSError as cause:
            raise MonitorClosedError(
                f"{subject}: no QEMU serves the monitor {path}: {cause.strerror}", domain=ErrorDomain.QEMU
            ) from cause
        try:
            monitor = cls(connection, subject=subject, loop=loop, on_event=on_event, on_closed=on_closed)
        except BaseException:
            connection.close()
            raise
        try:
            waiting(monitor)
            monitor.negotiate(timeout=timeout)
        except BaseException:
            monitor.close()
            raise
        return monitor

    @property
    def closed(self) -> bool:
        """Whether commands are no longer possible."""
        return self._wire.closed

    def negotiate(self, *, timeout: float = COMMAND_SECONDS) -> None:
        """Wait for QEMU's greeting and enter command mode; to be done once, before the first command."""
        deadline = time.monotonic() + timeout
        greeting = self._await(self._greeting, "the greeting", deadline)
        version = greeting["QMP"]["version"]["qemu"]
        self.version = (version["major"], version["minor"], version["micro"])
        self.execute("qmp_capabilities", timeout=deadline - time.monotonic())

    def execute(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        /,
        *,
        timeout: float | None = COMMAND_SECONDS,
        fds: Sequence[int] = (),
    ) -> Any:
        """Carry out a command and return its result.

        Args:
            command: QEMU's name of the command.
            arguments: Its arguments in QEMU's spelling.
            timeout: Seconds to wait; None waits as long as QEMU lives.
            fds: Descriptors that travel with the command (`getfd`, `add-fd`); they stay open here.

        Raises:
            QMPError: QEMU refused; the subclass tells what kind of refusal.
            OperationTimeoutError: No answer in time. The command may still be carried out.
            MonitorClosedError: QEMU ended before it answered.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        number = next(self._numbers)
        reply: _Answers = queue.SimpleQueue()
        self._replies[number] = reply
        try:
            self._wire.send(
                {"execute": command, "arguments": arguments or {}, "id": number}, fds=fds, deadline=deadline
            )
            answer = self._await(reply, command, deadline)
        except TimeoutError:
            raise self._late(command) from None
        except ConnectionError as cause:
            raise self._gone(command) from cause
        finally:
            del self._replies[number]
        if "error" in answer:
            raise self._refusal(command, answer["error"])
        return answer["return"]

    def close(self) -> None:
        """Close the connection; waiting commands fail. QEMU itself goes on and can be connected to again."""
        self._wire.close()

    def _refusal(self, command: str, error: dict[str, str]) -> QMPError:
        cls = _CLASS_OF_KIND.get(error["class"], CommandFailedError)
        message = f"{self.subject}: QEMU refused {command}: {error['desc']}"
        refusal = cls(message, domain=ErrorDomain.QEMU, str1=command, str2=error["class"])
        refusal.command, refusal.kind, refusal.reason = command, error["class"], error["desc"]
        return refusal

    def _gone(self, command: str) -> MonitorClosedError:
        message = f"{self.subject}: QEMU closed its monitor before it answered {command}: the guest has ended"
        return MonitorClosedError(message, domain=ErrorDomain.QEMU, str1=command)

    def _late(self, command: str) -> OperationTimeoutError:
        message = f"{self.subject}: QEMU has not answered {command} in time: try again, or destroy the guest"
        return OperationTimeoutError(message, domain=ErrorDomain.QEMU, str1=command)

    def _await(self, answers: _Answers, command: str, deadline: float | None) -> dict[str, Any]:
        # Whoever closes the wire marks it closed before waking who waits here; in this order nobody sleeps through.
        if self.closed and answers.empty():
            raise self._gone(command)
        try:
            answer = answers.get(timeout=seconds_left(deadline))
        except queue.Empty:
            raise self._late(command) from None
        if answer is None:
            raise self._gone(command)
        return answer

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            stamp = message["timestamp"]
            event = Event(message["event"], message.get("data", {}), stamp["seconds"] + stamp["microseconds"] / 1e6)
            self.mailbox.post(lambda: self._on_event(event))
        elif "QMP" in message:
            self._greeting.put(message)
        elif (reply := self._replies.get(message["id"])) is not None:
            reply.put(message)
        else:
            _log.debug("%s: an answer came too late for its caller: %.200r", self.subject, message)

    def _finish(self) -> None:
        for waiting in (self._greeting, *list(self._replies.values())):
            waiting.put(None)
        self.mailbox.post(self._on_closed)
