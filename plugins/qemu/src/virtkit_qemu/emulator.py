"""A running QEMU: its process and its monitor as one thing.

    listener = unixsocket.listen(monitor_path)
    monitor = f"socket,id=monitor,fd={listener.fileno()},server=on,wait=off"
    command = ("/usr/bin/qemu-system-x86_64", ..., "-chardev", monitor, "-mon", "monitor,mode=control")
    launch = Launch(subject="domain 'web'", command=command, fds=(listener.fileno(),), ...)
    emulator = Emulator.start(launch, listener, monitor_path, loop=loop, on_event=handle, on_gone=forget)
    emulator.monitor.execute("cont")

After a restart of this program, `Emulator.adopt` with the same paths gives the same QEMU again.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError
from virtkit.services import process as processes
from virtkit.services.loop import MonitorLoop
from virtkit.services.process import Launch, Process
from virtkit_qemu.qmp import Event, Monitor, MonitorClosedError

START_SECONDS = 30.0
# A QEMU that ends closes its monitor first; its process follows within moments.
_END_SECONDS = 5.0


class Emulator:
    """A QEMU, made by `start` or `adopt`.

    Attributes:
        process: Its process.
        monitor: Its monitor.
    """

    def __init__(
        self,
        process: Process,
        monitor_path: Path,
        *,
        loop: MonitorLoop,
        on_event: Callable[[Event], None],
        on_gone: Callable[[], None],
        waiting: Callable[[Monitor], None] = lambda monitor: None,
        timeout: float,
    ) -> None:
        self.process = process
        self._loop = loop
        self._on_gone = on_gone
        self._counting = threading.Lock()
        self._open_ends = 2
        self._pidfd = process.fileno()
        self.monitor = Monitor.connect(
            monitor_path,
            subject=process.subject,
            loop=loop,
            on_event=on_event,
            on_closed=self._end_closed,
            waiting=waiting,
            timeout=timeout,
        )
        try:
            loop.watch(self._pidfd, self._process_ended)
        except BaseException:
            self.monitor.close()
            raise

    @classmethod
    def start(
        cls,
        launch: Launch,
        listener: socket.socket,
        monitor_path: Path,
        *,
        loop: MonitorLoop,
        on_event: Callable[[Event], None] = lambda event: None,
        on_gone: Callable[[], None] = lambda: None,
        timeout: float = START_SECONDS,
    ) -> Emulator:
        """Start a QEMU and connect to its monitor.

        Args:
            launch: How to start it; its command serves the monitor on the descriptor of `listener`.
            listener: The listening socket at `monitor_path`; closed here in any case.
            monitor_path: Where the monitor is found.
            loop: The thread that waits for all guests.
            on_event: Called for each event, in order, on a thread on which it may block and execute commands; the
                first one possibly before this returns.
            on_gone: Called once, after the last event, when the process has ended.
            timeout: Seconds that QEMU may take to answer.

        Raises:
            OperationFailedError: QEMU ended at once; the message has what it printed.
            OperationTimeoutError: QEMU does not answer; it has been killed.
        """
        with listener:
            process = processes.start(launch)
        try:
            return cls(process, monitor_path, loop=loop, on_event=on_event, on_gone=on_gone, timeout=timeout)
        except MonitorClosedError as cause:
            process.wait(_END_SECONDS)
            raise OperationFailedError(
                f"{launch.subject}: QEMU ended while starting: {_end_of(process)}", domain=ErrorDomain.QEMU
            ) from cause
        except BaseException:
            _end_of(process)
            raise

    @classmethod
    def adopt(
        cls,
        pid_file: Path,
        monitor_path: Path,
        *,
        subject: str,
        log: Path,
        loop: MonitorLoop,
        on_event: Callable[[Event], None] = lambda event: None,
        on_gone: Callable[[], None] = lambda: None,
        waiting: Callable[[Monitor], None] = lambda monitor: None,
        timeout: float = START_SECONDS,
    ) -> Emulator | None:
        """Take over a QEMU that an earlier program started; `waiting` is that of `Monitor.connect`.

        Returns:
            None when it has ended meanwhile.

        Raises:
            OperationTimeoutError: It runs but does not answer, or serves somebody else; it is left alone.
            MonitorClosedError: It runs but its monitor socket is gone; it is left alone.
            InternalError: Its pid file is damaged.
        """
        process = processes.adopt(pid_file, subject=subject, log=log, error_domain=ErrorDomain.QEMU)
        if process is None:
            return None
        try:
            return cls(
                process, monitor_path, loop=loop, on_event=on_event, on_gone=on_gone, waiting=waiting, timeout=timeout
            )
        except MonitorClosedError:
            ended = process.wait(_END_SECONDS)  # one that is about to end has closed its sockets before
            process.close()
            if ended:
                return None
            raise
        except BaseException:
            process.close()
            raise

    def close(self) -> None:
        """Let go of it: a guest that runs goes on. `on_gone` is not called any more."""
        self._loop.forget(self._pidfd, self._process_ended)
        self.monitor.close()
        self.process.close()

    def _process_ended(self) -> None:
        try:
            if self.process.alive:
                return
        except ValueError:  # let go of meanwhile
            return
        self._loop.forget(self._pidfd, self._process_ended)
        self._end_closed()

    def _end_closed(self) -> None:
        with self._counting:
            self._open_ends -= 1
            last = self._open_ends == 0
        if last:
            self.monitor.mailbox.post(self._on_gone)


def _end_of(process: Process) -> str:
    """Make sure of the end of a process that is of no use; returns its last words."""
    process.stop(grace=0)
    process.close()
    return process.output() or f"it printed nothing, exit status {process.returncode}"
