"""What belongs to a machine's board: TPM, watchdog, random numbers, panic, IOMMU, vsock; and leases of the host."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.character import CharacterDevice
from virtkit.xml.domain.devices.parts import SMALL, VIRTIO_MODELS, VirtioDriver
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, flag, text, textchild
from virtkit.xml.values import ON_OFF, UNSIGNED, UUID, YES_NO, one_of, refused_as


class LeaseTarget(Element):
    """The file of a lease; `offset` is in bytes."""

    path = attribute("path")
    offset = attribute("offset", UNSIGNED)


class Lease(Element):
    """A lease that a lock manager must get before the guest starts."""

    lockspace = textchild("lockspace")
    key = textchild("key")
    target = child("target", LeaseTarget)


class PcrBanks(Element):
    """The banks of registers that are active."""

    sha1 = flag("sha1")
    sha256 = flag("sha256")
    sha384 = flag("sha384")
    sha512 = flag("sha512")


class TpmSource(Element):
    """The socket of an emulator that somebody else runs."""

    type = attribute("type", one_of("unix", error=ConfigUnsupportedError))
    mode = attribute("mode", one_of("connect"))
    path = attribute("path")


class TpmBackend(Element):
    """What is behind a TPM: the host's `device`, an emulator, or the emulator behind the socket `source`.

    Attributes:
        encryption_secret: UUID of the secret that encrypts the emulator's state.
    """

    type = attribute("type", one_of("passthrough", "emulator", "external"))
    version = attribute("version", one_of("1.2", "2.0"))
    persistent_state = attribute("persistent_state", refused_as(InternalError, YES_NO))
    encryption_secret = attrchild("encryption", "secret", UUID)
    device = attrchild("device", "path")
    source = child("source", TpmSource)
    active_pcr_banks = child("active_pcr_banks", PcrBanks)


class Tpm(Device):
    """A trusted platform module."""

    model = attribute("model", one_of("tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy"))
    backend = child("backend", TpmBackend)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Watchdog(Device):
    """A watchdog; `action` is taken when the guest hangs."""

    model = attribute("model", one_of("i6300esb", "ib700", "diag288", error=ConfigUnsupportedError))
    action = attribute(
        "action",
        one_of("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi", error=ConfigUnsupportedError),
    )
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class RngRate(Element):
    """At most so many bytes per period of milliseconds."""

    bytes = attribute("bytes", UNSIGNED)
    period = attribute("period", UNSIGNED)


class RngBackend(CharacterDevice, before={"model": "type"}):
    """Where random numbers come from: the file `path` (random), a daemon behind a source (egd), or QEMU (builtin)."""

    model = attribute("model", one_of("random", "egd", "builtin", error=ConfigUnsupportedError))
    path = text()


class Rng(Device):
    """A source of random numbers."""

    model = attribute("model", one_of(*VIRTIO_MODELS, error=ConfigUnsupportedError))
    rate = child("rate", RngRate)
    backend = child("backend", RngBackend)
    driver = child("driver", VirtioDriver)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Panic(Device):
    """A device by which the guest tells that it crashed."""

    model = attribute("model", one_of("isa", "pseries", "hyperv", "s390", error=ConfigUnsupportedError))
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class IommuDriver(Element):
    """Options of an IOMMU; `aw_bits` is the width of addresses."""

    intremap = attribute("intremap", ON_OFF)
    caching_mode = attribute("caching_mode", ON_OFF)
    eim = attribute("eim", ON_OFF)
    iotlb = attribute("iotlb", ON_OFF)
    aw_bits = attribute("aw_bits", SMALL)


class Iommu(Device):
    """An IOMMU."""

    model = attribute("model", one_of("intel", "smmuv3", "virtio"))
    driver = child("driver", IommuDriver)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class VsockCid(Element):
    """The guest's address: the lowest free one if `auto`."""

    auto = attribute("auto", YES_NO)
    address = attribute("address", UNSIGNED)


class Vsock(Device):
    """Sockets between host and guest."""

    model = attribute("model", one_of(*VIRTIO_MODELS))
    cid = child("cid", VsockCid)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
    driver = child("driver", VirtioDriver)
