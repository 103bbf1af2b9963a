"""What a guest agent says, as records: believed no further than its form."""

from __future__ import annotations

import re
import socket
from typing import Any, TypeVar

from virtkit.enums import IPAddrType
from virtkit.records import DomainInterface, IPAddress
from virtkit_qemu.agent import NonsenseError, quoted

T = TypeVar("T")

NAME_CHARACTERS = 255
"""So long the name of a host, or of an interface of any system, may be."""

MOST = 4096
"""So many interfaces, and so many addresses of all of them, a guest may have."""

_FAMILIES = {"ipv4": (IPAddrType.IPV4, socket.AF_INET, 32), "ipv6": (IPAddrType.IPV6, socket.AF_INET6, 128)}
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HARDWARE = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){0,31}")


def interfaces(answer: object) -> list[DomainInterface]:
    """The answer to `guest-network-get-interfaces`: one entry per interface, with the addresses of its aliases too.

    Raises:
        NonsenseError: It is none.
    """
    found: dict[str, DomainInterface] = {}
    for each in _list(answer, "interfaces"):
        entry = _typed(each, dict, "an interface")
        alias = _text(entry.get("name"), "the name of an interface")
        name = alias.partition(":")[0] or alias  # eth0:1 is more of eth0
        known = found.setdefault(name, DomainInterface(name, _hardware(entry), []))
        known.addrs.extend(_address(one) for one in _list(entry.get("ip-addresses", []), "addresses"))
    if sum(len(each.addrs) for each in found.values()) > MOST:
        raise NonsenseError(f"more than {MOST} addresses")
    return list(found.values())


def hostname(answer: object) -> str:
    """The answer to `guest-get-host-name`; empty where the guest has none.

    Raises:
        NonsenseError: It is none.
    """
    name = _typed(answer, dict, "a host name").get("host-name")
    return "" if name == "" else _text(name, "a host name")


def _address(given: object) -> IPAddress:
    entry = _typed(given, dict, "an address")
    kind = entry.get("ip-address-type")
    if not isinstance(kind, str) or kind not in _FAMILIES:
        raise NonsenseError(f"an address of type {quoted(kind)}")
    family, protocol, bits = _FAMILIES[kind]
    text = _text(entry.get("ip-address"), "an address")
    try:
        socket.inet_pton(protocol, text.partition("%")[0])  # what follows is the interface of a link's own address
    except (OSError, ValueError) as cause:
        raise NonsenseError(f"an address that is none: {quoted(text)}") from cause
    prefix = entry.get("prefix")
    if type(prefix) is not int or not 0 <= prefix <= bits:
        raise NonsenseError(f"an address with prefix {quoted(prefix)}")
    return IPAddress(family, text, prefix)


def _hardware(entry: dict[str, Any]) -> str | None:
    given = entry.get("hardware-address")
    if given is None:
        return None
    address = _text(given, "a hardware address")
    if not _HARDWARE.fullmatch(address):
        raise NonsenseError(f"a hardware address that is none: {quoted(address)}")
    return address


def _text(given: object, what: str) -> str:
    text = _typed(given, str, what)
    if not 0 < len(text) <= NAME_CHARACTERS or _UNFIT.search(text):
        raise NonsenseError(f"{what} that is none: {quoted(text)}")
    return text


def _list(given: object, what: str) -> list[Any]:
    found = _typed(given, list, what)
    if len(found) > MOST:
        raise NonsenseError(f"more than {MOST} {what}")
    return found


def _typed(given: object, kind: type[T], what: str) -> T:
    if not isinstance(given, kind):
        raise NonsenseError(f"{what} that is none: {quoted(given)}")
    return given
