"""CPUs as documents of their own: a host's, to compare guests with or to find what several hosts have in common."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.capabilities import (
    ARCHITECTURES,
    Counter,
    HostFeatures,
    PageSize,
    PhysicalAddressBits,
    Signature,
    Topology,
)
from virtkit.xml.domain.cpu import CHECK, MATCH, MODE, CpuCache, CpuFeature, CpuModel, Numa, word
from virtkit.xml.element import Document
from virtkit.xml.schema import attrchild, attribute, child, children, textchild
from virtkit.xml.values import ON_OFF, UNSIGNED, refused_as


class CpuDocument(Document, tag="cpu", error_domain=ErrorDomain.CPU):
    """A CPU: a host's, as in its capabilities, or a guest's, as in a domain."""

    mode = attribute("mode", MODE)
    match = attribute("match", MATCH)
    check = attribute("check", CHECK)
    migratable = attribute("migratable", ON_OFF)
    arch = textchild("arch", word(*ARCHITECTURES))
    model = child("model", CpuModel)
    vendor = textchild("vendor")
    microcode = attrchild("microcode", "version", refused_as(ConfigUnsupportedError, UNSIGNED))
    paravirtual = child("features", HostFeatures)
    signature = child("signature", Signature)
    counter = child("counter", Counter)
    topology = child("topology", Topology)
    cache = child("cache", CpuCache)
    max_phys_addr = child("maxphysaddr", PhysicalAddressBits)
    features = children("feature", CpuFeature)
    pages = children("pages", PageSize)
    numa = child("numa", Numa)
