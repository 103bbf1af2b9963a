"""Network interfaces: what they are connected to, and the card the guest sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit_qemu.command.context import option

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_qemu.command.context import Context

MODELS = {"virtio": "virtio-net-pci", "virtio-transitional": "virtio-net-pci-transitional"}
MODELS |= {"virtio-non-transitional": "virtio-net-pci-non-transitional", "igb": "igb"}
"""Model of an interface -> QEMU's device, where the names differ."""

TAPS = ("network", "bridge", "ethernet", "direct")


def arguments(context: Context) -> list[str]:
    """Backend and card of every interface."""
    words: list[str] = []
    for number, interface in enumerate(context.domain.devices.interfaces):
        backend = f"host{interface.alias or f'net{number}'}"
        words += ["-netdev", option({"id": backend} | _backend(context, interface))]
        words += _card(context, interface, backend)
    return words


def _backend(context: Context, interface: Interface) -> dict[str, Any]:
    if interface.type == "user":
        return {"type": "user"} | _user_addresses(interface)
    files = context.runtime.descriptors.get(interface.alias or "")
    if interface.type in TAPS and files:
        return {"type": "tap", ("fd" if len(files) == 1 else "fds"): ":".join(map(str, files))}
    raise context.unsupported(
        f"interface {_name(interface)} of type {interface.type!r} is not supported yet", "use type='user'"
    )


def _name(interface: Interface) -> str:
    return (interface.mac.address if interface.mac else None) or interface.alias or "?"


def _user_addresses(interface: Interface) -> dict[str, Any]:
    """The guest's own networks, where the document chooses them."""
    values: dict[str, Any] = {}
    for ip in interface.ips:
        if ip.family == "ipv6":
            values |= {"ipv6-prefix": ip.address, "ipv6-prefixlen": ip.prefix}
        else:
            values["net"] = f"{ip.address}/{ip.prefix}" if ip.prefix else ip.address
    return values


def _card(context: Context, interface: Interface, backend: str) -> list[str]:
    model = interface.model or "rtl8139"
    driver = interface.driver
    properties = {
        "netdev": backend,
        "mac": interface.mac.address if interface.mac else None,
        "host_mtu": interface.mtu if model.startswith("virtio") else None,
        "mq": True if driver and driver.queues else None,
    }
    return context.device(MODELS.get(model, model), interface.alias, **properties, **context.place(interface.address))
