"""Networks that start with the driver: once per boot of the host, by the first owner of their root."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from virtkit.errors import VirtError

if TYPE_CHECKING:
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState

PATIENCE_SECONDS = 10.0
"""How long everybody waits for networks that start by themselves: guests need them. Each takes some tenths of a second;
a host that is slower goes on in the background, and what needs its network is told that it is not active."""

_log = logging.getLogger(__name__)


def begin(state: NetworkState) -> threading.Thread | None:
    """Start the marked networks, one after the other on a thread, and wait a while for it.

    Returns:
        The thread; None: there is nothing to start.
    """
    marked = [network for network in state.networks.all() if network.autostart and network.live is None]
    try:
        if not state.first_of_boot() or not marked:
            return None
    except OSError as error:
        _log.error("no network is started by itself, since %s cannot be written: %s", state.folders.run, error)
        return None
    thread = threading.Thread(target=_run, args=(state, marked), name="virtkit-network-autostart", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return thread


def _run(state: NetworkState, marked: list[Network]) -> None:
    for network in marked:
        _start(state, network)


def _start(state: NetworkState, network: Network) -> None:
    from virtkit_network import starting

    try:
        with state.networks.hold(network.ref, "autostart"):
            if network.live is None and network.config is not None:
                starting.start(state, network, network.config.copy())
    except VirtError as error:
        _log.error("%s is not started by itself: %s", network.subject, error)
