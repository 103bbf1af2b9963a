"""The device of a guest, its variables, and what is not known of it yet."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from virtkit.errors import ConfigUnsupportedError, InvalidArgError
from virtkit.xml.nwfilter import FilterRef, Match, NWFilter
from virtkit_netfilter.compiler.comparisons import references
from virtkit_netfilter.compiler.tree import Filters, placed, reached
from virtkit_netfilter.compiler.variables import NWFILTER, Values, given, name_of

MAC, IP, DHCP_SERVER, LEARNING = "MAC", "IP", "DHCPSERVER", "CTRL_IP_LEARNING"
"""Variables that mean something to us."""

Mode = Literal["any", "dhcp", "none"]
"""How the address of a guest is found out: from whatever it sends, from leases, or not at all."""

_NAME = re.compile(r"[A-Za-z0-9_.:@-]{1,15}")
"""Names of devices that can be names of chains, too."""


class Device(NamedTuple):
    """The device on the host that is the other end of a guest's interface.

    Attributes:
        name: The port device, such as vnet0.
        mac: MAC address of the guest.
        filterref: The filter, and values of variables.
        learned: IP addresses that were found out, for `$IP` where no value is given.
        bridge: The bridge it is plugged into; None: not known. Rules do not depend on it.
    """

    name: str
    mac: str
    filterref: FilterRef
    learned: tuple[str, ...] = ()
    bridge: str | None = None


class Missing(NamedTuple):
    """What a device's rules cannot be made without.

    Attributes:
        filters: Names of filters that are not defined.
        variables: Names of variables without a value.
    """

    filters: tuple[str, ...]
    variables: tuple[str, ...]


def checked_name(name: str) -> str:
    """The name of a device.

    Raises:
        InvalidArgError: It cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise InvalidArgError(
            f"{name!r} cannot be the name of a filtered device: up to 15 letters, digits and _.:@-", domain=NWFILTER
        )
    return name


def values_of(device: Device) -> Values:
    """All that is known of a device."""
    values = {name: found for name, found in given(device.filterref).items() if found}
    values.setdefault(MAC, (device.mac,))
    if device.learned:
        values.setdefault(IP, device.learned)
    return values


def missing(device: Device, filters: Filters) -> Missing:
    """What is needed for the rules of a device and not there; variables are complete once no filter is missing.

    Raises:
        OperationFailedError: A filter refers to itself.
    """
    absent = [name for name in reached(device.filterref, filters) if name not in filters]
    known = {**filters, **{name: _empty(name) for name in absent}} if absent else filters
    names: dict[str, None] = {}
    for place in placed(device.filterref, known, values_of(device)):
        for match in place.rule.matches:
            assert isinstance(match, Match)
            names.update((name, None) for name in map(name_of, references(match)) if not place.values.get(name))
    return Missing(tuple(absent), tuple(names))


def needs_learning(device: Device, filters: Filters) -> Mode | None:
    """How the address of a device has to be found out before its rules can be made; None: it need not be.

    It need not where `$IP` has a value or is not used, and must not where `CTRL_IP_LEARNING` is none.

    Raises:
        ConfigUnsupportedError: `CTRL_IP_LEARNING` is another word.
        OperationFailedError: A filter refers to itself.
    """
    mode = mode_of(device)
    return mode if mode != "none" and IP in missing(device, filters).variables else None


def mode_of(device: Device) -> Mode:
    """What `CTRL_IP_LEARNING` says.

    Raises:
        ConfigUnsupportedError: A word that is none of the modes.
    """
    said = given(device.filterref).get(LEARNING, ("any",))[0].lower()
    for mode in ("any", "dhcp", "none"):
        if said == mode:
            return mode
    raise ConfigUnsupportedError(
        f"device {device.name}: the variable {LEARNING} is {said!r}: make it any, dhcp or none", domain=NWFILTER
    )


def _empty(name: str) -> NWFilter:
    return NWFilter(name=name)
