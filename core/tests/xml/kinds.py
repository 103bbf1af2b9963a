"""The document kinds whose models are checked against the facts."""

from __future__ import annotations

from core.tests.xml.facts import Kind
from virtkit.enums import ErrorDomain
from virtkit.xml.backup import Backup
from virtkit.xml.capabilities import Capabilities
from virtkit.xml.checkpoint import Checkpoint
from virtkit.xml.cpu import CpuDocument
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices import Devices
from virtkit.xml.domaincaps import DomainCapabilities
from virtkit.xml.element import Document
from virtkit.xml.interface import Interface
from virtkit.xml.network import Network
from virtkit.xml.networkport import NetworkPort
from virtkit.xml.nodedev import NodeDevice
from virtkit.xml.nwfilter import MATCHES, NWFilter
from virtkit.xml.nwfilterbinding import NWFilterBinding
from virtkit.xml.pool import StoragePool
from virtkit.xml.poolcaps import StoragePoolCapabilities
from virtkit.xml.secret import Secret
from virtkit.xml.snapshot import Snapshot
from virtkit.xml.volume import StorageVolume

SOME_UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"


class DevicesDocument(Document, Devices, tag="devices", error_domain=ErrorDomain.DOMAIN):
    """The devices of a domain as a document of their own."""


CHARACTER_DEVICES = ("serial", "parallel", "console", "channel", "smartcard", "redirdev", "rng/backend")
CHARACTER_SAMPLES = {f"/domain/devices/{name}/source@mode": "bind" for name in CHARACTER_DEVICES} | {
    f"/domain/devices/{name}/target@port": "1" for name in CHARACTER_DEVICES
}
PRIVATE = (
    *(f"/domain/devices/disk{path}/privateData" for path in ("", "/source", "/backingStore/source", "/mirror/source")),
    "/domain/devices/disk/mirror/backingStore/source/privateData",
    "/domain/devices/hostdev/source/privateData",
    "/domain/devices/interface/actual",
)

EMBEDDED = "a document of its own: see the kinds domain and devices"

KINDS = {
    "backup": Kind(
        Backup,
        "domainbackup",
        "domainbackup",
        exempt={"/domainbackup/privateData": "what libvirtd keeps for itself in status files: kept as it is"},
    ),
    "capabilities": Kind(Capabilities, "capabilities", "capabilities"),
    "checkpoint": Kind(
        Checkpoint, "domaincheckpoint", "domaincheckpoint", exempt={"/domaincheckpoint/domain": EMBEDDED}
    ),
    "cpu": Kind(CpuDocument, "cpu", "cpu"),
    "domain": Kind(
        Domain,
        "domain",
        "domain",
        prefixes={f"/domain/{name}": "qemu" for name in ("commandline", "capabilities", "deprecation", "override")}
        | {"/domain/namespace": "lxc", "/domain/datacenterpath": "vmware"},
        samples={
            "/domain/features/hyperv/spinlocks@retries": "4095",
            "/domain/features/kvm/dirty-ring@size": "1024",
        },
        exempt={"/domain/devices": "see the kind devices"},
    ),
    "domaincaps": Kind(DomainCapabilities, "domaincaps", "domaincaps"),
    "interface": Kind(Interface, "interface", "interface"),
    "networkport": Kind(NetworkPort, "networkport", "networkport"),
    "nodedev": Kind(
        NodeDevice,
        "nodedev",
        "nodedev",
        exempt={"/device/capability/type": "the schema allows a text where only an attribute is read"},
        apart={"/device/capability[@type='storage']": "capability|num_blocks"},
    ),
    "nwfilter": Kind(
        NWFilter,
        "nwfilter",
        "nwfilter",
        samples={f"/filter/rule/{name}@match": "no" for name in MATCHES} | {"/filter@chain": "root"},
    ),
    "nwfilterbinding": Kind(NWFilterBinding, "nwfilterbinding", "nwfilterbinding"),
    "poolcaps": Kind(StoragePoolCapabilities, "storagepoolcaps", "storagepoolcaps"),
    "snapshot": Kind(
        Snapshot,
        "domainsnapshot",
        "domainsnapshot",
        samples={"/domainsnapshot/creationTime": "1"},
        exempt={"/domainsnapshot/domain": EMBEDDED, "/domainsnapshot/inactiveDomain": EMBEDDED},
    ),
    "devices": Kind(
        DevicesDocument,
        "domain",
        "domain",
        root="/domain/devices",
        samples=CHARACTER_SAMPLES
        | {
            "/domain/devices/redirfilter/usbdev@version": "1.1",
            "/domain/devices/graphics@passwdValidTo": "2030-12-31T23:59:59",
        },
        exempt=dict.fromkeys(PRIVATE, "what libvirtd keeps for itself in status files: kept as it is")
        | {"/domain/devices/hostdev/source/adapter": "the schema allows what only pools have; libvirt reads the name"}
        | {"/domain/devices/filesystem/source@units": "without usage, which has it beside itself, it has no effect"},
        apart={
            "/domain/devices/disk/source": "seclabel|timeout",
            "/domain/devices/disk/iotune": "total_iops_sec_max|write_bytes_sec_max",
            "/domain/devices/interface[@type!='hostdev']": "bandwidth|vlan|virtualport",
            "/domain/devices/interface[@type='hostdev']": "boot|teaming|backend",
            "/domain/devices/redirdev": "alias|boot",
            "/domain/devices/smartcard": "source|database",
        },
    ),
    "network": Kind(Network, "network", "network", prefixes={"/network/options": "dnsmasq"}),
    "pool": Kind(
        StoragePool,
        "storagepool",
        "storagepool",
        prefixes={"/pool/config_opts": "rbd", "/pool/mount_opts": "fs"},
        samples={"/pool/source/auth/secret@uuid": SOME_UUID},
    ),
    "secret": Kind(Secret, "secret", "secret"),
    "volume": Kind(StorageVolume, "storagevol", "storagevol"),
}
