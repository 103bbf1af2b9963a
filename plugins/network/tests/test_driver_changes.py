"""Changes to active networks: parts of them, limits of their ports, VLANs."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.network.tests.host import RESERVED, Guest, Host, killed, nat, without_programs
from tests.namespaces import Namespace
from virtkit.enums import NetworkUpdateCommand, NetworkUpdateFlags, NetworkUpdateSection
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationInvalidError,
    OperationUnsupportedError,
    SystemCallError,
)
from virtkit.store import files

Section, Command, Impact = NetworkUpdateSection, NetworkUpdateCommand, NetworkUpdateFlags
BOTH = Impact.LIVE | Impact.CONFIG
ADD, DELETE, MODIFY = Command.ADD_LAST, Command.DELETE, Command.MODIFY
GUEST = "<host mac='52:54:00:00:07:66' name='db' ip='10.7.0.66'/>"


def resolved(guest: Guest, name: str, kind: str = "a") -> str:
    """What the network's DNS says of a name."""
    return guest.run("busybox", "nslookup", f"-type={kind}", name, "10.7.0.1", check=False).stdout


# Parts


def test_a_new_host_gets_its_address_at_once(host: Host, tmp_path: Path) -> None:
    network = host.start(nat())
    guest = host.plug(mac="52:54:00:00:07:66")
    network.update(ADD, Section.IP_DHCP_HOST, -1, GUEST, BOTH)
    assert "10.7.0.66" == guest.asks_for_an_address(tmp_path)
    network.destroy()
    assert "10.7.0.66" in network.xml_desc()


def test_leases_outlive_a_change(host: Host, tmp_path: Path) -> None:
    network = host.start(nat())
    host.plug().asks_for_an_address(tmp_path)
    network.update(ADD, Section.IP_DHCP_HOST, -1, GUEST, Impact.LIVE)
    assert ["10.7.0.5"] == [lease.ipaddr for lease in network.dhcp_leases()]


def test_records_of_dns_change_live(host: Host) -> None:
    network = host.start(nat(more="<domain name='lab.test' localOnly='yes'/>"))
    guest = host.plug()
    guest.has("10.7.0.5/24")
    changes = [
        (Section.DNS_HOST, "<host ip='10.7.0.44'><hostname>files.lab.test</hostname></host>", "files.lab.test", "a"),
        (Section.DNS_TXT, "<txt name='note.lab.test' value='a value'/>", "note.lab.test", "txt"),
        (
            Section.DNS_SRV,
            "<srv service='ldap' protocol='tcp' domain='lab.test' target='files.lab.test' port='389'/>",
            "_ldap._tcp.lab.test",
            "srv",
        ),
    ]
    answers = {"a": "10.7.0.44", "txt": "a value", "srv": "389"}
    for section, xml, name, kind in changes:
        assert answers[kind] not in resolved(guest, name, kind)
        network.update(ADD, section, -1, xml, BOTH)
        assert answers[kind] in resolved(guest, name, kind)
    for section, xml, name, kind in reversed(changes):
        network.update(DELETE, section, -1, xml, BOTH)
        assert answers[kind] not in resolved(guest, name, kind)


def test_a_range_changes_live(host: Host, tmp_path: Path) -> None:
    network = host.start(nat())
    network.update(DELETE, Section.IP_DHCP_RANGE, -1, "<range start='10.7.0.10' end='10.7.0.20'/>", BOTH)
    network.update(ADD, Section.IP_DHCP_RANGE, -1, "<range start='10.7.0.30' end='10.7.0.30'/>", BOTH)
    assert "10.7.0.30" == host.plug(mac="52:54:00:00:07:67").asks_for_an_address(tmp_path)


def test_a_network_that_comes_to_need_dnsmasq_gets_one(host: Host) -> None:
    network = host.start("<network><name>n</name><dns enable='no'/><ip address='10.7.0.1' prefix='24'/></network>")
    assert [] == host.servers()
    network.update(ADD, Section.IP_DHCP_HOST, 0, GUEST, Impact.LIVE)
    assert 1 == len(host.servers())
    network.update(DELETE, Section.IP_DHCP_HOST, 0, GUEST, Impact.LIVE)
    assert [] == host.servers()


def test_a_change_that_dnsmasq_cannot_serve_is_made_nowhere(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network = host.start(nat())
    before, pids = network.xml_desc(), host.servers()
    with without_programs(monkeypatch, tmp_path), pytest.raises(ConfigUnsupportedError, match="dnsmasq"):
        network.update(ADD, Section.IP_DHCP_HOST, -1, GUEST, BOTH)
    assert (before, pids) == (network.xml_desc(), host.servers())


def test_what_cannot_be_stored_is_not_changed_live(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = host.start(nat())
    before = network.xml_desc()

    def full(path: Path | str, content: bytes, *, lasting: bool) -> None:
        if "/etc/" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        files.replace(path, content, lasting=lasting)

    with monkeypatch.context() as patched:
        patched.setattr("virtkit.store.collection.replace", full)
        with pytest.raises(SystemCallError):
            network.update(ADD, Section.IP_DHCP_HOST, -1, GUEST, BOTH)
    assert before == network.xml_desc()
    assert "10.7.0.66" not in "".join(path.read_text() for path in (host.folder / "lib").rglob("*.conf"))
    host.adopt()
    assert before == host.network().xml_desc()


def test_a_change_that_was_killed_is_whole_after_the_next_start(host: Host) -> None:
    network = host.start(nat())
    host.restart()
    act = f"conn.lookup_network_by_name('nat').update({int(ADD)}, {int(Section.IP_DHCP_HOST)}, -1, {GUEST!r}, 3)"
    killed(host, "server", "ensure", act, done=False)
    host.own()
    network = host.network()
    live = "10.7.0.66" in network.xml_desc()
    served = "10.7.0.66" in "".join(path.read_text() for path in (host.folder / "lib").rglob("*.conf"))
    assert (live, network.is_active()) == (served, True)
    assert 1 == len(host.servers())


def test_interfaces_of_a_pool_come_and_go(host: Host) -> None:
    network = host.start("<network><name>p</name><forward mode='private'><interface dev='a1'/></forward></network>")
    network.update(ADD, Section.FORWARD_INTERFACE, -1, "<interface dev='a2'/>", BOTH)
    ports = [network.create_port("<networkport><mac address='52:54:00:00:00:01'/></networkport>") for _ in range(3)]
    assert ["a1", "a2", "a1"] == [port.xml_desc().split("dev='")[1].split("'")[0] for port in ports]
    assert "<interface dev='a1' connections='2'/>" in network.xml_desc()
    with pytest.raises(OperationInvalidError):
        network.update(DELETE, Section.FORWARD_INTERFACE, -1, "<interface dev='a2'/>", BOTH)
    ports[1].delete()
    network.update(DELETE, Section.FORWARD_INTERFACE, -1, "<interface dev='a2'/>", BOTH)
    assert "a2" not in network.xml_desc()


def test_a_changed_port_group_holds_for_ports_to_come(host: Host) -> None:
    network = host.start(nat(more="<portgroup name='slow'><bandwidth><inbound average='10'/></bandwidth></portgroup>"))
    xml = "<networkport><group>slow</group><mac address='52:54:00:00:00:01'/></networkport>"
    before = network.create_port(xml)
    slower = "<portgroup name='slow'><bandwidth><inbound average='5'/></bandwidth></portgroup>"
    network.update(MODIFY, Section.PORTGROUP, -1, slower, BOTH)
    after = network.create_port(xml)
    assert (10, 5) == (before.parameters()["inbound.average"], after.parameters()["inbound.average"])


def test_no_command_is_refused(host: Host) -> None:
    with pytest.raises(InvalidArgError):
        host.start(nat()).update(0, Section.IP_DHCP_HOST, -1, GUEST, BOTH)


# Limits


def classes(host: Host) -> str:
    return host.run("tc", "class", "show", "dev", "virbr7")


LIMITED = "<bandwidth><inbound average='1000' peak='2000'/></bandwidth>"


def port_xml(floor: int, mac: str = RESERVED) -> str:
    limits = f"<bandwidth><inbound average='500' floor='{floor}'/></bandwidth>"
    return f"<networkport><mac address='{mac}'/>{limits}</networkport>"


def test_a_floor_is_a_class_of_the_bridge(host: Host) -> None:
    network = host.start(nat(more=LIMITED))
    assert "class htb 1:3 " not in classes(host)
    port = network.create_port(port_xml(100))
    assert "class htb 1:3 " in classes(host)
    with pytest.raises(OperationInvalidError):
        network.create_port(port_xml(901, "52:54:00:00:07:06"))
    second = network.create_port(port_xml(900, "52:54:00:00:07:06"))
    assert "class htb 1:4 " in classes(host)
    port.set_parameters({"outbound.average": 10})
    assert "class htb 1:3 " not in classes(host)
    second.delete()
    assert "class htb 1:4 " not in classes(host)


def test_a_floor_needs_a_network_with_limits(host: Host) -> None:
    with pytest.raises(OperationUnsupportedError):
        host.start(nat()).create_port(port_xml(100))


def test_limits_leave_nothing(host: Host) -> None:
    network = host.start(nat(more="<bandwidth><inbound average='1000'/><outbound average='1000'/></bandwidth>"))
    network.create_port(port_xml(10))
    network.destroy()
    assert {} == host.remains()


def test_vlans_need_a_bridge_that_keeps_them_apart(host: Host) -> None:
    network = host.start(nat())
    with pytest.raises(ConfigUnsupportedError, match="VLAN"):
        network.create_port("<networkport><mac address='52:54:00:00:00:01'/><vlan><tag id='5'/></vlan></networkport>")
    assert [] == network.list_ports()


TAGGED = """
<network><name>v</name><bridge name='virbr7' stp='off'/>
<portgroup name='a'><vlan><tag id='5'/></vlan></portgroup></network>
"""


def test_a_kernel_without_vlan_filtering_is_told(host: Host) -> None:
    host.run("ip", "link", "add", "probe", "type", "bridge")
    if host.run("sh", "-c", "ip link set probe type bridge vlan_filtering 1 2>&1 || echo no") == "":
        pytest.skip("this kernel has VLAN filtering")
    host.run("ip", "link", "delete", "probe")
    network = host.conn.define_network(TAGGED)
    with pytest.raises(ConfigUnsupportedError, match="VLAN"):
        network.create()
    assert {} == host.remains()


@pytest.mark.test_kernel
def test_a_network_with_vlans_keeps_them_apart(
    tmp_path: Path, modules: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without rules: the test kernel has neither nat chains nor fib, and no rule looks at what stays on a bridge."""
    modules("bridge", "veth")
    monkeypatch.setattr("virtkit_network.rules.install_first", lambda state, network, document: None)
    monkeypatch.setattr("virtkit_network.rules.remove", lambda document: None)
    with Namespace() as namespace, namespace.entered(), Host(namespace, tmp_path) as host:
        network = host.start(TAGGED)
        assert "vlan_filtering 1" in host.run("ip", "-d", "link", "show", "virbr7")
        port = network.create_port("<networkport><group>a</group><mac address='52:54:00:00:00:01'/></networkport>")
        assert "<tag id='5'/>" in port.xml_desc()
        guests = [host.plug(tap=f"tap{number}", mac=f"52:54:00:00:07:0{number}") for number in (1, 2, 3)]
        for number, guest in enumerate(guests, 1):
            guest.has(f"10.7.0.{number}/24")
        for tap in ("tap1", "tap2"):
            host.run("bridge", "vlan", "add", "vid", "5", "dev", tap, "pvid", "untagged")
        assert guests[0].pings("10.7.0.2", timeout=5)
        assert not guests[0].pings("10.7.0.3")
        network.destroy()
