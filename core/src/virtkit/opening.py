"""From a URI to the drivers of a connection.

A URI with a transport or a host goes to the `remote` driver, any other to the driver its scheme names; without a URI
the drivers that volunteer are probed. The drivers of other kinds join a connection on the first call that needs them.

State belongs to one process at a time. Where that is a daemon, the connection goes through its socket, if the `remote`
driver is installed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from virtkit import config, discovery
from virtkit.driver import Authenticate, OpenRequest
from virtkit.errors import DriverError, InvalidArgError, NoDriverError
from virtkit.hookspecs import KINDS
from virtkit.ops import Ops, Part
from virtkit.uri import URI

if TYPE_CHECKING:
    from virtkit.store import Root

REMOTE = "remote"


class Plan(NamedTuple):
    """What is to be opened.

    Attributes:
        kind: Kind of the driver that the URI asks for.
        name: Its name.
        request: What drivers are told.
        config: The configuration, which chooses among drivers that join.
    """

    kind: str
    name: str
    request: OpenRequest
    config: config.Config


class Parts:
    """The drivers of one connection, by kind; those that join are opened when first needed."""

    def __init__(self, request: OpenRequest, chosen: config.Config) -> None:
        self.request = request
        self.config = chosen
        self._lock = threading.RLock()
        self._parts: dict[str, Part | None] = {}
        self._opened: list[Part] = []
        self._joins = True
        self._use = peers_in_use(request)

    def open_primary(self, kind: str, name: str) -> None:
        """Open the driver the URI asks for; it serves its kinds alone."""
        part = self._open(kind, name)
        self._parts.update(dict.fromkeys(part.driver.kinds, part))
        self._parts.setdefault("hypervisor", part)
        self._joins = part.driver.attaches

    def attach(self, kind: str) -> Part | None:
        """The part that serves a kind; None where no driver does.

        Raises:
            DriverError: Several installed drivers could and the configuration does not choose, or the one is broken.
        """
        with self._lock:
            if kind not in self._parts:
                name = joining(kind, self.config) if self._joins else None
                self._parts[kind] = self._open(kind, name) if name else None
            return self._parts[kind]

    def _open(self, kind: str, name: str) -> Part:
        driver = discovery.load(kind, name)
        part = Part(driver, driver.driver_open(self.request))
        self._opened.append(part)
        return part

    def close(self) -> None:
        """Close every session, the one opened last first; then those of the root's peers, if nobody else uses it."""
        try:
            with self._lock:
                self._joins = False
                self.drop()
        finally:
            self._use.close()

    def drop(self) -> None:
        """Close every session, but open new ones when they are needed."""
        with self._lock:
            while self._opened:
                part = self._opened.pop()
                part.driver.driver_close(part.session)
            self._parts.clear()


def joining(kind: str, chosen: config.Config) -> str | None:
    """The name of the driver that joins connections for a kind of objects; None where none is installed.

    Raises:
        DriverError: Several could and the configuration does not choose.
    """
    wanted = chosen.drivers.get(kind)
    if wanted:
        return wanted
    names = discovery.names(kind)
    if len(names) > 1:
        raise DriverError(
            f"several {kind} drivers are installed ({', '.join(names)}): "
            f'choose one with {kind} = "..." under [drivers] in virtkit.toml',
            str2=kind,
        )
    return names[0] if names else None


def open_parts(text: str | None, *, readonly: bool, authenticate: Authenticate | None) -> Parts:
    """Open the driver for a URI, an alias, or the default.

    Raises:
        NoDriverError: No installed driver serves it; the message names the package.
        DriverError: The driver is broken.
        VirtError: What the driver's `driver_open` raises.
    """
    plan = planned(text, readonly=readonly, authenticate=authenticate)
    parts = Parts(plan.request, plan.config)
    try:
        parts.open_primary(plan.kind, plan.name)
    except BaseException:
        parts.close()
        raise
    return parts


def planned(text: str | None, *, readonly: bool, authenticate: Authenticate | None) -> Plan:
    """Find out what a URI, an alias, or the default asks for, and load that driver.

    Raises:
        NoDriverError: No installed driver serves it; the message names the package.
        DriverError: The driver is broken.
    """
    chosen = config.load()
    uri = config.resolve(text, chosen) or _volunteered()
    uri = _served(uri) or uri
    remote = uri.is_remote or uri.driver == REMOTE
    kind, name = ("hypervisor", REMOTE) if remote else (_kind(uri), uri.driver)
    discovery.load(kind, name)  # a driver that is missing is the first thing to be told
    root = None if remote else root_of(uri)
    return Plan(kind, name, OpenRequest(uri, readonly, root, peers_of(uri, root, chosen), authenticate), chosen)


def _served(uri: URI) -> URI | None:
    """The way through the daemon that has the state of a URI; None where no other process has it and says how."""
    root = None if uri.is_remote else root_of(uri)
    owner = root.owner() if root else None
    if owner is None or not owner.socket or owner.pid == os.getpid() or REMOTE not in discovery.names("hypervisor"):
        return None
    return uri._replace(transport="unix", query=(*uri.query, ("socket", owner.socket)))


def _kind(uri: URI) -> str:
    """The kind of driver a scheme names: a hypervisor, or one of the others opened on its own (`network:///system`)."""
    return uri.driver if uri.driver in KINDS and uri.driver != "hypervisor" else "hypervisor"


def _volunteered() -> URI:
    """The URI of the first usable driver that volunteers to be the default."""
    from virtkit.uri import parse

    unusable = []
    for name in discovery.names("hypervisor"):
        try:
            driver = discovery.load("hypervisor", name)
            uri = driver.driver_default_uri()
            reason = driver.driver_probe() if uri else None
        except DriverError as error:
            unusable.append(error.message)
            continue
        except Exception as error:  # noqa: BLE001 - a foreign probe may fail in any way
            unusable.append(f"{name}: its probe failed: {type(error).__name__}: {error}")
            continue
        if uri and reason is None:
            return parse(uri)
        if reason:
            unusable.append(f"{name}: {reason}")
    seen = f" ({'; '.join(unusable)})" if unusable else ""
    raise NoDriverError(
        f"no URI was given and no installed driver can be the default{seen}: "
        "pass a URI such as qemu:///system or test:///default, or pip install virtkit-qemu"
    )


def root_of(uri: URI) -> Root | None:
    """Where the state of a URI lives; None for URIs that name no root.

    Raises:
        InvalidArgError: `embed` without a root.
    """
    if uri.path not in ("/system", "/session", "/embed"):
        return None
    from virtkit.store import Root

    makers: dict[str, Callable[[], Root]] = {"/system": Root.system, "/session": Root.session}
    if uri.path in makers:
        return makers[uri.path]()
    folder = uri.parameter("root")
    if not folder.startswith("/"):
        raise InvalidArgError(f"{uri}: embed needs an absolute folder for its state: {uri.driver}:///embed?root=/DIR")
    return Root.under(folder)


class _Peers:
    """The secondary drivers of a root, unrestricted and with sessions of their own, for its drivers.

    They belong to the root and not to a connection: drivers use them with no client present. They are open, and own
    what they have to, as long as this process has a connection to the root.
    """

    def __init__(self, uri: URI, root: Root | None, chosen: config.Config) -> None:
        self.ops = Ops(lambda kind: self._parts.attach(kind) if kind != "hypervisor" else None)
        self._parts = Parts(OpenRequest(uri, False, root, self.ops, peer=True), chosen)
        self._connections = 0
        self._changing = threading.Lock()

    @contextmanager
    def used(self) -> Iterator[None]:
        """For as long as a connection is open."""
        with self._changing:
            self._connections += 1
        try:
            yield
        finally:
            with self._changing:
                self._connections -= 1
                if not self._connections:
                    self.ops.clear()
                    self._parts.drop()


_peers: dict[Root, _Peers] = {}
_peers_lock = threading.Lock()


def peers_of(uri: URI, root: Root | None, chosen: config.Config) -> Ops:
    """The functions of the secondary drivers of a root, for its drivers."""
    if root is None:
        return _Peers(uri, None, chosen).ops
    with _peers_lock:
        if root not in _peers:
            _peers[root] = _Peers(uri, root, chosen)
        return _peers[root].ops


def peers_in_use(request: OpenRequest) -> ExitStack:
    """What keeps the peers of a connection's root open until it is closed itself; twice is harmless."""
    held = ExitStack()
    peers = _peers.get(request.root) if request.root is not None and not request.peer else None
    if peers is not None:
        held.enter_context(peers.used())
    return held
