"""What frames tell of a guest's address, by its own word and that of DHCP servers; and that no frame does harm."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugins.netfilter.tests import frames, leases
from plugins.netfilter.tests.leases import ACK, LEASE, MAC, NAK, OFFER, acknowledgement, arp, packet
from virtkit_netfilter.learning import MOST_ADDRESSES, Mode, Sighting, current, merged, sighted

ANY, DHCP, NONE = Mode.ANY, Mode.DHCP, Mode.NONE


def sent(frame: bytes, mode: Mode = ANY) -> Sighting | None:
    """What a frame from the guest tells."""
    return sighted(frame, MAC, mode, outgoing=False)


def received(frame: bytes, mode: Mode = DHCP, servers: tuple[str, ...] = ()) -> Sighting | None:
    """What a frame to the guest tells."""
    return sighted(frame, MAC, mode, outgoing=True, servers=servers)


# What the guest uses


def test_an_arp_request_tells_its_sender() -> None:
    assert Sighting("10.0.0.7") == sent(arp("10.0.0.7"))


def test_a_packet_tells_its_source() -> None:
    assert Sighting("10.0.0.7") == sent(packet("10.0.0.7"))


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "169.254.3.4", "224.0.0.1", "255.255.255.255"])
def test_an_address_that_cannot_be_a_guests_tells_nothing(address: str) -> None:
    assert sent(arp(address)) is None
    assert sent(packet(address)) is None
    assert received(acknowledgement(address)) is None


def test_what_others_say_of_a_guest_tells_nothing() -> None:
    assert sent(arp("10.0.0.7", mac=frames.OTHER)) is None
    assert sent(arp("10.0.0.7", source=frames.OTHER)) is None
    assert received(arp("10.0.0.7"), ANY) is None
    assert received(packet("10.0.0.7"), ANY) is None


def test_only_leases_count_where_dhcp_is_asked_for() -> None:
    assert sent(arp("10.0.0.7"), DHCP) is None
    assert sent(packet("10.0.0.7"), DHCP) is None
    assert Sighting("10.0.0.7", 3600) == received(acknowledgement("10.0.0.7"), DHCP)


def test_nothing_counts_where_nothing_is_to_be_learned() -> None:
    assert sent(arp("10.0.0.7"), NONE) is None
    assert received(acknowledgement("10.0.0.7"), NONE) is None


# Leases


def test_an_acknowledgement_tells_the_address_and_its_lease() -> None:
    assert Sighting("10.0.0.7", 120) == received(acknowledgement("10.0.0.7", seconds=120))
    assert Sighting("10.0.0.7", 120) == received(acknowledgement("10.0.0.7", seconds=120), ANY)


def test_a_lease_for_ever_has_no_end() -> None:
    assert Sighting("10.0.0.7") == received(acknowledgement("10.0.0.7", seconds=0xFFFFFFFF))
    assert Sighting("10.0.0.7") == received(acknowledgement("10.0.0.7", seconds=None))


def test_an_acknowledgement_that_the_guest_sent_is_no_servers() -> None:
    frame = acknowledgement("10.0.0.7")
    forged = frame[:6] + MAC + frame[12:]
    assert sent(forged, DHCP) is None
    assert Sighting("10.0.0.1") == sent(forged, ANY)  # the address it claims to send from, as in any other packet


def test_an_acknowledgement_for_another_guest_tells_nothing() -> None:
    assert received(acknowledgement("10.0.0.7", mac=frames.OTHER)) is None


def test_an_offer_is_no_lease() -> None:
    assert received(acknowledgement("10.0.0.7", kind=OFFER)) is None
    assert received(acknowledgement("10.0.0.7", kind=NAK)) is None


def test_only_the_servers_that_are_named_are_believed() -> None:
    assert received(acknowledgement("10.0.0.7", server="10.0.0.9"), servers=("10.0.0.1", "10.0.0.2")) is None
    assert Sighting("10.0.0.7", 3600) == received(acknowledgement("10.0.0.7"), servers=("10.0.0.1", "10.0.0.2"))


def test_headers_with_options_are_understood() -> None:
    data = leases.message(2, ACK, leases.option(LEASE, bytes((0, 0, 0, 60))), yours="10.0.0.7")
    assert Sighting("10.0.0.7", 60) == received(leases.from_server(data, words=b"\x01" * 8))


def test_a_fragment_is_no_message() -> None:
    whole = bytearray(acknowledgement("10.0.0.7"))
    whole[21] = 9
    assert received(bytes(whole)) is None


def test_padding_before_an_option_is_skipped_and_what_follows_the_end_is_not_read() -> None:
    lease = leases.option(LEASE, bytes((0, 0, 0, 60)))

    def told(options: bytes) -> Sighting | None:
        return received(leases.from_server(leases.message(2, ACK, options, yours="10.0.0.7")))

    assert Sighting("10.0.0.7", 60) == told(b"\0\0\0" + lease)
    assert Sighting("10.0.0.7") == told(b"\xff" + lease)
    assert Sighting("10.0.0.7") == told(lease[:1] + b"\x40" + lease[2:])  # longer than the message: as if not there


@pytest.mark.parametrize("frame", [leases.release("10.0.0.7"), leases.decline("10.0.0.7")])
def test_a_guest_gives_an_address_back(frame: bytes) -> None:
    assert Sighting("10.0.0.7", gone=True) == sent(frame, DHCP)
    assert received(frame, DHCP) is None


# Hostile frames


@given(st.binary(max_size=600), st.sampled_from(list(Mode)), st.booleans())
def test_no_frame_makes_it_fail(frame: bytes, mode: Mode, outgoing: bool) -> None:
    found = sighted(frame, MAC, mode, outgoing=outgoing)
    assert found is None or found.address


@given(
    st.sampled_from([acknowledgement("10.0.0.7"), leases.release("10.0.0.7"), arp("10.0.0.7")]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(0, 400),
    st.booleans(),
)
@example(acknowledgement("10.0.0.7"), [(14, 0x4F)], 400, True)  # a header longer than the packet
@example(acknowledgement("10.0.0.7"), [(283, 255)], 400, True)  # an option longer than the packet
def test_no_damage_to_a_frame_makes_it_fail(
    frame: bytes, changes: list[tuple[int, int]], length: int, outgoing: bool
) -> None:
    damaged = bytearray(frame)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    for mode in Mode:
        found = sighted(bytes(damaged[:length]), MAC, mode, outgoing=outgoing)
        assert found is None or 0 < int(found.address.split(".")[0]) < 224


# What is known of a guest


def test_the_first_address_stays_where_any_is_taken() -> None:
    first = merged({}, Sighting("10.0.0.7", 60), ANY, 1000)
    assert {"10.0.0.7": None} == first
    assert first == merged(first, Sighting("10.0.0.8"), ANY, 1000)
    assert first == merged(first, Sighting("10.0.0.7", gone=True), ANY, 1000)


def test_every_lease_counts_until_it_ends() -> None:
    first = merged({}, Sighting("10.0.0.7", 60), DHCP, 1000)
    both = merged(first, Sighting("10.0.0.8"), DHCP, 1010)
    assert {"10.0.0.7": 1060, "10.0.0.8": None} == both
    assert both == current(both, 1059)
    assert {"10.0.0.8": None} == current(both, 1060)


def test_a_lease_that_is_renewed_lasts_longer_and_keeps_its_place() -> None:
    both = {"10.0.0.7": 1060, "10.0.0.8": 1100}
    assert [("10.0.0.7", 1090), ("10.0.0.8", 1100)] == list(merged(both, Sighting("10.0.0.7", 60), DHCP, 1030).items())


def test_an_address_that_is_given_back_is_gone() -> None:
    assert {} == merged({"10.0.0.7": None}, Sighting("10.0.0.7", gone=True), DHCP, 1000)
    assert {} == merged({}, Sighting("10.0.0.7", gone=True), DHCP, 1000)


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=60))
def test_a_guest_has_a_bounded_number_of_addresses(addresses: list[str]) -> None:
    known: dict[str, int | None] = {}
    for address in addresses:
        known = merged(known, Sighting(address, 60), DHCP, 1000)
    assert len(known) == min(len(set(addresses)), MOST_ADDRESSES)
