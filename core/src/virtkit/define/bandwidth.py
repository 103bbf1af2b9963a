"""What a `<bandwidth>` may say, on networks, port groups, ports and interfaces of guests."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLDetailError
from virtkit.xml.netdev import Bandwidth, Traffic


def check(where: str, bandwidth: Bandwidth | None, *, floors: bool) -> None:
    """Refuse limits that limit nothing, or that cannot be kept.

    Args:
        where: What they are of, for the error: `network 'default'`.
        bandwidth: The limits; None: there are none.
        floors: Whether a floor makes sense there: for one guest on a network, not for a network.

    Raises:
        XMLDetailError: A direction has neither average nor floor.
        ConfigUnsupportedError: A floor where there can be none, or a peak or burst without an average.
    """
    if bandwidth is None:
        return
    for direction, traffic in (("inbound", bandwidth.inbound), ("outbound", bandwidth.outbound)):
        if traffic is not None:
            _check(f"<{direction}> of {where}", traffic, floors=floors and direction == "inbound")


def _check(where: str, traffic: Traffic, *, floors: bool) -> None:
    if traffic.average is None and traffic.floor is None:
        raise XMLDetailError(f"{where} limits nothing: give it an average", domain=ErrorDomain.NONE)
    if traffic.floor is not None and not floors:
        raise ConfigUnsupportedError(
            f"{where} has a floor, which only what a guest on a network receives can have: leave it out",
            domain=ErrorDomain.NONE,
        )
    if traffic.average is None and (traffic.peak is not None or traffic.burst is not None):
        raise ConfigUnsupportedError(
            f"{where} has a peak or burst without an average: give it one", domain=ErrorDomain.NONE
        )
