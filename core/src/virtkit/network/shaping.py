"""Limits of traffic on links, by the kernel's traffic control; see tc(8).

    with Links() as links:
        apply(links, "vnet0", bandwidth)              # a guest's tap
        apply(links, "macvtap0", mirrored(bandwidth)) # a guest's macvtap: what the guest gets, this link receives

    share(links, "virbr0", bandwidth, promised=512)   # a bridge, whose guests divide what is there
    promise(links, "virbr0", bandwidth, guarantee, promised=640)
    withdraw(links, "virbr0", bandwidth, guarantee, promised=512)

What a link sends is queued (htb). What it receives is policed where the kernel can, which drops what is too much; else
it is sent through a link of kind ifb and queued there. Which of both is found out by trying.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.network import classifier
from virtkit.network.links import NAME_LIMIT, Links

if TYPE_CHECKING:
    from virtkit.xml.netdev import Bandwidth, Traffic

KIB = 1024
"""Rates of documents are in KiB per second, of the kernel in bytes per second."""

RATE_LIMIT = 2**32 // KIB - 1
"""KiB per second: what 32 bits of bytes hold."""

ROOT, TOP, REST = 0x1_0000, 0x1_0001, 0x1_0002
"""Our discipline `1:`, the class `1:1` of everything, and `1:2` of whatever was promised to nobody."""

FIRST_CLASS, LAST_CLASS = 3, 0xFFF0
"""The numbers of guarantees' classes; the discipline below a class has the next number, and `ffff:` is taken."""

RECEIVED = 0xFFFF_0000
"""The discipline `ffff:` of what a link receives."""

LARGEST_PACKET = 64 * KIB
"""Bytes: what links of guests hand over at once, before it is cut into packets of the MTU."""

EVERYTHING = ["0x0/0x0+0"]
"""Matches any packet."""

PERTURB_SECONDS = 10
"""How often flows are spread over the queues of sfq anew."""


class Guarantee(NamedTuple):
    """What one guest on a bridge gets at the least.

    Attributes:
        number: Of its class, from `FIRST_CLASS` to `LAST_CLASS`, unique on the bridge.
        mac: Address of the guest.
        floor: KiB per second.
    """

    number: int
    mac: str
    floor: int


def apply(links: Links, name: str, bandwidth: Bandwidth | None) -> None:
    """Limit what a link sends (`inbound`, to the guest) and receives (`outbound`), in the place of earlier limits.

    Args:
        links: Where the link is.
        name: The link.
        bandwidth: The limits; a direction without an `average` has none.

    Raises:
        ConfigUnsupportedError: The kernel lacks what this needs; the message names it. The link has no limits then.
        InternalError: There is no such link.
    """
    clear(links, name)
    if bandwidth is None:
        return
    try:
        if bandwidth.inbound is not None and bandwidth.inbound.average:
            _send_at(links, name, bandwidth.inbound)
        _receive_at(links, name, bandwidth.outbound)
    except BaseException:
        clear(links, name)
        raise


def share(links: Links, bridge: str, bandwidth: Bandwidth, promised: int = 0) -> None:
    """Limit what a bridge sends to its guests together, so that parts of it can be promised, and what it receives.

    Args:
        links: Where the bridge is.
        bridge: The bridge.
        bandwidth: The limits of the network; `inbound` needs an average.
        promised: Sum of the floors that are promised, in KiB per second.

    Raises:
        VirtError: As for `apply`.
    """
    clear(links, bridge)
    inbound = bandwidth.inbound
    try:
        if inbound is not None and inbound.average:
            _send_at(links, bridge, inbound, default=REST)
            _class(links, bridge, "add-class", REST, TOP, _rest(inbound, promised), inbound)
        _receive_at(links, bridge, bandwidth.outbound)
    except BaseException:
        clear(links, bridge)
        raise


def promise(links: Links, bridge: str, bandwidth: Bandwidth, guarantee: Guarantee, promised: int) -> None:
    """Keep a part of what a bridge sends for one guest; what the guest does not use is there for the others.

    Args:
        links: Where the bridge is.
        bridge: The bridge, with limits from `share`.
        bandwidth: The limits of the network.
        guarantee: What is promised, and to whom.
        promised: Sum of all floors, this one among them, in KiB per second.

    Raises:
        ConfigUnsupportedError: More is promised than the network has, or the network has no limit.
        InternalError: The class is taken, or the bridge has no limits yet.
    """
    inbound = _shared(bridge, bandwidth)
    if promised > (inbound.average or 0):
        raise ConfigUnsupportedError(
            f"guests of {bridge} cannot be promised {promised} KiB/s: it has {inbound.average} KiB/s in all"
        )
    if not _is_limited(links, _index(links, bridge)):
        raise InternalError(f"{bridge} has no limits to promise a part of: give its network an inbound average")
    number = ROOT | guarantee.number
    _class(links, bridge, "add-class", number, TOP, guarantee.floor, inbound)
    try:
        with _needing(bridge, "u32"):
            classifier.add(_index(links, bridge), ROOT, guarantee.number, guarantee.mac, number)
        _class(links, bridge, "change-class", REST, TOP, _rest(inbound, promised), inbound)
    except BaseException:
        withdraw(links, bridge, bandwidth, guarantee, promised - guarantee.floor)
        raise


def withdraw(links: Links, bridge: str, bandwidth: Bandwidth, guarantee: Guarantee, promised: int) -> None:
    """Take a promise back; one that was not made is no error.

    Args:
        links: Where the bridge is.
        bridge: The bridge.
        bandwidth: The limits of the network.
        guarantee: What was promised.
        promised: Sum of the floors that are left.
    """
    link = links.find(bridge)
    if link is None or not _is_limited(links, link.number):
        return
    with _forgiving():
        classifier.remove(link.number, ROOT, guarantee.number)
    with _forgiving():
        links.socket.tc("del-class", index=link.number, handle=ROOT | guarantee.number)
    inbound = _shared(bridge, bandwidth)
    _class(links, bridge, "change-class", REST, TOP, _rest(inbound, promised), inbound)


def clear(links: Links, name: str) -> None:
    """Remove the limits of a link; none, or no such link, is no error."""
    link = links.find(name)
    if link is not None:
        for found in links.socket.get_qdiscs(link.number):
            kind, parent = found.get_attr("TCA_KIND"), found["parent"]
            if (kind, parent) in (("htb", 0xFFFF_FFFF), ("ingress", 0xFFFF_FFF1)):
                with _forgiving():
                    links.socket.tc("del", kind, index=link.number, handle=found["handle"])
    links.delete(queue_of(name))


def mirrored(bandwidth: Bandwidth) -> Bandwidth:
    """The same limits for a link that is on the guest's side: it receives what the guest gets."""
    return type(bandwidth)(inbound=bandwidth.outbound, outbound=bandwidth.inbound)


def queue_of(name: str) -> str:
    """The name of the link in which is queued what a link receives."""
    wanted = f"ifb-{name}"
    return wanted if len(wanted) <= NAME_LIMIT else f"ifb-{hashlib.sha256(name.encode()).hexdigest()[:11]}"


# Sending


def _send_at(links: Links, name: str, traffic: Traffic, default: int = TOP) -> None:
    index = _index(links, name)
    with _needing(name, "htb"):
        links.socket.tc("add", "htb", index=index, handle=ROOT, default=default & 0xFFFF)
    _class(links, name, "add-class", TOP, ROOT, traffic.average or 0, traffic)
    if default == TOP:
        _spread(links, index, TOP)


def _class(links: Links, name: str, verb: str, number: int, parent: int, rate: int, traffic: Traffic) -> None:
    """A class that gets `rate` KiB per second, and the network's most if nobody else wants that."""
    ceiling = max(traffic.peak or traffic.average or rate, rate)
    more = {"burst": traffic.burst * KIB} if traffic.burst else {}
    with _needing(name, "htb"):
        links.socket.tc(
            verb,
            "htb",
            index=_index(links, name),
            handle=number,
            parent=parent,
            rate=_bytes(name, max(rate, 1)),
            ceil=_bytes(name, max(ceiling, 1)),
            mtu=LARGEST_PACKET,
            **more,
        )
    if verb == "add-class" and parent == TOP:
        _spread(links, _index(links, name), number)


def _spread(links: Links, index: int, number: int) -> None:
    """Let the connections in a class take turns, where the kernel can; else the first comes first."""
    with _forgiving():
        handle = (number & 0xFFFF) + 1 << 16
        links.socket.tc("add", "sfq", index=index, handle=handle, parent=number, perturb=PERTURB_SECONDS)


def _rest(inbound: Traffic, promised: int) -> int:
    return max((inbound.average or 0) - promised, 1)


def _shared(bridge: str, bandwidth: Bandwidth) -> Traffic:
    if bandwidth.inbound is None or not bandwidth.inbound.average:
        raise ConfigUnsupportedError(
            f"guests of {bridge} can be promised a floor only if the network has an inbound average: give it one"
        )
    return bandwidth.inbound


# Receiving


def _receive_at(links: Links, name: str, traffic: Traffic | None) -> None:
    if traffic is None or not traffic.average:
        return
    with _needing(name, "ingress"):
        links.socket.tc("add", "ingress", index=_index(links, name), handle=RECEIVED)
    if not _police(links, name, traffic):
        _redirect(links, name, traffic)


def _police(links: Links, name: str, traffic: Traffic) -> bool:
    """Drop what is received beyond the average; False: the kernel cannot."""
    from pyroute2.netlink.exceptions import NetlinkError

    rate = _bytes(name, traffic.average or 0)
    try:
        links.socket.tc(
            "add-filter",
            "u32",
            **_all_received(links, name),
            rate=rate,
            burst=(traffic.burst or traffic.average or 0) * KIB,
            mtu=LARGEST_PACKET,
            action="drop",
        )
    except NetlinkError as error:
        if error.code in (errno.ENOENT, errno.EOPNOTSUPP):
            return False
        raise InternalError(f"cannot limit what {name} receives: {error}") from error
    return True


def _redirect(links: Links, name: str, traffic: Traffic) -> None:
    """Queue what is received in a link of its own."""
    queue = queue_of(name)
    with _needing(name, "ifb"):
        links.socket.link("add", ifname=queue, kind="ifb")
    links.set_up(queue)
    _send_at(links, queue, traffic)
    to = {"kind": "mirred", "direction": "egress", "action": "redirect", "ifindex": _index(links, queue)}
    with _needing(name, "act_mirred"):
        links.socket.tc("add-filter", "u32", **_all_received(links, name), action=to)


def _all_received(links: Links, name: str) -> dict[str, Any]:
    """A filter that matches all that a link receives."""
    index = _index(links, name)
    return {"index": index, "parent": RECEIVED, "prio": 1, "protocol": 3, "target": TOP, "keys": EVERYTHING}


# The kernel


def _index(links: Links, name: str) -> int:
    link = links.find(name)
    if link is None:
        raise InternalError(f"there is no link {name} on this host", str1=name)
    return link.number


def _is_limited(links: Links, index: int) -> bool:
    """Whether a link has our discipline."""
    return any((each["handle"], each.get_attr("TCA_KIND")) == (ROOT, "htb") for each in links.socket.get_qdiscs(index))


def _bytes(name: str, rate: int) -> int:
    if rate > RATE_LIMIT:
        raise ConfigUnsupportedError(f"cannot limit {name} to {rate} KiB/s: at most {RATE_LIMIT}")
    return rate * KIB


@contextmanager
def _needing(name: str, part: str) -> Iterator[None]:
    """Turn what netlink refuses into an error that names the part of the kernel."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        yield
    except (NetlinkError, OSError) as error:
        if _number(error) in (errno.ENOENT, errno.EOPNOTSUPP):
            raise ConfigUnsupportedError(
                f"cannot limit the traffic of {name}: this host's kernel lacks {part}"
            ) from error
        raise InternalError(f"cannot limit the traffic of {name} with {part}: {error}") from error


@contextmanager
def _forgiving() -> Iterator[None]:
    """What is not there need not be removed."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        yield
    except (NetlinkError, OSError) as error:
        if _number(error) not in (errno.ENOENT, errno.ENODEV, errno.EINVAL):  # EINVAL: the discipline is gone
            raise InternalError(f"cannot change limits of traffic: {error}") from error


def _number(error: Exception) -> int | None:
    """The errno of what the kernel refused."""
    return getattr(error, "code", None) or getattr(error, "errno", None)
