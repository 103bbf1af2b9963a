"""Limits of a network's bridge, and the rates that ports are guaranteed on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError
from virtkit_network.network import NETWORK

if TYPE_CHECKING:
    from virtkit.network.links import Links
    from virtkit.xml.network import Network
    from virtkit.xml.networkport import NetworkPort


def limit(links: Links, document: Network) -> None:
    """Put the limits of a network in force on its bridge."""
    raise ConfigUnsupportedError(f"network {document.name!r} has a <bandwidth>, which is not there yet", domain=NETWORK)


def unlimit(links: Links, document: Network) -> None:
    """Take the limits of a network away."""


def exchange(document: Network, old: NetworkPort | None, new: NetworkPort | None) -> None:
    """Guarantee a port its rate on the network's bridge, in the place of another."""
