"""Following guests: when one gets another address, the ports that are forwarded to it lead there.

One thread looks after all networks of a root, and exists only while an active one forwards ports.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from virtkit.errors import NoNetworkError

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.dnsmasq.leases import LeaseFile
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState

INTERVAL_SECONDS = 1.0
"""Between two looks at the leases; each costs a `stat` for each network that forwards ports."""

NAMESPACE = "urn:virtkit:network:1"
"""That of `virtkit_network.forwarding`, which is not imported for networks that forward nothing."""

_log = logging.getLogger(__name__)


class Watch:
    """The thread that follows guests."""

    def __init__(self, state: NetworkState) -> None:
        self._state = state
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._known: dict[bytes, _Known] = {}

    def look(self) -> None:
        """Networks have started, stopped or changed: begin to follow, if there is anything to follow."""
        with self._changing:
            if self._thread is None and self._watched() and self._state.owned:
                self._ended.clear()
                self._thread = threading.Thread(target=self._run, name="virtkit-network-forwards", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Follow no longer."""
        with self._changing:
            thread, self._thread = self._thread, None
            self._ended.set()
        if thread is not None:
            thread.join()
        self._known.clear()

    def _watched(self) -> list[Network]:
        """The active networks that forward ports."""
        return [each for each in self._state.networks.all() if each.live is not None and NAMESPACE in _namespaces(each)]

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            for network in self._watched():
                try:
                    self._follow(network)
                except NoNetworkError:
                    continue  # it has just gone
                except Exception as error:  # noqa: BLE001 - the others are followed whatever is wrong with one
                    _log.error("the forwarded ports of %s lead where they led: %s", network.subject, error)
            with self._changing:
                if not self._watched() and not self._ended.is_set():
                    self._thread = None
                    self._known.clear()
                    return

    def _follow(self, network: Network) -> None:
        """Have the forwards of a network lead to where its guests are, if its leases have changed."""
        from virtkit_network import rules, server

        live = network.live
        if live is None:
            return
        known = self._known.get(network.uuid)
        if known is None or known.document is not live:
            known = self._known[network.uuid] = _Known(live, server.lease_file(self._state, network.name))
        if not known.leases.changed() and known.looked:
            return
        with self._state.networks.hold(network.ref, "following the guests that ports are forwarded to"):
            if network.live is not live:
                return  # it has just changed: the next look will see
            rules.follow(network, live, rules.targets(self._state, live))
            known.looked = True


class _Known:
    """What was seen of a network: its live document and its leases; `looked` once forwards have been led there."""

    def __init__(self, document: NetworkXML, leases: LeaseFile) -> None:
        self.document = document
        self.leases = leases
        self.looked = False


def _namespaces(network: Network) -> dict[str, str]:
    return (network.live.metadata or {}) if network.live is not None else {}
