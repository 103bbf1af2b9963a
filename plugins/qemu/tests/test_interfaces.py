"""Interfaces of guests that end on the host, in a network namespace of the test's own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root, program, runs, state_of
from plugins.qemu.tests.rig import eventually
from tests.guests import LinuxGuest
from tests.namespaces import Namespace
from virtkit.enums import (
    ConnectGetAllDomainStatsFlags,
    DomainModificationImpact,
    DomainShutoffReason,
    DomainState,
    DomainStatsTypes,
    IPAddrType,
)
from virtkit.enums import DomainInterfaceAddressesSource as Source
from virtkit.errors import (
    ArgumentUnsupportedError,
    ConfigUnsupportedError,
    InvalidArgError,
    OperationInvalidError,
    VirtError,
)
from virtkit.network.links import Links
from virtkit.records import IPAddress

pytestmark = pytest.mark.qemu

MAC = "52:54:00:aa:bb:cc"
BRIDGED = f"<interface type='bridge'><mac address='{MAC}'/><source bridge='br0'/>{{}}<model type='virtio'/></interface>"
DIRECT = f"<interface type='direct'><mac address='{MAC}'/><source dev='up0' mode='bridge'/>{{}}</interface>"
LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG
HOST, PEER = "10.77.0.1", "10.77.0.2"


@pytest.fixture(autouse=True)
def bridge(network: Namespace) -> None:
    """The bridge br0 and the link up0; whatever the tests start afterwards is in the namespace too."""
    with Links() as links:
        links.add_bridge("br0", mac="52:54:00:00:00:01", stp=False, delay=0, mtu=None)
        links.add_address("br0", f"{HOST}/24")
        links.set_up("br0")
        links.add_veth("up0", "up1")
        for name in ("up0", "up1"):
            links.set_up(name)


def names() -> set[str]:
    with Links() as links:
        return {link.name for link in links.all()}


def interface_of(domain: virtkit.Domain, flags: int = 0) -> str:
    """The interface of a domain as its document has it, without what is the same in both forms."""
    found = re.search(r"<interface.*?</interface>", domain.xml_desc(flags), re.DOTALL)
    assert found is not None
    return re.sub(r"\s*(<address type.*?>|<model.*?>|<mac.*?>)|(?<=>)\s+", "", found[0])


def test_a_tap_is_in_the_live_document_and_gone_with_the_guest(root: Root, connection: virtkit.Connection) -> None:
    before = names()
    web = connection.define_domain(root.xml("web", devices=BRIDGED.format("")))
    web.create()
    assert before | {"vnet0"} == names()
    shown = "<interface type='bridge'><source bridge='br0'/>{}</interface>"
    assert shown.format("<target dev='vnet0'/><alias name='net0'/>") == interface_of(web)
    assert shown.format("") == interface_of(web, 2)
    web.destroy()
    assert before == names()


def test_the_name_of_a_tap_can_be_chosen_and_stays(root: Root, connection: virtkit.Connection) -> None:
    web = connection.create_domain(root.xml("web", devices=BRIDGED.format("<target dev='mine'/><driver queues='2'/>")))
    assert "mine" in names()
    assert "<target dev='mine'/>" in interface_of(web, 2)
    with pytest.raises(OperationInvalidError, match=r"'db' cannot start: .* to be mine on the host"):
        connection.create_domain(root.xml("db", devices=BRIDGED.format("<target dev='mine'/>")))
    assert "mine" in names()


def test_a_guest_that_ends_by_itself_leaves_no_macvtap(root: Root, connection: virtkit.Connection) -> None:
    before = names()
    web = connection.define_domain(root.xml("web", devices=DIRECT.format("")))
    web.create()
    (made,) = names() - before
    assert f"<target dev='{made}'/>" in interface_of(web)
    os.kill(root.pid("web"), signal.SIGKILL)
    eventually(lambda: state_of(web)[0] == DomainState.SHUTOFF)
    assert before == names()


def test_a_guest_that_ended_while_nobody_watched_is_cleared_away_by_the_next_owner(
    root: Root, connection: virtkit.Connection
) -> None:
    before = names()
    connection.define_domain(root.xml("web", devices=DIRECT.format(""))).create()
    made, pid = names() - before, root.pid("web")
    connection.close()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not runs(pid))
    assert before | made == names()
    with root.open() as next_one:
        web = next_one.lookup_domain_by_name("web")
        web.set_autostart(False)  # owns the root
        eventually(lambda: state_of(web) == (DomainState.SHUTOFF, DomainShutoffReason.UNKNOWN))
        eventually(lambda: names() == before)


def test_a_starter_that_is_killed_half_way_leaves_nothing_to_the_next_owner(root: Root) -> None:
    before = names()
    document = root.xml("web", devices=DIRECT.format(""))
    body = f"starting._spawn = lambda *_: os._exit(9); connection.define_domain({document!r}).create()"
    code = f"import os, virtkit; from virtkit_qemu import starting; connection = virtkit.open({root.uri!r}); {body}"
    assert 9 == subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode
    assert before < names()
    with root.open() as next_one:
        web = next_one.lookup_domain_by_name("web")
        web.set_autostart(False)  # owns the root
        eventually(lambda: names() == before)
        assert DomainState.SHUTOFF == state_of(web)[0]


def test_a_device_that_is_there_already_is_used_and_left(
    root: Root, connection: virtkit.Connection, network: Namespace
) -> None:
    network.run("ip", "tuntap", "add", "ready", "mode", "tap")
    given = "<interface type='ethernet'><target dev='ready' managed='no'/></interface>"
    web = connection.create_domain(root.xml("web", devices=given))
    with Links() as links:
        links.set_up("ready")
    assert "LOWER_UP" in network.run("ip", "link", "show", "ready").stdout  # QEMU holds it
    web.destroy()
    assert "ready" in names()


def test_a_start_that_fails_leaves_no_device_and_no_descriptor(root: Root, connection: virtkit.Connection) -> None:
    connection.create_domain(root.xml("other")).destroy()
    before, files = names(), len(os.listdir("/proc/self/fd"))
    for interface in (DIRECT, BRIDGED):
        with pytest.raises(VirtError, match="none-such"):  # with and without a driver of filters beside this one
            connection.create_domain(
                root.xml("web", devices=interface.format("<filterref filter='none-such'/><driver queues='3'/>"))
            )
    wrong = root.xml("web", devices=DIRECT.format(""), more="<cputune><shares>1</shares></cputune>")
    with pytest.raises(ConfigUnsupportedError, match="<cputune>"):
        connection.create_domain(wrong)
    assert (before, files) == (names(), len(os.listdir("/proc/self/fd")))


def test_only_running_guests_and_known_interfaces_have_figures(root: Root, connection: virtkit.Connection) -> None:
    user = "<interface type='user'><mac address='52:54:00:00:00:07'/></interface>"
    web = connection.define_domain(root.xml("web", devices=BRIDGED.format("") + user))
    for source in (Source.LEASE, Source.ARP):
        with pytest.raises(OperationInvalidError):
            web.interface_addresses(source)
    with pytest.raises(OperationInvalidError):
        web.interface_stats("vnet0")
    web.create()
    assert web.interface_stats("vnet0") == web.interface_stats(MAC.upper())
    with pytest.raises(InvalidArgError, match="no interface 'br0'"):
        web.interface_stats("br0")
    with pytest.raises(InvalidArgError, match="no device"):
        web.interface_stats("52:54:00:00:00:07")
    with pytest.raises(InvalidArgError, match="no source 9"):
        web.interface_addresses(9)


def test_statistics_of_many_have_the_interfaces_of_those_that_run(root: Root, connection: virtkit.Connection) -> None:
    user = "<interface type='user'/>"
    connection.define_domain(root.xml("off", devices=BRIDGED.format("")))
    web = connection.create_domain(root.xml("web", devices=user + BRIDGED.format("")))
    off, on = connection.domain_stats(stats=DomainStatsTypes.INTERFACE)
    assert ("off", {}) == (off[0].name, dict(off[1]))
    found, single = dict(on[1]), web.interface_stats("vnet0")
    assert (2, "vnet0") == (found["net.count"], found["net.1.name"])
    assert not [name for name in found if name.startswith("net.0.")]
    assert 10 == len(found)
    assert single.rx_packets >= int(found["net.1.rx.pkts"])
    everything = dict(connection.domain_stats([web])[0][1])
    assert {"state.state", "cpu.time", "balloon.maximum", "net.1.tx.drop"} <= everything.keys()
    with pytest.raises(ArgumentUnsupportedError, match="ask for 0x17 only"):
        connection.domain_stats(stats=DomainStatsTypes.PERF, flags=ConnectGetAllDomainStatsFlags.ENFORCE_STATS)


def limits_of(network: Namespace, device: str) -> str:
    return network.run("tc", "class", "show", "dev", device).stdout


def test_the_traffic_of_a_guest_is_limited_while_it_runs_and_in_its_definition(
    root: Root, connection: virtkit.Connection, network: Namespace
) -> None:
    limits = "<bandwidth><outbound average='500'/></bandwidth>"
    web = connection.define_domain(root.xml("web", devices=BRIDGED.format(limits)))
    web.create()
    assert "" == limits_of(network, "vnet0")
    web.set_interface_parameters("vnet0", {"inbound.average": 1000, "inbound.peak": 2000}, LIVE)
    assert "rate 8192Kbit ceil 16384Kbit" in limits_of(network, "vnet0")
    assert {"inbound.average": 1000, "inbound.peak": 2000, "outbound.average": 500} == limited(web, LIVE)
    assert {"outbound.average": 500} == limited(web, CONFIG)
    web.set_interface_parameters(MAC, {"inbound.average": 0, "outbound.average": 0}, LIVE | CONFIG)
    assert "" == limits_of(network, "vnet0")
    assert ({}, {}) == (limited(web, LIVE), limited(web, CONFIG))
    with pytest.raises(ConfigUnsupportedError, match="cannot be guaranteed a floor"):
        web.set_interface_parameters(MAC, {"inbound.floor": 100}, LIVE)


def limited(domain: virtkit.Domain, flags: int) -> dict[str, object]:
    """The limits of a domain's interface that are not 0."""
    return {name: value for name, value in domain.interface_parameters(MAC, flags).items() if value}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"inbound.peak": 2000}, "needs inbound.average"),
        ({"inbound.colour": 1}, "no limit 'inbound.colour'"),
        ({"inbound.average": -1}, "no unsigned number but -1"),
    ],
)
def test_limits_that_mean_nothing_are_refused(
    root: Root, connection: virtkit.Connection, params: dict[str, int], said: str
) -> None:
    web = connection.define_domain(root.xml("web", devices=BRIDGED.format("")))
    with pytest.raises(InvalidArgError, match=said):
        web.set_interface_parameters(MAC, params, CONFIG)
    assert {} == limited(web, CONFIG)


def test_guests_without_such_interfaces_cost_no_import_of_netlink(root: Root) -> None:
    user = "<interface type='user'/>"
    body = f"connection.create_domain({root.xml('web', devices=user)!r}).destroy()"
    code = f"import sys, virtkit; connection = virtkit.open({root.uri!r}); {body}; sys.exit('pyroute2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@contextmanager
def dhcp_server(folder: Path) -> Iterator[None]:
    """A server of addresses on br0, in this thread's namespace."""
    if not shutil.which("dnsmasq"):
        pytest.skip("dnsmasq is not installed")
    words = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=br0", "--bind-interfaces"]
    words += ["--no-ping", "--user=root", "--pid-file=", f"--dhcp-leasefile={folder}/leases"]
    words += ["--dhcp-range=10.77.0.10,10.77.0.20"]
    with subprocess.Popen(["dnsmasq", *words]) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.mark.slow
def test_a_guest_gets_an_address_and_keeps_its_network_when_its_starter_is_killed(
    root: Root, network: Namespace, linux: LinuxGuest
) -> None:
    before, console = names(), root.folder / "console"
    document = (
        "<domain type='qemu'><name>linux</name><memory unit='MiB'>128</memory><os><type>hvm</type>"
        f"<kernel>{linux.kernel}</kernel><initrd>{linux.initrd}</initrd>"
        f"<cmdline>{linux.append} modules=virtio_pci,virtio_net dhcp=eth0</cmdline></os><features><acpi/></features>"
        f"<devices>{BRIDGED.format('')}<serial type='file'><source path='{console}'/></serial></devices></domain>"
    )
    with dhcp_server(root.folder), Namespace() as peer:
        network.connect("port", peer, "eth0")
        network.run("ip", "link", "set", "port", "master", "br0")
        peer.run("ip", "address", "add", f"{PEER}/24", "dev", "eth0")
        with program(root, f"connection.create_domain({document!r})"):
            eventually(console.exists)
        with root.open() as connection:
            guest = connection.lookup_domain_by_name("linux")
            eventually(lambda: linux.ready in console.read_bytes())
            leased = re.search(linux.lease + rb"(10\.77\.0\.1\d)/24", console.read_bytes())
            assert leased is not None
            address = leased[1].decode()
            assert peer.pings(address)
            assert network.pings(address)
            (met,) = guest.interface_addresses(Source.ARP)
            assert ("vnet0", MAC) == (met.name, met.hwaddr)
            assert IPAddress(IPAddrType.IPV4, address, 0) in met.addrs
            assert [] == guest.interface_addresses(Source.LEASE)
            counted, pings = guest.interface_stats("vnet0"), 5
            assert not peer.run(
                "busybox", "ping", "-q", "-c", str(pings), "-s", "1000", "-i", "0.1", address
            ).returncode
            after = guest.interface_stats(MAC)
            assert pings * 1000 < after.rx_bytes - counted.rx_bytes
            assert pings * 1000 < after.tx_bytes - counted.tx_bytes
            guest.shutdown()
            eventually(lambda: "linux" not in [each.name for each in connection.list_domains()])
            assert before | {"port"} == names()
