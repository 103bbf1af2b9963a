"""dnsmasq of a network, as the driver uses it: started where the network needs one, changed, asked for leases."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtkit.errors import InternalError
from virtkit.services.runner import ProgramError
from virtkit.store.files import refusal
from virtkit_network.dnsmasq import process
from virtkit_network.dnsmasq.configuration import Paths, configuration, serves_leases
from virtkit_network.dnsmasq.leases import LeaseFile
from virtkit_network.network import NETWORK

if TYPE_CHECKING:
    from virtkit.records import DHCPLease
    from virtkit.xml.network import Network
    from virtkit_network.state import NetworkState

LINE = re.compile(r"at line (\d+) of ")
"""How dnsmasq says where its configuration is wrong."""

_log = logging.getLogger(__name__)


def paths_of(state: NetworkState, name: str) -> Paths:
    """Where the files of a network's dnsmasq are, by the one name that they have whatever links lead to the root."""
    return Paths.of(state.folders.lib.resolve(), state.folders.run.resolve(), name)


def start(state: NetworkState, document: Network) -> None:
    """Start the dnsmasq of a network, if it needs one.

    Raises:
        VirtError: As `process.start`.
    """
    paths = paths_of(state, document.name or "")
    text = configuration(document, paths)
    if text is not None:
        with _named(document, text):
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
        with _named(document, text):
            process.update(paths, text)


@contextmanager
def _named(document: Network, text: str) -> Iterator[None]:
    """Have errors of dnsmasq name the network, and quote the line of its configuration that they are about."""
    try:
        yield
    except ProgramError as error:
        number = LINE.search(error.message)
        lines = text.splitlines()
        line = lines[int(number[1]) - 1] if number is not None and int(number[1]) <= len(lines) else ""
        quoted = f", which is {line!r}" if line else ""
        raise InternalError(
            f"network {document.name!r} has no DHCP and DNS: {error.message}{quoted}", domain=NETWORK
        ) from error


def stop(state: NetworkState, document: Network) -> None:
    """End it and remove its files but the leases.

    Raises:
        VirtError: As `process.stop`.
        SystemCallError: A file cannot be removed.
    """
    paths = paths_of(state, document.name or "")
    process.stop(paths)
    try:
        paths.configuration.unlink(missing_ok=True)
    except OSError as error:
        raise refusal("remove the configuration of dnsmasq", paths.configuration, error, domain=NETWORK) from error


def forget(state: NetworkState, name: str) -> None:
    """Remove all files of a network that is gone; one that cannot be removed is logged, and harms nobody."""
    try:
        process.forget(paths_of(state, name))
    except OSError as error:
        _log.error("files of network %r stay behind: %s", name, error)


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
