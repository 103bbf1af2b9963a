"""What went through the devices of guests' interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from virtkit.records import InterfaceStats

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.interface import Interface

RECEIVED = ("rx_bytes", "rx_packets", "rx_errors", "rx_dropped")
SENT = ("tx_bytes", "tx_packets", "tx_errors", "tx_dropped")
"""Names of the kernel's counters, in the order of `InterfaceStats`."""


def seen_from_guest(counters: Mapping[str, int], interface: Interface) -> InterfaceStats:
    """Counters of a device as the guest sees them.

    What the host sends into a tap the guest receives; what a macvtap receives the guest receives.

    Args:
        counters: One value of what `Links.counters` returns.
        interface: The interface whose device it is.
    """
    ways = (RECEIVED, SENT) if interface.type == "direct" else (SENT, RECEIVED)
    return InterfaceStats(*(counters[name] for way in ways for name in way))
