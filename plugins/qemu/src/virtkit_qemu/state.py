"""What the sessions of one root share, and how this process comes to own it.

Reading takes the definitions and status documents as they are on disk. The first call that changes something or needs
the monitors of guests makes its session a claimant: the process owns the root from the first claim to the last, has
the guests in memory, and adopts those that run.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import DomainShutoffReason, DomainState, ErrorDomain
from virtkit.errors import VirtError
from virtkit.events import EventHub
from virtkit.services import objects
from virtkit.services.objects import ObjectTable
from virtkit.services.tenancy import Tenancy, Tenant
from virtkit.store.files import make_folder
from virtkit_qemu import adoption, autostart, ending
from virtkit_qemu import process as processes
from virtkit_qemu.binary import Binaries
from virtkit_qemu.catalog import Catalog, Entry, write_status
from virtkit_qemu.guest import Guest, Run
from virtkit_qemu.loop import MonitorLoop
from virtkit_qemu.volumes import Peers

if TYPE_CHECKING:
    from virtkit.events import Event
    from virtkit.refs import DomainRef
    from virtkit.store import Root

_log = logging.getLogger(__name__)


class QemuState(Tenancy):
    """The guests of one root.

    Attributes:
        peers: Functions of the other drivers of the root.
        domains: The guests; call `view` before reading it.
        hub: Where their events are published.
        loop: Waits for the monitors and processes of all of them.
        binaries: The emulators of the host.
        choosing: Held while something is chosen that no two guests may have, until it stands in a live document.
    """

    def __init__(self, root: Root, peers: Peers) -> None:
        super().__init__(root, "qemu")
        self.peers = peers
        self.catalog = Catalog(self.folders)
        self.domains: ObjectTable[Guest] = ObjectTable(objects.DOMAIN, error_domain=ErrorDomain.QEMU)
        self.hub = EventHub("virtkit-qemu-events")
        self.loop = MonitorLoop()
        self.binaries = Binaries(self.folders.lib / "capabilities")
        self.choosing = threading.Lock()
        self._reading = threading.Lock()
        self._starter: threading.Thread | None = None

    # Reading

    def view(self) -> ObjectTable[Guest]:
        """The guests as they are now.

        Raises:
            SystemCallError: A folder cannot be listed.
        """
        if not self.owned:
            with self._reading:
                if not self.owned:
                    self._refresh()
        return self.domains

    def _refresh(self) -> None:
        if self.catalog.changed():
            self._load()
        for guest in self.domains.active():
            run = guest.run
            if run is not None and run.process is None:
                self._look(guest, run)
            elif run is not None and run.process is not None and not run.process.alive:
                self._show_ended(guest, run)

    def _load(self) -> None:
        """Take over what is stored."""
        entries = {entry.uuid: entry for entry in self.catalog.entries()}
        for guest in self.domains.all():
            entry = entries.get(guest.uuid)
            if entry is None or entry.name != guest.name:
                self.domains.remove(guest)
            elif guest.run is not None and (entry.running is None or entry.running.run is not guest.run):
                self._show_off(guest, DomainShutoffReason.UNKNOWN)  # before others get its id
        for entry in entries.values():
            self._take(self.domains.obtain(entry.name, entry.uuid, partial(Guest, entry.name, entry.uuid)), entry)

    def _take(self, guest: Guest, entry: Entry) -> None:
        guest.config = entry.definition.document if entry.definition else None
        guest.autostart = entry.autostart
        running = entry.running
        if running is not None and guest.run is not running.run:
            guest.run, guest.state, guest.reason = running.run, running.state, running.reason
            self.domains.set_id(guest, running.run.number)

    def _look(self, guest: Guest, run: Run) -> None:
        """Have the process of a run in sight; without one the guest has ended."""
        try:
            run.process = processes.adopt(run.pid_file, subject=guest.subject, log=self.log_of(guest))
        except VirtError as error:
            _log.error("%s is taken to be running: %s", guest.subject, error)
            return
        if run.process is None:
            self._show_ended(guest, run)

    def _show_ended(self, guest: Guest, run: Run) -> None:
        """Show a guest as off whose QEMU is gone; the next owner does what else is to be done."""
        self._show_off(guest, ending.unseen(run).reason)
        if guest.config is None:
            self.domains.remove(guest)

    def _show_off(self, guest: Guest, reason: DomainShutoffReason) -> None:
        guest.run = None
        self.domains.clear_id(guest)
        guest.state, guest.reason = DomainState.SHUTOFF, reason

    # Owning

    def take_over(self) -> None:
        """Have the guests in memory, adopt those that run, and start what starts by itself."""
        with self._reading:
            self._let_go_of_runs()
            self._load()
            self.owned = True
        adoption.adopt_all(self)
        self._starter = autostart.begin(self)

    def settle(self) -> None:
        """Wait for the guests that start by themselves."""
        starter = self._starter
        if starter is not None:
            starter.join()

    def let_go(self) -> None:
        """Let go of the guests; they run on."""
        with self._reading:
            self.owned = False
            self._starter = None
            self._let_go_of_runs()

    def _let_go_of_runs(self) -> None:
        """Close what is open of guests; how they are is read from disk again."""
        for guest in self.domains.active():
            if guest.run is not None:
                guest.run.let_go()
        self.catalog.forget_runs()

    # Guests

    @contextmanager
    def alone(self, guest: Guest, call: str) -> Iterator[bool]:
        """Hold a guest however long it takes to get hold of it: for what must not be lost.

        Yields:
            Whether it still exists and this process owns it.
        """
        try:
            lock = self.domains.lock_of(guest)
        except VirtError:
            yield False
            return
        with lock.hold(call, threading.TIMEOUT_MAX):
            yield self.owned and guest.name in self.domains and self.domains.by_name(guest.name) is guest

    def log_of(self, guest: Guest) -> Path:
        """The log of what the guest's QEMU prints."""
        return self.folders.log / f"{guest.name}.log"

    def show_pid(self, guest: Guest, run: Run) -> None:
        """Write the process id of a guest's QEMU where people and their programs look for it: NAME.pid."""
        try:
            self._shown_pid(guest).write_text(f"{run.pid}\n")
        except OSError as error:
            _log.warning("%s runs, but its pid is not in %s: %s", guest.subject, self._shown_pid(guest), error.strerror)

    def _shown_pid(self, guest: Guest) -> Path:
        return self.folders.run / f"{guest.name}.pid"

    def publish(self, guest: Guest, event: Event) -> None:
        """Publish an event of a guest."""
        self.hub.publish(guest.ref, event)

    def move(self, guest: Guest, state: DomainState, reason: int, *events: Event) -> None:
        """Put a running guest into a state and tell of it."""
        guest.state, guest.reason = state, reason
        self.note(guest)
        for event in events:
            self.publish(guest, event)

    def record(self, guest: Guest) -> None:
        """Store the status document of a running guest; does nothing for one that is off.

        Raises:
            SystemCallError: It cannot be stored.
        """
        if guest.run is not None:
            self.catalog.statuses.save(guest.name, write_status(guest.run, guest.state, guest.reason))

    def note(self, guest: Guest) -> None:
        """Store it if possible: a disk that refuses costs the next owner some knowledge, but never the guest."""
        try:
            self.record(guest)
        except VirtError as error:
            _log.error("%s runs on, but its status is not stored: %s", guest.subject, error)

    def forget(self, guest: Guest, run: Run) -> None:
        """Remove what is stored of a run that has ended."""
        try:
            self.catalog.statuses.delete(guest.name)
        except VirtError as error:
            _log.error("%s has ended, but its status stays behind: %s", guest.subject, error)
        with suppress(OSError):
            self._shown_pid(guest).unlink()
        shutil.rmtree(run.folder, ignore_errors=True)

    def make_folder(self, run: Run) -> None:
        """Make the folder of a run, empty."""
        shutil.rmtree(run.folder, ignore_errors=True)
        make_folder(run.folder)

    def close(self) -> None:
        """Let go of everything; the last session does."""
        with self._reading:
            self._let_go_of_runs()
        self.hub.close()
        self.loop.close()


class Session(Tenant[QemuState]):
    """One connection to a root.

    Attributes:
        doomed: Runs that end with the session.
    """

    def __init__(self, state: QemuState) -> None:
        super().__init__(state)
        self.doomed: list[tuple[Guest, Run]] = []

    def read(self) -> ObjectTable[Guest]:
        """The guests, for a call that only reads."""
        return self.state.view()

    @contextmanager
    def hold(self, dom: DomainRef, call: str) -> Iterator[tuple[QemuState, Guest]]:
        """Own the root and hold a guest.

        Raises:
            NoDomainError: It does not exist.
            OperationTimeoutError: Another call holds it for too long.
            VirtError: As `own`.
        """
        state = self.own()
        with state.domains.hold(dom, call) as guest:
            yield state, guest

    def close(self) -> None:
        """End what ends with the session, and give the claim back."""
        try:
            if self.claims:
                for guest, run in self.doomed:
                    ending.destroy(self.state, guest, run)
        finally:
            super().close()
