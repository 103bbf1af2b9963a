"""Rules with a memory of connections, proven with connections: by marks here, by the bridge's own tracking elsewhere.

Where the kernel has no connection tracking in the bridge, or does as if it had none, marks of br_netfilter do the work.
The test kernel has it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.frames import GUEST, GUEST_IP, HOST_IP, PEER, PEER_IP, ethernet, ipv4, udp
from plugins.netfilter.tests.lan import DEVICE, Lan, lan
from plugins.netfilter.tests.rulesets import FILTERS, device
from tests.namespaces import Namespace
from virtkit.network.nftables import apply
from virtkit_netfilter.compiler import TABLE, install
from virtkit_netfilter.probing import Abilities, probe

REST_DROPPED = "<rule action='drop' direction='inout' priority='900'><all/></rule>"

PATIENCE = 0.7
"""Seconds after which a connection does not come: what passes here takes milliseconds."""


@pytest.fixture(name="lan")
def _lan(network: Namespace) -> Iterator[Lan]:
    with lan(network) as made:
        yield made


def connects(client: Namespace, server: Namespace, address: str, port: int) -> bool:
    """Whether a TCP connection can be made, and used both ways."""
    with server.entered():
        listening = socket.create_server((address, port))
    with client.entered():
        calling = socket.socket()
    with listening, calling:
        calling.settimeout(PATIENCE)
        listening.settimeout(PATIENCE)
        try:
            calling.connect((address, port))
            answering, _ = listening.accept()
        except OSError:
            return False
        with answering:
            answering.settimeout(PATIENCE)
            calling.sendall(b"ping")
            answering.sendall(answering.recv(4).replace(b"i", b"o"))
            return calling.recv(4) == b"pong"


def answers(client: Namespace, server: Namespace, address: str, port: int) -> bool:
    """Whether a UDP datagram arrives and its answer, too."""
    with server.entered():
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with client.entered():
        calling = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listening, calling:
        listening.bind((address, port))
        listening.settimeout(PATIENCE)
        calling.settimeout(PATIENCE)
        calling.sendto(b"ping", (address, port))
        try:
            data, origin = listening.recvfrom(9)
            listening.sendto(data, origin)
            return calling.recv(9) == b"ping"
        except OSError:
            return False


def out_opens_connections_and_gets_replies(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        f"<rule action='accept' direction='out'><tcp dstportstart='80' dstportend='81'/></rule>{REST_DROPPED}",
        abilities=abilities,
    )
    assert connects(lan.guest, lan.peer, PEER_IP, 80)
    assert connects(lan.guest, lan.host, HOST_IP, 81)
    assert not connects(lan.guest, lan.peer, PEER_IP, 82)
    assert not connects(lan.peer, lan.guest, GUEST_IP, 80)
    assert not connects(lan.host, lan.guest, GUEST_IP, 80)
    assert connects(lan.peer, lan.other, frames.OTHER_IP, 82)


def in_opens_connections_to_the_guest(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        f"<rule action='accept' direction='in'><tcp srcipaddr='{PEER_IP}' dstportstart='22'/></rule>"
        f"<rule action='accept' direction='in'><tcp srcipaddr='{HOST_IP}' dstportstart='22'/></rule>{REST_DROPPED}",
        abilities=abilities,
    )
    assert connects(lan.peer, lan.guest, GUEST_IP, 22)
    assert connects(lan.host, lan.guest, GUEST_IP, 22)
    assert not connects(lan.other, lan.guest, GUEST_IP, 22)
    assert not connects(lan.guest, lan.peer, PEER_IP, 22)
    assert not connects(lan.guest, lan.host, HOST_IP, 22)


def a_reply_needs_a_question(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        f"<rule action='accept' direction='out'><udp dstportstart='53'/></rule>{REST_DROPPED}", abilities=abilities
    )
    unasked = ethernet(ipv4(udp(source=53, target=4000), source=PEER_IP, target=GUEST_IP), source=PEER, target=GUEST)
    assert "guest" not in lan.sent("peer", unasked)
    assert answers(lan.guest, lan.peer, PEER_IP, 53)
    assert not answers(lan.guest, lan.peer, PEER_IP, 54)
    assert "guest" not in lan.sent("peer", unasked)


def without_a_memory_whatever_looks_like_a_reply_passes(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        "<rule action='accept' direction='out' statematch='false'><udp dstportstart='53'/></rule>" + REST_DROPPED,
        abilities=abilities,
    )
    unasked = udp(source=53, target=4000)
    asked = udp(source=4000, target=53)
    assert "guest" in lan.sent(
        "peer", ethernet(ipv4(unasked, source=PEER_IP, target=GUEST_IP), source=PEER, target=GUEST)
    )
    assert "guest" not in lan.sent(
        "peer", ethernet(ipv4(asked, source=PEER_IP, target=GUEST_IP), source=PEER, target=GUEST)
    )
    assert lan.sent("guest", ethernet(ipv4(asked)))


def pings_go_one_way(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        "<rule action='accept' direction='out'><icmp type='8'/></rule>"
        f"<rule action='accept' direction='in'><icmp type='0' state='ESTABLISHED'/></rule>{REST_DROPPED}",
        abilities=abilities,
    )
    assert lan.guest.pings(PEER_IP)
    assert lan.guest.pings(HOST_IP)
    assert not lan.peer.pings(GUEST_IP, timeout=1)
    assert not lan.host.pings(GUEST_IP, timeout=1)


def named_states_go_one_way(lan: Lan, abilities: Abilities) -> None:
    both = "<rule action='accept' direction='in'><tcp state='ESTABLISHED'/></rule>"
    new = "<rule action='accept' direction='out'><tcp state='NEW,ESTABLISHED'/></rule>"
    lan.filter(new + REST_DROPPED, abilities=abilities)
    assert not connects(lan.guest, lan.peer, PEER_IP, 80)
    lan.filter(new + both + REST_DROPPED, abilities=abilities)
    assert connects(lan.guest, lan.peer, PEER_IP, 80)
    assert not connects(lan.peer, lan.guest, GUEST_IP, 80)


def a_drop_is_for_both_ways(lan: Lan, abilities: Abilities) -> None:
    lan.filter("<rule action='drop' direction='in'><tcp dstportstart='22'/></rule>", abilities=abilities)
    assert not connects(lan.peer, lan.guest, GUEST_IP, 22)
    assert connects(lan.peer, lan.guest, GUEST_IP, 23)
    assert connects(lan.guest, lan.peer, PEER_IP, 22)


def a_connection_outlives_new_rules(lan: Lan, abilities: Abilities) -> None:
    rules = f"<rule action='accept' direction='out'><tcp dstportstart='80'/></rule>{REST_DROPPED}"
    lan.filter(rules, abilities=abilities)
    with lan.peer.entered():
        listening = socket.create_server((PEER_IP, 80))
    with lan.guest.entered():
        calling = socket.create_connection((PEER_IP, 80), PATIENCE)
    answering, _ = listening.accept()
    with listening, calling, answering:
        lan.filter(rules, abilities=abilities)
        answering.sendall(b"still here")
        assert calling.recv(20) == b"still here"


def two_filtered_guests_must_both_agree(lan: Lan, abilities: Abilities) -> None:
    opens = f"<rule action='accept' direction='out'><tcp dstportstart='80' dstportend='81'/></rule>{REST_DROPPED}"
    takes = f"<rule action='accept' direction='in'><tcp dstportstart='80'/></rule>{REST_DROPPED}"
    lan.filter(opens, abilities=abilities)
    lan.filter(takes, abilities=abilities, port="peer")
    assert connects(lan.guest, lan.peer, PEER_IP, 80)
    assert not connects(lan.guest, lan.peer, PEER_IP, 81)
    assert not connects(lan.peer, lan.guest, GUEST_IP, 80)
    assert connects(lan.other, lan.peer, PEER_IP, 80)


def routed_traffic_is_filtered_like_bridged(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        f"<rule action='accept' direction='out'><tcp dstportstart='80'/></rule>{REST_DROPPED}", abilities=abilities
    )
    with Namespace() as outside:
        lan.host.connect("uplink", outside, "eth0")
        lan.host.run("ip", "address", "add", "10.8.0.1/24", "dev", "uplink")
        lan.host.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        outside.run("ip", "address", "add", "10.8.0.2/24", "dev", "eth0")
        outside.run("ip", "route", "add", "default", "via", "10.8.0.1")
        lan.guest.run("ip", "route", "add", "default", "via", HOST_IP)
        assert connects(lan.guest, outside, "10.8.0.2", 80)
        assert not connects(lan.guest, outside, "10.8.0.2", 81)
        assert not connects(outside, lan.guest, GUEST_IP, 80)


Proof = Callable[[Lan, Abilities], None]

PROOFS: list[Proof] = [
    out_opens_connections_and_gets_replies,
    in_opens_connections_to_the_guest,
    a_reply_needs_a_question,
    without_a_memory_whatever_looks_like_a_reply_passes,
    pings_go_one_way,
    named_states_go_one_way,
    a_drop_is_for_both_ways,
    a_connection_outlives_new_rules,
    two_filtered_guests_must_both_agree,
    routed_traffic_is_filtered_like_bridged,
]


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
def test_by_marks(proof: Proof, lan: Lan) -> None:
    abilities = probe()._replace(bridge_ct=False)
    if not abilities.bridge_netfilter:
        pytest.skip("bridged packets do not pass the rules of IP: no br_netfilter")
    proof(lan, abilities)
    assert "ct state" in lan.host.run("nft", "list", "table", "inet", TABLE).stdout
    assert "ct state" not in lan.host.run("nft", "list", "table", "bridge", TABLE).stdout


def count_connections_by_their_source(lan: Lan, abilities: Abilities) -> None:
    lan.filter(
        "<rule action='drop' direction='in'><tcp dstportstart='22' connlimit-above='1'/></rule>"
        f"<rule action='accept' direction='in' priority='600'><tcp dstportstart='22'/></rule>{REST_DROPPED}",
        abilities=abilities,
    )
    with lan.guest.entered():
        listening = socket.create_server((GUEST_IP, 22))
    with listening:
        with lan.peer.entered():
            first = socket.create_connection((GUEST_IP, 22), PATIENCE)
            with first, pytest.raises(OSError, match="timed out"):
                socket.create_connection((GUEST_IP, 22), PATIENCE)
        with lan.other.entered():
            socket.create_connection((GUEST_IP, 22), PATIENCE).close()


@pytest.mark.test_kernel
def test_by_the_bridges_own_tracking(modules: Callable[..., None], network: Namespace) -> None:
    modules("bridge", "veth", "nf_tables", "nft_ct", "nft_connlimit", "nf_conntrack_bridge")
    abilities = probe()
    assert abilities.bridge_ct
    for proof in [*PROOFS, count_connections_by_their_source]:
        with Namespace() as host, host.entered(), lan(host) as made:
            proof(made, abilities)
            assert "table inet" not in host.run("nft", "list", "ruleset").stdout


@pytest.mark.test_kernel
def test_a_kernel_that_tracks_connections_in_the_bridge_takes_all_rules(
    modules: Callable[..., None], network: Namespace
) -> None:
    modules("bridge", "nf_tables", "nft_ct", "nft_connlimit", "nf_conntrack_bridge")
    for name in FILTERS:
        apply(install(device(name), FILTERS, probe()))
        assert f"{DEVICE}/out" in network.run("nft", "list", "chains").stdout
