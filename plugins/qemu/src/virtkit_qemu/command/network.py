"""Network interfaces: what they are connected to, and the card the guest sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.network.ownership import PLUGGED
from virtkit_qemu.command.context import option, virtio

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.interface import Interface, InterfaceDriver
    from virtkit_qemu.command.context import Context

MODELS = {"virtio": "virtio-net-pci", "virtio-transitional": "virtio-net-pci-transitional"}
MODELS |= {"virtio-non-transitional": "virtio-net-pci-non-transitional", "igb": "igb"}
"""Model of an interface -> QEMU's device, where the names differ."""


def arguments(context: Context) -> list[str]:
    """Backend and card of every interface."""
    words: list[str] = []
    for number, interface in enumerate(context.domain.devices.interfaces):
        backend = f"host{interface.alias or f'net{number}'}"
        words += ["-netdev", option({"id": backend} | _backend(context, interface))]
        words += _card(context, interface, backend)
    return words


def _backend(context: Context, interface: Interface) -> dict[str, Any]:
    if interface.type not in PLUGGED:
        _refuse_settings(context, interface)
    if interface.type == "user":
        return {"type": "user"} | _user_addresses(interface)
    files = context.runtime.descriptors.get(interface.alias or "")
    if files:
        return {"type": "tap", ("fd" if len(files) == 1 else "fds"): ":".join(map(str, files))}
    raise context.unsupported(
        f"interface {_name(interface)} of type {interface.type!r} is not supported yet",
        "use one of user, network, bridge, direct, ethernet",
    )


def _refuse_settings(context: Context, interface: Interface) -> None:
    """Only interfaces that end on the host are configured there."""
    for field in ("bandwidth", "vlan", "virtualport", "port_isolated", "filterref"):
        if getattr(interface, field) is not None:
            name = field.removesuffix("_isolated")
            raise context.unsupported(
                f"interface {_name(interface)} of type {interface.type!r} cannot have a <{name}>", "remove it"
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


def _rom(interface: Interface) -> dict[str, Any]:
    """The boot ROM: another file, none, or hidden."""
    rom = interface.rom
    if rom is None:
        return {}
    return {"rombar": None if rom.bar is None else int(rom.bar), "romfile": "" if rom.enabled is False else rom.file}


HOST = {"csum": "csum", "gso": "gso", "tso4": "host_tso4", "tso6": "host_tso6", "ecn": "host_ecn", "ufo": "host_ufo"}
HOST |= {"mrg_rxbuf": "mrg_rxbuf"}
GUEST = {"csum": "guest_csum", "tso4": "guest_tso4", "tso6": "guest_tso6", "ecn": "guest_ecn", "ufo": "guest_ufo"}
TUNING = {name: name for name in ("ioeventfd", "event_idx", "rx_queue_size", "tx_queue_size", "rss")}
TUNING |= {"rss_hash_report": "hash"}
"""Field -> property of a virtio card."""


def _offloads(driver: InterfaceDriver | None) -> dict[str, Any]:
    if driver is None:
        return {}
    values = {"tx": {"iothread": "bh", "timer": "timer"}.get(driver.txmode or "")} | virtio(driver)
    for element, names in ((driver, TUNING), (driver.host, HOST), (driver.guest, GUEST)):
        values |= {there: getattr(element, here) for here, there in names.items() if element is not None}
    return values


def _card(context: Context, interface: Interface, backend: str) -> list[str]:
    model = interface.model or "rtl8139"
    driver = interface.driver
    properties = {
        "netdev": backend,
        "mac": interface.mac.address if interface.mac else None,
        "host_mtu": interface.mtu if model.startswith("virtio") else None,
        "mq": True if driver and driver.queues else None,
        **_rom(interface),
        **_offloads(driver),
    }
    return context.device(MODELS.get(model, model), interface.alias, **properties, **context.place(interface.address))
