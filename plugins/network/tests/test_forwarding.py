"""Forwarded ports as a network declares them, and where they lead."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.network.tests.documents import parsed
from virtkit.enums import IPAddrType
from virtkit.errors import ConfigUnsupportedError, OperationFailedError, VirtError, XMLError
from virtkit.network.connections import Ports
from virtkit.records import DHCPLease
from virtkit.xml.network import Network
from virtkit_network.forwarding import NAMESPACE, Forward, Target, changed, check_free, read, resolve

HOSTS = """
<host mac='52:54:00:00:00:01' name='web' ip='192.168.9.10'/>
<host mac='52:54:00:00:00:02' ip='192.168.9.11'/>
<host name='named' ip='192.168.9.12'/>
<host mac='52:54:0:0:0:A' ip='192.168.9.14'/>
"""


def network(forwards: str, mode: str = "<forward mode='nat'/>", attributes: str = "") -> Network:
    declared = f"<v:forwards xmlns:v='{NAMESPACE}'{attributes}>{forwards}</v:forwards>"
    names = "<dns><host ip='192.168.9.13'><hostname>alias</hostname></host></dns>"
    return parsed(
        f"<network><name>n</name><metadata>{declared}</metadata>{mode}<bridge name='vb0'/>"
        f"<domain name='lab.test'/>{names}"
        f"<ip address='192.168.9.1' prefix='24'><dhcp>{HOSTS}</dhcp></ip>"
        "<ip family='ipv6' address='fd00:9::1' prefix='64'/></network>"
    )


def declared(attributes: str) -> list[Forward]:
    return read(network(f"<v:forward {attributes}/>"))


def lease(address: str, mac: str = "52:54:00:00:00:09", name: str | None = None, expiry: int = 100) -> DHCPLease:
    version = IPAddrType.IPV6 if ":" in address else IPAddrType.IPV4
    return DHCPLease("vb0", expiry, version, mac, None, address, 24, name, None)


def led(guest: str, *leases: DHCPLease, more: str = "") -> list[str]:
    """The addresses that a guest is found at."""
    document = network(f"<v:forward guest='{guest}' port='80'{more}/>")
    return [target.guest for target in resolve(read(document), document, leases)]


def test_a_network_without_metadata_forwards_nothing() -> None:
    assert read(parsed("<network><name>n</name></network>")) == []
    other = "<metadata><o:forwards xmlns:o='urn:other'><o:forward/></o:forwards></metadata>"
    assert read(parsed(f"<network><name>n</name>{other}</network>")) == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("guest='web' port='80'", Forward("web", "tcp", None, 80, 80, 80)),
        ("guest='WEB.lab.test' port='8080' to='80'", Forward("web.lab.test", "tcp", None, 8080, 8080, 80)),
        (
            "guest='52:54:00:AB:00:01' proto='udp' address='192.0.2.1' port='5-9' to='15'",
            Forward("52:54:00:ab:00:01", "udp", "192.0.2.1", 5, 9, 15),
        ),
        ("guest='192.168.9.7' port='5-9' to='15-19'", Forward("192.168.9.7", "tcp", None, 5, 9, 15)),
        (
            "guest='fd00:9:0::7' address='2001:DB8::1' port='65535'",
            Forward("fd00:9::7", "tcp", "2001:db8::1", *[65535] * 3),
        ),
    ],
)
def test_a_forward_is_read(attributes: str, expected: Forward) -> None:
    assert [expected] == declared(attributes)


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ("port='80'", "guest None: a host name, MAC address or IP address"),
        ("guest='a b' port='80'", "guest 'a b'"),
        ("guest='10.0.0.1' port='80'", "guest '10.0.0.1' is no address for guests in a subnet of the network"),
        ("guest='192.168.9.1' port='80'", "guest '192.168.9.1' is no address for guests"),
        ("guest='w'", "port None: a port from 1 to 65535"),
        ("guest='w' port='0'", "port '0'"),
        ("guest='w' port='65536'", "port '65536'"),
        ("guest='w' port='9-5'", "port '9-5'"),
        ("guest='w' port='80,81'", "port '80,81'"),
        ("guest='w' port='80' to='x'", "to 'x'"),
        ("guest='w' port='5-9' to='5-8'", "ports 5-9 needs as many ports of the guest"),
        ("guest='w' port='5-9' to='65533'", "ports 5-9 needs as many ports of the guest"),
        ("guest='w' port='1-1001' to='2'", "1001 ports to others: at most 1000"),
        ("guest='w' port='80' proto='sctp'", "protocol 'sctp': forward tcp or udp"),
        (
            "guest='w' port='80' address='127.0.0.1'",
            "address '127.0.0.1': an address of the host, other than its loopback",
        ),
        ("guest='w' port='80' address='::1'", "address '::1'"),
        ("guest='w' port='80' address='host'", "address 'host'"),
        ("guest='w' port='80' address='0.0.0.0'", "address '0.0.0.0'"),
        ("guest='fd00:9::7' port='80' address='192.0.2.1'", "both must be IPv4, or both IPv6"),
        ("guest='w' port='80' potr='81'", "<forward> has no attribute 'potr', only guest, proto, address, port, to"),
    ],
)
def test_what_is_wrong_is_told_with_the_network(attributes: str, problem: str) -> None:
    with pytest.raises(XMLError) as caught:
        declared(attributes)
    assert caught.value.message.startswith("network 'n': ")
    assert problem in caught.value.message


@pytest.mark.parametrize("inside", ["<v:forwrad guest='w' port='80'/>", "<forward guest='w' port='80'/>"])
def test_another_element_is_refused(inside: str) -> None:
    with pytest.raises(XMLError, match="<forwards> has elements <forward> of urn:virtkit:network:1, not <forw"):
        read(network(inside))


def test_another_attribute_of_all_is_refused() -> None:
    with pytest.raises(XMLError, match="<forwards> has no attribute 'proto'"):
        read(network("", attributes=" proto='tcp'"))


@pytest.mark.parametrize("mode", ["bridge", "private"])
def test_guests_that_are_not_behind_the_host_get_no_ports(mode: str) -> None:
    document = network("<v:forward guest='w' port='80'/>")
    assert document.forward is not None
    document.forward.mode = mode
    with pytest.raises(ConfigUnsupportedError, match=f"network 'n' cannot forward ports: with mode {mode}"):
        read(document)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("port='80'", "port='80'"),
        ("port='80'", "port='80' address='192.0.2.1'"),
        ("port='70-90'", "port='80'"),
        ("port='80' address='192.0.2.1'", "port='1-80' address='192.0.2.1'"),
    ],
)
def test_two_forwards_of_one_port_are_refused(one: str, other: str) -> None:
    with pytest.raises(XMLError, match=r"network 'n': two <forward> want tcp port .*: to a and b"):
        read(network(f"<v:forward guest='a' {one}/><v:forward guest='b' {other}/>"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("port='80'", "port='81'"),
        ("port='80'", "port='80' proto='udp'"),
        ("port='80' address='192.0.2.2'", "port='80' address='192.0.2.1'"),
    ],
)
def test_forwards_of_different_ports_are_not(one: str, other: str) -> None:
    assert len(read(network(f"<v:forward guest='a' {one}/><v:forward guest='b' {other}/>"))) == 2


def test_a_port_that_leads_to_another_network_is_refused() -> None:
    document = network("<v:forward guest='a' port='80'/>")
    taken = {"free": [Forward("x", "tcp", None, 81, 81, 81)], "other": [Forward("x", "tcp", "192.0.2.1", 79, 81, 79)]}
    with pytest.raises(OperationFailedError, match="network 'n' cannot forward tcp port 80: network 'other' does"):
        check_free(document, read(document), taken)
    check_free(document, read(document), {"free": taken["free"]})


@pytest.mark.parametrize(
    ("guest", "leases", "expected"),
    [
        ("192.168.9.77", [], ["192.168.9.77"]),
        ("web", [], ["192.168.9.10"]),
        ("web.lab.test", [], ["192.168.9.10"]),
        ("web", [lease("192.168.9.50", "52:54:00:00:00:01")], ["192.168.9.50"]),
        ("web", [lease("192.168.9.50", "52:54:00:00:00:66", "web")], ["192.168.9.10"]),
        ("named", [lease("192.168.9.50", name="named")], ["192.168.9.12"]),
        ("alias", [], ["192.168.9.13"]),
        ("52:54:00:00:00:02", [], ["192.168.9.11"]),
        ("52:54:00:00:00:0a", [], ["192.168.9.14"]),
        ("52:54:00:00:00:09", [lease("192.168.9.60", expiry=9), lease("192.168.9.61", expiry=10)], ["192.168.9.61"]),
        ("52:54:00:00:00:09", [lease("192.168.9.60", expiry=0), lease("192.168.9.61", expiry=10)], ["192.168.9.60"]),
        (
            "other",
            [lease("192.168.9.60", name="Other"), lease("fd00:9::60", name="other")],
            ["192.168.9.60", "fd00:9::60"],
        ),
        ("52:54:00:00:00:09", [lease("fd00:9::60")], []),
        ("nobody", [lease("192.168.9.60", name="other")], []),
    ],
)
def test_a_guest_is_found(guest: str, leases: Sequence[DHCPLease], expected: list[str]) -> None:
    assert expected == led(guest, *leases)


@pytest.mark.parametrize("elsewhere", ["192.0.2.1", "192.168.9.1"])
def test_a_name_of_another_host_leads_nowhere(elsewhere: str) -> None:
    document = network("<v:forward guest='alias' port='80'/>")
    assert document.dns is not None
    document.dns.hosts[0].ip = elsewhere
    assert [] == resolve(read(document), document, [])


def test_ports_that_lead_elsewhere_have_changed() -> None:
    one, two = (Forward("a", "tcp", None, port, port, port) for port in (80, 81))
    before = [Target(one, "192.168.9.5"), Target(two, "192.168.9.6")]
    after = [Target(one, "192.168.9.7"), Target(two, "192.168.9.6")]
    assert [Ports("tcp", None, 80, 80)] == changed(before, after)
    assert [Ports("tcp", None, 80, 80), Ports("tcp", None, 81, 81)] == changed([], after)
    assert [] == changed(after, after)


def test_an_address_of_the_host_leads_to_one_of_its_version() -> None:
    both = [lease("192.168.9.60", name="other"), lease("fd00:9::60", name="other")]
    assert ["fd00:9::60"] == led("other", *both, more=" address='2001:db8::1'")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["guest", "proto", "address", "port", "to"]), st.text(max_size=30)))
def test_no_text_is_more_than_refused(attributes: dict[str, str]) -> None:
    from lxml import etree

    element = etree.Element(f"{{{NAMESPACE}}}forwards")
    document = network("")
    try:
        etree.SubElement(element, f"{{{NAMESPACE}}}forward", attributes)
    except ValueError:
        return  # XML cannot say it
    document.metadata = {NAMESPACE: etree.tostring(element, encoding="unicode")}
    try:
        found = read(document)
    except VirtError as error:
        assert "network 'n'" in error.message  # noqa: PT017 - it may also be taken
        return
    assert all(1 <= each.first <= each.last <= 65535 and each.proto in ("tcp", "udp") for each in found)
