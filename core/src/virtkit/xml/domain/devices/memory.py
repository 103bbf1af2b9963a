"""Memory that is a device: modules, the balloon, memory shared between guests, persistent variables."""

from __future__ import annotations

from virtkit.errors import InvalidArgError
from virtkit.xml.domain.cpuset import CPUSET
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import VIRTIO_MODELS, VirtioDriver
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, flag, section, textchild
from virtkit.xml.schema import size as sizechild
from virtkit.xml.values import ON_OFF, UNSIGNED, UUID, YES_NO, one_of, refused_as


class MemorySource(Element):
    """The host's memory behind a module.

    Attributes:
        path: File (nvdimm, virtio-pmem).
        nodemask: NUMA nodes of the host, as in `1-3,5`.
        alignsize: KiB.
        pagesize: KiB.
        pmem: The host's memory is persistent.
    """

    path = textchild("path")
    nodemask = textchild("nodemask", refused_as(InvalidArgError, CPUSET, 0))
    pagesize = sizechild("pagesize")
    alignsize = sizechild("alignsize")
    pmem = flag("pmem")


class MemoryLabel(Element):
    """The label area of an nvdimm; KiB."""

    size = sizechild("size")


class MemoryTarget(Element):
    """What the guest sees; sizes are in KiB.

    Attributes:
        numa_node: NUMA node of the guest.
        block: Granularity of `requested` (virtio-mem).
        requested: What the guest is asked to use (virtio-mem).
        current: What it uses, in live documents (virtio-mem).
    """

    size = sizechild("size")
    numa_node = textchild("node", UNSIGNED)
    block = sizechild("block")
    requested = sizechild("requested")
    current = sizechild("current")
    label = child("label", MemoryLabel)
    readonly = flag("readonly")


class MemoryDevice(Device):
    """A module of memory."""

    model = attribute("model", one_of("dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc"))
    access = attribute("access", one_of("shared", "private"))
    discard = attribute("discard", YES_NO)
    uuid = textchild("uuid", UUID)
    source = section("source", MemorySource)
    target = child("target", MemoryTarget)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Memballoon(Device):
    """The balloon, by which the guest gives memory back; statistics are collected every `stats_period` seconds."""

    model = attribute("model", one_of(*VIRTIO_MODELS, "xen", "none"))
    autodeflate = attribute("autodeflate", ON_OFF)
    free_page_reporting = attribute("freePageReporting", ON_OFF)
    stats_period = attrchild("stats", "period", UNSIGNED)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
    driver = child("driver", VirtioDriver)


class ShmemMsi(Element):
    """Interrupts between the guests that share memory."""

    vectors = attribute("vectors", UNSIGNED)
    ioeventfd = attribute("ioeventfd", ON_OFF)


class Shmem(Device):
    """Memory that guests share; `server` is the path of the socket of the server of interrupts.

    Attributes:
        size: MiB; None: by default, or told by the server.
    """

    name = attribute("name")
    role = attribute("role", one_of("master", "peer"))
    model = attrchild("model", "type", one_of("ivshmem", "ivshmem-plain", "ivshmem-doorbell"))
    size = sizechild("size", "M", default="bytes")
    server = attrchild("server", "path")
    msi = child("msi", ShmemMsi)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Nvram(Device):
    """The persistent variables of a pSeries machine."""

    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
