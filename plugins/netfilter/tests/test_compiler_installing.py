"""How rules come and go in a real kernel: for one device alone, at once, and at a cost that grows with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.frames import BROADCAST, GUEST, OTHER, PEER, PEER_IP, arp, bpdu, echo, ethernet, ipv4, udp
from plugins.netfilter.tests.lan import BRIDGE, DEVICE, STANDARD, VARIABLES, Lan, lan, reference
from plugins.netfilter.tests.rulesets import MARKS, TRACKING, rules
from tests.namespaces import Namespace
from virtkit.errors import InternalError
from virtkit.network.nftables import Command, RefusedError, apply, listed
from virtkit.xml.nwfilter import FilterRef, NWFilter
from virtkit_netfilter.compiler import TABLE, Device, chains_by_device, install, install_all, learning, remove
from virtkit_netfilter.probing import BRIDGE_SWITCHES, probe


@pytest.fixture(name="lan")
def _lan(network: Namespace) -> Iterator[Lan]:
    with lan(network) as made:
        yield made


def clean(name: str) -> Device:
    return Device(name, frames.GUEST, reference("clean-traffic", VARIABLES))


def there() -> dict[str, tuple[str, ...]]:
    return chains_by_device(listed("bridge", TABLE) or [])


def test_probing_leaves_nothing(network: Namespace) -> None:
    assert probe() == probe()
    assert network.run("nft", "list", "ruleset").stdout == ""


def test_probing_sees_whether_bridged_packets_pass_the_rules_of_ip(network: Namespace) -> None:
    if not Path(BRIDGE_SWITCHES).is_dir():
        pytest.skip("this kernel has no br_netfilter")
    network.run("sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=1", "net.bridge.bridge-nf-call-ip6tables=1")
    assert probe().bridge_netfilter
    network.run("sysctl", "-q", "-w", "net.bridge.bridge-nf-call-ip6tables=0")
    assert not probe().bridge_netfilter


def test_a_device_comes_and_goes_without_another(network: Namespace) -> None:
    apply(install(clean("vnet0"), STANDARD, MARKS))
    before = network.run("nft", "list", "ruleset").stdout
    apply(install(clean("vnet1"), STANDARD, MARKS))
    assert {"vnet0", "vnet1"} == set(there())
    apply(remove("vnet1", MARKS, there()["vnet1"]))
    assert before == network.run("nft", "list", "ruleset").stdout


def test_removing_what_is_not_there_does_nothing() -> None:
    assert [] == remove("vnet0", MARKS, ())


def test_removing_works_when_somebody_took_a_part_away(network: Namespace) -> None:
    apply(install(clean("vnet0"), STANDARD, MARKS))
    for each in ("link-in", "flow-out"):
        network.run("nft", "delete", "element", "bridge", TABLE, each, '{ "vnet0" }')
    network.run("nft", "delete", "chain", "bridge", TABLE, "vnet0/out/flow")
    apply(remove("vnet0", MARKS, there()["vnet0"]))
    assert there() == {}


def test_chains_that_are_needed_no_more_go_with_the_next_rules(network: Namespace) -> None:
    apply(install(clean("vnet0"), STANDARD, MARKS))
    open_ = Device("vnet0", GUEST, FilterRef(filter="allow-arp"))
    apply(install(open_, STANDARD, MARKS, there()["vnet0"]))
    assert {"vnet0/out", "vnet0/in", "vnet0/out/flow", "vnet0/in/flow", "vnet0/out/arp", "vnet0/in/arp"} == set(
        there()["vnet0"]
    )


def test_without_their_names_old_chains_are_out_of_force(lan: Lan) -> None:
    lan.filter("<filterref filter='no-ip-spoofing'/>")
    spoofed = ethernet(ipv4(echo(), source=frames.OTHER_IP))
    assert lan.sent("guest", spoofed) == set()
    lan.filter("<filterref filter='no-ip-multicast'/>")
    assert "vnet0/out/ipv4-spoof" in there()[DEVICE]
    assert lan.sent("guest", spoofed)


def test_a_transaction_that_is_refused_leaves_the_old_rules(lan: Lan) -> None:
    lan.filter("<filterref filter='clean-traffic'/>")
    open_ = Device(DEVICE, GUEST, FilterRef(filter="allow-ipv4"))
    broken: list[Command] = [*install(open_, STANDARD, MARKS), {"delete": {"table": {"family": "ip", "name": "none"}}}]
    with pytest.raises(RefusedError):
        apply(broken)
    assert lan.sent("guest", ethernet(ipv4(echo(), source=frames.OTHER_IP))) == set()
    assert lan.sent("guest", ethernet(ipv4(echo())))


def test_every_state_between_is_one_of_the_two(lan: Lan) -> None:
    """Rules are replaced many times while spoofed frames are sent; none ever gets through."""
    import threading

    lan.filter("<filterref filter='clean-traffic'/>")
    commands = install(clean(DEVICE), STANDARD, MARKS)
    done = threading.Event()

    def replace() -> None:
        for _ in range(40):
            apply(commands)
        done.set()

    replacing = threading.Thread(target=replace)
    replacing.start()
    count = 0
    spoofed = ethernet(arp(sender_ip=PEER_IP), target=BROADCAST)
    while not done.is_set():
        assert lan.sent("guest", spoofed) == set()
        count += 1
    replacing.join()
    assert count > 5


def test_a_bridge_does_not_learn_a_spoofed_address(lan: Lan) -> None:
    def learned(number: int) -> bool:
        mac = f"52:54:00:00:01:0{number}"
        lan.sent("guest", ethernet(frames.other(), source=mac, target=BROADCAST))
        return mac in lan.host.run("bridge", "fdb", "show", "br", BRIDGE).stdout

    assert learned(1)
    lan.filter("<filterref filter='no-mac-spoofing'/>")
    assert not learned(2)


def test_frames_that_a_bridge_keeps_for_the_host_are_filtered_too(lan: Lan) -> None:
    """They go past the hook prerouting; without the hook input no filter would be asked."""
    lan.host.run("nft", "add table bridge seen; add chain bridge seen here { type filter hook input priority 0; };"
                 "add rule bridge seen here ether type 0x888e counter")  # fmt: skip
    login = ethernet(frames.other(0x888E), target="01:80:c2:00:00:03")  # 802.1X

    def seen() -> int:
        return int(lan.host.run("nft", "list", "table", "bridge", "seen").stdout.split("packets ")[1].split()[0])

    lan.filter("<filterref filter='clean-traffic'/>")
    lan.sent("guest", login)
    assert seen() == 0
    lan.filter("<filterref filter='no-mac-spoofing'/>")
    lan.sent("guest", login)
    assert seen() == 1


@pytest.mark.parametrize(("low", "passes"), [(1, False), (2, True)])
def test_a_bpdu_is_compared_field_by_field(low: int, passes: bool, lan: Lan) -> None:
    """A bridge that takes no part in the protocol, as here, forwards them."""
    lan.filter(
        f"<rule action='drop' direction='out'><stp type='0' flags='0' root-priority='{low}' root-priority-hi='9'"
        f" root-address='{GUEST}' root-cost='0' sender-address='{GUEST}' port='32769' age='0' max-age='5120'"
        " hello-time='512' forward-delay='3840'/></rule>"
    )
    assert passes is bool(lan.sent("guest", ethernet(bpdu(root_priority=1), target=frames.SPANNING_TREE)))


DISCOVER = ethernet(ipv4(udp(source=68, target=67), source="0.0.0.0", target="255.255.255.255"), target=BROADCAST)
ARP = ethernet(arp(), target=BROADCAST)
STOPPED = {
    "IPv4": ethernet(ipv4(echo())),
    "another MAC": ethernet(arp(), source=OTHER, target=BROADCAST),
    "DHCP of another MAC": DISCOVER[:6] + frames.mac(OTHER) + DISCOVER[12:],
    "something": ethernet(frames.other()),
    "a server's port": ethernet(ipv4(udp(source=67, target=68)), target=BROADCAST),
}


@pytest.mark.parametrize("mode", ["any", "dhcp"])
def test_while_learning_a_guest_can_do_what_that_needs(mode: str, lan: Lan) -> None:
    values = {"CTRL_IP_LEARNING": mode, "DHCPSERVER": PEER_IP}
    apply(learning(Device(DEVICE, GUEST, reference("clean-traffic", values)), probe()))
    assert lan.sent("guest", DISCOVER)
    assert bool(lan.sent("guest", ARP)) is (mode == "any")
    assert {name: set() for name in STOPPED} == {name: lan.sent("guest", frame) for name, frame in STOPPED.items()}
    offer = udp(source=67, target=68)
    assert "guest" in lan.sent("peer", ethernet(ipv4(offer, source=PEER_IP), source=PEER, target=GUEST))
    assert "guest" not in lan.sent("other", ethernet(ipv4(offer, source=frames.OTHER_IP), source=OTHER, target=GUEST))
    assert "guest" not in lan.sent("peer", ethernet(ipv4(echo(), source=PEER_IP), source=PEER, target=GUEST))
    lan.filter("<filterref filter='clean-traffic'/>")
    assert lan.sent("guest", STOPPED["IPv4"])


def test_the_number_of_commands_grows_with_the_rules_and_not_with_other_devices() -> None:
    one, two = (len(install(clean(name), STANDARD, TRACKING)) for name in ("vnet0", "vnet199"))
    assert one == two

    def count(number: int) -> int:
        text = "<rule action='drop' direction='out'><ip dstipaddr='10.0.0.1'/></rule>" * number
        filters = {"many": NWFilter.parse(f"<filter name='many'>{text}</filter>")}
        return len(install(Device("vnet0", GUEST, FilterRef(filter="many")), filters, TRACKING))

    devices = [clean(f"vnet{number}") for number in range(3)]
    together = [len(install_all(devices[:number], STANDARD, TRACKING, {})) for number in (1, 2, 3)]
    assert together[1] - together[0] == together[2] - together[1] < one
    assert [1000, 1000] == [count(2000) - count(1000), count(3000) - count(2000)]


def test_two_hundred_devices_change_in_one_transaction(network: Namespace) -> None:
    devices = [clean(f"vnet{number}") for number in range(200)]
    for _ in ("first", "again"):
        apply(install_all(devices, STANDARD, MARKS, there()))
        assert {device.name for device in devices} == set(there())


def test_of_many_devices_none_changes_if_one_cannot(network: Namespace) -> None:
    good = clean("vnet0")
    apply(install(good, STANDARD, MARKS))
    before = network.run("nft", "list", "ruleset").stdout
    open_ = good._replace(filterref=FilterRef(filter="allow-arp"))
    bad = Device("vnet1", GUEST, FilterRef(filter="clean-traffic"))
    with pytest.raises(InternalError, match="the variable IP has no value"):
        apply(install_all([open_, bad], STANDARD, MARKS, there()))
    assert before == network.run("nft", "list", "ruleset").stdout


def test_a_filter_of_ten_thousand_rules_is_installed(network: Namespace) -> None:
    addresses = [f"10.{number >> 8}.{number & 255}.1" for number in range(10_000)]
    text = "".join(
        f"<rule action='drop' direction='inout'><tcp dstipaddr='{address}' dstportstart='7'/></rule>"
        for address in addresses
    )
    filters = {"many": NWFilter.parse(f"<filter name='many'>{text}</filter>")}
    commands = install(Device("vnet0", GUEST, FilterRef(filter="many")), filters, MARKS)
    apply(commands)
    assert len(rules(commands)) == 20_000
    assert network.run("nft", "list", "chain", "bridge", TABLE, "vnet0/out/flow").stdout.count("drop") == 10_000


def test_the_compiler_does_not_touch_the_system() -> None:
    import virtkit_netfilter.compiler

    for path in Path(virtkit_netfilter.compiler.__file__).parent.glob("*.py"):
        text = path.read_text()
        assert not [word for word in ("import os", "subprocess", "open(", "socket", "import apply") if word in text], (
            path
        )
