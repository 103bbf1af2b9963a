"""What people see and type: consoles and channels over the terminals QEMU opened, and screenshots."""

from __future__ import annotations

import fcntl
import os
import select
import termios
import threading
import tty
import weakref
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

_users: weakref.WeakValueDictionary[str, Line] = weakref.WeakValueDictionary()
"""Terminal -> who has it open in this process."""


class Line:
    """A descriptor of a terminal or socket as a `virtkit.streams.Duplex`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._closed = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closing = threading.Lock()

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes; b'' when either end has been closed, by another thread too."""
        ready = select.poll()
        with self._closing:
            if self._descriptor < 0:
                return b""
            ready.register(self._descriptor, select.POLLIN)
            ready.register(self._closed, select.POLLIN)
        if not ready.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError
        with self._closing:
            try:
                return os.read(self._descriptor, size) if self._descriptor >= 0 else b""
            except OSError:  # a terminal whose QEMU has ended
                return b""

    def write(self, data: bytes) -> None:
        """Send bytes; waits while the guest does not read."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def fileno(self) -> int:
        """The descriptor; -1 once it is closed."""
        return self._descriptor

    def close(self) -> None:
        """Close it; twice is harmless."""
        with self._closing:
            if self._descriptor >= 0:
                os.eventfd_write(self._closed, 1)
                os.close(self._descriptor)
                self._descriptor = -1

    def __del__(self) -> None:
        self.close()
        os.close(self._closed)


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
    return _open_terminal(guest, path, force=force)


def _open_terminal(guest: Guest, path: str, *, force: bool) -> Line:
    if force and (user := _users.get(path)) is not None:
        user.close()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(guest, path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # seen by other processes, and gone with this one
        tty.setraw(descriptor, termios.TCSANOW)
    except BlockingIOError:
        os.close(descriptor)
        who = "another program" if force else "another session"
        raise OperationFailedError(
            f"the console {path} of {guest.subject} is in use by {who}: end it, or use FORCE", domain=QEMU
        ) from None
    line = _users[path] = Line(descriptor)
    return line


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
