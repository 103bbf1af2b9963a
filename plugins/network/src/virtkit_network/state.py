"""The networks of one root, as the sessions of the driver share them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import NetworkEventLifecycleType
from virtkit.errors import VirtError
from virtkit.events import EventHub, NetworkLifecycleEvent
from virtkit.services import objects
from virtkit.services.objects import ObjectTable
from virtkit.services.tenancy import StartedTenant, Tenancy
from virtkit.store import Collection
from virtkit_network import autostart
from virtkit_network.network import NETWORK, Network, key_of
from virtkit_network.watching import Watch

if TYPE_CHECKING:
    from virtkit.refs import NetworkRef
    from virtkit.store import Root
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.status import Status

NAME = "network"

_log = logging.getLogger(__name__)


class NetworkState(Tenancy):
    """What the sessions of one root share.

    Attributes:
        networks: The networks; call `view` before reading it.
        hub: Where their events are published.
        definitions: The stored definitions, with autostart marks.
        statuses: What the active networks are active with.
        claiming: Held while a name, a bridge or addresses are claimed for a network; never over a call to the kernel.
        watch: What keeps port forwards at the addresses of their guests.
    """

    def __init__(self, root: Root) -> None:
        super().__init__(root, NAME)
        self.networks: ObjectTable[Network] = ObjectTable(objects.NETWORK, error_domain=NETWORK)
        self.hub: EventHub = EventHub("virtkit-network-events")
        self.definitions = Collection(self.folders.etc, "network", domain=NETWORK)
        self.statuses = Collection(self.folders.run, "active network", domain=NETWORK, lasting=False)
        self.claiming = threading.RLock()
        self.watch = Watch(self)
        self._reading = threading.Lock()
        self._starter: threading.Thread | None = None

    # Reading

    def view(self) -> ObjectTable[Network]:
        """The networks as they are now.

        Raises:
            SystemCallError: A folder cannot be listed.
        """
        if not self.owned:
            with self._reading:
                if not self.owned:
                    self._load()
        return self.networks

    def _load(self) -> list[tuple[Status, NetworkXML]]:
        """Take over what is stored; every status there is, and its network."""
        configs = {document.uuid or b"": document for document in self.definitions.scan(_read)}
        found = list(self.statuses.scan(_read_status))
        marked = frozenset(self.definitions.autostarted())
        lives = {live.uuid or b"": (status, live) for status, live in found if status.phase == "active"}
        for network in self.networks.all():
            if network.uuid not in configs and network.uuid not in lives:
                self.networks.remove(network)
        for uuid in configs.keys() | lives.keys():
            name = (configs.get(uuid) or lives[uuid][1]).name or ""
            try:
                network = self.networks.obtain(name, uuid, partial(Network, name, uuid))
            except VirtError as error:
                _log.error("network %r is left out: %s", name, error)
                continue
            network.config, network.autostart = configs.get(uuid), name in marked
            _take(network, *lives.get(uuid, (None, None)))
        return found

    # Owning

    def take_over(self) -> None:
        """Have the networks in memory, see to those that are active, and start what starts by itself."""
        with self._reading:
            statuses = self._load()
            self.owned = True
        if statuses:
            from virtkit_network import adoption  # which a host without networks can do without

            adoption.adopt(self, statuses)
        self._starter = autostart.begin(self)

    def settle(self) -> None:
        """Wait for the networks that start by themselves."""
        if self._starter is not None:
            self._starter.join()

    def let_go(self) -> None:
        """What is active stays so; the next owner adopts it."""
        self.watch.stop()
        with self._reading:
            self.owned = False
            self._starter = None

    def close(self) -> None:
        """Let go of everything; the last session has left."""
        self.hub.close()

    # Networks

    def record(self, network: Network, document: NetworkXML, phase: str = "active") -> None:
        """Store what a network is active with.

        Raises:
            SystemCallError: It cannot be stored.
        """
        from virtkit_network.status import Ports, Status

        status = Status(phase=phase, link=network.link or None, network=document)
        if network.ports:
            status.ports = Ports(ports=list(network.ports.values()))
        self.statuses.save(network.name, status.format().encode())

    def erase(self, network: Network) -> None:
        """Forget what a network was active with; its files are all that could remain."""
        try:
            self.statuses.delete(network.name)
        except VirtError as error:
            _log.error("%s is stopped, but its status stays behind: %s", network.subject, error)

    def drop_empty(self, network: Network) -> None:
        """Take a network out that has neither a definition nor anything it is active with."""
        if network.config is None and network.live is None:
            self.networks.remove(network)

    def publish(self, network: Network, event: NetworkEventLifecycleType) -> None:
        """Tell of a network."""
        self.hub.publish(network.ref, NetworkLifecycleEvent(event))


class Session(StartedTenant[NetworkState]):
    """One connection to a root."""

    def view(self) -> ObjectTable[Network]:
        """The networks as they are now; errors as from `begun` and `NetworkState.view`."""
        return self.begun().view()

    def network(self, ref: NetworkRef) -> Network:
        """A network, for a call that only reads.

        Raises:
            NoNetworkError: It does not exist.
        """
        return self.view().by_ref(ref)

    @contextmanager
    def hold(self, ref: NetworkRef, call: str) -> Iterator[tuple[NetworkState, Network]]:
        """Own the root and hold a network.

        Raises:
            NoNetworkError: It does not exist.
            OperationTimeoutError: Another call holds it for too long.
            VirtError: As `own`.
        """
        state = self.own()
        with state.networks.hold(ref, call) as network:
            yield state, network


def _take(network: Network, status: Status | None, live: NetworkXML | None) -> None:
    """Have a network be active as its status says."""
    if status is None:
        network.stop()
        return
    network.live, network.link = live, status.link or 0
    network.ports = {key_of(port): port for port in status.ports.ports} if status.ports is not None else {}


def _read(name: str, document: bytes) -> NetworkXML:
    """A stored definition.

    Raises:
        ValueError: It is of something else.
        VirtError: It is no network.
    """
    from virtkit.xml.network import Network as NetworkXML

    return _named(name, NetworkXML.parse(document))


def _read_status(name: str, document: bytes) -> tuple[Status, NetworkXML]:
    """A stored status and its network; errors as from `_read`."""
    from virtkit_network.status import Status

    status = Status.parse(document)
    if status.network is None:
        raise ValueError("it has no network")
    return status, _named(name, status.network)


def _named(name: str, network: NetworkXML) -> NetworkXML:
    if network.name != name or not network.uuid:
        raise ValueError(f"it defines {network.name!r}" if network.uuid else "it has no UUID")
    return network
