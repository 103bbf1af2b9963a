"""A program of libvirt's Python binding that uses most of what `test:///default` has, and prints what it saw as JSON.

    /usr/bin/python3 python_client.py 'test+unix:///default?socket=PATH'

It is for a daemon of its own: what others do there would be seen too. A line of the transcript is what was asked and
what came back: the value with objects by their names, or code, domain and level of the error. Values that follow the
clock are told by their types. Events stand at the end, in order for each subscription.

Left out is what libvirtd itself fails at: `getFreePages` (it takes the test driver's 0 for a failure),
`schedulerParametersFlags` and `launchSecurityInfo` (the test driver refuses a flag that libvirt's client adds).
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt  # type: ignore[import-not-found]

SECONDS = 60
"""How long an event may take."""

FIXTURES = Path(__file__).resolve().parent / "virsh_compare" / "fixtures"
DOMAIN = "<domain type='test'><name>{name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"
NETWORK = "<network><name>{name}</name><bridge name='virbr9'/></network>"
POOL = "<pool type='dir'><name>{name}</name><target><path>/{name}</path></target></pool>"
NONE = "no-such-object"
NO_UUID = "00000000-0000-4000-8000-000000000000"


def fixture(name: str) -> str:
    return (FIXTURES / name).read_text()


def plain(value: Any) -> Any:
    """A value as JSON has it: objects by name, bytes in hexadecimal, lists of objects sorted."""
    name = getattr(value, "getName", None) or getattr(value, "name", None)
    if callable(name):
        return f"{type(value).__name__} {name()}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        entries = [plain(entry) for entry in value]
        if all(isinstance(entry, str) and entry.startswith("vir") for entry in entries):
            return sorted(entries)
        if entries and all(isinstance(entry, list) and str(entry[0]).startswith("vir") for entry in entries):
            return sorted(entries)
        return entries
    return value if value is None or isinstance(value, str | int | float) else type(value).__name__


def shape(value: Any) -> Any:
    """A value that follows the clock: the types of its numbers."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [shape(entry) for entry in value]
    return type(value).__name__ if isinstance(value, int | float) else value


class Transcript:
    """What was asked and what came back.

    Attributes:
        lines: So far.
    """

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def __call__(self, function: Callable[..., Any], *arguments: Any, told: Callable[[Any], Any] = lambda v: v) -> Any:
        """Call a function; the value, None after an error.

        Args:
            function: A method of the binding.
            arguments: Of the call.
            told: What of the value is told.
        """
        asked = f"{function.__qualname__}({', '.join(str(plain(a)) for a in arguments)})"
        try:
            value = function(*arguments)
        except libvirt.libvirtError as error:
            codes = [error.get_error_code(), error.get_error_domain(), error.get_error_level()]
            self.lines.append([asked, {"error": codes}])
            return None
        self.lines.append([asked, plain(told(value))])
        return value


class Events:
    """Subscriptions to every event that there is, and what they got."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.seen: dict[str, list[Any]] = {}
        self.ids: list[tuple[Callable[[int], Any], int]] = []
        self.arrived = threading.Condition()

    def note(self, conn: Any, subject: Any, *arguments: Any) -> None:
        """Called by the binding: the last argument is the subscription's name."""
        *details, name = arguments
        with self.arrived:
            self.seen[name].append([plain(subject), plain(details)])
            self.arrived.notify_all()

    def subscribe(self, see: Transcript) -> None:
        """Subscribe to all of them."""
        kinds = [
            ("DOMAIN_EVENT", self.conn.domainEventRegisterAny, self.conn.domainEventDeregisterAny),
            ("NETWORK_EVENT", self.conn.networkEventRegisterAny, self.conn.networkEventDeregisterAny),
            ("STORAGE_POOL_EVENT", self.conn.storagePoolEventRegisterAny, self.conn.storagePoolEventDeregisterAny),
            ("NODE_DEVICE_EVENT", self.conn.nodeDeviceEventRegisterAny, self.conn.nodeDeviceEventDeregisterAny),
            ("SECRET_EVENT", self.conn.secretEventRegisterAny, self.conn.secretEventDeregisterAny),
        ]
        for prefix, register, deregister in kinds:
            for constant, number in sorted(vars(libvirt).items()):
                if constant.startswith(f"VIR_{prefix}_ID_"):
                    self.seen[constant] = []
                    key = see(register, None, number, self.note, constant, told=lambda v: type(v).__name__)
                    if key is not None:
                        self.ids.append((deregister, key))
        self.seen["legacy"] = []
        see(self.conn.domainEventRegister, self.note, "legacy")

    def wait(self, constant: str, last: list[Any]) -> None:
        """Wait until a subscription got this; what came before it is there too."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: last in self.seen[constant], SECONDS):
                raise TimeoutError(f"{constant}: {last} did not arrive: {self.seen[constant]}")

    def unsubscribe(self, see: Transcript) -> None:
        """Subscribe to none."""
        for deregister, key in self.ids:
            deregister(key)
        see(self.conn.domainEventDeregister, self.note)


def host(see: Transcript, conn: Any) -> None:
    for ask in (conn.getType, conn.getVersion, conn.getLibVersion, conn.getURI, conn.getCapabilities, conn.getInfo):
        see(ask)
    see(conn.getHostname, told=shape)
    for ask in (
        conn.isAlive,
        conn.isSecure,
        conn.isEncrypted,
        conn.getCPUMap,
        conn.getSecurityModel,
        conn.getFreeMemory,
    ):
        see(ask)
    see(conn.getMaxVcpus, None)
    see(conn.getMaxVcpus, "kvm")
    see(conn.getSysinfo)
    see(conn.getCPUStats, libvirt.VIR_NODE_CPU_STATS_ALL_CPUS)
    see(conn.getCPUStats, 3)
    see(conn.getMemoryStats, libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    see(conn.getMemoryParameters)
    see(conn.getCellsFreeMemory, 0, 2)
    see(conn.getCellsFreeMemory, 7, 2)
    see(conn.getCPUModelNames, "x86_64", told=sorted)
    see(conn.getDomainCapabilities, None, "i686", None, "test")
    see(conn.domainXMLFromNative, "test-native", "", 0)
    see(conn.compareCPU, "<cpu/>")
    see(conn.setKeepAlive, 5, 3)


def lookups(see: Transcript, conn: Any) -> None:
    see(conn.lookupByName, "test")
    see(conn.lookupByID, 1)
    see(conn.lookupByUUIDString, "6695eb01-f6a4-8304-79aa-97f2502e193f")
    see(conn.lookupByUUID, bytes.fromhex("6695eb01f6a4830479aa97f2502e193f"))
    see(conn.lookupByName, NONE)
    see(conn.lookupByID, 99)
    see(conn.lookupByUUIDString, NO_UUID)
    see(conn.networkLookupByName, NONE)
    see(conn.networkLookupByUUIDString, NO_UUID)
    see(conn.storagePoolLookupByName, NONE)
    see(conn.storageVolLookupByKey, NONE)
    see(conn.storageVolLookupByPath, "/none")
    see(conn.interfaceLookupByName, NONE)
    see(conn.nodeDeviceLookupByName, NONE)
    see(conn.secretLookupByUUIDString, NO_UUID)
    see(conn.nwfilterLookupByName, NONE)
    see(conn.listAllSecrets)
    see(conn.listAllNWFilters)


def listings(see: Transcript, conn: Any) -> None:
    for flags in (0, libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE, libvirt.VIR_CONNECT_LIST_DOMAINS_INACTIVE, 1 << 20):
        see(conn.listAllDomains, flags)
    for count in (conn.numOfDomains, conn.numOfDefinedDomains, conn.numOfNetworks, conn.numOfDefinedNetworks):
        see(count)
    for count in (conn.numOfStoragePools, conn.numOfDefinedStoragePools, conn.numOfInterfaces, conn.numOfSecrets):
        see(count)
    for names in (conn.listDomainsID, conn.listDefinedDomains, conn.listNetworks, conn.listDefinedNetworks):
        see(names, told=sorted)
    for names in (conn.listStoragePools, conn.listDefinedStoragePools, conn.listInterfaces, conn.listSecrets):
        see(names, told=sorted)
    see(conn.numOfDevices, None)
    see(conn.listDevices, None, told=sorted)
    see(conn.listDevices, "scsi_host", told=sorted)
    for objects in (conn.listAllNetworks, conn.listAllStoragePools, conn.listAllInterfaces, conn.listAllDevices):
        see(objects)


def definitions(see: Transcript, conn: Any) -> None:
    see(conn.defineXML, "<domain")
    see(conn.defineXML, fixture("bad-no-name.xml"))
    see(conn.defineXMLFlags, DOMAIN.format(name="checked"), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    domain = see(conn.defineXML, fixture("domain-full.xml"))
    for flags in (0, libvirt.VIR_DOMAIN_XML_SECURE, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_DOMAIN_XML_MIGRATABLE):
        see(domain.XMLDesc, flags)
    for ask in (domain.ID, domain.UUIDString, domain.OSType, domain.isActive, domain.isPersistent, domain.isUpdated):
        see(ask)
    for ask in (domain.autostart, domain.state, domain.controlInfo, domain.jobInfo, domain.jobStats, domain.maxMemory):
        see(ask)
    see(domain.setAutostart, 1)
    see(domain.autostart)
    see(domain.attachDevice, fixture("nic.xml"))
    see(domain.detachDeviceAlias, "net7")
    see(domain.rename, "gamma")
    see(domain.create)
    see(domain.rename, "delta")
    see(domain.undefine)
    see(domain.isPersistent)
    see(domain.destroy)
    see(domain.info)


def lifecycle(see: Transcript, conn: Any, domain: Any) -> None:
    steps = [domain.suspend, domain.suspend, domain.resume, domain.resume, domain.reboot, domain.reset, domain.shutdown]
    for step in [*steps, domain.shutdown, domain.create, domain.create, domain.destroy, domain.destroy]:
        see(step)
        see(domain.state)
    see(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    see(domain.info, told=lambda value: value[:4])
    see(domain.resume)
    see(domain.shutdownFlags, 0)
    see(domain.createWithFlags, 1 << 30)
    see(domain.create)
    see(domain.ID)
    see(domain.injectNMI)
    see(domain.sendKey, libvirt.VIR_KEYCODE_SET_LINUX, 0, [29, 46], 2, 0)
    see(domain.sendProcessSignal, 1, libvirt.VIR_DOMAIN_PROCESS_SIGNAL_TERM)
    see(conn.createXML, DOMAIN.format(name="fleeting"), libvirt.VIR_DOMAIN_START_PAUSED)
    fleeting = see(conn.createXML, DOMAIN.format(name="fleeting"))
    see(fleeting.isPersistent)
    see(fleeting.setAutostart, 1)
    see(fleeting.destroyFlags, libvirt.VIR_DOMAIN_DESTROY_GRACEFUL)
    see(conn.createXML, DOMAIN.format(name="test"))


def saving(see: Transcript, conn: Any, domain: Any, folder: str) -> None:
    image = f"{folder}/image"
    see(domain.hasManagedSaveImage)
    see(domain.managedSave)
    see(domain.hasManagedSaveImage)
    see(domain.create)
    see(domain.hasManagedSaveImage)
    see(domain.managedSaveRemove)
    see(domain.save, image)
    see(domain.state)
    see(conn.saveImageGetXMLDesc, image)
    see(conn.restore, image)
    see(domain.state)
    see(conn.restore, image)
    see(conn.restore, "/none")
    see(domain.coreDump, f"{folder}/core", libvirt.VIR_DUMP_CRASH)
    see(domain.state)
    see(domain.create)


def metadata(see: Transcript, domain: Any) -> None:
    text = (libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, libvirt.VIR_DOMAIN_METADATA_TITLE)
    element = libvirt.VIR_DOMAIN_METADATA_ELEMENT
    for kind in text:
        see(domain.metadata, kind, None)
        see(domain.setMetadata, kind, "a & b", None, None)
        see(domain.metadata, kind, None)
    see(domain.setMetadata, libvirt.VIR_DOMAIN_METADATA_TITLE, "two\nlines", None, None)
    see(domain.setMetadata, element, "<rack n='7'/>", "inventory", "urn:example:inventory")
    see(domain.metadata, element, "urn:example:inventory")
    see(domain.metadata, element, "urn:example:none")
    see(domain.setMetadata, element, None, None, "urn:example:inventory", libvirt.VIR_DOMAIN_AFFECT_LIVE)
    see(domain.metadata, element, "urn:example:inventory")
    see(domain.metadata, element, "urn:example:inventory", libvirt.VIR_DOMAIN_AFFECT_CONFIG)


def parameters(see: Transcript, domain: Any) -> None:
    see(domain.schedulerType)
    see(domain.schedulerParameters)
    see(domain.setSchedulerParameters, {"weight": 70})
    see(domain.setSchedulerParametersFlags, {"weight": 70}, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    see(domain.setMemoryParameters, {"hard_limit": 4194304, "soft_limit": 1048576})
    see(domain.setMemoryParameters, {"hard_limit": 1, "soft_limit": 2})
    see(domain.memoryParameters)
    see(domain.setBlkioParameters, {"weight": 300})
    see(domain.blkioParameters)
    see(domain.numaParameters)
    see(domain.setBlockIoTune, "vda", {"total_bytes_sec": 1048576, "group_name": "slow"})
    see(domain.blockIoTune, "vda")
    see(domain.blockIoTune, "vdz")
    see(domain.setInterfaceParameters, "testnet0", {"inbound.average": 1000, "outbound.average": 500})
    see(domain.interfaceParameters, "testnet0", 0)
    see(domain.setPerfEvents, {"cmt": 1})
    see(domain.perfEvents)


def resources(see: Transcript, domain: Any) -> None:
    see(domain.setMemory, 1048576)
    see(domain.setMemory, 99999999)
    see(domain.setMemoryFlags, 524288, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    see(domain.setMaxMemory, 4194304)
    see(domain.setMemoryStatsPeriod, 10)
    see(domain.memoryStats)
    see(domain.memoryPeek, 0, 16, libvirt.VIR_MEMORY_VIRTUAL)
    see(domain.maxVcpus)
    see(domain.setVcpus, 1)
    see(domain.setVcpus, 99)
    see(domain.setVcpusFlags, 2, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    for flags in (libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG | libvirt.VIR_DOMAIN_VCPU_MAXIMUM):
        see(domain.vcpusFlags, flags)
    see(domain.pinVcpu, 0, (True, False, True, False))
    see(domain.vcpuPinInfo)
    see(domain.vcpus, told=lambda value: [shape(value[0]), value[1]])
    see(domain.pinEmulator, (False, True))
    see(domain.emulatorPinInfo)
    see(domain.addIOThread, 1)
    see(domain.addIOThread, 1)
    see(domain.pinIOThread, 1, (True, True))
    see(domain.ioThreadInfo)
    see(domain.setIOThreadParams, 1, {"poll_max_ns": 4096}, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    see(domain.delIOThread, 1)
    see(domain.getCPUStats, True)
    see(domain.getCPUStats, False)


def guest(see: Transcript, domain: Any) -> None:
    for path in ("vda", "vdz"):
        see(domain.blockStats, path, told=shape)
        see(domain.blockInfo, path)
    see(domain.blockPeek, "vda", 0, 16)
    see(domain.interfaceStats, "testnet0", told=shape)
    see(domain.interfaceStats, "none")
    see(domain.interfaceAddresses, libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE)
    for ask in (domain.diskErrors, domain.fsInfo, domain.hostname, domain.getTime, domain.guestInfo, domain.messages):
        see(ask)
    see(domain.fsFreeze, ["/"])
    see(domain.fsFreeze)
    see(domain.fsThaw)
    see(domain.fSTrim, None, 0)
    see(domain.setTime, {"seconds": 5, "nseconds": 6})
    see(domain.setUserPassword, "root", "secret")
    see(domain.securityLabel)
    see(domain.openGraphicsFD, 0)


def streams(see: Transcript, conn: Any, domain: Any) -> None:
    picture: list[bytes] = []
    stream = conn.newStream()
    see(domain.screenshot, stream, 0)
    see(stream.recvAll, lambda stream, data, got: got.append(data) or 0, picture)
    see(stream.finish)
    see.lines.append(["the picture is a PNG", b"".join(picture).startswith(b"\x89PNG\r\n\x1a\n")])
    stream = conn.newStream()
    see(domain.screenshot, stream, 0)
    see(stream.abort)
    see(domain.screenshot, conn.newStream(), 7)
    see(domain.openConsole, None, conn.newStream())
    see(conn.newStream().finish)


def statistics(see: Transcript, conn: Any, domain: Any) -> None:
    clock = libvirt.VIR_DOMAIN_STATS_CPU_TOTAL | libvirt.VIR_DOMAIN_STATS_VCPU | libvirt.VIR_DOMAIN_STATS_BLOCK
    for flags in (libvirt.VIR_DOMAIN_STATS_STATE, libvirt.VIR_DOMAIN_STATS_BALLOON | libvirt.VIR_DOMAIN_STATS_IOTHREAD):
        see(conn.getAllDomainStats, flags)
    see(
        conn.getAllDomainStats,
        clock | libvirt.VIR_DOMAIN_STATS_INTERFACE,
        told=lambda value: [[d, shape(s)] for d, s in value],
    )
    see(conn.getAllDomainStats, 0, told=lambda value: [[d, sorted(s)] for d, s in value])
    see(conn.getAllDomainStats, clock, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS)
    see(conn.getAllDomainStats, libvirt.VIR_DOMAIN_STATS_STATE, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE)
    see(conn.domainListGetStats, [domain], libvirt.VIR_DOMAIN_STATS_STATE)


def snapshots(see: Transcript, domain: Any) -> None:
    see(domain.snapshotCurrent)
    see(domain.snapshotCreateXML, "<nonsense/>")
    base = see(domain.snapshotCreateXML, fixture("snapshot.xml"))
    see(base.getXMLDesc)
    child = see(domain.snapshotCreateXML, "<domainsnapshot><name>child</name></domainsnapshot>")
    for ask in (domain.snapshotNum, domain.hasCurrentSnapshot, domain.snapshotCurrent, domain.listAllSnapshots):
        see(ask)
    see(domain.snapshotListNames, told=sorted)
    see(domain.snapshotLookupByName, NONE)
    for ask in (child.getParent, child.isCurrent, child.hasMetadata, base.getParent, base.numChildren):
        see(ask)
    see(base.listAllChildren)
    see(base.listChildrenNames, told=sorted)
    see(domain.suspend)
    see(domain.revertToSnapshot, base)
    see(domain.state)
    see(domain.snapshotCurrent)
    see(base.delete, libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY)
    see(child.getXMLDesc)
    see(base.delete)
    first = see(domain.checkpointCreateXML, fixture("checkpoint.xml"))
    see(first.getXMLDesc, libvirt.VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN)
    see(domain.listAllCheckpoints)
    see(domain.checkpointLookupByName, NONE)
    see(first.getParent)
    see(first.delete)


def networks(see: Transcript, conn: Any) -> None:
    network = see(conn.networkDefineXML, fixture("network.xml"))
    for ask in (network.XMLDesc, network.UUIDString, network.bridgeName, network.isActive, network.isPersistent):
        see(ask)
    see(network.create)
    see(network.create)
    see(network.setAutostart, 1)
    see(network.autostart)
    add, section = libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST
    host = "<host mac='52:54:00:be:7a:33' name='c' ip='10.7.0.33'/>"
    see(network.update, add, section, -1, host, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)
    see(network.update, add, section, -1, host, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)
    see(network.XMLDesc)
    see(network.DHCPLeases)
    see(network.listAllPorts)
    see(network.destroy)
    see(network.destroy)
    see(network.undefine)
    see(network.XMLDesc)
    see(conn.networkCreateXML, fixture("network-isolated.xml"))
    see(conn.networkLookupByName("island").destroy)
    see(conn.networkDefineXML, fixture("bad-network-no-name.xml"))


def storage(see: Transcript, conn: Any) -> None:
    pool = see(conn.storagePoolDefineXML, fixture("pool.xml"))
    for ask in (pool.XMLDesc, pool.info, pool.isActive, pool.isPersistent, pool.autostart, pool.numOfVolumes):
        see(ask)
    see(pool.build)
    see(pool.create)
    see(pool.refresh)
    volume = see(pool.createXML, fixture("volume.xml"))
    see(pool.createXML, fixture("volume.xml"))
    see(pool.createXML, fixture("bad-volume-no-capacity.xml"))
    for ask in (
        volume.XMLDesc,
        volume.info,
        volume.infoFlags,
        volume.key,
        volume.path,
        volume.storagePoolLookupByVolume,
    ):
        see(ask)
    copy = see(pool.createXMLFrom, "<volume><name>copy</name><capacity>1048576</capacity></volume>", volume)
    see(copy.XMLDesc)
    see(pool.listAllVolumes)
    see(pool.listVolumes, told=sorted)
    see(pool.storageVolLookupByName, NONE)
    see(conn.storageVolLookupByPath, volume.path())
    see(volume.resize, 2**31)
    see(volume.wipe)
    see(volume.download, conn.newStream(), 0, 0)
    see(volume.upload, conn.newStream(), 0, 0)
    see(volume.delete)
    see(copy.delete)
    see(pool.info)
    see(pool.destroy)
    see(pool.delete)
    see(pool.undefine)
    see(pool.info)
    see(conn.findStoragePoolSources, "logical", None)
    see(conn.storagePoolDefineXML, fixture("bad-pool-type.xml"))
    see(conn.getStoragePoolCapabilities)


def interfaces(see: Transcript, conn: Any) -> None:
    see(conn.interfaceLookupByMACString, "aa:bb:cc:dd:ee:ff")
    see(conn.interfaceLookupByMACString, "02:00:00:00:00:01")
    see(conn.changeBegin)
    see(conn.changeBegin)
    interface = see(conn.interfaceDefineXML, fixture("interface.xml"))
    see(interface.XMLDesc)
    see(interface.isActive)
    see(interface.create)
    see(interface.destroy)
    see(interface.undefine)
    see(conn.changeRollback)
    see(conn.changeCommit)
    see(conn.listAllInterfaces)
    see(conn.interfaceDefineXML, fixture("bad-interface.xml"))


def node_devices(see: Transcript, conn: Any) -> None:
    device = see(conn.nodeDeviceLookupByName, "scsi_host1")
    for ask in (device.XMLDesc, device.parent, device.numOfCaps, device.listCaps, device.isActive, device.autostart):
        see(ask)
    see(conn.nodeDeviceLookupSCSIHostByWWN, "2000000012341234", "1000000012341234")
    made = see(conn.nodeDeviceCreateXML, fixture("nodedev-vport.xml"))
    see(made.XMLDesc)
    see(made.destroy)
    see(device.destroy)
    see(device.reset)


def read_only(see: Transcript, uri: str) -> None:
    """A second connection, which may only look."""
    conn = libvirt.openReadOnly(uri)
    domain = see(conn.lookupByName, "test")
    see(domain.state)
    see(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_SECURE)
    for change in (domain.suspend, domain.destroy, domain.undefine, domain.managedSave, domain.injectNMI):
        see(change)
    see(conn.defineXML, DOMAIN.format(name="refused"))
    see(conn.networkDefineXML, NETWORK.format(name="refused"))
    see(conn.storagePoolDefineXML, POOL.format(name="refused"))
    see(domain.screenshot, conn.newStream(), 0)
    see(conn.close)
    see(conn.getType)


def markers(events: Events, conn: Any) -> None:
    """The last event of each kind; whoever sees them has seen all."""
    domain = conn.defineXML(DOMAIN.format(name="marker"))
    network = conn.networkDefineXML(NETWORK.format(name="marker"))
    pool = conn.storagePoolDefineXML(POOL.format(name="marker"))
    undefined = libvirt.VIR_DOMAIN_EVENT_UNDEFINED
    for marker in (domain, network, pool):
        marker.undefine()
    events.wait("VIR_DOMAIN_EVENT_ID_LIFECYCLE", ["virDomain marker", [undefined, 0]])
    events.wait("legacy", ["virDomain marker", [undefined, 0]])
    events.wait("VIR_NETWORK_EVENT_ID_LIFECYCLE", ["virNetwork marker", [libvirt.VIR_NETWORK_EVENT_UNDEFINED, 0]])
    pool_undefined = libvirt.VIR_STORAGE_POOL_EVENT_UNDEFINED
    events.wait("VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE", ["virStoragePool marker", [pool_undefined, 0]])


def everything(see: Transcript, events: Events, uri: str, folder: str) -> None:
    conn = events.conn
    see(conn.registerCloseCallback, lambda *ignored: None, None)
    events.subscribe(see)
    domain = conn.lookupByName("test")
    for part in (host, lookups, listings, definitions, networks, storage, interfaces, node_devices):
        part(see, conn)
    for guest_part in (metadata, parameters, resources, guest, snapshots):
        guest_part(see, domain)
    for part_with_both in (lifecycle, streams, statistics):
        part_with_both(see, conn, domain)
    saving(see, conn, domain, folder)
    read_only(see, uri)
    listings(see, conn)
    markers(events, conn)
    events.unsubscribe(see)
    see(conn.unregisterCloseCallback)
    see(conn.close)


def main(uri: str, folder: str) -> None:
    libvirt.registerErrorHandler(lambda *ignored: None, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=run_events, daemon=True).start()
    conn = libvirt.open(uri)
    see, events, end = Transcript(), Events(conn), "reached"
    try:
        everything(see, events, uri, folder)
    except Exception:  # noqa: BLE001 what was seen until then tells more
        end = traceback.format_exc()
    json.dump({"calls": see.lines, "events": events.seen, "end": end}, sys.stdout)


def run_events() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
