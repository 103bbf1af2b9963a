"""The life of networks: all or nothing, nothing left behind, and on after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import virtkit
from plugins.network.tests.host import UUID, Host, eventually, nat, python, without_programs
from virtkit.enums import NetworkEventLifecycleType, NetworkPortCreateFlags
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    NoNetworkError,
    OperationInvalidError,
    VirtError,
)
from virtkit.events import NetworkLifecycleEvent

KILLED = """
import os, signal, sys
from virtkit_network import {module}
real = {module}.{function}
def killed(*arguments, **named):
    {before}
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{function} = killed
import virtkit
with virtkit.open(sys.argv[1]) as conn:
    {act}
"""
"""Something is done by a process that is killed in the middle."""

START = "conn.lookup_network_by_name('nat').create()"
STOP = "conn.lookup_network_by_name('nat').destroy()"


def killed(host: Host, module: str, function: str, act: str, *, done: bool) -> None:
    """Have a process killed when it comes to a function, before or after that is done."""
    before = "real(*arguments, **named)" if done else "pass"
    code = KILLED.format(module=module, function=function, act=act, before=before)
    assert -signal.SIGKILL == python(code, host.uri).returncode


# Nothing is left


def test_a_stopped_network_leaves_nothing(host: Host) -> None:
    network = host.start(nat())
    assert {"links", "tables", "servers", "files"} == set(host.remains())
    network.destroy()
    assert {} == host.remains()


def test_an_address_in_capital_letters_is_the_same(host: Host) -> None:
    network = host.start(nat(more="<mac address='52:54:00:AB:CD:EF'/>"))
    host.adopt()
    assert network.ref == host.network().ref
    assert host.network().is_active() is True
    host.network().destroy()
    assert {} == host.remains()


def test_a_route_to_everywhere_is_no_conflict(host: Host) -> None:
    route = "<route address='0.0.0.0' prefix='0' gateway='10.7.0.9' metric='900'/>"
    with host.outside():
        host.start(nat(more=route))
        assert "default via 10.7.0.9 dev virbr7" in host.run("ip", "route")
        host.network().destroy()


def test_fifty_networks_leave_nothing(host: Host) -> None:
    networks = []
    for number in range(50):
        addresses = (
            f"<ip address='10.50.{number}.1' prefix='24'><dhcp><range start='10.50.{number}.2' end='10.50.{number}.9'/>"
        )
        xml = f"<network><name>n{number}</name><forward/>{addresses}</dhcp></ip></network>"
        networks.append(host.start(xml))
    assert (50, 50) == (len(host.links()), len(host.servers()))
    assert [f"virbr{number}" for number in range(50)] == [network.bridge_name() for network in networks]
    for network in networks:
        network.destroy()
    assert {} == host.remains()


def test_a_network_that_is_undefined_takes_its_leases_along(host: Host, tmp_path: Path) -> None:
    network = host.start(nat())
    host.plug().asks_for_an_address(tmp_path)
    leases = eventually(lambda: list((host.folder / "lib").rglob("*.leases")), "the lease is recorded")
    network.destroy()
    assert leases[0].exists()
    network.undefine()
    assert not leases[0].exists()


def test_parts_that_are_gone_are_no_obstacle_to_a_stop(host: Host) -> None:
    network = host.start(nat(more="<bandwidth><inbound average='1000'/><outbound average='1000'/></bandwidth>"))
    host.run("ip", "link", "delete", "virbr7")
    host.run("nft", "flush", "ruleset")
    for pid in host.servers():
        os.kill(pid, signal.SIGKILL)
    network.destroy()
    assert {} == host.remains()
    network.create()
    network.destroy()
    assert {} == host.remains()


def test_what_a_stranger_made_in_place_of_the_bridge_stays(host: Host) -> None:
    network = host.start(nat())
    host.run("ip", "link", "delete", "virbr7")
    host.run("ip", "link", "add", "virbr7", "type", "bridge")
    network.destroy()
    assert {"links": {"virbr7"}} == host.remains()


def test_rules_of_others_are_not_touched(host: Host) -> None:
    host.run("nft", "add table inet mine; add chain inet mine anything")
    host.start(nat()).destroy()
    assert {"mine"} == host.tables()


# All or nothing


@contextmanager
def refused(host: Host, error: type[VirtError], *words: str) -> Iterator[None]:
    """A start is refused with these words in the message, and nothing is different afterwards."""
    before = host.remains()
    with pytest.raises(error) as caught:
        yield
    assert [word for word in words if word not in str(caught.value)] == []
    assert before == host.remains()


def test_without_dnsmasq_a_network_does_not_start(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = host.conn.define_network(nat())
    with refused(host, ConfigUnsupportedError, "dnsmasq", "install"), without_programs(monkeypatch, tmp_path):
        network.create()
    assert network.is_active() is False


def test_a_dnsmasq_that_refuses_is_quoted(host: Host) -> None:
    options = "<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>"
    network = host.conn.define_network(nat(more=f"{options}<dnsmasq:option value='nonsense=1'/></dnsmasq:options>"))
    with refused(host, InternalError, "dnsmasq", "nonsense=1", "'nat'"):
        network.create()


def test_a_bridge_whose_name_is_taken_stays_as_it_is(host: Host) -> None:
    network = host.conn.define_network(nat())
    host.run("ip", "link", "add", "virbr7", "address", "52:54:00:00:00:99", "type", "bridge")
    with refused(host, InternalError, "virbr7", "'nat'"):
        network.create()
    assert "52:54:00:00:00:99" in host.run("ip", "link", "show", "virbr7")


def test_a_bridge_of_another_program_with_the_same_address_stays(host: Host) -> None:
    """A definition may come from a libvirt that has the network active."""
    network = host.conn.define_network(nat(more="<mac address='52:54:00:00:00:98'/>"))
    host.run("ip", "link", "add", "virbr7", "address", "52:54:00:00:00:98", "type", "bridge")
    with refused(host, InternalError, "virbr7"):
        network.create()


def test_rules_that_the_kernel_refuses_stop_the_start(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtkit_network import ruleset

    real = ruleset.install
    broken = {"add": {"rule": {"family": "inet", "table": "nowhere", "chain": "none", "expr": [{"accept": None}]}}}
    monkeypatch.setattr(ruleset, "install", lambda *arguments: [*real(*arguments), broken])
    network = host.conn.define_network(nat())
    with refused(host, InternalError, "nftables"):
        network.create()


def test_a_start_that_cannot_be_recorded_is_undone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtkit.errors import SystemCallError
    from virtkit_network.state import NetworkState

    real = NetworkState.record

    def record(state: NetworkState, network: object, document: object, phase: str = "active") -> None:
        if phase == "active":
            raise SystemCallError("there is no space left")
        real(state, network, document, phase)  # type: ignore[arg-type]

    network = host.conn.define_network(nat())
    monkeypatch.setattr(NetworkState, "record", record)
    with refused(host, SystemCallError, "no space"):
        network.create()
    assert network.is_active() is False


def test_a_bridge_of_another_program_after_a_reboot_is_not_adopted(host: Host) -> None:
    """Its name and number may be those that ours had."""
    host.start(nat())
    number = int(host.run("ip", "link", "show", "virbr7").partition(":")[0])
    host.restart()
    host.run("ip", "link", "delete", "virbr7")
    host.run("ip", "link", "add", "virbr7", "index", str(number), "type", "bridge")
    host.conn.define_network("<network><name>other</name></network>")
    assert host.network().is_active() is False
    assert "virbr7" in host.links()


def test_addresses_that_the_host_has_are_refused(host: Host) -> None:
    network = host.conn.define_network(nat())
    with host.outside("10.7.0"), refused(host, InternalError, "10.7.0.0/24", "uplink"):
        network.create()


def test_addresses_of_another_active_network_are_refused(host: Host) -> None:
    host.start(nat())
    other = host.conn.define_network(
        "<network><name>b</name><forward/><ip address='10.7.0.129' prefix='25'/></network>"
    )
    with refused(host, InternalError, "10.7.0.128/25", "10.7.0.0/24", "'nat'"):
        other.create()
    host.network().destroy()
    other.create()


def test_a_bridge_that_is_deleted_underneath_is_told_at_adoption(host: Host) -> None:
    host.start(nat())
    host.run("ip", "link", "delete", "virbr7")
    host.conn.define_network("<network><name>other</name></network>")
    host.restart()
    host.network("other").set_autostart(True)
    assert host.network().is_active() is False
    assert {} == host.remains()


STRANGE = "a b;$(touch x)`'\"<&>\\ %s*?~#\u00e9"


def test_strange_names_are_names_and_nothing_else(host: Host) -> None:
    from xml.sax.saxutils import escape

    network = host.start(nat(name=escape(STRANGE)))
    assert STRANGE == network.name
    host.adopt()
    assert host.network(STRANGE).is_active() is True
    assert 1 == len(host.servers())
    host.network(STRANGE).destroy()
    assert {} == host.remains()


@pytest.mark.parametrize(
    "more",
    [
        "<domain name='a&#10;dhcp-script=/x'/>",
        "<dns><txt name='a' value='b&#10;dhcp-script=/x'/></dns>",
        "<dns><host ip='10.7.0.9'><hostname>a b\tc</hostname></host></dns>",
        "<dns><forwarder domain='a/../#' addr='10.7.0.9'/></dns>",
    ],
)
def test_what_would_be_another_line_of_a_configuration_is_refused(host: Host, more: str) -> None:
    with pytest.raises(VirtError):
        host.conn.define_network(nat(more=more))
    assert [] == host.conn.list_networks()


def test_without_privileges_networks_are_defined_and_not_started(host: Host) -> None:
    """Root without the capability to change links; in a process of its own."""
    code = f"""
import sys, virtkit
with virtkit.open(sys.argv[1]) as conn:
    network = conn.define_network({nat()!r})
    try:
        network.create()
    except virtkit.errors.OperationUnsupportedError as error:
        sys.exit(str(error))
"""
    import sys

    bare = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
    done = subprocess.run(
        [*bare, sys.executable, "-c", code, host.uri], capture_output=True, text=True, timeout=60, check=False
    )
    assert "CAP_NET_ADMIN" in done.stderr
    assert host.network().is_active() is False


def test_routes_that_a_router_has_told_are_not_lost(host: Host) -> None:
    """A host that forwards IPv6 listens to no router any more."""
    network = host.conn.define_network(
        "<network><name>six</name><forward mode='route'/><ip family='ipv6' address='fd00:6::1' prefix='64'/></network>"
    )
    with host.outside():
        host.run("ip", "-6", "route", "add", "default", "via", "fe80::1", "dev", "uplink", "proto", "ra")
        with refused(host, InternalError, "uplink", "accept_ra"):
            network.create()
        host.run("sh", "-c", "echo 2 > /proc/sys/net/ipv6/conf/uplink/accept_ra")
        network.create()
        assert "default via fe80::1" in host.run("ip", "-6", "route")


def test_networks_that_are_defined_at_a_time_have_bridges_of_their_own(host: Host) -> None:
    def define(number: int) -> str:
        return host.conn.define_network(f"<network><name>n{number}</name></network>").bridge_name()

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(define, range(24)))
    assert {f"virbr{number}" for number in range(24)} == set(names)


def test_many_networks_start_and_stop_at_a_time(host: Host) -> None:
    def live(number: int) -> None:
        addresses = f"<ip address='10.60.{number}.1' prefix='24'/>"
        network = host.conn.define_network(f"<network><name>n{number}</name><forward/>{addresses}</network>")
        for _ in range(3):
            network.create()
            network.destroy()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, range(8)))
    assert {} == host.remains()


def test_of_many_starts_of_one_network_one_succeeds(host: Host) -> None:
    network = host.conn.define_network(nat())

    def start(_: int) -> bool:
        try:
            network.create()
        except OperationInvalidError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert 1 == sum(pool.map(start, range(8)))


def test_a_driver_that_is_idle_has_loaded_little(host: Host) -> None:
    code = """
import sys, virtkit
with virtkit.open(sys.argv[1]) as conn:
    conn.list_networks()
    conn.subscribe(virtkit.events.NetworkLifecycleEvent, print)
heavy = {"lxml", "pyroute2", "nftables", "asyncio"} & {name.partition(".")[0] for name in sys.modules}
sys.exit(" ".join(sorted(heavy)) or None)
"""
    host.conn.close()
    assert "" == python(code, host.uri).stderr
    host.conn = virtkit.open(host.uri)


# Killed in the middle

STAGES = [
    ("rules", "install_first", False),
    ("rules", "install_first", True),
    ("kernel", "quieten", True),
    ("kernel", "forward", True),
    ("server", "start", False),
    ("server", "start", True),
]


@pytest.mark.parametrize(("module", "function", "done"), STAGES)
def test_a_start_that_was_killed_leaves_nothing(host: Host, module: str, function: str, done: bool) -> None:
    host.conn.define_network(nat())
    host.restart()
    killed(host, module, function, START, done=done)
    assert host.network().is_active() is False
    host.network().set_autostart(False)
    assert {} == host.remains()
    host.network().create()
    host.network().destroy()
    assert {} == host.remains()


def test_a_transient_network_whose_start_was_killed_never_was(host: Host) -> None:
    host.restart()
    killed(host, "server", "start", f"conn.create_network({nat()!r})", done=True)
    host.conn.define_network("<network><name>other</name></network>")
    assert ["other"] == [network.name for network in host.conn.list_networks()]
    assert {} == host.remains()


@pytest.mark.parametrize("function", ["stop"])
def test_a_stop_that_was_killed_is_finished(host: Host, function: str) -> None:
    host.start(nat())
    host.restart()
    killed(host, "server", function, STOP, done=True)
    assert {"links", "tables", "files"} == set(host.remains())
    host.network().set_autostart(False)
    assert {} == host.remains()


# Restarts


def test_a_restart_costs_no_packet(host: Host) -> None:
    host.start(nat())
    guest = host.plug()
    guest.has("10.7.0.5/24", "10.7.0.1")
    with host.outside():
        assert guest.pings("198.51.100.2")
        command = guest.command("busybox", "ping", "-c", "40", "-i", "0.05", "-W", "2", "198.51.100.2")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ping:
            pids = host.servers()
            host.adopt()
            host.adopt()
            told, _ = ping.communicate(timeout=60)
    assert "40 packets received" in told
    assert pids == host.servers()


def test_what_was_lost_meanwhile_is_restored(host: Host, tmp_path: Path) -> None:
    host.start(nat())
    guest = host.plug()
    host.restart()
    host.run("nft", "flush", "ruleset")
    for pid in host.servers():
        os.kill(pid, signal.SIGKILL)
    host.own()
    with host.outside():
        assert "10.7.0.5" == guest.asks_for_an_address(tmp_path)
        assert guest.pings("198.51.100.2")


def test_ports_outlive_a_restart(host: Host) -> None:
    port = host.start(nat()).create_port("<networkport><mac address='52:54:00:00:07:05'/></networkport>")
    described = port.xml_desc()
    host.adopt()
    assert described == host.network().lookup_port_by_uuid(port.uuid).xml_desc()


def test_a_port_is_reclaimed_as_it_was(host: Host) -> None:
    network = host.start(nat())
    port = network.create_port("<networkport><mac address='52:54:00:00:07:05'/></networkport>")
    described = port.xml_desc()
    port.delete()
    again = network.create_port(described, NetworkPortCreateFlags.RECLAIM)
    assert (port.uuid, described) == (again.uuid, again.xml_desc())
    again.delete()
    with pytest.raises(InternalError):
        network.create_port(described.replace("virbr7", "virbr8"), NetworkPortCreateFlags.RECLAIM)


def test_autostart_happens_once_per_boot(host: Host) -> None:
    network = host.conn.define_network(nat())
    network.set_autostart(True)
    host.restart()
    (host.folder / "run" / "network" / "autostarted").unlink()  # as if the host had been booted
    host.conn.define_network("<network><name>other</name></network>")
    eventually(host.network().is_active, "the network starts by itself")
    host.network().destroy()
    host.restart()
    host.network("other").set_autostart(True)
    assert host.network().is_active() is False


def test_a_driver_that_asks_for_the_network_finds_it_started(host: Host) -> None:
    """A guest's driver starts guests by itself, which need their networks."""
    from virtkit.driver import OpenRequest
    from virtkit.store import Root
    from virtkit.uri import parse
    from virtkit_network.driver import NetworkDriver

    host.conn.define_network(nat()).set_autostart(True)
    host.conn.close()
    (host.folder / "run" / "network" / "autostarted").unlink()
    driver = NetworkDriver()
    session = driver.driver_open(OpenRequest(parse(host.uri), False, Root.under(host.folder), {}, peer=True))
    try:
        assert driver.network_is_active(session, driver.network_lookup_by_name(session, "nat")) is True
    finally:
        driver.driver_close(session)
        host.conn = virtkit.open(host.uri)


def test_events_tell_the_life_of_a_network(host: Host) -> None:
    told: list[int] = []
    host.conn.subscribe(NetworkLifecycleEvent, lambda network, record: told.append(int(record.event)))
    network = host.start(nat())
    network.destroy()
    network.undefine()
    Type = NetworkEventLifecycleType
    expected = [Type.DEFINED, Type.STARTED, Type.STOPPED, Type.UNDEFINED]
    eventually(lambda: len(told) >= len(expected), "all is told")
    assert expected == told
    with pytest.raises(NoNetworkError):
        host.conn.lookup_network_by_uuid(UUID)
