"""Limits of traffic, read back from the kernel and felt by packets."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.namespaces import Namespace
from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.network import shaping
from virtkit.network.links import Links
from virtkit.xml.netdev import Bandwidth, Traffic

LIMITED = Bandwidth(inbound=Traffic(average=1000, peak=2000, burst=64), outbound=Traffic(average=500, burst=32))

MAC = "52:54:00:a1:b2:c3"


@pytest.fixture
def tap(network: Namespace) -> str:
    """A link with a peer."""
    network.run("ip", "link", "add", "vnet0", "type", "veth", "peer", "name", "peer0")
    network.run("ip", "link", "set", "vnet0", "up")
    network.run("ip", "link", "set", "peer0", "up")
    return "vnet0"


@pytest.fixture
def unpoliced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that cannot police."""
    monkeypatch.setattr(shaping, "_police", lambda *_: False)


def disciplines(network: Namespace) -> list[str]:
    """Disciplines that somebody has set."""
    found = network.run("tc", "qdisc", "show").stdout.splitlines()
    return [re.sub(r" (refcnt|r2q|direct_packets_stat|---).*", "", line) for line in found if " 0: " not in line]


def classes(network: Namespace, name: str) -> dict[str, str]:
    """Rates of classes, by their numbers."""
    found = re.findall(r"class htb (\S+) .*(rate .*?) *\n", network.run("tc", "class", "show", "dev", name).stdout)
    return dict(found)


def test_what_a_link_sends_is_queued(network: Namespace, tap: str) -> None:
    with Links() as links:
        shaping.apply(links, tap, Bandwidth(inbound=LIMITED.inbound))
    assert "qdisc htb 1: dev vnet0 root" in disciplines(network)
    assert {"1:1": "rate 8192Kbit ceil 16384Kbit burst 64Kb cburst 64Kb"} == classes(network, tap)


def test_without_a_peak_there_is_no_more_than_the_average(network: Namespace, tap: str) -> None:
    with Links() as links:
        shaping.apply(links, tap, Bandwidth(inbound=Traffic(average=1000)))
    assert classes(network, tap)["1:1"].startswith("rate 8192Kbit ceil 8192Kbit")


@pytest.mark.usefixtures("unpoliced")
def test_what_a_link_receives_is_queued_in_another_where_it_cannot_be_policed(network: Namespace, tap: str) -> None:
    with Links() as links:
        shaping.apply(links, tap, Bandwidth(outbound=LIMITED.outbound))
    assert {"1:1": "rate 4096Kbit ceil 4096Kbit burst 32Kb cburst 64Kb"} == classes(network, "ifb-vnet0")
    filters = network.run("tc", "filter", "show", "dev", tap, "parent", "ffff:").stdout
    assert "mirred (Egress Redirect to device ifb-vnet0) stolen" in filters


@pytest.mark.test_kernel
def test_what_a_link_receives_is_policed_where_it_can_be(
    modules: Callable[..., None], network: Namespace, tap: str
) -> None:
    modules("sch_ingress", "sch_htb", "sch_sfq", "cls_u32", "act_police")
    with Links() as links:
        shaping.apply(links, tap, LIMITED)
        assert links.find("ifb-vnet0") is None
    filters = network.run("tc", "filter", "show", "dev", tap, "parent", "ffff:").stdout
    assert "rate 4096Kbit burst 32Kb mtu 64Kb action drop" in filters
    assert any(line.startswith("qdisc sfq 2: dev vnet0 parent 1:1") for line in disciplines(network))
    assert arrived(network, "peer0", "vnet0") < SENT / 2
    with Links() as links:
        shaping.clear(links, tap)
    assert [] == disciplines(network)


@pytest.mark.usefixtures("unpoliced")
@pytest.mark.parametrize("name", ["vnet0", "a-name-of-15-let"[:15]])
def test_limits_are_replaced_and_removed(network: Namespace, tap: str, name: str) -> None:
    with Links() as links:
        if name != tap:
            links.add_veth(name, "more")
        before = [link.name for link in links.all()]
        shaping.apply(links, name, LIMITED)
        once = disciplines(network)
        shaping.apply(links, name, LIMITED)
        assert once == disciplines(network)
        shaping.apply(links, name, None)
        assert [] == disciplines(network)
        assert before == [link.name for link in links.all()]
        shaping.clear(links, name)


@pytest.mark.usefixtures("unpoliced")
def test_the_queue_of_a_link_that_is_gone_is_removed(network: Namespace, tap: str) -> None:
    with Links() as links:
        shaping.apply(links, tap, LIMITED)
        links.delete(tap)
        assert links.find(shaping.queue_of(tap)) is not None
        shaping.clear(links, tap)
        assert links.find(shaping.queue_of(tap)) is None


def test_a_missing_link_is_told(network: Namespace) -> None:
    with Links() as links, pytest.raises(InternalError, match="there is no link vnet9"):
        shaping.apply(links, "vnet9", LIMITED)


def test_a_rate_beyond_what_the_kernel_counts_is_told_and_leaves_no_limit(network: Namespace, tap: str) -> None:
    with Links() as links, pytest.raises(ConfigUnsupportedError, match="cannot limit vnet0 to 4194304 KiB/s: at most"):
        shaping.apply(links, tap, Bandwidth(inbound=Traffic(average=2**22)))
    assert [] == disciplines(network)


def test_a_discipline_that_the_kernel_lacks_is_named() -> None:
    from pyroute2.netlink.exceptions import NetlinkError

    said = "the traffic of vnet0: this host's kernel lacks htb"
    with pytest.raises(ConfigUnsupportedError, match=said), shaping._needing("vnet0", "htb"):
        raise NetlinkError(errno.ENOENT)


def test_limits_seen_from_the_guest_are_mirrored() -> None:
    mirrored = shaping.mirrored(LIMITED)
    assert (LIMITED.outbound, LIMITED.inbound) == (mirrored.inbound, mirrored.outbound)


# Packets

PACKETS, SIZE = 500, 1000
SENT = PACKETS * SIZE

PROTOCOL = 0x88B5
"""Of Ethernet, for experiments."""

SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33

QUIET_SECONDS = 0.5
"""Nothing more comes, or so slowly that it is not waited for."""


def arrived(network: Namespace, sender: str, receiver: str) -> int:
    """Bytes that arrive at a link, of `SENT` that another sends."""
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(PROTOCOL)) as listener,
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as speaker,
    ):
        listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 * SENT)
        speaker.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 * SENT)  # what is queued counts as not sent yet
        listener.bind((receiver, PROTOCOL))
        speaker.bind((sender, 0))
        frame = bytes.fromhex("ffffffffffff020000000001") + PROTOCOL.to_bytes(2, "big") + bytes(SIZE - 14)
        for _ in range(PACKETS):
            speaker.send(frame)
        listener.settimeout(QUIET_SECONDS)
        total = 0
        with suppress(TimeoutError):
            while total < SENT:
                total += len(listener.recv(SIZE))
        return total


def test_a_limited_link_sends_less(network: Namespace, tap: str) -> None:
    """At 1 KiB/s the half would take four minutes."""
    assert arrived(network, tap, "peer0") == SENT
    with Links() as links:
        shaping.apply(links, tap, Bandwidth(inbound=Traffic(average=1)))
    assert arrived(network, tap, "peer0") < SENT / 2
    assert arrived(network, "peer0", tap) == SENT


@pytest.mark.usefixtures("unpoliced")
def test_a_limited_link_receives_less(network: Namespace, tap: str) -> None:
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        links.set_up("vb0")
        links.plug(tap, "vb0")
        assert arrived(network, "peer0", "vb0") == SENT
        shaping.apply(links, tap, Bandwidth(outbound=Traffic(average=1)))
    assert arrived(network, "peer0", "vb0") < SENT / 2


# Networks


@pytest.fixture
def bridge(network: Namespace, tap: str) -> str:
    """A bridge with a guest."""
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        links.set_up("vb0")
        links.plug(tap, "vb0")
    return "vb0"


GUARANTEE = shaping.Guarantee(3, MAC, 200)


@pytest.mark.usefixtures("unpoliced")
def test_guests_share_what_a_bridge_sends(network: Namespace, bridge: str) -> None:
    with Links() as links:
        shaping.share(links, bridge, LIMITED)
    rate = "rate 8192Kbit ceil 16384Kbit burst 64Kb cburst 64Kb"
    assert {"1:1": rate, "1:2": rate} == classes(network, bridge)
    assert {"1:1": "rate 4096Kbit ceil 4096Kbit burst 32Kb cburst 64Kb"} == classes(network, "ifb-vb0")


@pytest.mark.usefixtures("unpoliced")
def test_what_is_promised_is_taken_from_the_rest_and_given_back(network: Namespace, bridge: str) -> None:
    with Links() as links:
        shaping.share(links, bridge, LIMITED)
        before = classes(network, bridge)
        shaping.promise(links, bridge, LIMITED, GUARANTEE, 200)
        promised = classes(network, bridge)
        assert promised["1:3"].startswith("rate 1638Kbit ceil 16384Kbit")
        assert promised["1:2"].startswith("rate 6553Kbit ceil 16384Kbit")
        shaping.withdraw(links, bridge, LIMITED, GUARANTEE, 0)
        assert before == classes(network, bridge)
        assert "" == network.run("tc", "filter", "show", "dev", bridge, "parent", "1:").stdout
        shaping.withdraw(links, bridge, LIMITED, GUARANTEE, 0)
        assert before == classes(network, bridge)


def test_frames_for_a_guest_go_to_its_class(network: Namespace, bridge: str) -> None:
    def sent(number: str) -> int:
        shown = network.run("tc", "-s", "class", "show", "dev", bridge).stdout
        return int(re.findall(rf"class htb {number} .*\n Sent (\d+) bytes", shown)[0])

    with Links() as links:
        shaping.share(links, bridge, Bandwidth(inbound=LIMITED.inbound))
        shaping.promise(links, bridge, LIMITED, GUARANTEE, 200)
        index = links.find(bridge)
    assert index is not None
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as speaker:
        for mac, size in ((MAC, 1000), ("52:54:00:a1:b2:c4", 500), ("52:55:00:a1:b2:c3", 300)):
            before = sent("1:3"), sent("1:2")
            speaker.sendto(bytes(size), (bridge, PROTOCOL, 0, 1, bytes.fromhex(mac.replace(":", ""))))
            gained = sent("1:3") - before[0], sent("1:2") - before[1]
            assert gained[0 if mac == MAC else 1] >= size
            assert gained[1 if mac == MAC else 0] < size


@pytest.mark.usefixtures("unpoliced")
def test_no_more_is_promised_than_there_is(network: Namespace, bridge: str) -> None:
    with Links() as links:
        shaping.share(links, bridge, LIMITED, promised=900)
        before = classes(network, bridge)
        with pytest.raises(
            ConfigUnsupportedError, match="guests of vb0 cannot be promised 1100 KiB/s: it has 1000 KiB/s"
        ):
            shaping.promise(links, bridge, LIMITED, GUARANTEE, 1100)
        assert before == classes(network, bridge)


def test_a_class_that_is_taken_keeps_its_guest(network: Namespace, bridge: str) -> None:
    with Links() as links:
        shaping.share(links, bridge, Bandwidth(inbound=LIMITED.inbound))
        shaping.promise(links, bridge, LIMITED, GUARANTEE, 200)
        before = classes(network, bridge)
        with pytest.raises(InternalError):
            shaping.promise(links, bridge, LIMITED, GUARANTEE._replace(mac="52:54:00:00:00:09"), 400)
        assert before == classes(network, bridge)


@pytest.mark.parametrize("bandwidth", [Bandwidth(), Bandwidth(outbound=LIMITED.outbound)])
def test_a_floor_needs_a_limit_of_the_network(network: Namespace, bridge: str, bandwidth: Bandwidth) -> None:
    with Links() as links, pytest.raises(ConfigUnsupportedError, match="can be promised a floor only if"):
        shaping.promise(links, bridge, bandwidth, GUARANTEE, 200)


def test_a_bridge_that_is_not_shared_promises_nothing(network: Namespace, bridge: str) -> None:
    with Links() as links, pytest.raises(InternalError, match="vb0 has no limits to promise a part of"):
        shaping.promise(links, bridge, LIMITED, GUARANTEE, 200)
