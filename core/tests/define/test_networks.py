"""The define passes of networks and pools, and changes of parts."""

from __future__ import annotations

import pytest

from virtkit.define import network as networks
from virtkit.define import pool as pools
from virtkit.errors import NoNameError, OperationInvalidError, OperationUnsupportedError, VirtError, XMLError
from virtkit.xml.network import Network
from virtkit.xml.pool import StoragePool

HOST = "<host mac='52:54:00:00:00:{}' ip='10.0.0.{}'/>"
ADD_LAST, ADD_FIRST, DELETE, MODIFY = 3, 4, 2, 1
DHCP_HOST, FORWARD_INTERFACE, PORTGROUP = 4, 7, 9


def network(inside: str = "<ip address='10.0.0.1' prefix='24'/>") -> Network:
    """A small network."""
    return Network.parse(f"<network><name>n</name>{inside}</network>")


def test_a_network_gets_a_mode_a_uuid_and_a_bridge() -> None:
    document = network("<forward/><ip address='10.0.0.1' prefix='24'/>")
    networks.complete(document)
    assert document.forward is not None
    assert document.bridge is not None
    assert (document.forward.mode, document.bridge.stp, document.bridge.delay) == ("nat", True, 0)
    assert len(document.uuid or b"") == 16


def test_a_network_on_another_bridge_gets_none() -> None:
    document = network("<forward mode='bridge'/>")
    networks.complete(document)
    assert document.bridge is None


@pytest.mark.parametrize(
    "written", ["<forward mode='route' dev='e'/>", "<forward mode='route'><interface dev='e'/></forward>"]
)
def test_the_device_of_a_forward_is_its_only_interface(written: str) -> None:
    document = network(f"{written}<ip address='10.0.0.1' prefix='24'/>")
    networks.complete(document)
    assert document.forward is not None
    assert document.forward.dev == "e"
    assert [one.dev for one in document.forward.interfaces] == ["e"]


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(XMLError, match="no address"):
        networks.complete(network("<forward/>"))
    with pytest.raises(NoNameError):
        networks.complete(Network.parse("<network/>"))
    with pytest.raises(VirtError, match="slash"):
        networks.complete(Network.parse("<network><name>a/b</name></network>"))


def hosts(document: Network) -> list[str | None]:
    """Addresses of the DHCP hosts."""
    return [host.ip for ip in document.ips if ip.dhcp is not None for host in ip.dhcp.hosts]


def test_a_part_is_added_changed_and_deleted() -> None:
    document = network()
    networks.update(document, ADD_LAST, DHCP_HOST, -1, HOST.format("01", 2))
    networks.update(document, ADD_FIRST, DHCP_HOST, 0, HOST.format("02", 3))
    assert hosts(document) == ["10.0.0.3", "10.0.0.2"]
    networks.update(document, MODIFY, DHCP_HOST, -1, HOST.format("01", 9))
    networks.update(document, DELETE, DHCP_HOST, -1, "<host mac='52:54:00:00:00:02'/>")
    assert hosts(document) == ["10.0.0.9"]


def test_a_part_that_does_not_fit_is_refused() -> None:
    document = network()
    networks.update(document, ADD_LAST, DHCP_HOST, -1, HOST.format("01", 2))
    for command, section, index, xml, error in (
        (ADD_LAST, DHCP_HOST, -1, HOST.format("01", 5), OperationInvalidError),
        (DELETE, DHCP_HOST, -1, HOST.format("07", 7), OperationInvalidError),
        (ADD_LAST, DHCP_HOST, 5, HOST.format("03", 3), OperationInvalidError),
        (ADD_LAST, FORWARD_INTERFACE, -1, "<interface dev='e'/>", OperationInvalidError),
        (MODIFY, FORWARD_INTERFACE, -1, "<interface dev='e'/>", OperationInvalidError),
        (ADD_LAST, PORTGROUP, -1, "<host/>", XMLError),
        (ADD_LAST, 2, -1, "<domain/>", OperationUnsupportedError),
        (9, PORTGROUP, -1, "<portgroup name='a'/>", OperationUnsupportedError),
    ):
        with pytest.raises(error):
            networks.update(document, command, section, index, xml)


def pool(kind: str, source: str = "", target: str = "<target><path>/p</path></target>") -> StoragePool:
    """A small pool, completed."""
    document = StoragePool.parse(f"<pool type='{kind}'><name>p</name><source>{source}</source>{target}</pool>")
    pools.complete(document, pools.shape_of(document))
    return document


@pytest.mark.parametrize(
    ("kind", "source", "name", "format_", "path"),
    [
        ("dir", "", None, None, "/p"),
        ("fs", "<device path='/d'/>", None, "auto", "/p"),
        ("logical", "", "p", "lvm2", "/dev/p"),
        ("logical", "<name>vg</name>", "vg", "lvm2", "/dev/vg"),
        ("zfs", "", "p", None, "/dev/zvol/p"),
        ("rbd", "<host name='h'/><name>r</name>", "r", None, None),
        ("disk", "<device path='/d'/><format type='gpt'/>", None, "gpt", "/p"),
    ],
)
def test_a_pool_has_what_its_type_has(
    kind: str, source: str, name: str | None, format_: str | None, path: str | None
) -> None:
    document = pool(kind, source)
    shown = document.source.format.type if document.source.format is not None else None
    assert (document.source.name, shown, document.target.path) == (name, format_, path)
    assert (document.capacity, document.allocation, document.available) == (0, 0, 0)


@pytest.mark.parametrize("given", ["", "type='x'"])
def test_a_type_that_does_not_exist_is_told_as_libvirt_tells_it(given: str) -> None:
    document = StoragePool.parse(f"<pool {given}><name>p</name></pool>")
    with pytest.raises(XMLError) as caught:
        pools.shape_of(document)
    assert (27, 5) == (caught.value.code, caught.value.domain)


@pytest.mark.parametrize("kind", [name for name, kind in pools.TYPES.items() if kind.needs])
def test_a_pool_that_lacks_what_its_type_needs_is_refused(kind: str) -> None:
    with pytest.raises(VirtError, match=f"of type '{kind}' has no") as caught:
        pool(kind)
    assert caught.value.domain == 18
