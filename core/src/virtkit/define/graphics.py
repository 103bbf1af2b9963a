"""Defaults of graphics servers and video cards."""

from __future__ import annotations

from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.graphics import Graphics, Listen, Video, VideoModel

SERVERS = ("vnc", "spice", "rdp")
"""Types that listen."""

MEMORY = {"cirrus": 16384, "vga": 16384, "vmvga": 16384, "bochs": 16384, "xen": 4096, "qxl": 65536}
"""KiB of video memory by type of card; others have none of their own."""

QXL_RAM = 65536


def fill(document: Domain) -> None:
    """Fill in ports, listeners and cards; a guest with graphics has a card."""
    devices = document.devices
    for server in devices.graphics:
        if server.type in SERVERS:
            fill_server(server)
    if devices.graphics and not devices.videos:
        devices.videos.append(Video())
    kind = document.os.type.type if document.os.type is not None else None
    for video in devices.videos:
        fill_video(video, default="xen" if kind in ("xen", "xenpvh") else "cirrus")
    _choose_primary(devices.videos)


def fill_server(server: Graphics) -> None:
    """Decide on a server's ports and where it listens."""
    if server.socket and not server.listens:
        server.listens.append(Listen(type="socket", socket=server.socket))
    if server.listens and server.listens[0].type == "socket":
        server.socket = server.listens[0].socket
        server.port = server.autoport = None
        return
    _fill_ports(server)
    if not server.listens:
        server.listens.append(Listen(type="address" if _has_port(server) else "none", address=server.listen))
    first = server.listens[0]
    if first.type == "address":
        server.listen = first.address = first.address or server.listen


def _has_port(server: Graphics) -> bool:
    return server.type != "spice" or bool(server.autoport) or server.port is not None or server.tls_port is not None


def _fill_ports(server: Graphics) -> None:
    if server.type == "vnc":
        server.autoport = bool(server.autoport) or server.port in (None, -1)
        server.port = -1 if server.autoport else server.port
    elif server.type == "rdp":
        server.port = 0 if server.autoport or server.port is None else server.port
    elif server.autoport:
        server.port = server.tls_port = None
    elif _has_port(server):
        server.autoport = False


def fill_video(video: Video, *, default: str) -> None:
    """Fill in type, memory and heads of a card."""
    if video.model is None:
        video.model = VideoModel()
    model = video.model
    model.type = default if model.type in (None, "default") else model.type
    if model.type == "none":
        return
    model.vram = MEMORY.get(str(model.type)) if model.vram is None else model.vram
    if model.type == "qxl" and model.ram is None:
        model.ram = QXL_RAM
    model.heads = model.heads or 1


def _choose_primary(videos: list[Video]) -> None:
    """Put the primary card first; the first one is primary where none is marked."""
    videos.sort(key=lambda video: not (video.model is not None and video.model.primary))
    for number, video in enumerate(videos):
        if video.model is not None and video.model.type != "none":
            video.model.primary = number == 0 or None
