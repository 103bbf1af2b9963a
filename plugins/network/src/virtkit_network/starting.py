"""Starting a network: all of it or nothing. Whoever calls holds the network."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtkit.enums import NetworkEventLifecycleType as Event
from virtkit.errors import ConfigUnsupportedError, OperationUnsupportedError
from virtkit_network import conflicts, functions, kernel
from virtkit_network.network import NETWORK
from virtkit_network.shape import is_behind_host, mode_of
from virtkit_network.status import STARTING

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network
    from virtkit_network.parts import Job
    from virtkit_network.state import NetworkState


def start(state: NetworkState, network: Network, document: NetworkXML) -> None:
    """Start a network.

    Its status is written before the first step: if this process is killed in the middle, the next owner of the root
    finds it and removes what is there.

    Args:
        state: The networks.
        network: The network; it is not active.
        document: What it is to be active with.

    Raises:
        VirtError: As `network_create`; the network is as it was.
    """
    with state.claiming:
        conflicts.require_free_of_networks(document, state.networks.all())
        conflicts.require_free_ports(document, state.networks.all())
        network.starting = document
    try:
        if is_behind_host(document):
            _build(state, network, document)
        else:
            functions.require(document)
            state.record(network, document)
        network.live = document
    finally:
        network.starting = None
    state.watch.look()
    state.publish(network, Event.STARTED)


def _build(state: NetworkState, network: Network, document: NetworkXML) -> None:
    """Set up every part of a network with a bridge of its own, and record it."""
    from virtkit.network.links import Links
    from virtkit_network.parts import PARTS, Job

    _require_means(document)
    with Links(domain=NETWORK) as links:
        conflicts.require_free_of_host(document, links)
        job = Job(state, network, document, links, [])
        with ExitStack() as undo:
            undo.callback(_erase, job)
            state.record(network, document, STARTING)
            for part in PARTS:
                part.install(job, undo)
            state.record(network, document)
            undo.pop_all()


def _erase(job: Job) -> None:
    """Forget that a network was being started; unless something of it is left, which the next owner removes then."""
    if not job.left:
        job.state.erase(job.network)


def _require_means(document: NetworkXML) -> None:
    """Refuse what this process may not do, or this host cannot."""
    if not kernel.may_administer():
        raise OperationUnsupportedError(
            f"network {document.name!r} cannot start: a bridge of its own needs CAP_NET_ADMIN: use a "
            f"system connection, or another mode than {mode_of(document)!r}",
            domain=NETWORK,
        )
    if document.bridge is not None and document.bridge.zone:
        raise ConfigUnsupportedError(
            f"network {document.name!r} wants the zone {document.bridge.zone!r} of firewalld, which virtkit does not "
            "talk to: leave it out",
            domain=NETWORK,
        )
