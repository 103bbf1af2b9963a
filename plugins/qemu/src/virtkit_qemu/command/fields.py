"""What of a document becomes arguments, and what needs none. Everything else that is set is refused at start.

Both tables are allow-lists: a field that is added to the XML model is refused until it is named here.
"""

from __future__ import annotations

from collections.abc import Mapping

from virtkit.xml.capabilities import Topology
from virtkit.xml.domain import Domain, GenId
from virtkit.xml.domain.boot import Bios, Block, BootMenu, Entry, Loader, Nvram, Os, OsType, Sysinfo
from virtkit.xml.domain.cpu import Cpu, CpuFeature, CpuModel, Numa, NumaCell
from virtkit.xml.domain.devices import (
    Devices,
    address,
    character,
    controller,
    disk,
    graphics,
    interface,
    memory,
    parts,
    platform,
    sound,
    source,
)
from virtkit.xml.domain.devices import input as inputs
from virtkit.xml.domain.extensions import QemuCommandline
from virtkit.xml.domain.features import Clock, Features, PowerManagement, Smm, State, Tcg, Timer
from virtkit.xml.domain.tune import (
    Allocation,
    IoThread,
    IoThreadIds,
    MaxMemory,
    Memory,
    MemoryBacking,
    Vcpu,
    VcpuCount,
    Vcpus,
)
from virtkit.xml.element import Element
from virtkit.xml.schema import Field
from virtkit.xml.storage import Encryption

Table = Mapping[type[Element], frozenset[str]]


def _table(rows: Mapping[type[Element], str]) -> Table:
    return {cls: frozenset(names.split()) for cls, names in rows.items()}


_VIRTIO = "iommu ats packed page_per_vq"

ARGUMENTS = _table(
    {
        Domain: "type name uuid genid max_memory memory memory_backing vcpu vcpus iothreads iothread_ids sysinfo os"
        " features cpu clock on_reboot on_crash pm devices qemu_commandline",
        GenId: "uuid",
        MaxMemory: "slots size",
        Memory: "dump_core size",
        MemoryBacking: "nosharepages locked source access allocation",
        Allocation: "mode",
        VcpuCount: "placement current maximum",
        Vcpus: "vcpus",
        Vcpu: "id enabled",
        IoThreadIds: "iothreads",
        IoThread: "id",
        OsType: "machine",
        Os: "type loader nvram kernel initrd cmdline boot boot_menu bios smbios",
        Loader: "readonly secure type path",
        Nvram: "path",
        BootMenu: "enable timeout",
        Bios: "use_serial reboot_timeout",
        Sysinfo: "type bios system base_boards entries chassis oem_strings",
        Block: "entries",
        Entry: "name file value",
        Features: "acpi pmu vmport smm vmcoreinfo tcg",
        State: "state",
        Smm: "state",
        Tcg: "tb_cache",
        Cpu: "mode model topology features numa",
        CpuModel: "vendor_id name",
        CpuFeature: "policy name",
        Topology: "sockets dies cores threads",
        Numa: "cells",
        NumaCell: "id cpus memory mem_access",
        Clock: "offset adjustment basis start timers",
        Timer: "name present tick_policy",
        PowerManagement: "suspend_to_mem suspend_to_disk",
        QemuCommandline: "args",
        Devices: "emulator disks controllers interfaces serials parallels consoles channels inputs graphics sounds"
        " audios videos hubs watchdog memballoon rngs panics",
        address.PciAddress: "domain bus slot function multifunction",
        address.DriveAddress: "controller bus target unit",
        address.VirtioSerialAddress: "controller port",
        address.UsbAddress: "bus port",
        address.IsaAddress: "iobase irq",
        parts.Boot: "order",
        parts.Rom: "enabled bar file",
        parts.VirtioDriver: _VIRTIO,
        parts.Reconnect: "enabled timeout",
        disk.Disk: "type device model driver source backing_store geometry blockio target iotune readonly shareable"
        " serial wwn vendor product encryption boot alias address",
        disk.DiskDriver: "type cache error_policy rerror_policy io ioeventfd event_idx discard iothread detect_zeroes"
        f" queues queue_size {_VIRTIO}",
        disk.Geometry: "cylinders heads sectors trans",
        disk.IoTune: "total_bytes_sec read_bytes_sec write_bytes_sec total_iops_sec read_iops_sec write_iops_sec"
        " total_bytes_sec_max read_bytes_sec_max write_bytes_sec_max"
        " total_iops_sec_max read_iops_sec_max write_iops_sec_max"
        " total_bytes_sec_max_length read_bytes_sec_max_length write_bytes_sec_max_length"
        " total_iops_sec_max_length read_iops_sec_max_length write_iops_sec_max_length size_iops_sec group_name",
        disk.BlockIo: "logical_block_size physical_block_size",
        disk.DiskTarget: "bus removable rotation_rate",
        disk.BackingStore: "type format source backing_store",
        source.Format: "type",
        source.DiskSource: "file dev pool volume encryption",
        Encryption: "format",
        controller.Controller: "type index model model_name ports vectors target driver alias master_startport address",
        controller.ControllerTarget: "chassis_nr chassis port hotplug",
        controller.ControllerDriver: f"queues cmd_per_lun max_sectors ioeventfd iothread {_VIRTIO}",
        interface.Interface: "type mac ips model driver mtu boot alias rom address link_up",
        interface.HostdevInterface: "",
        interface.Mac: "address",
        interface.IpAddress: "address family prefix",
        interface.InterfaceDriver: "txmode ioeventfd event_idx queues rx_queue_size tx_queue_size rss rss_hash_report"
        f" host guest {_VIRTIO}",
        interface.HostOffloads: "csum gso tso4 tso6 ecn ufo mrg_rxbuf",
        interface.GuestOffloads: "csum tso4 tso6 ecn ufo",
        character.Port: "type sources protocol log target alias address",
        character.PortTarget: "type port model",
        character.Channel: "type sources protocol log target alias address",
        character.ChannelTarget: "type name",
        character.CharacterSource: "mode host path service append reconnect",
        character.Log: "file append",
        inputs.Input: "type bus driver alias address",
        inputs.Hub: "alias address",
        graphics.Graphics: "type port websocket keymap passwd passwd_valid_to connected share_policy power_control"
        " listens audio_id",
        graphics.Listen: "type address socket",
        graphics.Video: "driver model alias address",
        graphics.VideoDriver: _VIRTIO,
        graphics.VideoModel: "type ram vram vram64 vgamem heads acceleration resolution",
        graphics.Acceleration: "accel2d accel3d",
        graphics.Resolution: "x y",
        sound.Sound: "model codecs audio_id alias address",
        sound.Audio: "id type",
        platform.Watchdog: "model action alias address",
        platform.Rng: "rate backend driver alias address",
        platform.RngRate: "bytes period",
        platform.RngBackend: "model path",
        platform.Panic: "model alias address",
        memory.Memballoon: "model autodeflate free_page_reporting stats_period alias address driver",
    }
)
"""Class -> fields that the command line is made of, or what follows it through the monitor (`preparation`)."""

HARMLESS = _table(
    {
        # What is only told, or told again, or of no meaning but to people.
        Domain: "id title description metadata seclabels resource"
        # What the driver does by itself, through the monitor or to the process.
        " current_memory on_poweroff on_lockfailure",
        Vcpu: "hotpluggable order",
        Nvram: "template",
        OsType: "arch type",
        Cpu: "match check migratable vendor",
        CpuModel: "fallback",
        # Only guests that are older than this century see a difference; libvirt leaves it out as well.
        Features: "apic pae",
        disk.Disk: "snapshot mirror",
        disk.DiskDriver: "name",
        disk.DiskTarget: "dev",
        disk.BackingStore: "index",
        source.DiskSource: "index mode startup_policy",
        # The driver asks for its value: the command line gets a descriptor.
        Encryption: "engine secret",
        # What a network is reached through is the driver's: the command line gets its descriptors.
        interface.Interface: "source target bandwidth vlan virtualport port_isolated filterref",
        interface.InterfaceDriver: "name",
        character.Port: "tty",
        character.ChannelTarget: "state",
        graphics.Graphics: "autoport socket listen",  # the last two are told again in `listens`
        graphics.Listen: "from_config auto_generated",
        graphics.VideoModel: "primary",
        inputs.Input: "model",
        inputs.Hub: "type",
        platform.Rng: "model",
        **dict.fromkeys(address.ADDRESSES.values(), "type"),
        address.VirtioSerialAddress: "type bus",
    }
)
"""Class -> fields without which the guest runs as the document says."""


def undecided(element: Element, path: str = "") -> str | None:
    """The path of something set that has neither arguments nor leave to have none; None if there is nothing.

    What no field knows, a user has been warned of when it was defined.
    """
    cls = type(element)
    arguments = _of(ARGUMENTS, cls)
    for name, value in element.content().items():
        field = element.fields.get(name)
        if field is None or name in _of(HARMLESS, cls):
            continue
        place = _place(path, field)
        if name not in arguments:
            return place
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, Element) and (found := undecided(item, place)):
                return found
    return None


def _place(path: str, field: Field) -> str:
    """Where a field stands: a child, an attribute, or the text of the element itself."""
    if field.child_names:
        return f"{path}/{field.child_names[0]}" if path else field.child_names[0]
    return f"{path}@{field.attribute_names[0]}" if field.attribute_names else path


def _of(table: Table, cls: type[Element]) -> frozenset[str]:
    return next((table[base] for base in cls.__mro__ if base in table), frozenset())
