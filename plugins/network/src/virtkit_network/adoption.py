"""Networks that an earlier owner of the root left active, or in the middle of being started or stopped."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit_network import stopping
from virtkit_network.network import NETWORK, Network
from virtkit_network.shape import is_behind_host
from virtkit_network.status import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.parts import Job, Part
    from virtkit_network.state import NetworkState
    from virtkit_network.status import Status

_log = logging.getLogger(__name__)


def adopt(state: NetworkState, statuses: Iterable[tuple[Status, NetworkXML]]) -> None:
    """See to every network that has a status.

    One that is active stays so, and gets back what it lost meanwhile: rules that were flushed, a dnsmasq that died. No
    packet is lost. One whose bridge is gone, and one that was in the middle of something, is taken apart.
    """
    for status, document in statuses:
        try:
            _adopt(state, status, document)
        except Exception as error:  # noqa: BLE001 - one network that cannot be adopted costs no other
            _log.error("network %r is left as it is: %s", document.name, error)
    state.watch.look()


def _adopt(state: NetworkState, status: Status, document: NetworkXML) -> None:
    name, uuid = document.name or "", document.uuid or b""
    network = state.networks.obtain(name, uuid, partial(Network, name, uuid, document))
    with state.networks.lock_of(network).hold("adoption"):
        if status.phase == ACTIVE:
            restore(state, network)
            return
        _log.warning("%s was in the middle of %s: what is there is removed", network.subject, status.phase)
        network.live, network.link, network.pending = document, status.link or 0, None
        _remove(state, network)


def restore_all(state: NetworkState) -> None:
    """Give every active network back what it has lost: somebody may have flushed the rules."""
    for network in state.networks.all():
        try:
            with state.networks.hold(network.ref, "reload"):
                if network.live is not None:
                    restore(state, network)
        except VirtError as error:
            _log.error("%s is left as it is: %s", network.subject, error)


def restore(state: NetworkState, network: Network) -> None:
    """Give an active network back what it has lost; one without its bridge is not active any more.

    Raises:
        VirtError: Something of it cannot be restored, or removed.
    """
    live = network.active()
    if not is_behind_host(live):
        return
    from virtkit.network.links import Links
    from virtkit_network.parts import PARTS, Job, own_bridge

    with Links(domain=NETWORK) as links:
        job = Job(state, network, live, links, [])
        if own_bridge(job) is not None:
            for part in PARTS:
                _restore(job, part)
            return
    _log.warning("%s is not active any more: its bridge is gone", network.subject)
    _remove(state, network)


def _restore(job: Job, part: Part) -> None:
    try:
        part.restore(job)
    except VirtError as error:
        _log.error("%s goes on, and %s cannot be restored: %s", job.network.subject, part.what, error)


def _remove(state: NetworkState, network: Network) -> None:
    failures = stopping.remove(state, network, network.active())
    for failure in failures:
        _log.error("%s: %s", network.subject, failure)
    if not failures:
        stopping.forget(state, network)
