"""Domains: virtual machines and containers."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.domain.boot import IdMap, Os, Sysinfo
from virtkit.xml.domain.cpu import Cpu
from virtkit.xml.domain.devices import Devices
from virtkit.xml.domain.extensions import (
    BhyveCommandline,
    LxcNamespace,
    QemuCapabilities,
    QemuCommandline,
    QemuOverride,
)
from virtkit.xml.domain.features import Clock, Features, Perf, PowerManagement, word
from virtkit.xml.domain.security import KeyWrap, LaunchSecurity, SecurityLabel
from virtkit.xml.domain.tune import (
    BlockIoTune,
    CpuTune,
    DefaultIoThread,
    IoThreadIds,
    MaxMemory,
    Memory,
    MemoryBacking,
    MemoryTune,
    NumaTune,
    Resource,
    VcpuCount,
    Vcpus,
)
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, metadata, section, size, text, textchild
from virtkit.xml.values import INT, UNSIGNED, UUID

LIFECYCLE_ACTION = word("destroy", "restart", "rename-restart", "preserve")
CRASH_ACTION = word("destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart")


class GenId(Element):
    """A number that tells the guest when it was rolled back or copied; None: yet to be made up."""

    uuid = text(UUID)


class Domain(Document, tag="domain", error_domain=ErrorDomain.DOMAIN):
    """A domain. `current_memory` and all other memory is in KiB; `id` is there only while it runs.

    `type` may be any word here: which of them it runs is for a driver to say.
    """

    type = attribute("type")
    id = attribute("id", INT)
    name = textchild("name")
    uuid = textchild("uuid", UUID)
    genid = child("genid", GenId)
    title = textchild("title")
    description = textchild("description")
    metadata = metadata()
    max_memory = child("maxMemory", MaxMemory)
    memory = child("memory", Memory)
    current_memory = size("currentMemory")
    blkio_tune = section("blkiotune", BlockIoTune)
    mem_tune = section("memtune", MemoryTune)
    memory_backing = section("memoryBacking", MemoryBacking)
    vcpu = child("vcpu", VcpuCount)
    vcpus = child("vcpus", Vcpus)
    iothreads = textchild("iothreads", UNSIGNED)
    iothread_ids = child("iothreadids", IoThreadIds)
    default_iothread = child("defaultiothread", DefaultIoThread)
    cpu_tune = section("cputune", CpuTune)
    numa_tune = section("numatune", NumaTune)
    resource = child("resource", Resource)
    sysinfo = children("sysinfo", Sysinfo)
    bootloader = textchild("bootloader")
    bootloader_args = textchild("bootloader_args")
    os = section("os", Os)
    idmap = child("idmap", IdMap)
    features = section("features", Features)
    cpu = section("cpu", Cpu)
    clock = section("clock", Clock)
    on_poweroff = textchild("on_poweroff", LIFECYCLE_ACTION)
    on_reboot = textchild("on_reboot", LIFECYCLE_ACTION)
    on_crash = textchild("on_crash", CRASH_ACTION)
    on_lockfailure = textchild("on_lockfailure", word("poweroff", "restart", "pause", "ignore"))
    pm = section("pm", PowerManagement)
    perf = section("perf", Perf)
    devices = section("devices", Devices, always=True)
    seclabels = children("seclabel", SecurityLabel)
    keywrap = child("keywrap", KeyWrap)
    launch_security = child("launchSecurity", LaunchSecurity)
    qemu_commandline = child("qemu:commandline", QemuCommandline)
    bhyve_commandline = child("bhyve:commandline", BhyveCommandline)
    vmware_datacenter = textchild("vmware:datacenterpath")
    lxc_namespace = child("lxc:namespace", LxcNamespace)
    qemu_capabilities = child("qemu:capabilities", QemuCapabilities)
    qemu_override = child("qemu:override", QemuOverride)
    qemu_deprecation = attrchild("qemu:deprecation", "behavior")
