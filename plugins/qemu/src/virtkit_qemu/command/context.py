"""What every part of the command line looks at, and how options are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import DriveAddress, IsaAddress, PciAddress, UsbAddress

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.address import Address
    from virtkit_qemu.facts import Facts
    from virtkit_qemu.runtime import Runtime


@frozen
class Context:
    """A guest about to start.

    Attributes:
        domain: Its live document.
        facts: What the binary can do.
        runtime: Where the run has its files and descriptors.
        boot_order: Alias of a device -> its place in the boot order, from 1.
    """

    domain: Domain
    facts: Facts
    runtime: Runtime
    boot_order: Mapping[str, int] = field(factory=dict)

    @classmethod
    def of(cls, domain: Domain, facts: Facts, runtime: Runtime) -> Context:
        """The context of a live document."""
        return cls(domain, facts, runtime, boot_order(domain))

    @property
    def is_pcie(self) -> bool:
        """Whether the machine's root bus is PCI Express."""
        return any(c.type == "pci" and c.model == "pcie-root" for c in self.domain.devices.controllers)

    def unsupported(self, what: str, remedy: str) -> ConfigUnsupportedError:
        """The error of something that cannot be had."""
        message = f"domain {self.domain.name!r}: {what}; {remedy}"
        return ConfigUnsupportedError(message, domain=ErrorDomain.QEMU)

    def require(self, device: str) -> str:
        """A type of device, which the binary must have.

        Raises:
            ConfigUnsupportedError: It has not.
        """
        if device not in self.facts.devices:
            raise self.unsupported(f"{self.domain.devices.emulator} has no device {device}", "use another model")
        return device

    def device(self, driver: str, alias: str | None, **properties: Any) -> list[str]:
        """A `-device`; properties that are None are left out."""
        given = {"driver": self.require(driver), "id": alias}
        order = self.boot_order.get(alias or "")
        return ["-device", option(given | properties | {"bootindex": order})]

    def place(self, address: Address | None) -> dict[str, Any]:
        """The properties that say where a device sits; empty where QEMU chooses."""
        if isinstance(address, PciAddress):
            slot, function = address.slot or 0, address.function or 0
            shared = {"multifunction": True} if address.multifunction else {}
            where = f"{slot:#x}.{function:#x}" if function else f"{slot:#x}"
            return {"bus": self.pci_bus(address.bus or 0), **shared, "addr": where}
        if isinstance(address, UsbAddress):
            bus = self.alias_of("usb", address.bus or 0)
            return {"bus": f"{bus}.0", "port": address.port}
        if isinstance(address, IsaAddress):
            return {"iobase": address.iobase, "irq": address.irq}
        return {}

    def socket_path(self, path: str) -> str:
        """The path of a socket, as short as it can be told: QEMU's working folder is the run's."""
        return path.removeprefix(f"{self.runtime.folder}/")

    def pci_bus(self, number: int) -> str:
        """The name of a PCI bus."""
        if number == 0:
            return "pcie.0" if self.is_pcie else "pci.0"
        return self.alias_of("pci", number)

    def alias_of(self, kind: str, index: int) -> str:
        """The alias of a controller.

        Raises:
            ConfigUnsupportedError: The document has no such controller.
        """
        for controller in self.domain.devices.controllers:
            if controller.type == kind and (controller.index or 0) == index:
                return controller.alias or f"{kind}{index}"
        raise self.unsupported(
            f"an address names {kind} controller {index}", "add that <controller> or correct the address"
        )

    def drive(self, address: Address | None) -> DriveAddress:
        """The address of a disk on a bus that has units; zeros where it says nothing."""
        return address if isinstance(address, DriveAddress) else DriveAddress(controller=0, bus=0, target=0, unit=0)


class _Nothing:
    """JSON's null where it means something; None in the values of an option is left out."""


NOTHING = _Nothing()


def option(values: Mapping[str, Any]) -> str:
    """The JSON form of an option's argument; None is left out. Nothing in it needs an escape of QEMU's own."""
    given = {key: None if value is NOTHING else value for key, value in values.items() if value is not None}
    return json.dumps(given, separators=(",", ":"))


def escaped(text: str) -> str:
    """A value inside `key=value,...`, where a comma is written twice."""
    return text.replace(",", ",,")


def pairs(first: str, values: Mapping[str, Any]) -> str:
    """The older form of an option's argument: `first,key=value,...`; None is left out, truth values are on and off."""
    words = [first]
    for key, value in values.items():
        if value is not None:
            text = ("on" if value else "off") if isinstance(value, bool) else escaped(str(value))
            words.append(f"{key}={text}")
    return ",".join(words)


VIRTIO_SUFFIXES = {"virtio-transitional": "-transitional", "virtio-non-transitional": "-non-transitional"}
"""Model of a virtio device -> end of the name of QEMU's."""


def virtio(driver: Any) -> dict[str, Any]:
    """The properties that all virtio devices have; `driver` is the element of that name, or None."""
    if driver is None:
        return {}
    names = {"iommu": "iommu_platform", "ats": "ats", "packed": "packed", "page_per_vq": "page-per-vq"}
    return {there: getattr(driver, here) for here, there in names.items()}


BOOT_KINDS = {"hd": "disk", "cdrom": "cdrom", "fd": "floppy"}
"""`os/boot` -> the device type of disks it means."""


def boot_order(domain: Domain) -> dict[str, int]:
    """Alias -> place in the boot order: as each `boot` says, else the first device of each kind of `os/boot`."""
    devices: list[Any] = [
        *domain.devices.disks,
        *domain.devices.interfaces,
        *domain.devices.hostdevs,
        *domain.devices.redirdevs,
    ]
    order = {d.alias: d.boot.order for d in devices if d.boot is not None and d.boot.order and d.alias}
    if order or domain.os.kernel:
        return order
    for place, kind in enumerate(domain.os.boot, 1):
        if kind == "network":
            found = next((item.alias for item in domain.devices.interfaces), None)
        else:
            wanted = BOOT_KINDS[kind]
            found = next((d.alias for d in domain.devices.disks if (d.device or "disk") == wanted), None)
        if found:
            order[found] = place
    return order
