"""Consoles, channels and screens of guests."""

from __future__ import annotations

from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root, Terminal, boot
from plugins.qemu.tests.rig import eventually
from tests.guests import TinyGuest
from virtkit.enums import DomainConsoleFlags, DomainXMLFlags
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    OperationFailedError,
    OperationInvalidError,
    OperationUnsupportedError,
)
from virtkit.xml.domain import Domain

pytestmark = pytest.mark.qemu


def test_a_console_carries_both_ways(tiny: TinyGuest, web: virtkit.Domain) -> None:
    terminal = boot(web, tiny)
    terminal.send(b"hello")
    terminal.expect(b"hello")


def test_a_console_is_for_one_at_a_time_unless_forced(tiny: TinyGuest, web: virtkit.Domain) -> None:
    first = boot(web, tiny)
    with pytest.raises(OperationFailedError, match="in use by another session"):
        web.open_console()
    forced = Terminal(web.open_console("serial0", DomainConsoleFlags.FORCE))
    forced.send(b"again")
    forced.expect(b"again")
    with pytest.raises(AssertionError, match="the console closed"):
        first.expect(b"anything")
    forced.close()
    web.open_console().close()


def test_a_console_ends_with_its_guest(tiny: TinyGuest, web: virtkit.Domain) -> None:
    web.create()
    console = web.open_console()
    web.destroy()

    def ended() -> bool:
        return console.read(timeout=60) == b""

    eventually(ended)
    console.close()


def test_reading_from_a_silent_console_ends_in_time(web: virtkit.Domain) -> None:
    web.create(1)
    console = web.open_console()
    with pytest.raises(TimeoutError):
        console.read(timeout=0.01)
    console.close()


def test_consoles_that_are_not_there_are_told(root: Root, connection: virtkit.Connection, web: virtkit.Domain) -> None:
    with pytest.raises(OperationInvalidError, match="not running"):
        web.open_console()
    web.create()
    with pytest.raises(InternalError, match="no console 'serial7'"):
        web.open_console("serial7")
    path = root.folder / "console.txt"
    serial = f"<serial type='file'><source path='{path}'/></serial>"
    guest = connection.create_domain(root.xml("writes", serial=serial))
    with pytest.raises(OperationUnsupportedError, match="type file"):
        guest.open_console()
    eventually(lambda: path.exists() and b"TINY-UP" in path.read_bytes())


def test_a_channel_has_a_socket_of_its_own(root: Root, connection: virtkit.Connection) -> None:
    channel = "<channel type='unix'><target type='virtio' name='org.example.0'/></channel>"
    guest = connection.create_domain(root.xml("web", devices=channel))
    live = Domain.parse(guest.xml_desc()).devices.channels[0]
    assert live.source is not None
    assert live.target is not None
    assert "disconnected" == live.target.state
    assert Path(live.source.path or "").is_socket()
    guest.open_channel("org.example.0").close()
    guest.open_channel(live.alias).close()
    assert str(root.folder / "run") not in guest.xml_desc(DomainXMLFlags.INACTIVE)
    with pytest.raises(InternalError, match=r"no channel 'org\.example\.1'"):
        guest.open_channel("org.example.1")


def test_a_channel_of_a_definition_made_of_a_live_document_is_placed_anew(
    root: Root, connection: virtkit.Connection
) -> None:
    channel = "<channel type='unix'><target type='virtio' name='org.example.0'/></channel>"
    guest = connection.create_domain(root.xml("web", devices=channel))
    live = guest.xml_desc()
    guest.destroy()
    guest = connection.define_domain(live)
    guest.create()
    guest.open_channel("org.example.0").close()
    (placed,) = Domain.parse(guest.xml_desc()).devices.channels
    assert placed.source is not None
    assert str(root.folder / "run/qemu/2-web/org.example.0") == placed.source.path


def test_a_screenshot_is_a_picture_and_leaves_no_file(
    root: Root, connection: virtkit.Connection, tiny: TinyGuest
) -> None:
    video = "<video><model type='vga'/></video>"
    guest = connection.define_domain(root.xml("seen", devices=video))
    boot(guest, tiny)
    picture = guest.screenshot()
    data = b"".join(piece for piece in picture.data if isinstance(piece, bytes))
    assert data.startswith(b"P6\n")
    assert "image/x-portable-pixmap" == picture.mime
    assert [] == list((root.folder / "run/qemu").glob("*/screen-*"))
    with pytest.raises(InvalidArgError, match="no screen 7"):
        guest.screenshot(7)


def test_a_guest_without_video_has_no_screen(web: virtkit.Domain) -> None:
    web.create()
    with pytest.raises(InvalidArgError, match="no screen 0"):
        web.screenshot()
