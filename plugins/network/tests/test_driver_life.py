"""The life of networks: nothing is left of one that was stopped, and one that is active goes on after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import virtkit
from plugins.network.tests.host import UUID, Host, eventually, nat, python
from virtkit.enums import NetworkEventLifecycleType, NetworkPortCreateFlags
from virtkit.errors import InternalError, NoNetworkError, OperationInvalidError
from virtkit.events import NetworkLifecycleEvent

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


# Many at a time, and none


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
