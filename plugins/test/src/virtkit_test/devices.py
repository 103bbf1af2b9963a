"""Devices of the simulator's domains: screen, keyboard, labels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from virtkit import constants
from virtkit.enums import ErrorDomain, KeycodeSet, TypedParameterFlags
from virtkit.errors import InvalidArgError
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.params import TypedParams
from virtkit.records import SecurityLabel
from virtkit.spec import quick
from virtkit.streams import Screenshot
from virtkit_test.filters import refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain as DomainXML
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
DOMAIN = ErrorDomain.DOMAIN

WIDTH, HEIGHT, CELL = 320, 200, 20
"""Size of the picture on every screen, and of a square of its chequers, in pixels."""

PIECE = 4096


class DevicePart(DomainDeviceSpec["TestState"]):
    """The functions about devices of domains."""

    @quick
    def domain_screenshot(self, conn: TestState, dom: DomainRef, screen: int, flags: int) -> Screenshot:
        refuse("domain_screenshot", flags)
        conn.domains.by_ref(dom)
        return Screenshot("image/png", _pieces(picture()))

    @quick
    def domain_send_key(
        self, conn: TestState, dom: DomainRef, codeset: int, holdtime: int, keycodes: Sequence[int], flags: int
    ) -> None:
        refuse("domain_send_key", flags)
        if codeset not in set(KeycodeSet):
            raise _refused("codeset", f"there is no code set {codeset}")
        if not 0 < len(keycodes) <= constants.DOMAIN_SEND_KEY_MAX_KEYS:
            raise _refused("keycodes", f"1 to {constants.DOMAIN_SEND_KEY_MAX_KEYS} keys, not {len(keycodes)}")
        conn.domains.by_ref(dom).require_active()

    @quick
    def domain_get_security_label(self, conn: TestState, dom: DomainRef) -> SecurityLabel:
        return SecurityLabel("libvirt-test", True) if conn.domains.by_ref(dom).active else SecurityLabel("", False)

    @quick
    def domain_get_launch_security_info(self, conn: TestState, dom: DomainRef, flags: int) -> TypedParams:
        refuse("domain_get_launch_security_info", flags & ~TypedParameterFlags.STRING_OKAY)
        conn.domains.by_ref(dom).require_active()
        return TypedParams()


def find_interface(document: DomainXML, device: str) -> Interface:
    """The interface with that name on the host or that MAC address.

    Raises:
        InvalidArgError: There is none.
    """
    wanted = device.lower()
    for interface in document.devices.interfaces:
        name = interface.target.dev if interface.target is not None else None
        address = interface.mac.address if interface.mac is not None else None
        if device == name or wanted == address:
            return interface
    raise InvalidArgError(f"domain {document.name!r} has no interface {device!r}", domain=DOMAIN)


@cache
def picture() -> bytes:
    """The picture on every screen: grey chequers, as PNG."""
    rows = (b"\0" + bytes(0xC0 if (x // CELL + y // CELL) % 2 else 0x60 for x in range(WIDTH)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)  # 8 bits of grey, not interlaced
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


def _refused(argument: str, problem: str) -> InvalidArgError:
    return InvalidArgError(f"domain_send_key: {problem}", domain=DOMAIN, str1="domain_send_key", str2=argument)
