"""The virtual functions of network cards: what networks hand out that name a `<pf>`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from virtkit.errors import InternalError
from virtkit_network.network import NETWORK

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML

CARDS = Path("/sys/class/net")
"""The cards of the host, which is where their functions are, whatever namespace the driver is in."""

PCI = re.compile(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")


class Place(NamedTuple):
    """A PCI address."""

    domain: int
    bus: int
    slot: int
    function: int


class VirtualFunction(NamedTuple):
    """A virtual function: its PCI address, and the link it has on the host; empty for none."""

    place: Place
    link: str


def of_card(card: str) -> list[VirtualFunction]:
    """The virtual functions of a card, in their order."""
    device = CARDS / card / "device"
    try:
        found = [path for path in device.iterdir() if re.fullmatch(r"virtfn\d+", path.name)]
    except OSError:
        return []
    return [each for path in sorted(found, key=lambda path: int(path.name[6:])) if (each := _read(path)) is not None]


def _read(path: Path) -> VirtualFunction | None:
    address = PCI.fullmatch(path.resolve().name)
    if address is None:
        return None
    links = sorted((path / "net").iterdir()) if (path / "net").is_dir() else []
    return VirtualFunction(Place(*(int(part, 16) for part in address.groups())), links[0].name if links else "")


def require(document: NetworkXML) -> None:
    """Refuse to start a network whose card has no virtual functions.

    Raises:
        InternalError: It has none.
    """
    card = document.forward.physical_function if document.forward is not None else None
    if card and not of_card(card):
        raise InternalError(
            f"network {document.name!r} hands out virtual functions of {card}, which has none: "
            "write their number to its sriov_numvfs first",
            domain=NETWORK,
        )
