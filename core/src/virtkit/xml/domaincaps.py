"""What domains of one emulator, architecture, machine and virtualisation type can have."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, size, text, textchild, textchildren
from virtkit.xml.units import Size
from virtkit.xml.values import UNSIGNED, YES_NO, one_of


class Enumeration(Element):
    """The words that one attribute of a domain's document can have."""

    name = attribute("name")
    values = textchildren("value")


class Support(Element):
    """Whether something is supported, and which of its variants are."""

    supported = attribute("supported", YES_NO)
    enums = children("enum", Enumeration)

    def words(self, name: str) -> list[str]:
        """Return the words of the enumeration `name`; none if there is no such enumeration."""
        return next((enum.values for enum in self.enums if enum.name == name), [])


class LoaderSupport(Element):
    """Firmware: the paths that are installed, and what may be said about one."""

    supported = attribute("supported", YES_NO)
    paths = textchildren("value")
    enums = children("enum", Enumeration)


class OsSupport(Support):
    """What can be booted, and how."""

    loader = child("loader", LoaderSupport)


class SupportedModel(Element):
    """A CPU model; whether this host and hypervisor can run it: `usable` is `yes`, `no` or `unknown`."""

    usable = attribute("usable", one_of("yes", "no", "unknown"))
    fallback = attribute("fallback", one_of("allow", "forbid"))
    vendor_id = attribute("vendor_id")
    deprecated = attribute("deprecated", YES_NO)
    vendor = attribute("vendor")
    name = text()


class SupportedFeature(Element):
    """A feature that a model named after the host needs to be told beside the model."""

    policy = attribute("policy", one_of("force", "require", "optional", "disable", "forbid"))
    name = attribute("name")


class CpuMode(Element):
    """A way to say which CPU a guest has: `host-passthrough`, `maximum`, `host-model`, `custom`."""

    name = attribute("name")
    supported = attribute("supported", YES_NO)
    enums = children("enum", Enumeration)
    models = children("model", SupportedModel)
    vendor = textchild("vendor")
    features = children("feature", SupportedFeature)


class CpuSupport(Element):
    """Ways to say which CPU a guest has."""

    modes = children("mode", CpuMode)

    def mode(self, name: str) -> CpuMode | None:
        """Return the mode of that name; None if there is none."""
        return next((mode for mode in self.modes if mode.name == name), None)


class DeviceSupport(Element):
    """Devices, by kind."""

    disk = child("disk", Support)
    graphics = child("graphics", Support)
    video = child("video", Support)
    hostdev = child("hostdev", Support)
    rng = child("rng", Support)
    filesystem = child("filesystem", Support)
    tpm = child("tpm", Support)
    redirdev = child("redirdev", Support)
    channel = child("channel", Support)


class Sev(Support):
    """Encrypted memory of AMD: the bit in page tables that says so, and how many guests there can be."""

    cbitpos = textchild("cbitpos", UNSIGNED)
    reduced_phys_bits = textchild("reducedPhysBits", UNSIGNED)
    max_guests = textchild("maxGuests", UNSIGNED)
    max_es_guests = textchild("maxESGuests", UNSIGNED)


class SgxSection(Element):
    """Enclave memory of a NUMA node; `size` in KiB."""

    node = attribute("node", UNSIGNED)
    size = attribute("size", Size("KiB"))


class SgxSections(Element):
    """Enclave memory, node by node."""

    sections = children("section", SgxSection)


class Sgx(Support):
    """Enclaves of Intel; `section_size` in KiB."""

    flc = textchild("flc", YES_NO)
    sgx1 = textchild("sgx1", YES_NO)
    sgx2 = textchild("sgx2", YES_NO)
    section_size = size("section_size")
    sections = child("sections", SgxSections)


class FeatureSupport(Element):
    """Features of machines."""

    gic = child("gic", Support)
    vmcoreinfo = child("vmcoreinfo", Support)
    genid = child("genid", Support)
    backing_store_input = child("backingStoreInput", Support)
    backup = child("backup", Support)
    s390_pv = child("s390-pv", Support)
    sev = child("sev", Sev)
    sgx = child("sgx", Sgx)
    hyperv = child("hyperv", Support)


class DomainCapabilities(Document, tag="domainCapabilities", error_domain=ErrorDomain.CAPABILITIES):
    """What domains of one emulator, architecture, machine and virtualisation type can have.

    Attributes:
        path: The emulator.
        domain: The virtualisation type.
        vcpu_max: Most vCPUs of one domain.
    """

    path = textchild("path")
    domain = textchild("domain")
    machine = textchild("machine")
    arch = textchild("arch")
    vcpu_max = attrchild("vcpu", "max", UNSIGNED)
    iothreads = child("iothreads", Support)
    os = child("os", OsSupport)
    cpu = child("cpu", CpuSupport)
    memory_backing = child("memoryBacking", Support)
    devices = child("devices", DeviceSupport)
    features = child("features", FeatureSupport)
