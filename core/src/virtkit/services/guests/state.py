"""The guests of one root, as the sessions of a hypervisor's driver share them, and how this process comes to own them.

    class LabState(GuestState[LabRun]): ...      # says how runs are seen, recorded, adopted and started
    class LabSession(GuestSession[LabState, LabRun]): ...

Reading takes the definitions and status documents as they are on disk. The first call that changes something or needs
the guests themselves makes its session a claimant: the process owns the root from the first claim to the last, has the
guests in memory, and adopts those that run.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from virtkit.enums import DomainShutoffReason, DomainState
from virtkit.errors import VirtError
from virtkit.events import EventHub
from virtkit.services import objects
from virtkit.services.guests import autostart
from virtkit.services.guests.catalog import Catalog, Entry, Running
from virtkit.services.guests.guest import Guest, R
from virtkit.services.objects import ObjectTable
from virtkit.services.tenancy import Tenancy, Tenant
from virtkit.store.files import make_folder

if TYPE_CHECKING:
    from virtkit.events import Event
    from virtkit.network.ownership import Peers
    from virtkit.refs import DomainRef
    from virtkit.store import Root
    from virtkit.xml.domain import Domain

_log = logging.getLogger(__name__)


class GuestState(Tenancy, Generic[R]):
    """The guests of one root. A driver's state inherits it and says what is particular to its runs.

    Attributes:
        driver: Name of the driver.
        error_domain: `virtkit.enums.ErrorDomain` of the driver.
        peers: Functions of the other drivers of the root.
        domains: The guests; call `view` before reading it.
        hub: Where their events are published.
    """

    driver: ClassVar[str]
    error_domain: ClassVar[int]
    first_id: ClassVar[int] = 1

    def __init__(self, root: Root, peers: Peers) -> None:
        super().__init__(root, self.driver)
        self.peers = peers
        self.catalog: Catalog[R] = Catalog(self.folders, self.read_status, error_domain=self.error_domain)
        self.domains: ObjectTable[Guest[R]] = ObjectTable(
            objects.DOMAIN, error_domain=self.error_domain, first_id=self.first_id
        )
        self.hub: EventHub = EventHub(f"virtkit-{self.driver}-events")
        self._reading = threading.Lock()
        self._starter: threading.Thread | None = None

    # For a driver

    def read_status(self, name: str, document: bytes) -> Running[R]:
        """What the status document of a domain tells.

        Raises:
            ValueError: Something is missing, or it is of something else.
            VirtError: It is no status document at all.
        """
        raise NotImplementedError

    def write_status(self, guest: Guest[R], run: R) -> bytes:
        """The status document of a guest that runs."""
        raise NotImplementedError

    def sees(self, guest: Guest[R], run: R) -> bool:
        """Whether a run goes on, as far as a process can tell that does not own the root."""
        raise NotImplementedError

    def unseen(self, run: R) -> DomainShutoffReason:
        """Why a run is taken to have ended that nobody watched."""
        raise NotImplementedError

    def adopt_all(self) -> None:
        """Begin to adopt every guest that is said to run."""
        raise NotImplementedError

    def start(self, guest: Guest[R], domain: Domain) -> None:
        """Start a guest that is off and whose lock is held, by its own definition.

        Raises:
            VirtError: It cannot be started.
        """
        raise NotImplementedError

    # Reading

    def view(self) -> ObjectTable[Guest[R]]:
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
            if run is not None and not self.sees(guest, run):
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
            self._take(self.domains.obtain(entry.name, entry.uuid, partial(self.make, entry.name, entry.uuid)), entry)

    def _take(self, guest: Guest[R], entry: Entry[R]) -> None:
        guest.config = entry.definition.document if entry.definition else None
        guest.autostart = entry.autostart
        running = entry.running
        if running is not None and guest.run is not running.run:
            guest.run, guest.state, guest.reason = running.run, running.state, running.reason
            self.domains.set_id(guest, running.run.number)

    def _show_ended(self, guest: Guest[R], run: R) -> None:
        """Show a guest as off whose run is over; the next owner does what else is to be done."""
        self._show_off(guest, self.unseen(run))
        if guest.config is None:
            self.domains.remove(guest)

    def _show_off(self, guest: Guest[R], reason: DomainShutoffReason) -> None:
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
        self.adopt_all()
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

    def make(self, name: str, uuid: bytes) -> Guest[R]:
        """A new guest, in no table yet."""
        return Guest(name, uuid, self.error_domain)

    def obtain(self, name: str, uuid: bytes) -> Guest[R]:
        """The guest with this name and UUID, made if there is none.

        Raises:
            OperationFailedError: Only one of the two is that of an existing one.
        """
        return self.domains.obtain(name, uuid, partial(self.make, name, uuid))

    @contextmanager
    def alone(self, guest: Guest[R], call: str) -> Iterator[bool]:
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

    def log_of(self, guest: Guest[R]) -> Path:
        """The log of what the guest's program prints."""
        return self.folders.log / f"{guest.name}.log"

    def publish(self, guest: Guest[R], event: Event) -> None:
        """Publish an event of a guest."""
        self.hub.publish(guest.ref, event)

    def move(self, guest: Guest[R], state: DomainState, reason: int, *events: Event) -> None:
        """Put a running guest into a state and tell of it."""
        guest.state, guest.reason = state, reason
        self.note(guest)
        for event in events:
            self.publish(guest, event)

    def record(self, guest: Guest[R]) -> None:
        """Store the status document of a running guest; does nothing for one that is off.

        Raises:
            SystemCallError: It cannot be stored.
        """
        if guest.run is not None:
            self.catalog.statuses.save(guest.name, self.write_status(guest, guest.run))

    def note(self, guest: Guest[R]) -> None:
        """Store it if possible: a disk that refuses costs the next owner some knowledge, but never the guest."""
        try:
            self.record(guest)
        except VirtError as error:
            _log.error("%s runs on, but its status is not stored: %s", guest.subject, error)

    def forget(self, guest: Guest[R], run: R) -> None:
        """Remove what is stored of a run that has ended."""
        try:
            self.catalog.statuses.delete(guest.name)
        except VirtError as error:
            _log.error("%s has ended, but its status stays behind: %s", guest.subject, error)
        self.remove_folder(run)

    def make_folder(self, run: R) -> None:
        """Make the folder of a run, empty."""
        if os.path.lexists(run.folder):
            self.remove_folder(run)
        make_folder(run.folder)

    def remove_folder(self, run: R) -> None:
        """Remove the folder of a run with all that is in it."""
        shutil.rmtree(run.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of everything; the last session does."""
        with self._reading:
            self._let_go_of_runs()
        self.hub.close()


S = TypeVar("S", bound=GuestState)  # type: ignore[type-arg]


class GuestSession(Tenant[S], Generic[S, R]):
    """One connection to a root.

    Attributes:
        doomed: Runs that end with the session.
    """

    def __init__(self, state: S) -> None:
        super().__init__(state)
        self.doomed: list[tuple[Guest[R], R]] = []

    def end(self, guest: Guest[R], run: R) -> None:
        """End a run by force; for a driver to override."""
        raise NotImplementedError

    def read(self) -> ObjectTable[Guest[R]]:
        """The guests, for a call that only reads."""
        return self.state.view()

    @contextmanager
    def hold(self, dom: DomainRef, call: str) -> Iterator[tuple[S, Guest[R]]]:
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
                    self.end(guest, run)
        finally:
            super().close()
