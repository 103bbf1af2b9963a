"""Interfaces of containers, in a network namespace that is the host."""

from __future__ import annotations

import os

import pytest

from plugins.lxc.tests.lab import Lab, eventually
from tests.namespaces import Namespace
from virtkit.network.links import Links
from virtkit_lxc import runtime
from virtkit_lxc.plan import Link

MAC = "52:54:00:a1:b2:c3"


@pytest.fixture
def host(network: Namespace) -> Namespace:
    """A host with a bridge, 10.0.0.1, and a pair `inner`, `outer` whose outer end is plugged into it."""
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        links.add_address("vb0", "10.0.0.1/24")
        links.set_up("vb0")
        links.add_veth("outer", "inner", mac=MAC)
        links.plug("outer", "vb0")
        links.set_up("outer")
    return network


IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
LINK = Link("inner", "net0", MAC, True, 1400, ("10.0.0.2/24",), ("10.0.0.1",))


def test_an_interface_is_in_the_container_under_its_name(lab: Lab, host: Namespace) -> None:
    made = lab.started(plan={"links": (LINK,)})
    assert host.pings("10.0.0.2")
    told = made.says("ip link show net0; ip route")
    assert MAC in told
    assert "mtu 1400" in told
    assert "default via 10.0.0.1" in told


def test_the_host_gets_the_link_back(lab: Lab, host: Namespace) -> None:
    made = lab.started(plan={"links": (LINK,)})
    runtime.stop(made.name, made.running, kill=True)
    assert "inner" in host.run("ip", "link").stdout


def test_an_interface_survives_a_reboot(lab: Lab, host: Namespace) -> None:
    made = lab.started("/sbin/init", plan={"links": (LINK,)})
    eventually(lambda: "the system is up" in made.console(), "the message of init")  # it hears no signal before
    runtime.reboot(made.name, made.running)
    assert made.running.init.wait(20)
    if runtime.after(made.plan.folder, made.running) is None:  # liblxc could not: the driver starts it then
        told = (made.plan.folder / "lxc.log").read_text()
        assert runtime.REBOOTED == runtime.exit_status(made.plan.folder, made.running.init), told
        made.end()
        made.start()
    assert host.pings("10.0.0.2")


def test_a_container_without_interfaces_has_its_loopback_alone(lab: Lab, network: Namespace) -> None:
    network.run("ip", "link", "add", "vb1", "type", "bridge")
    assert ["lo"] == [line.split()[1].rstrip(":") for line in lab.started().says("ip -o link").splitlines()]


def test_a_container_shares_the_network_of_the_host(lab: Lab, network: Namespace) -> None:
    network.run("ip", "link", "add", "vb1", "type", "bridge")
    assert "vb1" in lab.started(plan={"network": "host"}).says("ip link")


def test_containers_share_namespaces(lab: Lab, network: Namespace) -> None:
    first = lab.started()
    first.says("hostname changed; true")
    pid = first.running.init.pid
    shared = {kind: f"/proc/{pid}/ns/{kind}" for kind in ("net", "uts", "ipc")}
    second = lab.started(plan={"shared": shared})
    for kind in shared:
        mine, its = (os.readlink(f"/proc/{each.running.init.pid}/ns/{kind}") for each in (first, second))
        assert mine == its
    assert os.readlink(f"/proc/{pid}/ns/pid") != os.readlink(f"/proc/{second.running.init.pid}/ns/pid")
    assert first.name == second.says("hostname")


def test_an_id_map_in_the_network_of_the_host_sees_nothing_of_it_in_sys(lab: Lab, host: Namespace) -> None:
    made = lab.started(more=IDMAP, plan={"network": "host"})
    assert "net" not in os.listdir(f"/proc/{made.running.init.pid}/root/sys")
    assert "outer" in made.says("ip link")
