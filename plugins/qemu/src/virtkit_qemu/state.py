"""What the sessions of one root share: guests whose runs are processes of QEMU."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from virtkit.enums import DomainShutoffReason, ErrorDomain
from virtkit.errors import VirtError
from virtkit.services import process as processes
from virtkit.services.guests.catalog import Running
from virtkit.services.guests.state import GuestSession, GuestState
from virtkit.services.loop import MonitorLoop
from virtkit_qemu import adoption, ending, records, starting
from virtkit_qemu.agent import Line
from virtkit_qemu.binary import Binaries
from virtkit_qemu.guest import Guest, Run

if TYPE_CHECKING:
    from virtkit.store import Root
    from virtkit.xml.domain import Domain
    from virtkit_qemu.volumes import Peers

_log = logging.getLogger(__name__)


class QemuState(GuestState[Run]):
    """The guests of one root.

    Attributes:
        loop: Waits for the monitors and processes of all of them.
        binaries: The emulators of the host.
        choosing: Held while something is chosen that no two guests may have, until it stands in a live document.
    """

    driver = "qemu"
    error_domain = ErrorDomain.QEMU

    def __init__(self, root: Root, peers: Peers) -> None:
        super().__init__(root, peers)
        self.loop = MonitorLoop()
        self.binaries = Binaries(self.folders.lib / "capabilities")
        self.choosing = threading.Lock()
        self._lines: WeakKeyDictionary[Guest, Line] = WeakKeyDictionary()

    def read_status(self, name: str, document: bytes) -> Running[Run]:
        """What a status document tells; see `records.read_status`."""
        return records.read_status(self.folders.run, name, document)

    def write_status(self, guest: Guest, run: Run) -> bytes:
        """The status document of a guest that runs."""
        return records.write_status(run, guest.state, guest.reason)

    def sees(self, guest: Guest, run: Run) -> bool:
        """Whether the process of a run is there; one whose pid file cannot be read is taken to be."""
        if run.process is None:
            try:
                run.process = processes.adopt(
                    run.pid_file, subject=guest.subject, log=self.log_of(guest), error_domain=ErrorDomain.QEMU
                )
            except VirtError as error:
                _log.error("%s is taken to be running: %s", guest.subject, error)
                return True
            return run.process is not None
        return run.process.alive

    def unseen(self, run: Run) -> DomainShutoffReason:
        """Why a run is taken to have ended that nobody watched."""
        return ending.unseen(run).reason

    def adopt_all(self) -> None:
        """Begin to adopt every guest that is said to run."""
        adoption.adopt_all(self)

    def start(self, guest: Guest, domain: Domain) -> None:
        """Start a guest; see `starting.start`."""
        starting.start(self, guest, domain)

    def line_of(self, guest: Guest) -> Line:
        """What the conversations with the agent of a guest share."""
        return self._lines.setdefault(guest, Line())

    def show_pid(self, guest: Guest, run: Run) -> None:
        """Write the process id of a guest's QEMU where people and their programs look for it: NAME.pid."""
        try:
            self._shown_pid(guest).write_text(f"{run.pid}\n")
        except OSError as error:
            _log.warning("%s runs, but its pid is not in %s: %s", guest.subject, self._shown_pid(guest), error.strerror)

    def _shown_pid(self, guest: Guest) -> Path:
        return self.folders.run / f"{guest.name}.pid"

    def forget(self, guest: Guest, run: Run) -> None:
        """Remove what is stored of a run that has ended."""
        with suppress(OSError):
            self._shown_pid(guest).unlink()
        super().forget(guest, run)

    def close(self) -> None:
        """Let go of everything; the last session does."""
        super().close()
        self.loop.close()


class Session(GuestSession[QemuState, Run]):
    """One connection to a root."""

    def end(self, guest: Guest, run: Run) -> None:
        """End a run by force."""
        ending.destroy(self.state, guest, run)
