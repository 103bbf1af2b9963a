"""Devices: documents of every kind, and what a driver sees of them.

`corpus/devices` has documents as the real libvirt prints them; `corpus/live` has what its test driver never prints:
running guests of its QEMU driver (`pc`, `q35`), and what even they seldom have (`devices`).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from core.tests.xml.facts import reachable
from core.tests.xml.libvirt import Refused, printed
from virtkit.enums import ErrorDomain
from virtkit.errors import VirtError, XMLError
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices import Devices
from virtkit.xml.domain.devices.address import DriveAddress, PciAddress, UsbAddress
from virtkit.xml.domain.devices.character import CharacterSource, Port, PortTarget
from virtkit.xml.domain.devices.disk import Disk, DiskDriver, DiskTarget
from virtkit.xml.domain.devices.hostdev import Hostdev, PciHostdev, UsbHostdev
from virtkit.xml.domain.devices.interface import HostdevInterface, Interface
from virtkit.xml.domain.devices.source import DiskSource
from virtkit.xml.element import Element
from virtkit.xml.network import Network

CORPUS = Path(__file__).parent / "corpus"
PRINTED = sorted((CORPUS / "devices").glob("*.xml"))
DOCUMENTS = [*PRINTED, *sorted((CORPUS / "live").glob("*.xml"))]


def _name(path: Path) -> str:
    return path.stem


def _devices(text: str) -> Devices:
    return Domain.parse(f"<domain type='kvm'><name>a</name><devices>{text}</devices></domain>").devices


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_a_document_is_printed_as_it_was_read(path: Path) -> None:
    expected = path.read_text(encoding="utf-8")
    document = Domain.parse(expected)
    assert () == document.notices
    assert expected == document.format()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_shuffled_names_are_printed_in_order(path: Path) -> None:
    expected = path.read_text(encoding="utf-8")
    order = random.Random(1)
    root = etree.fromstring(expected, etree.XMLParser(remove_blank_text=True))
    for node in root.iter():
        attributes = list(node.attrib.items())
        node.attrib.clear()
        node.attrib.update(order.sample(attributes, len(attributes)))
        if not list(node.iterancestors("privateData")):  # untyped, with the order that was written
            ranks = {child.tag: order.random() for child in node}
            node[:] = sorted(node, key=lambda child: ranks[child.tag])
    assert expected == Domain.parse(etree.tostring(root)).format()


@pytest.mark.libvirt
@pytest.mark.parametrize("path", PRINTED, ids=_name)
def test_the_real_libvirt_prints_the_document_as_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == printed("domain", text)


def test_every_field_is_in_a_document() -> None:
    seen: dict[type, set[str]] = defaultdict(set)
    for path in DOCUMENTS:
        for element in _walk(Domain.parse(path.read_bytes()).devices):
            for cls in type(element).__mro__:
                seen[cls] |= element.content().keys()
    sources = (view.source for _, _, view in reachable(Devices))
    classes = {source for source in sources if isinstance(source, type) and issubclass(source, Element)}
    missing = []
    for cls in classes:
        # What a variant only inherits may be shown by any other variant.
        family = [other for other in cls.__mro__ if other in classes or other is Hostdev]
        shown = {name for other in family for name in seen[other]}
        missing += [f"{cls.__name__}.{name}" for name in cls.fields if name not in shown]
    assert [] == sorted(missing)


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for value in element.content().values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Element):
                yield from _walk(item)


def test_values_are_typed() -> None:
    (disk,) = _devices("""
        <disk type='block' device='disk'>
          <driver name='qemu' type='raw' cache='none' discard='unmap' ioeventfd='on' queues='4'/>
          <source dev='/dev/sda'/>
          <target dev='vda' bus='virtio'/>
          <iotune><total_bytes_sec>1000</total_bytes_sec></iotune>
          <readonly/>
          <boot order='2'/>
          <alias name='ua-a'/>
          <address type='pci' domain='0' bus='10' slot='0x1f' function='7' multifunction='on'/>
        </disk>""").disks
    assert ("block", "disk", "ua-a", True, False) == (disk.type, disk.device, disk.alias, disk.readonly, disk.shareable)
    assert DiskDriver(name="qemu", type="raw", cache="none", discard="unmap", ioeventfd=True, queues=4) == disk.driver
    assert DiskTarget(dev="vda", bus="virtio") == disk.target
    assert 1000 == disk.iotune.total_bytes_sec
    assert disk.boot
    assert 2 == disk.boot.order
    assert PciAddress(type="pci", domain=0, bus=10, slot=31, function=7, multifunction=True) == disk.address


def test_a_built_device_is_printed() -> None:
    disk = Disk(
        type="file",
        device="cdrom",
        driver=DiskDriver(name="qemu", type="raw"),
        source=DiskSource(file="/a&b.iso"),
        target=DiskTarget(dev="sda", bus="sata"),
        readonly=True,
        address=DriveAddress(type="drive", controller=0, bus=0, target=0, unit=0),
    )
    assert disk.format_as("disk") == (
        "<disk type='file' device='cdrom'>\n"
        "  <driver name='qemu' type='raw'/>\n"
        "  <source file='/a&amp;b.iso'/>\n"
        "  <target dev='sda' bus='sata'/>\n"
        "  <readonly/>\n"
        "  <address type='drive' controller='0' bus='0' target='0' unit='0'/>\n"
        "</disk>\n"
    )


def test_a_device_to_attach_is_a_document_of_its_own() -> None:
    interface = Devices.parse_child(
        "<interface type='hostdev'><source><address type='usb' bus='0x0a' device='2'/></source></interface>",
        error_domain=ErrorDomain.DOMAIN,
    )
    assert isinstance(interface, HostdevInterface)
    assert interface.source
    assert UsbAddress(type="usb", bus=10, device=2) == interface.source.device


def test_an_interface_without_a_type_gets_none() -> None:
    (interface,) = _devices("<interface><source network='default'/></interface>").interfaces
    assert Interface is type(interface)
    assert interface.type is None


def test_the_source_of_a_host_device_depends_on_its_type() -> None:
    pci, usb = _devices("""
        <hostdev mode='subsystem' type='pci'><source><address bus='16' slot='1'/></source></hostdev>
        <hostdev mode='subsystem' type='usb'><source><address bus='16' device='1'/></source></hostdev>""").hostdevs
    assert isinstance(pci, PciHostdev)
    assert isinstance(usb, UsbHostdev)
    assert "<address bus='0x10' slot='0x01'/>" in pci.format_as("hostdev")
    assert "<address bus='16' device='1'/>" in usb.format_as("hostdev")


def test_a_chain_of_files_ends_with_an_empty_one() -> None:
    (disk,) = _devices("""
        <disk type='file'><source file='/c'/>
          <backingStore type='file'><source file='/b'/><backingStore type='file'><source file='/a'/><backingStore/>
        </backingStore></backingStore><target dev='vda'/></disk>""").disks
    files = []
    store = disk.backing_store
    while store and store.source:
        files.append(store.source.file)
        store = store.backing_store
    assert ["/b", "/a"] == files
    assert store
    assert {} == store.content()


def test_a_datagram_line_has_two_sources() -> None:
    port = Port(
        type="udp",
        sources=[
            CharacterSource(mode="bind", host="127.0.0.1", service="1"),
            CharacterSource(mode="connect", host="10.0.0.1", service="2"),
        ],
        target=PortTarget(port=0),
    )
    assert port.source is port.sources[0]
    assert 2 == port.format_as("serial").count("<source ")
    assert Port(type="pty").source is None


def test_sizes_have_the_unit_that_libvirt_prints() -> None:
    devices = _devices("""
        <shmem name='a'><size>4194304</size></shmem>
        <memory model='dimm'><target><size unit='MiB'>512</size></target></memory>
        <filesystem><source dir='/a'/><target dir='b'/><space_hard_limit unit='GiB'>1</space_hard_limit></filesystem>
        <controller type='pci' model='pci-root'><pcihole64 unit='GiB'>1</pcihole64></controller>
        <disk><driver><metadata_cache><max_size unit='KiB'>64</max_size></metadata_cache></driver></disk>""")
    assert 4 == devices.shmems[0].size
    assert devices.memories[0].target
    assert 512 * 1024 == devices.memories[0].target.size
    assert 1024**3 == devices.filesystems[0].space_hard_limit
    assert 1024**2 == devices.controllers[0].pcihole64
    assert devices.disks[0].driver
    assert 65536 == devices.disks[0].driver.metadata_cache.max_size


def test_devices_with_a_name_and_a_place_are_found_in_order() -> None:
    devices = _devices("""
        <memballoon model='virtio'/>
        <interface type='user'><alias name='ua-net'/></interface>
        <audio id='1' type='none'/>
        <disk type='file'><target dev='vda'/><address type='virtio-mmio'/></disk>""")
    assert ["disk", "interface", "memballoon"] == [tag for tag, _ in devices.plugged()]
    assert [None, "ua-net", None] == [device.alias for _, device in devices.plugged()]
    assert [True, False, False] == [device.address is not None for _, device in devices.plugged()]


def encrypted(attributes: str, inside: str = "") -> str:
    encryption = f"<encryption {attributes}>{inside}</encryption>"
    return f"<disk type='file'><source file='/x'>{encryption}</source><target dev='vda'/></disk>"


def authorised(secret: str) -> str:
    auth = f"<auth username='x'><secret {secret}/></auth>"
    return f"<disk type='network'><source protocol='rbd' name='a/b'>{auth}</source><target dev='vda'/></disk>"


def bridged(inside: str) -> str:
    return f"<interface type='bridge'><source bridge='b'/>{inside}</interface>"


REFUSED = {
    "disk type": "<disk type='x'><target dev='vda'/></disk>",
    "disk format": "<disk><driver type='x'/><source file='/a'/><target dev='vda'/></disk>",
    "disk cache": "<disk><driver cache='x'/><source file='/a'/><target dev='vda'/></disk>",
    "disk bus": "<disk><source file='/a'/><target dev='vda' bus='x'/></disk>",
    "disk protocol": "<disk type='network'><source protocol='x'/><target dev='vda'/></disk>",
    "disk boot order": "<disk><source file='/a'/><target dev='vda'/><boot order='0'/></disk>",
    "disk wwn": "<disk><source file='/a'/><target dev='vda'/><wwn>x</wwn></disk>",
    "disk host port": (
        "<disk type='network'><source protocol='nbd'><host name='h' port='x'/></source><target dev='vda'/></disk>"
    ),
    "usb port": "<disk><source file='/a'/><target dev='sda' bus='usb'/><address type='usb' port='x'/></disk>",
    "pci slot": "<disk><source file='/a'/><target dev='vda'/><address type='pci' slot='0x20'/></disk>",
    "controller type": "<controller type='x'/>",
    "controller model": "<controller type='usb' model='x'/>",
    "interface type": "<interface type='x'/>",
    "interface model": "<interface type='user'><model type='a b'/></interface>",
    "interface link": "<interface type='user'><link state='x'/></interface>",
    "coalescing": "<interface type='user'><coalesce><rx><frames max='x'/></rx></coalesce></interface>",
    "serial type": "<serial type='x'/>",
    "serial target": "<serial type='pty'><target type='x'/></serial>",
    "serial protocol": "<serial type='tcp'><source mode='bind' service='1'/><protocol type='x'/></serial>",
    "graphics type": "<graphics type='x'/>",
    "vnc port": "<graphics type='vnc' port='x'/>",
    "password's end": "<graphics type='vnc' passwd='a' passwdValidTo='x'/>",
    "video model": "<video><model type='x'/></video>",
    "sound model": "<sound model='x'/>",
    "input type": "<input type='x'/>",
    "host device mode": "<hostdev mode='x' type='pci'/>",
    "watchdog model": "<watchdog model='x'/>",
    "random numbers": "<rng model='virtio'><backend model='x'/></rng>",
    "memory model": "<memory model='x'/>",
    "memory unit": "<memory model='dimm'><target><size unit='x'>1</size></target></memory>",
    "panic model": "<panic model='x'/>",
    "shared memory": "<shmem name='a'><model type='x'/></shmem>",
    "address type": "<controller type='usb'><address type='x'/></controller>",
    "no address type": "<controller type='usb'><address/></controller>",
    "host device type": "<hostdev mode='subsystem' type='x'/>",
    "no host device type": "<hostdev mode='subsystem'/>",
    "two balloons": "<memballoon model='virtio'/><memballoon model='virtio'/>",
    "two watchdogs": "<watchdog model='i6300esb'/><watchdog model='itco'/>",
    "two flash memories": "<nvram/><nvram/>",
    "two IOMMUs": "<iommu model='intel'/><iommu model='intel'/>",
    "two vsocks": "<vsock model='virtio'/><vsock model='virtio'/>",
    "encryption format": encrypted("format='x'"),
    "encryption engine": encrypted("format='luks' engine='x'"),
    "encryption secret type": encrypted("format='luks'", "<secret type='x'/>"),
    "encryption secret uuid": encrypted("format='luks'", "<secret type='passphrase' uuid='x'/>"),
    "auth secret type": authorised("type='x' usage='u'"),
    "auth secret uuid": authorised("type='ceph' uuid='x'"),
    "port type": bridged("<virtualport type='x'/>"),
    "port manager": bridged("<virtualport type='802.1Qbg'><parameters managerid='300'/></virtualport>"),
    "port uuid": bridged("<virtualport type='openvswitch'><parameters interfaceid='x'/></virtualport>"),
    "bandwidth": bridged("<bandwidth><inbound average='x'/></bandwidth>"),
    "vlan trunk": bridged("<vlan trunk='x'><tag id='1'/></vlan>"),
}


@pytest.mark.libvirt
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_wrong_value_has_the_code_that_libvirt_gives_it(text: str) -> None:
    head = "<name>a</name><memory>1024</memory><os><type>hvm</type></os>"
    document = f"<domain type='kvm'>{head}<devices>{text}</devices></domain>"
    with pytest.raises(Refused) as real:
        printed("domain", document)
    with pytest.raises(VirtError) as ours:
        Domain.parse(document)
    assert real.value.code == ours.value.code


@pytest.mark.parametrize(
    ("attributes", "domain"),
    [
        ("family='x' address='10.0.0.0'", ErrorDomain.NETWORK),
        ("address='x'", ErrorDomain.NETWORK),
        ("address='10.0.0.0' metric='0'", ErrorDomain.XML),
    ],
)
def test_a_wrong_route_is_an_error_of_the_network_wherever_it_stands(attributes: str, domain: int) -> None:
    with pytest.raises(XMLError) as of_a_network:
        Network.parse(f"<network><route {attributes}/></network>")
    with pytest.raises(XMLError) as of_an_interface:
        Devices.parse_child(bridged(f"<route {attributes}/>"), error_domain=ErrorDomain.DOMAIN)
    assert (domain, domain) == (of_a_network.value.domain, of_an_interface.value.domain)
