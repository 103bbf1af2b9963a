"""The rules of a network in the kernel: those of its document, and its port forwards to where guests are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.network.nftables import RefusedError, apply
from virtkit_network import forwarding, ruleset, server

if TYPE_CHECKING:
    from virtkit.network.nftables import Command
    from virtkit.xml.network import Network
    from virtkit_network.forwarding import Target
    from virtkit_network.state import NetworkState


def targets(state: NetworkState, document: Network) -> list[Target]:
    """Where the port forwards of a network lead now."""
    forwards = forwarding.read(document)
    return forwarding.resolve(forwards, document, server.handed_out(state, document)) if forwards else []


def commands(state: NetworkState, document: Network) -> list[Command]:
    """What puts all rules of a network in force, in the place of those it has."""
    return ruleset.install(document, targets(state, document))


def install(state: NetworkState, document: Network) -> None:
    """Put all rules of a network in force, in one transaction.

    Raises:
        RefusedError: The kernel refuses; what was in force is so still.
        ConfigUnsupportedError: nftables cannot be used here.
    """
    apply(commands(state, document))


def install_first(state: NetworkState, document: Network) -> None:
    """The same for a network that is being started, and has no rules.

    To replace nothing is 10 ms cheaper than to replace a table that is not there: the kernel lets go of what was
    replaced only when none of its processors can look at it any more, and waits for that.

    Raises:
        VirtError: As `install`.
    """
    complete = commands(state, document)
    bare = [command for command in complete if not any("table" in what for what in command.values())]
    name = {"family": ruleset.FAMILY, "name": ruleset.table_of(document)}
    try:
        apply([{"create": {"table": name}}, *bare])
    except RefusedError:  # what an earlier start has left, or something that is worth telling
        apply(complete)


def follow(document: Network, found: list[Target]) -> None:
    """Have the port forwards of a network lead to other addresses; errors as from `install`."""
    apply(ruleset.follow(document, found))


def remove(document: Network) -> None:
    """Remove the rules of a network; none are no error. Errors as from `install`."""
    apply(ruleset.remove(document))
