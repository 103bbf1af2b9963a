"""The state of a driver under one root: shared by its sessions, and owned by this process while one of them needs that.

    class LabState(Tenancy):
        def take_over(self): self.objects = load(self.folders)
        def let_go(self): self.objects.clear()

    class LabDriver(TenantDriver[Tenant[LabState]]):
        def make_state(self, root, request): return LabState(root, "lab")
        def make_session(self, state, request): return Tenant(state)

Reading takes what is on disk. The first call that changes something makes its session a claimant: the process owns the
root from the first claim to the last (`virtkit.store.Root.claim`), and others wait or go through its socket.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from virtkit.driver import Driver
from virtkit.errors import InternalError
from virtkit.store.files import replace

if TYPE_CHECKING:
    from virtkit.driver import OpenRequest
    from virtkit.events import EventHub
    from virtkit.store import Claim, Root

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Names the boot of the host; see random(4)."""

BOOT_STAMP = "autostarted"
"""File in the run folder with the boot in which the driver was begun."""


class Tenancy:
    """What the sessions of one root share. A driver's state inherits it.

    Attributes:
        root: Where the state lives.
        folders: The driver's folders in it.
        owned: This process owns the root.
        hub: Where its events are published; None: it has none.
    """

    hub: EventHub | None = None

    def __init__(self, root: Root, name: str) -> None:
        """Make the state; nothing is read or made.

        Args:
            root: Where it lives.
            name: Name of the driver.
        """
        self.root = root
        self.folders = root.driver(name)
        self.owned = False
        self._claims = 0
        self._owning = threading.RLock()

    # For a driver to override

    def take_over(self) -> None:
        """Read what is stored and see to what is active: this process owns the root now. The folders exist.

        Whoever reads meanwhile may still find `owned` false; it is for this method to set, when all is read.
        """
        raise NotImplementedError

    def settle(self) -> None:
        """Wait for what `take_over` began in the background; called before the last claim is given back."""

    def let_go(self) -> None:
        """Forget what is only true for an owner. The method sets `owned` to false."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything; the last session has left."""

    # For sessions

    def own(self) -> Claim:
        """Become a claimant; to be given back with `disown`.

        Raises:
            ResourceBusyError: Another process owns the root.
            SystemCallError: A folder cannot be made or read.
        """
        with self._owning:
            claim = self.root.claim()
            try:
                if self._claims == 0:
                    self.folders.create()
                    self.take_over()
            except BaseException:
                claim.release()
                raise
            self._claims += 1
        return claim

    def disown(self, claim: Claim) -> None:
        """Give a claim back; with the last one the root is anybody's."""
        with self._owning:
            others = self._claims > 1
            if others:
                self._claims -= 1
        if others:
            claim.release()
            return
        self.settle()
        with self._owning:
            self._claims -= 1
            try:
                if self._claims == 0:
                    self.let_go()
            finally:
                claim.release()

    def first_of_boot(self) -> bool:
        """Whether the driver begins for the first time since the host was booted; for the owner to ask, once.

        Raises:
            OSError: It could not be noted, so nobody should act on it.
        """
        boot, stamp = BOOT_ID.read_bytes(), self.folders.run / BOOT_STAMP
        with suppress(FileNotFoundError):
            if stamp.read_bytes() == boot:
                return False
        replace(stamp, boot)
        return True


T = TypeVar("T", bound=Tenancy)


class Tenant(Generic[T]):
    """A session. It claims the root with the first call that needs to, until it is closed.

    Attributes:
        state: What all sessions of the root share.
    """

    def __init__(self, state: T) -> None:
        self.state = state
        self._claim: Claim | None = None
        self._claiming = threading.Lock()

    def own(self) -> T:
        """The state, for a call that needs to own the root.

        Raises:
            VirtError: As `Tenancy.own`.
        """
        with self._claiming:
            if self._claim is None:
                self._claim = self.state.own()
        return self.state

    @property
    def claims(self) -> bool:
        """Whether it has claimed the root."""
        return self._claim is not None

    def close(self) -> None:
        """Give the claim back, if there is one."""
        with self._claiming:
            claim, self._claim = self._claim, None
        if claim is not None:
            self.state.disown(claim)


class StartedTenant(Tenant[T]):
    """A session of a driver whose objects start by themselves: for another driver it begins when they have started.

    Args:
        state: What all sessions of the root share.
        peer: It is for other drivers, whose guests may start by themselves too.
    """

    def __init__(self, state: T, *, peer: bool = False) -> None:
        super().__init__(state)
        self._begins = peer

    def begun(self) -> T:
        """The state, for a call that reads. The first call of another driver has the root taken over before.

        Raises:
            VirtError: As `own`, from that call.
        """
        if self._begins:
            self.state.disown(self.state.own())  # waits where another session is about to do it
            self._begins = False
        return self.state


class Tenants(Generic[T]):
    """The states of a driver by root, each there as long as a session uses it."""

    def __init__(self, make: Callable[[Root, OpenRequest], T]) -> None:
        """Begin with none.

        Args:
            make: Makes the state of a root, told the request of its first session.
        """
        self._make = make
        self._states: dict[str, tuple[T, int]] = {}
        self._changing = threading.Lock()

    def enter(self, request: OpenRequest) -> T:
        """The state for one more session of a root."""
        assert request.root is not None, "a driver refuses what has no root before it asks"
        place = os.path.realpath(request.root.run)
        with self._changing:
            state, count = self._states.get(place) or (self._make(request.root, request), 0)
            self._states[place] = state, count + 1
        return state

    def leave(self, state: T) -> None:
        """A session is gone; with the last one the state is closed."""
        place = os.path.realpath(state.root.run)
        with self._changing:
            found, count = self._states.pop(place)
            if count > 1:
                self._states[place] = found, count - 1
            else:
                found.close()

    def close(self, session: Tenant[T]) -> None:
        """Close a session; with the last one of a state that is closed too, also where the session's end fails."""
        try:
            session.close()
        finally:
            self.leave(session.state)


D = TypeVar("D", bound=Tenant[Any])


class TenantDriver(Driver[D]):
    """Base of drivers whose sessions are tenants of a root: which URIs open one, and a session's life.

    Attributes:
        paths: The paths that its URIs may have.
    """

    paths: ClassVar[tuple[str, ...]] = ("/system", "/session", "/embed")

    def __init__(self) -> None:
        self._tenants = Tenants(self.make_state)

    # For a driver to override

    def make_state(self, root: Root, request: OpenRequest) -> Any:
        """The state of a root, of a class that inherits `Tenancy`; `request` is that of its first session."""
        raise NotImplementedError

    def make_session(self, state: Any, request: OpenRequest) -> D:
        """One more session of a root, given what `make_state` has made."""
        raise NotImplementedError

    # Sessions

    def driver_default_uri(self) -> str | None:
        """The system's for root, else the user's own."""
        return f"{self.name}:///{'session' if os.geteuid() else 'system'}"

    def driver_open(self, request: OpenRequest) -> D:
        """Open a session of the root that the URI names.

        Raises:
            InternalError: Its path names none.
        """
        if request.root is None or request.uri.path not in self.paths:
            raise InternalError(
                f"{request.uri}: the path of a URI of the driver {self.name!r} is /system, /session or "
                "/embed?root=/DIR",
                domain=self.error_domain,
            )
        return self.make_session(self._tenants.enter(request), request)

    def driver_close(self, conn: D) -> None:
        """Give back what the session has claimed."""
        self._tenants.close(conn)

    def driver_reside(self, conn: D) -> None:
        """Own the root."""
        conn.own()

    def driver_events(self, conn: D) -> EventHub | None:
        """Where events come from: only who owns the root sees what happens."""
        if conn.state.hub is None:
            return None
        hub: EventHub = conn.own().hub
        return hub
