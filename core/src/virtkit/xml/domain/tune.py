"""Limits and placement: memory, CPUs, I/O threads, NUMA, block I/O."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.domain.cpuset import CPUSET
from virtkit.xml.domain.features import word
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, children, flag, size, text, textchild
from virtkit.xml.units import Size, factor
from virtkit.xml.values import INT, ON_OFF, UNSIGNED, YES_NO, Value, integer, one_of, refused_as


def _read_unit(text: str) -> str:
    factor(text)
    return text


UNIT = Value(_read_unit)
"""The unit of a size, as it was written."""

LIMIT = refused_as(ConfigUnsupportedError, UNSIGNED)
VCPU_SET = refused_as(XMLError, CPUSET)
VCPUS = integer(0, 65535)


class MaxMemory(Element):
    """Up to how much memory may be plugged in, and into how many slots."""

    slots = attribute("slots", refused_as(XMLError, UNSIGNED))
    size = text(Size("KiB"))


class Memory(Element):
    """The memory the domain boots with, in KiB."""

    dump_core = attribute("dumpCore", ON_OFF)
    size = text(Size("KiB"))


class HugePage(Element):
    """A page size, in KiB, for all nodes or some."""

    size = attribute("size", Size("KiB"))
    nodeset = attribute("nodeset", CPUSET)


class HugePages(Element):
    """Back the memory with huge pages."""

    pages = children("page", HugePage)


class Allocation(Element):
    """When the host's memory is taken."""

    mode = attribute("mode", word("immediate", "ondemand"))
    threads = attribute("threads", refused_as(XMLError, UNSIGNED))


class MemoryBacking(Element):
    """Where the guest's memory comes from."""

    hugepages = child("hugepages", HugePages)
    nosharepages = flag("nosharepages")
    locked = flag("locked")
    source = attrchild("source", "type", word("file", "anonymous", "memfd"))
    access = attrchild("access", "mode", word("shared", "private"))
    allocation = child("allocation", Allocation)
    discard = flag("discard")


class MemoryTune(Element):
    """Limits of the memory, in KiB."""

    hard_limit = size("hard_limit")
    soft_limit = size("soft_limit")
    min_guarantee = size("min_guarantee")
    swap_hard_limit = size("swap_hard_limit")


class BlockIoDevice(Element):
    """Limits on one of the host's devices."""

    path = textchild("path")
    weight = textchild("weight", LIMIT)
    read_iops = textchild("read_iops_sec", LIMIT)
    write_iops = textchild("write_iops_sec", LIMIT)
    read_bytes = textchild("read_bytes_sec", LIMIT)
    write_bytes = textchild("write_bytes_sec", LIMIT)


class BlockIoTune(Element):
    """Share and limits of block I/O."""

    weight = textchild("weight", UNSIGNED)
    devices = children("device", BlockIoDevice)


class VcpuCount(Element):
    """The most vCPUs the domain can have, and how many it starts with."""

    placement = attribute("placement", one_of("static", "auto"))
    cpuset = attribute("cpuset", CPUSET)
    current = attribute("current", VCPUS)
    maximum = text(VCPUS)


class Vcpu(Element):
    """One vCPU."""

    id = attribute("id", UNSIGNED)
    enabled = attribute("enabled", YES_NO)
    hotpluggable = attribute("hotpluggable", YES_NO)
    order = attribute("order", UNSIGNED)


class Vcpus(Element):
    """The vCPUs one by one."""

    vcpus = children("vcpu", Vcpu)


class IoThread(Element):
    """An I/O thread."""

    id = attribute("id", UNSIGNED)
    thread_pool_min = attribute("thread_pool_min", INT)
    thread_pool_max = attribute("thread_pool_max", INT)


class IoThreadIds(Element):
    """The I/O threads one by one."""

    iothreads = children("iothread", IoThread)


class DefaultIoThread(Element):
    """Worker threads of the main loop."""

    thread_pool_min = attribute("thread_pool_min", INT)
    thread_pool_max = attribute("thread_pool_max", INT)


class VcpuPin(Element):
    """The host CPUs of a vCPU."""

    vcpu = attribute("vcpu", UNSIGNED)
    cpuset = attribute("cpuset", CPUSET)


class IoThreadPin(Element):
    """The host CPUs of an I/O thread."""

    iothread = attribute("iothread", UNSIGNED)
    cpuset = attribute("cpuset", CPUSET)


SCHEDULER = one_of("batch", "idle", "fifo", "rr")


class EmulatorSched(Element):
    """The host's scheduler of the emulator's threads."""

    scheduler = attribute("scheduler", SCHEDULER)
    priority = attribute("priority", INT)


class VcpuSched(Element):
    """The host's scheduler of some vCPUs."""

    vcpus = attribute("vcpus", CPUSET)
    scheduler = attribute("scheduler", SCHEDULER)
    priority = attribute("priority", INT)


class IoThreadSched(Element):
    """The host's scheduler of some I/O threads."""

    iothreads = attribute("iothreads", CPUSET)
    scheduler = attribute("scheduler", SCHEDULER)
    priority = attribute("priority", INT)


class CacheShare(Element):
    """A part of a CPU cache: `size` in `unit`."""

    id = attribute("id", UNSIGNED)
    level = attribute("level", UNSIGNED)
    type = attribute("type", one_of("both", "code", "data"))
    size = attribute("size", UNSIGNED)
    unit = attribute("unit", UNIT)


class CacheMonitor(Element):
    """Counts the cache use of some vCPUs."""

    level = attribute("level", UNSIGNED)
    vcpus = attribute("vcpus", CPUSET)


class CacheTune(Element):
    """Parts of the CPU caches for some vCPUs."""

    vcpus = attribute("vcpus", VCPU_SET)
    id = attribute("id")
    caches = children("cache", CacheShare)
    monitors = children("monitor", CacheMonitor)


class Bandwidth(Element):
    """A share of a node's memory bandwidth, in percent."""

    id = attribute("id", UNSIGNED)
    bandwidth = attribute("bandwidth", UNSIGNED)


class MemoryMonitor(Element):
    """Counts the memory bandwidth of some vCPUs."""

    vcpus = attribute("vcpus", CPUSET)


class BandwidthTune(Element):
    """Shares of memory bandwidth for some vCPUs."""

    vcpus = attribute("vcpus", VCPU_SET)
    nodes = children("node", Bandwidth)
    monitors = children("monitor", MemoryMonitor)


class CpuTune(Element):
    """Share, limits and placement of CPU time; periods and quotas in us."""

    shares = textchild("shares", UNSIGNED)
    period = textchild("period", UNSIGNED)
    quota = textchild("quota", INT)
    global_period = textchild("global_period", UNSIGNED)
    global_quota = textchild("global_quota", INT)
    emulator_period = textchild("emulator_period", UNSIGNED)
    emulator_quota = textchild("emulator_quota", INT)
    iothread_period = textchild("iothread_period", UNSIGNED)
    iothread_quota = textchild("iothread_quota", INT)
    vcpu_pins = children("vcpupin", VcpuPin)
    emulator_pin = attrchild("emulatorpin", "cpuset", CPUSET)
    iothread_pins = children("iothreadpin", IoThreadPin)
    emulator_sched = child("emulatorsched", EmulatorSched)
    vcpu_scheds = children("vcpusched", VcpuSched)
    iothread_scheds = children("iothreadsched", IoThreadSched)
    cache_tunes = children("cachetune", CacheTune)
    memory_tunes = children("memorytune", BandwidthTune)


NUMA_MODE = word("strict", "preferred", "interleave", "restrictive")


class NumaMemory(Element):
    """From which of the host's nodes memory comes."""

    mode = attribute("mode", NUMA_MODE)
    placement = attribute("placement", word("static", "auto"))
    nodeset = attribute("nodeset", CPUSET)


class NumaNode(Element):
    """The same for one of the guest's nodes."""

    cell_id = attribute("cellid", UNSIGNED)
    mode = attribute("mode", NUMA_MODE)
    nodeset = attribute("nodeset", CPUSET)


class NumaTune(Element):
    """Placement on the host's NUMA nodes."""

    memory = child("memory", NumaMemory)
    nodes = children("memnode", NumaNode)


class Resource(Element):
    """Where the domain stands among the host's resource groups."""

    partition = textchild("partition")
    fibrechannel = attrchild("fibrechannel", "appid")
