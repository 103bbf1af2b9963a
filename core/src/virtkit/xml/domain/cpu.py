"""The virtual CPU: model, features, topology, and the guest's NUMA nodes."""

from __future__ import annotations

import re

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.capabilities import ASSOCIATIVITY, POLICY, Distances, Latency, PhysicalAddressBits, Topology
from virtkit.xml.domain.cpuset import CPUSET
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, child, children, text, textchild
from virtkit.xml.units import Size
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, Refusal, Value, integer, one_of, quoted, refused_as


def word(*allowed: str) -> Value[str]:
    """A word whose refusal comes from libvirt's part for CPUs."""
    return refused_as(ConfigUnsupportedError, one_of(*allowed), ErrorDomain.CPU)


def _read_vendor_id(text: str) -> str:
    if not re.fullmatch("[^,]{12}", text):
        raise Refusal(f"{quoted(text)} is not 12 characters without a comma", XMLError, ErrorDomain.CPU)
    return text


MODE = word("custom", "host-model", "host-passthrough", "maximum")
MATCH = one_of("minimum", "exact", "strict")
CHECK = one_of("none", "partial", "full")


class CpuModel(Element):
    """Name of a CPU model."""

    fallback = attribute("fallback", word("allow", "forbid"))
    vendor_id = attribute("vendor_id", Value(_read_vendor_id))
    name = text()


class CpuCache(Element):
    """Which of the host's caches the guest sees."""

    level = attribute("level", refused_as(XMLError, integer(1, 3), ErrorDomain.CPU))
    mode = attribute("mode", one_of("emulate", "passthrough", "disable"))


class CpuFeature(Element):
    """A feature of the CPU and what is wanted of it."""

    policy = attribute("policy", word("force", "require", "optional", "disable", "forbid"))
    name = attribute("name")


class CacheSize(Element):
    """A size; `size` in KiB."""

    size = attribute("value", Size("KiB"))


class LineSize(Element):
    """The size of a line of a cache; `size` in bytes."""

    size = attribute("value", Size("B"))


class MemoryCache(Element):
    """A cache of the memory of a node."""

    level = attribute("level", UNSIGNED)
    associativity = attribute("associativity", ASSOCIATIVITY)
    policy = attribute("policy", POLICY)
    size = child("size", CacheSize)
    line = child("line", LineSize)


class NumaCell(Element):
    """A NUMA node of the guest; `memory` in KiB."""

    id = attribute("id", UNSIGNED)
    cpus = attribute("cpus", CPUSET)
    memory = attribute("memory", Size("KiB"))
    mem_access = attribute("memAccess", one_of("shared", "private"))
    discard = attribute("discard", YES_NO)
    distances = child("distances", Distances)
    caches = children("cache", MemoryCache)


class NodeBandwidth(Latency):
    """How much one node can move to or from another's memory, in KiB per second."""

    value = attribute("value", Size("KiB"))


class Interconnects(Element):
    """Latency and bandwidth between nodes."""

    latencies = children("latency", Latency)
    bandwidths = children("bandwidth", NodeBandwidth)


class Numa(Element):
    """The guest's NUMA nodes."""

    cells = children("cell", NumaCell)
    interconnects = child("interconnects", Interconnects)


class Cpu(Element):
    """The CPU the guest sees."""

    mode = attribute("mode", MODE)
    match = attribute("match", MATCH)
    check = attribute("check", CHECK)
    migratable = attribute("migratable", ON_OFF)
    model = child("model", CpuModel)
    vendor = textchild("vendor")
    topology = child("topology", Topology)
    cache = child("cache", CpuCache)
    max_phys_addr = child("maxphysaddr", PhysicalAddressBits)
    features = children("feature", CpuFeature)
    numa = child("numa", Numa)
