"""Screens and what is typed at them: video cards, VNC, input devices, sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit_qemu.command.context import pairs, virtio

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.graphics import Graphics, Video
    from virtkit_qemu.command.context import Context

PRIMARY_VIDEO = {"vga": "VGA", "cirrus": "cirrus-vga", "vmvga": "vmware-svga", "qxl": "qxl-vga", "virtio": "virtio-vga"}
PRIMARY_VIDEO |= {"bochs": "bochs-display", "ramfb": "ramfb"}
SECONDARY_VIDEO = {"qxl": "qxl", "virtio": "virtio-gpu-pci", "vga": "secondary-vga", "bochs": "bochs-display"}
INPUTS = {("tablet", "usb"): "usb-tablet", ("mouse", "usb"): "usb-mouse", ("keyboard", "usb"): "usb-kbd"}
INPUTS |= {("tablet", "virtio"): "virtio-tablet-pci", ("mouse", "virtio"): "virtio-mouse-pci"}
INPUTS |= {("keyboard", "virtio"): "virtio-keyboard-pci"}
SOUNDS = {
    "ich6": "intel-hda",
    "ich9": "ich9-intel-hda",
    "ac97": "AC97",
    "es1370": "ES1370",
    "sb16": "sb16",
    "usb": "usb-audio",
}
CODECS = {"duplex": "hda-duplex", "micro": "hda-micro", "output": "hda-output"}
FIRST_VNC_PORT = 5900


def arguments(context: Context) -> list[str]:
    """Everything a person sees and touches."""
    devices = context.domain.devices
    words: list[str] = []
    for item in devices.inputs:
        driver = INPUTS.get((item.type or "", item.bus or ""))
        if driver is not None:
            words += context.device(driver, item.alias, **context.place(item.address), **virtio(item.driver))
        elif item.bus != "ps2":
            raise context.unsupported(
                f"input {item.type} on bus {item.bus} is not supported yet", "use a mouse, tablet or keyboard"
            )
    for audio in devices.audios:
        if audio.type != "none":
            raise context.unsupported(f"audio of type {audio.type!r} is not supported yet", "use type='none'")
        words += ["-audiodev", pairs("none", {"id": f"audio{audio.id}"})]
    for graphics in devices.graphics:
        words += _graphics(context, graphics)
    for number, video in enumerate(devices.videos):
        words += _video(context, video, primary=number == 0)
    return words + _sounds(context)


def _graphics(context: Context, graphics: Graphics) -> list[str]:
    if graphics.type != "vnc":
        raise context.unsupported(f"graphics of type {graphics.type!r} is not supported yet", "use type='vnc'")
    listen = graphics.listens[0] if graphics.listens else None
    if listen is not None and listen.type == "socket":
        if not listen.socket:
            raise context.unsupported("the path of the VNC socket is not chosen", "give <listen> a socket")
        where = f"unix:{listen.socket}"
    else:
        address = (listen.address if listen else None) or "127.0.0.1"
        if graphics.port is None or graphics.port < 0:
            raise context.unsupported("the VNC port is not chosen", "start the domain through its driver")
        host = f"[{address}]" if ":" in address else address
        where = f"{host}:{graphics.port - FIRST_VNC_PORT}"
    audio = context.domain.devices.audios
    number = graphics.audio_id or (audio[0].id if audio else None)
    values = {
        "share": graphics.share_policy,
        "websocket": graphics.websocket if graphics.websocket != -1 else "on",
        "power-control": graphics.power_control,
        "audiodev": f"audio{number}" if number else None,
        "password": True if graphics.passwd is not None else None,
    }
    return ["-vnc", pairs(where, values), *(["-k", graphics.keymap] if graphics.keymap else [])]


def _video(context: Context, video: Video, *, primary: bool) -> list[str]:
    model = video.model
    kind = model.type if model and model.type else "cirrus"
    if kind == "none":
        return []
    drivers = PRIMARY_VIDEO if primary else SECONDARY_VIDEO
    if kind not in drivers:
        raise context.unsupported(f"video model {kind!r} is not supported", f"use one of {', '.join(drivers)}")
    resolution = model.resolution if model else None
    size = {"xres": resolution.x, "yres": resolution.y} if resolution else {}
    properties = _video_memory(kind, video) | size | virtio(video.driver)
    return context.device(drivers[kind], video.alias, **properties, **context.place(video.address))


def _video_memory(kind: str, video: Video) -> dict[str, Any]:
    model = video.model
    if model is None:
        return {}
    if kind == "qxl":
        sizes = {"ram_size": _bytes(model.ram), "vram_size": _bytes(model.vram), "vgamem_mb": _mebibytes(model.vgamem)}
        return sizes | {"vram64_size_mb": _mebibytes(model.vram64), "max_outputs": model.heads}
    if kind == "vga" and model.vram:
        return {"vgamem_mb": _mebibytes(model.vram)}
    if kind == "virtio":
        return {"max_outputs": model.heads}
    return {"vgamem": _bytes(model.vram)} if kind == "bochs" and model.vram else {}


def _mebibytes(kib: int | None) -> int | None:
    return None if kib is None else -(-kib // 1024)


def _bytes(kib: int | None) -> int | None:
    return None if kib is None else kib * 1024


def _sounds(context: Context) -> list[str]:
    words: list[str] = []
    for sound in context.domain.devices.sounds:
        model = sound.model or ""
        if model not in SOUNDS:
            raise context.unsupported(f"sound model {model!r} is not supported", f"use one of {', '.join(SOUNDS)}")
        audio = {"audiodev": f"audio{sound.audio_id or 1}"}
        hda = model in ("ich6", "ich9")
        words += context.device(SOUNDS[model], sound.alias, **({} if hda else audio), **context.place(sound.address))
        for number, codec in enumerate(sound.codecs or (["duplex"] if hda else [])):
            codec_id = f"{sound.alias}-codec{number}"
            words += context.device(CODECS[codec], codec_id, bus=f"{sound.alias}.0", cad=number, **audio)
    return words
