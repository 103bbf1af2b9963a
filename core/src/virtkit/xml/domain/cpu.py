"""The virtual CPU: model, features, topology, and the guest's NUMA nodes."""

from __future__ import annotations

from virtkit.xml.domain.cpuset import CPUSET
from virtkit.xml.element import Element, shape
from virtkit.xml.schema import attribute, child, children, text, textchild
from virtkit.xml.units import Size
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, integer, one_of

COUNT = integer(1, 2**32 - 1)


class CpuModel(Element):
    """Name of a CPU model."""

    fallback = attribute("fallback", one_of("allow", "forbid"))
    vendor_id = attribute("vendor_id")
    name = text()


class Topology(Element):
    """Sockets, dies in each, cores in each, threads in each."""

    sockets = attribute("sockets", COUNT)
    dies = attribute("dies", COUNT)
    cores = attribute("cores", COUNT)
    threads = attribute("threads", COUNT)


class CpuCache(Element):
    """Which of the host's caches the guest sees."""

    level = attribute("level", integer(1, 3))
    mode = attribute("mode", one_of("emulate", "passthrough", "disable"))


class PhysicalAddressBits(Element):
    """How many bits physical addresses have."""

    mode = attribute("mode", one_of("emulate", "passthrough"))
    bits = attribute("bits", UNSIGNED)


class CpuFeature(Element):
    """A feature of the CPU and what is wanted of it."""

    policy = attribute("policy", one_of("force", "require", "optional", "disable", "forbid"))
    name = attribute("name")


class Sibling(Element):
    """Distance to another node; 10 is local."""

    id = attribute("id", UNSIGNED)
    value = attribute("value", UNSIGNED)


class Distances(Element):
    """Distances from one node."""

    siblings = children("sibling", Sibling)


class NumaCell(Element):
    """A NUMA node of the guest; `memory` in KiB."""

    id = attribute("id", UNSIGNED)
    cpus = attribute("cpus", CPUSET)
    memory = attribute("memory", Size("KiB"))
    mem_access = attribute("memAccess", one_of("shared", "private"))
    discard = attribute("discard", YES_NO)
    distances = child("distances", Distances)
    caches = children("cache", shape("level associativity policy", size=shape("value unit"), line=shape("value unit")))


class Interconnects(Element):
    """Latency and bandwidth between nodes."""

    latencies = children("latency", shape("initiator target cache type value"))
    bandwidths = children("bandwidth", shape("initiator target cache type value unit"))


class Numa(Element):
    """The guest's NUMA nodes."""

    cells = children("cell", NumaCell)
    interconnects = child("interconnects", Interconnects)


class Cpu(Element):
    """The CPU the guest sees."""

    mode = attribute("mode", one_of("custom", "host-model", "host-passthrough", "maximum"))
    match = attribute("match", one_of("minimum", "exact", "strict"))
    check = attribute("check", one_of("none", "partial", "full"))
    migratable = attribute("migratable", ON_OFF)
    model = child("model", CpuModel)
    vendor = textchild("vendor")
    topology = child("topology", Topology)
    cache = child("cache", CpuCache)
    max_phys_addr = child("maxphysaddr", PhysicalAddressBits)
    features = children("feature", CpuFeature)
    numa = child("numa", Numa)
