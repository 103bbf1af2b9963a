"""Interfaces of containers through the driver: plugged in, kept and taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import INTERFACE, MAC, document, eventually, wait_for_shell
from tests.namespaces import Namespace
from virtkit import Connection
from virtkit.enums import DomainInterfaceAddressesSource
from virtkit.errors import InternalError, NoHostnameError, OperationFailedError
from virtkit.events import DomainRebootEvent


def test_an_interface_is_plugged_into_its_bridge(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    before = network.run("ip", "-o", "link").stdout.count("\n")
    domain = connection.create_domain(document(rootfs, devices=INTERFACE))
    assert network.pings("10.0.0.2")
    assert "<target dev='vnet0'/>" in domain.xml_desc()
    (met,) = domain.interface_addresses(DomainInterfaceAddressesSource.ARP)
    assert ("vnet0", MAC, ["10.0.0.2"]) == (met.name, met.hwaddr, [each.addr for each in met.addrs])
    with pytest.raises(NoHostnameError):
        domain.hostname()
    assert domain.interface_stats("vnet0").rx_packets > 0
    ((_, bulk),) = connection.domain_stats([domain])
    assert "vnet0" == bulk["net.0.name"]
    domain.destroy()
    assert before == network.run("ip", "-o", "link").stdout.count("\n")


def test_a_start_that_fails_leaves_no_interface(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    before = network.run("ip", "-o", "link").stdout.count("\n")
    domain = connection.define_domain(document(rootfs, "/sbin/nowhere", devices=INTERFACE))
    with pytest.raises(OperationFailedError, match="/sbin/nowhere"):
        domain.create()
    assert before == network.run("ip", "-o", "link").stdout.count("\n")


def test_a_bridge_that_is_not_there_is_named(connection: Connection, network: Namespace, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs, devices=INTERFACE))
    with pytest.raises(InternalError, match="vb0"):
        domain.create()
    assert not domain.is_active()


def test_an_adopted_container_keeps_its_interface(bridge: str, network: Namespace, uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.create_domain(document(rootfs, devices=INTERFACE))
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.suspend()
        domain.resume()
        assert network.pings("10.0.0.2")


def test_a_system_that_reboots_keeps_its_interface(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    domain = connection.create_domain(document(rootfs, devices=INTERFACE))
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: told, "it reboots")
    assert network.pings("10.0.0.2")
    domain.destroy()
    assert "vnet" not in network.run("ip", "-o", "link").stdout


BOUND = "<filesystem type='bind'><source dir='/tmp'/><target dir='/mnt'/></filesystem>"


def test_a_system_that_liblxc_may_not_start_anew_is_started_by_us(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    domain = connection.create_domain(document(rootfs, devices=INTERFACE + BOUND))
    number = domain.id
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: told, "it reboots")
    wait_for_shell(domain)
    assert number == connection.lookup_domain_by_name("web").id
    assert network.pings("10.0.0.2")
