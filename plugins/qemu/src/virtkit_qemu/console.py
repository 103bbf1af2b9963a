"""What people see and type: consoles and channels over the terminals QEMU opened, and screenshots."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import DomainChannelFlags, DomainConsoleFlags, ErrorDomain
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    OperationFailedError,
    OperationUnsupportedError,
)
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.services.terminals import Line, open_terminal
from virtkit.streams import Screenshot
from virtkit_qemu import unixsocket
from virtkit_qemu.adoption import emulator_of
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.streams import Duplex
    from virtkit.xml.domain.devices.character import Channel, Port
    from virtkit_qemu.guest import Guest
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU

CHUNK = 64 * 1024
"""Bytes of a picture that are read at once."""


class ConsolePart(DomainDeviceSpec["Session"]):
    """The functions of the driver about consoles, channels and screens. They hold a terminal and nothing else."""

    def domain_open_console(self, conn: Session, dom: DomainRef, dev_name: str | None, flags: int) -> Duplex:
        refuse("domain_open_console", flags, DomainConsoleFlags.FORCE | DomainConsoleFlags.SAFE)
        guest = conn.read().by_ref(dom)
        devices = guest.running().live.devices
        ports: list[Port | Channel] = [*devices.consoles, *devices.serials, *devices.parallels]
        return _open(guest, _chosen(guest, "console", ports, dev_name), force=bool(flags & DomainConsoleFlags.FORCE))

    def domain_open_channel(self, conn: Session, dom: DomainRef, name: str | None, flags: int) -> Duplex:
        refuse("domain_open_channel", flags, DomainChannelFlags.FORCE)
        guest = conn.read().by_ref(dom)
        channels: list[Port | Channel] = [*guest.running().live.devices.channels]
        return _open(guest, _chosen(guest, "channel", channels, name), force=bool(flags & DomainChannelFlags.FORCE))

    def domain_screenshot(self, conn: Session, dom: DomainRef, screen: int, flags: int) -> Screenshot:
        refuse("domain_screenshot", flags)
        with conn.hold(dom, "domain_screenshot") as (state, guest):
            emulator, run = emulator_of(state, guest), guest.running()
            video = next(iter(run.live.devices.videos), None)
            heads = (video.model.heads or 1) if video and video.model else 1
            if video is None or not 0 <= screen < heads:
                raise InvalidArgError(f"{guest.subject} has no screen {screen}", domain=QEMU)
            picture = run.folder / f"screen-{os.urandom(6).hex()}"
            device = {"device": video.alias, "head": screen} if video.alias and screen else {}
            emulator.monitor.execute("screendump", {"filename": str(picture), **device})
        return Screenshot("image/x-portable-pixmap", _pieces(_opened_and_removed(picture)))


def _chosen(guest: Guest, noun: str, devices: list[Port | Channel], name: str | None) -> Port | Channel:
    for device in devices:
        if name is None or name == device.alias or name == getattr(device.target, "name", None):
            return device
    which = f"no {noun}" if name is None else f"no {noun} {name!r}"
    raise InternalError(f"{guest.subject} has {which}: see its XML", domain=QEMU)


def _open(guest: Guest, device: Port | Channel, *, force: bool) -> Line:
    path = device.source.path if device.source else None
    if device.type == "unix" and path:
        try:
            return Line(unixsocket.connect(Path(path)).detach())
        except OSError as error:
            raise _refused(guest, path, error) from error
    if device.type != "pty" or not path:
        raise OperationUnsupportedError(
            f"{device.alias} of {guest.subject} is of type {device.type}: only pty and unix can be opened", domain=QEMU
        )
    return open_terminal(path, guest.subject, force=force, domain=QEMU)


def _refused(guest: Guest, path: str, error: OSError) -> OperationFailedError:
    return OperationFailedError(f"cannot open {path} of {guest.subject}: {error.strerror}", domain=QEMU)


def _opened_and_removed(path: Path) -> int:
    """A descriptor of a file that is gone once it is closed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    path.unlink()
    return descriptor


def _pieces(descriptor: int) -> Iterator[bytes]:
    with open(descriptor, "rb") as picture:
        while piece := picture.read(CHUNK):
            yield piece
