"""The rules of a network in the kernel: those of its document, and its port forwards to where guests are now."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit.network.connections import forget
from virtkit.network.nftables import RefusedError, apply
from virtkit_network import forwarding, ruleset, server

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.forwarding import Target
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState

_log = logging.getLogger(__name__)


def targets(state: NetworkState, document: NetworkXML) -> list[Target]:
    """Where the port forwards of a network lead by what leases say now."""
    forwards = forwarding.read(document)
    return forwarding.resolve(forwards, document, server.handed_out(state, document)) if forwards else []


def install(state: NetworkState, network: Network, document: NetworkXML) -> None:
    """Put all rules of a document in force, in one transaction, in the place of those its network has.

    Raises:
        RefusedError: The kernel refuses; what was in force is so still.
        ConfigUnsupportedError: nftables cannot be used here.
    """
    found = targets(state, document)
    apply(ruleset.install(document, found))
    _lead(network, found)


def install_first(state: NetworkState, network: Network, document: NetworkXML) -> None:
    """The same for a network that is being started, and has no rules.

    To replace nothing is 10 ms cheaper than to replace a table that is not there: the kernel lets go of what was
    replaced only when none of its processors can look at it any more, and waits for that.

    Raises:
        VirtError: As `install`.
    """
    found = targets(state, document)
    complete = ruleset.install(document, found)
    bare = [command for command in complete if not any("table" in what for what in command.values())]
    name = {"family": ruleset.FAMILY, "name": ruleset.table_of(document)}
    try:
        apply([{"create": {"table": name}}, *bare])
    except RefusedError:  # what an earlier start has left, or something that is worth telling
        apply(complete)
    network.targets = []
    _lead(network, found)


def follow(network: Network, document: NetworkXML, found: Sequence[Target]) -> None:
    """Have the port forwards of a network lead to other addresses; errors as from `install`."""
    if network.targets != found:
        apply(ruleset.follow(document, found))
        _lead(network, list(found))


def remove(document: NetworkXML) -> None:
    """Remove the rules of a network; none are no error. Errors as from `install`."""
    apply(ruleset.remove(document))


def _lead(network: Network, found: list[Target]) -> None:
    """Note where forwards lead, and forget connections that would go on to where they led.

    What was in force is not known of a network that was just adopted: its connections go on.
    """
    before, network.targets = network.targets, found
    if before is None:
        return
    try:
        forget(forwarding.changed(before, found))
    except VirtError as error:
        _log.warning("%s: connections to forwarded ports go on to where they led: %s", network.subject, error)
