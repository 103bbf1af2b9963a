"""dnsmasq of a network, as the driver uses it: started where the network needs one, changed, asked for leases."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit_network.dnsmasq import process
from virtkit_network.dnsmasq.configuration import Paths, configuration, serves_leases
from virtkit_network.dnsmasq.leases import LeaseFile

if TYPE_CHECKING:
    from virtkit.records import DHCPLease
    from virtkit.xml.network import Network
    from virtkit_network.state import NetworkState


def paths_of(state: NetworkState, name: str) -> Paths:
    """Where the files of a network's dnsmasq are."""
    return Paths.of(state.folders.lib, state.folders.run, name)


def start(state: NetworkState, document: Network) -> None:
    """Start the dnsmasq of a network, if it needs one.

    Raises:
        VirtError: As `process.start`.
    """
    paths = paths_of(state, document.name or "")
    text = configuration(document, paths)
    if text is not None:
        process.start(paths, text)


def ensure(state: NetworkState, document: Network) -> None:
    """Have a dnsmasq run with the configuration of a network; one that does so already stays.

    Raises:
        VirtError: As `process.update`.
    """
    paths = paths_of(state, document.name or "")
    text = configuration(document, paths)
    if text is None:
        process.stop(paths)
    else:
        process.update(paths, text)


def stop(state: NetworkState, document: Network) -> None:
    """End it and remove its files but the leases; errors as from `process.stop`."""
    paths = paths_of(state, document.name or "")
    process.stop(paths)
    paths.configuration.unlink(missing_ok=True)


def forget(state: NetworkState, name: str) -> None:
    """Remove all files of a network that is gone."""
    with suppress(OSError):
        process.forget(paths_of(state, name))


def handed_out(state: NetworkState, document: Network) -> list[DHCPLease]:
    """What the dnsmasq of a network has handed out and is valid still.

    Raises:
        SystemCallError: Its records cannot be read.
    """
    if not serves_leases(document):
        return []
    return lease_file(state, document.name or "").read(document, time.time())


def lease_file(state: NetworkState, name: str) -> LeaseFile:
    """The records of what the dnsmasq of a network has handed out."""
    return LeaseFile(paths_of(state, name).leases)
