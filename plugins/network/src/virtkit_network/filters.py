"""Which networks a list is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllNetworksFlags as Listed
from virtkit.services.filters import Filter, matching
from virtkit_network.network import NETWORK

if TYPE_CHECKING:
    from virtkit_network.network import Network

FILTERS = (
    Filter["Network"](Listed.ACTIVE, Listed.INACTIVE, lambda network: network.live is not None),
    Filter["Network"](Listed.PERSISTENT, Listed.TRANSIENT, lambda network: network.config is not None),
    Filter["Network"](Listed.AUTOSTART, Listed.NO_AUTOSTART, lambda network: network.autostart),
)


def chosen(networks: list[Network], flags: int) -> list[Network]:
    """The networks that pass every group of flags of which any is set.

    Raises:
        InvalidArgError: A flag nobody knows.
    """
    return matching(networks, FILTERS, flags, "connect_list_all_networks", domain=NETWORK)
