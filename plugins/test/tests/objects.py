"""Definitions of networks, pools, volumes and interfaces, and what libvirt's test driver makes of them.

`objects.json` has what libvirt printed, or the code and domain of its refusal; `python -m plugins.test.tests.objects`
records it anew.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from plugins.test.tests import real
from plugins.test.tests.bench import Bench
from virtkit.errors import VirtError

RECORDED = Path(__file__).parent / "objects.json"


def network(name: str, inside: str) -> tuple[str, str]:
    """A definition of a network."""
    return "network", f"<network><name>{name}</name><uuid>{_uuid(name)}</uuid>{inside}</network>"


def pool(name: str, kind: str, source: str = "", *, path: bool = True) -> tuple[str, str]:
    """A definition of a pool."""
    target = f"<target><path>/{name}/</path></target>" if path else ""
    head = f"<pool type='{kind}'><name>{name}</name><uuid>{_uuid(name)}</uuid>"
    return "pool", f"{head}{source and f'<source>{source}</source>'}{target}</pool>"


def volume(name: str, inside: str, head: str = "<volume>") -> tuple[str, str]:
    """A definition of a volume."""
    return "volume", f"{head}<name>{name}</name>{inside}</volume>"


def interface(name: str, inside: str, kind: str = "ethernet") -> tuple[str, str]:
    """A definition of an interface."""
    return "interface", f"<interface type='{kind}' name='{name}'>{inside}</interface>"


def _uuid(name: str) -> str:
    return f"0f2f4f6f-0000-4000-8002-{zlib.crc32(name.encode()):012x}"


def _served(inside: str, ip: str = "address='10.6.0.1' prefix='24'") -> str:
    """An address of a network with a DHCP server."""
    return f"<ip {ip}><dhcp>{inside}</dhcp></ip>"


def _range(start: str, end: str) -> str:
    return f"<range start='{start}' end='{end}'/>"


SUBNET, WIDE = "address='10.6.0.1' prefix='24'", "address='10.6.0.1' prefix='8'"
SUBNET6 = "family='ipv6' address='2001:db8::1' prefix='64'"
RANGES = [
    (("10.6.0.1", "10.6.0.254"), SUBNET), (("10.7.0.2", "10.7.0.9"), SUBNET), (("10.6.0.9", "10.6.0.2"), SUBNET),
    (("10.6.0.0", "10.6.0.9"), SUBNET), (("10.6.0.9", "10.6.0.255"), SUBNET), (("10.6.0.9", "10.7.0.2"), SUBNET),
    (("2001:db8::5", "2001:db8::9"), SUBNET), (("10.6.0.2", "2001:db8::9"), SUBNET),
    (("10.6.0.0", "10.6.255.255"), WIDE), (("10.6.255.254", "10.7.0.3"), WIDE),
    (("10.6.0.0", "10.6.0.1"), "address='10.6.0.1' prefix='31'"), (("10.6.0.2", "10.6.0.9"), "address='10.6.0.1'"),
    (("11.6.0.2", "11.6.0.9"), "address='10.6.0.1'"), (("172.16.5.2", "172.16.9.9"), "address='172.16.0.1'"),
    (("192.168.1.2", "192.168.2.9"), "address='192.168.1.1'"),
    (("10.6.0.2", "10.6.0.9"), "address='10.6.0.1' prefix='0'"),
    (("10.6.0.2", "10.6.0.9"), "address='10.6.0.1' netmask='255.255.255.0'"),
    (("10.6.1.2", "10.6.1.9"), "address='10.6.0.1' netmask='255.255.255.0'"),
    (("10.6.0.2", "10.6.0.9"), "address='10.6.0.1' netmask='255.0.255.0'"),
    (("2001:db8::", "2001:db8::ffff"), SUBNET6), (("2001:db8::2", "2001:db8::1:9"), SUBNET6),
    (("2001:db9::2", "2001:db9::9"), SUBNET6), (("2001:db8::5", "2001:db8::9"), "family='ipv6' address='2001:db8::1'"),
]  # fmt: skip
"""Start and end of a range, and the address of the network."""

MAC = "mac='52:54:00:be:7a:33'"
HOSTS = [
    f"<host {attributes}/>"
    for attributes in (
        f"{MAC} ip='10.6.0.5'", "name='a' ip='10.6.0.5'", "id='0:1' ip='10.6.0.5'", "ip='10.6.0.5'", MAC, "name='a'",
        "", f"name='' {MAC} ip='10.6.0.5'",
    )
]  # fmt: skip
IPS = [
    "", "address='10.6.0.1' netmask='255.255.255.0' prefix='24'", "address='10.6.0.1' prefix='40'",
    "address='10.6.0.1' prefix='0' netmask='255.0.0.0'", "address='10.6.0.1' netmask='2001:db8::1'",
    "family='ipv6' address='10.6.0.1'", "address='2001:db8::1'", "family='ipv4' address='2001:db8::1'",
    "family='ipv6' address='2001:db8::1' netmask='255.0.0.0'", "family='ipv6' address='2001:db8::1' prefix='128'",
]  # fmt: skip

HOST = "<host name='h'/>"
SDA = "<device path='/dev/{}'/>"
CAPACITY = "<capacity unit='M'>1</capacity>"

OBJECTS = [
    network("plain", ""),
    network("bridged", "<bridge name='virbr7' stp='off' delay='3'/>"),
    network("nat", "<forward/><ip address='10.7.0.1' netmask='255.255.255.0'/>"),
    network("routed", "<forward mode='route' dev='eth0'/><ip address='10.8.0.1' prefix='24'/>"),
    network("open", "<forward mode='open'/><ip address='10.9.0.1' prefix='24'/>"),
    network("oneway", "<forward mode='route'><interface dev='eth1'/></forward><ip address='10.8.1.1' prefix='24'/>"),
    network("noip", "<forward mode='nat'/>"),
    network("noip2", "<forward mode='route'/>"),
    network("onbridge", "<forward mode='bridge'/><bridge name='br0'/>"),
    network("dhcp", "<ip address='10.6.0.1' prefix='24'><dhcp><range start='10.6.0.2' end='10.6.0.9'/></dhcp></ip>"),
    network("badip", "<ip address='x'/>"),
    *(network(f"range{i}", _served(_range(*ends), ip)) for i, (ends, ip) in enumerate(RANGES)),
    *(network(f"host{i}", _served(host)) for i, host in enumerate(HOSTS)),
    *(network(f"host6{i}", _served(host, SUBNET6)) for i, host in enumerate(HOSTS)),
    *(network(f"ip{i}", f"<ip {ip}/>") for i, ip in enumerate(IPS)),
    network("badmode", "<forward mode='nosuch'/>"),
    network("slash/", ""),
    network("portgroups", "<portgroup name='a' default='yes'/><portgroup name='b'/>"),
    pool("dir", "dir"),
    pool("fs", "fs", SDA.format("fs")),
    pool("fsnosource", "fs"),
    pool("netfs", "netfs", f"{HOST}<dir path='/d'/>"),
    pool("netfsnodir", "netfs", HOST),
    pool("logical", "logical", SDA.format("lv")),
    pool("logicalnamed", "logical", "<name>q</name>", path=False),
    pool("disk", "disk", SDA.format("disk")),
    pool("diskgpt", "disk", f"{SDA.format('gpt')}<format type='gpt'/>"),
    pool("disknopath", "disk", SDA.format("np"), path=False),
    pool("scsi", "scsi", "<adapter name='scsi_host0'/>"),
    pool("scsinone", "scsi"),
    pool("iscsi", "iscsi", f"{HOST}<device path='iqn'/>"),
    pool("iscsinohost", "iscsi"),
    pool("rbd", "rbd", "<host name='r'/><name>rbd</name>"),
    pool("rbdnoname", "rbd", "<host name='r2'/>"),
    pool("gluster", "gluster", "<host name='g'/>"),
    pool("sheepdog", "sheepdog", "<host name='s'/><name>z</name>"),
    pool("zfs", "zfs"),
    pool("vstorage", "vstorage"),
    pool("mpath", "mpath"),
    pool("direct", "iscsi-direct", "<host name='d'/><device path='i'/><initiator><iqn name='x'/></initiator>"),
    pool("directnone", "iscsi-direct", "<host name='d2'/><device path='i'/>"),
    pool("dirnopath", "dir", path=False),
    pool("sla/sh", "dir"),
    ("pool", "<pool><name>a</name></pool>"),
    ("pool", "<pool type='dir'><target><path>/nameless</path></target></pool>"),
    volume("raw", CAPACITY),
    volume("thin", f"{CAPACITY}<allocation>0</allocation><target><format type='qcow2'/></target>"),
    volume("backed", f"{CAPACITY}<backingStore><path>/b</path></backingStore>"),
    volume("featured", f"{CAPACITY}<target><format type='qcow2'/><features><lazy_refcounts/></features></target>"),
    volume("owned", f"{CAPACITY}<target><path>/x</path><permissions><mode>0644</mode></permissions></target>"),
    volume("measured", f"{CAPACITY}<physical>4</physical><allocation unit='K'>1</allocation><key>k</key>"),
    volume("block", CAPACITY, "<volume type='block'>"),
    volume("huge", "<capacity unit='T'>1</capacity>"),
    volume("negative", "<capacity>-5</capacity>"),
    volume("badunit", "<capacity unit='foo'>5</capacity>"),
    volume("nocapacity", ""),
    volume("badformat", f"{CAPACITY}<target><format type='nosuch'/></target>"),
    interface("e1", "<start mode='none'/><mac address='00:11:22:33:44:55'/>"),
    interface("e2", ""),
    interface("b1", "<bridge stp='on'/>", "bridge"),
    interface("x", "", "nosuch"),
    ("interface", "<interface type='ethernet'/>"),
    ("interface", "<interface name='untyped'/>"),
]

PROGRAM = """
pool = conn.storagePoolLookupByName("default-pool")
define = {"network": conn.networkDefineXML, "pool": conn.storagePoolDefineXML, "volume": pool.createXML,
          "interface": conn.interfaceDefineXML}
print(json.dumps([attempt(lambda: define[kind](text).XMLDesc(0)) for kind, text in request["objects"]]))
"""


def recorded() -> list[Any]:
    """What libvirt's driver made of them, in their order."""
    answers: list[Any] = json.loads(RECORDED.read_text())
    return answers


def record() -> list[Any]:
    """What the real driver makes of them."""
    answers: list[Any] = real.run(PROGRAM, objects=OBJECTS)
    return answers


def made(bench: Bench, kind: str, text: str) -> Any:
    """What is made of a definition here."""
    define = {
        "network": lambda: bench.network_get_xml_desc(bench.network_define_xml_flags(text, 0), 0),
        "pool": lambda: bench.storage_pool_get_xml_desc(bench.storage_pool_define_xml(text, 0), 0),
        "volume": lambda: bench.storage_vol_get_xml_desc(bench.storage_vol_create_xml(bench.pool, text, 0), 0),
        "interface": lambda: bench.interface_get_xml_desc(bench.interface_define_xml(text, 0), 0),
    }
    try:
        return define[kind]()
    except VirtError as error:
        return {"error": [error.code, error.domain]}


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(record(), indent=1) + "\n")
