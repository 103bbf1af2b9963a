"""Serial and parallel ports, consoles and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit_qemu.command.context import pairs

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.character import Channel, CharacterDevice, CharacterSource, Port
    from virtkit_qemu.command.context import Context

SERIAL_MODELS = {
    "isa-serial": "isa-serial",
    "pci-serial": "pci-serial",
    "usb-serial": "usb-serial",
    "isa-debugcon": "isa-debugcon",
}


def arguments(context: Context) -> list[str]:
    """Backend and device of each; a console that stands for the first serial port adds nothing."""
    devices = context.domain.devices
    words: list[str] = []
    for port in devices.serials:
        words += _backend(context, port, port.alias) + _serial(context, port)
    for port in devices.parallels:
        words += _backend(context, port, port.alias)
        words += context.device("isa-parallel", port.alias, chardev=_backend_name(port.alias), index=_port(port))
    for console in devices.consoles:
        if console.target is not None and console.target.type == "virtio":
            words += _virtio_port(context, console, "virtconsole")
    for channel in devices.channels:
        words += _channel(context, channel)
    return words


def _backend_name(alias: str | None) -> str:
    return f"char{alias}"


def _port(port: Port) -> int | None:
    return port.target.port if port.target else None


def _serial(context: Context, port: Port) -> list[str]:
    model = (port.target.model if port.target else None) or "isa-serial"
    if model not in SERIAL_MODELS:
        raise context.unsupported(
            f"serial port {port.alias} has model {model!r}", f"use one of {', '.join(SERIAL_MODELS)}"
        )
    place = context.place(port.address)
    index = {"index": _port(port)} | place if model == "isa-serial" else place
    return context.device(SERIAL_MODELS[model], port.alias, chardev=_backend_name(port.alias), **index)


def _channel(context: Context, channel: Channel) -> list[str]:
    target = channel.target
    if target is None or target.type != "virtio":
        kind = target.type if target else None
        raise context.unsupported(f"channel {channel.alias} has target {kind!r}", "use a target of type virtio")
    return _virtio_port(context, channel, "virtserialport", name=target.name)


def _virtio_port(context: Context, device: Port | Channel, driver: str, **more: Any) -> list[str]:
    """A port of a virtio-serial controller."""
    number = getattr(device.address, "controller", 0) or 0
    properties = {
        "bus": f"{context.alias_of('virtio-serial', number)}.0",
        "nr": getattr(device.address, "port", None),
        "chardev": _backend_name(device.alias),
    }
    return _backend(context, device, device.alias) + context.device(driver, device.alias, **properties, **more)


def _backend(context: Context, device: CharacterDevice, alias: str | None) -> list[str]:
    kind, values = _described(context, device, alias)
    log = device.log
    logged = {"logfile": log.file, "logappend": log.append} if log else {}
    return ["-chardev", pairs(f"{kind},id={_backend_name(alias)}", values | logged)]


def _described(context: Context, device: CharacterDevice, alias: str | None) -> tuple[str, dict[str, Any]]:
    source = device.source
    kind = device.type or "pty"
    if kind in ("pty", "null", "vc", "stdio"):
        return kind, {}
    if source is None:
        raise context.unsupported(f"{alias} of type {kind!r} has no <source>", "give it one")
    if kind == "file":
        return "file", {"path": source.path, "append": True if source.append is None else source.append}
    if kind in ("dev", "pipe"):
        return {"dev": "serial", "pipe": "pipe"}[kind], {"path": source.path}
    if kind == "unix":
        return "socket", {"path": context.socket_path(source.path or "")} | _role(source)
    if kind == "tcp":
        if device.protocol not in (None, "raw", "telnet"):
            raise context.unsupported(f"{alias} has protocol {device.protocol!r}", "use raw or telnet")
        telnet = {"telnet": True} if device.protocol == "telnet" else {}
        return "socket", {"host": source.host, "port": source.service} | telnet | _role(source)
    if kind == "udp":
        return "udp", _datagrams(device)
    raise context.unsupported(f"{alias} of type {kind!r} is not supported yet", "use pty, file, unix, tcp or udp")


def _datagrams(device: CharacterDevice) -> dict[str, Any]:
    """Where datagrams go, and where they come in."""
    values: dict[str, Any] = {}
    for source in device.sources:
        if source.mode == "bind":
            values |= {"localaddr": source.host, "localport": source.service}
        else:
            values |= {"host": source.host, "port": source.service}
    return values


def _role(source: CharacterSource) -> dict[str, Any]:
    """Bind and wait for nobody, or connect."""
    if source.mode == "bind":
        return {"server": True, "wait": False}
    retry = source.reconnect
    return {"reconnect": retry.timeout if retry and retry.enabled else None}
