"""Limits of traffic that limit nothing, or cannot be kept, are refused."""

from __future__ import annotations

import pytest

from virtkit.define.bandwidth import check
from virtkit.errors import ConfigUnsupportedError, VirtError, XMLDetailError
from virtkit.xml.netdev import Bandwidth, Traffic

WHERE = "network 'n'"


@pytest.mark.parametrize("traffic", [Traffic(), Traffic(peak=5), Traffic(burst=5)])
def test_a_direction_without_average_and_floor_limits_nothing(traffic: Traffic) -> None:
    with pytest.raises(XMLDetailError, match="<outbound> of network 'n' limits nothing: give it an average"):
        check(WHERE, Bandwidth(outbound=traffic), floors=True)


@pytest.mark.parametrize("traffic", [Traffic(floor=5, peak=9), Traffic(floor=5, burst=9)])
def test_a_peak_needs_an_average(traffic: Traffic) -> None:
    with pytest.raises(ConfigUnsupportedError, match="<inbound> of network 'n' has a peak or burst without an average"):
        check(WHERE, Bandwidth(inbound=traffic), floors=True)


@pytest.mark.parametrize(
    ("bandwidth", "floors"),
    [
        (Bandwidth(inbound=Traffic(average=5, floor=3)), False),
        (Bandwidth(inbound=Traffic(floor=3)), False),
        (Bandwidth(outbound=Traffic(average=5, floor=3)), True),
    ],
)
def test_a_floor_is_for_what_a_guest_receives(bandwidth: Bandwidth, floors: bool) -> None:
    with pytest.raises(ConfigUnsupportedError, match="of network 'n' has a floor"):
        check(WHERE, bandwidth, floors=floors)


@pytest.mark.parametrize(
    "bandwidth",
    [None, Bandwidth(), Bandwidth(inbound=Traffic(average=5, peak=3, burst=1)), Bandwidth(inbound=Traffic(floor=5))],
)
def test_limits_that_can_be_kept_are_taken(bandwidth: Bandwidth | None) -> None:
    check(WHERE, bandwidth, floors=True)


@pytest.mark.parametrize(
    ("inside", "code"),
    [("<inbound peak='5'/>", 35), ("<outbound average='5' floor='3'/>", 67), ("<inbound floor='5' peak='9'/>", 67)],
)
def test_errors_have_the_codes_that_libvirt_gives(inside: str, code: int) -> None:
    """Seen from libvirt 9.0, where a network with them was defined in its test driver."""
    from virtkit.xml.network import Network

    document = Network.parse(f"<network><name>n</name><bandwidth>{inside}</bandwidth></network>")
    with pytest.raises(VirtError) as caught:
        check(WHERE, document.bandwidth, floors=False)
    assert code == caught.value.code
