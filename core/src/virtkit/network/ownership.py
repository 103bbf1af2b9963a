"""Whose an interface is and what it is on: what ports, bindings, devices and messages tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError

if TYPE_CHECKING:
    from virtkit.network.links import Link, Links
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.interface import Interface

Peers = Mapping[str, Callable[..., Any]]
"""Functions of the other drivers; see `virtkit.driver.OpenRequest`."""

PLUGGED = ("network", "bridge", "direct", "ethernet")
"""Types of interfaces that end on the host."""

BRIDGED = ("network", "bridge")
"""Types of interfaces whose device is plugged into a bridge, once they are settled."""

HIGHEST, NEXT = "fe:", "fa:"
"""How addresses of taps begin: so high that a bridge does not take one for its own; the second for guests whose own
address begins with the first."""


class Owner(NamedTuple):
    """A guest.

    Attributes:
        name: Name of its domain.
        uuid: Its UUID, 16 raw bytes.
        driver: Error domain of its driver.
    """

    name: str
    uuid: bytes
    driver: ErrorDomain

    def about(self, interface: Interface) -> str:
        """The beginning of what is said of one of its interfaces that cannot be plugged in."""
        return f"domain {self.name!r} cannot start: its interface {mac_of(interface)}"


def mac_of(interface: Interface) -> str:
    """The guest's address, lower case; empty where the document has none."""
    return (interface.mac.address if interface.mac else None) or ""


def find(domain: Domain, device: str, error_domain: int) -> Interface:
    """The interface of a domain that a caller means by the name of its device or by its address.

    Raises:
        InvalidArgError: It has none, or the address is that of several.
    """
    found = [each for each in domain.devices.interfaces if device and device in (device_of(each), mac_of(each))]
    found = found or [each for each in domain.devices.interfaces if mac_of(each) == device.lower()]
    if len(found) != 1:
        what = "several interfaces" if found else "no interface"
        raise InvalidArgError(
            f"domain {domain.name!r} has {what} {device!r}: give its <target dev> or its MAC address",
            domain=error_domain,
        )
    return found[0]


def tap_mac(interface: Interface) -> str:
    """The address of the device on the host where that is not the guest's own."""
    mac = mac_of(interface)
    return (NEXT if mac.startswith(HIGHEST) else HIGHEST) + mac[len(HIGHEST) :]


def device_of(interface: Interface) -> str | None:
    """The device on the host that is the other end; None where there is none."""
    return interface.target.dev if interface.target else None


def name_device(interface: Interface, name: str) -> None:
    """Write the name of the device into an interface."""
    from virtkit.xml.domain.devices.interface import InterfaceTarget

    interface.target = interface.target or InterfaceTarget()
    interface.target.dev = name


def is_managed(interface: Interface) -> bool:
    """Whether the device of an interface is made and configured by us."""
    return interface.type != "ethernet" or interface.target is None or interface.target.managed is not False


def bridge_of(links: Links, interface: Interface) -> Link | None:
    """The bridge that a settled interface is plugged into; None where it is none, or does not exist."""
    name = interface.source.bridge if interface.source else None
    found = links.find(name) if name and interface.type in BRIDGED else None
    return found if found is not None and found.kind == "bridge" else None
