"""Stopping a network, and removing what is left of one. Whoever calls holds the network."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtkit.enums import NetworkEventLifecycleType as Event
from virtkit.errors import InternalError, VirtError
from virtkit_network import server
from virtkit_network.network import NETWORK
from virtkit_network.shape import is_behind_host
from virtkit_network.status import STOPPING

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState

_log = logging.getLogger(__name__)


def stop(state: NetworkState, network: Network) -> None:
    """Stop a network and take apart what its start set up; what is gone already is no error.

    Raises:
        OperationInvalidError: It is not active.
        InternalError: Something of it could not be removed; it stays active, and can be stopped again.
    """
    live = network.active()
    try:
        state.record(network, live, STOPPING)
    except VirtError as error:  # a full disk is no reason to keep a network
        _log.warning("%s is being stopped, which its status does not say: %s", network.subject, error)
    failures = remove(state, network, live)
    if failures:
        raise InternalError(
            f"{network.subject} is not stopped altogether: {'; '.join(failures)}; remove the cause and try again",
            domain=NETWORK,
        )
    forget(state, network)
    state.publish(network, Event.STOPPED)


def remove(state: NetworkState, network: Network, document: NetworkXML) -> list[str]:
    """Remove what there is of a network; what could not be, with the reasons."""
    if not is_behind_host(document):
        return []
    from virtkit.network.links import Links
    from virtkit_network.parts import Job, remove_all

    with Links(domain=NETWORK) as links:
        return remove_all(Job(state, network, document, links, []))


def forget(state: NetworkState, network: Network) -> None:
    """A network is not active any more; a transient one is gone, with what its server had recorded."""
    network.stop()
    state.erase(network)
    if network.config is None:
        server.forget(state, network.name)
        state.drop_empty(network)
