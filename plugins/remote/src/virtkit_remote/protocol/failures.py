"""Errors as the payload of a reply, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtkit.enums import ErrorDomain, ErrorNumber
from virtkit.errors import LEVEL_ERROR, VirtError, error_of
from virtkit_remote.protocol.codec import CodecError, decoder, encoder
from virtkit_remote.protocol.frames import STRING_MAX

STRUCT = "virNetMessageError"

UNKNOWN_PROCEDURE = "unknown procedure"
"""What the message begins with when a server lacks a procedure: the one text that is part of the protocol."""

UNKNOWN_PROGRAM = "Cannot find program"
"""What the message of a libvirtd begins with when it lacks the whole program."""

LACKING = {(ErrorNumber.RPC, domain, LEVEL_ERROR) for domain in (ErrorDomain.RPC, ErrorDomain.REMOTE)}
"""Code, domain and level of such an error."""

REWRITTEN: dict[int, tuple[Callable[[int], bool], int]] = {
    ErrorNumber.INVALID_NWFILTER: (lambda domain: domain != ErrorDomain.NWFILTER, ErrorDomain.NWFILTER),
    ErrorNumber.NO_NWFILTER: (lambda domain: domain != ErrorDomain.NWFILTER, ErrorDomain.NWFILTER),
    ErrorNumber.BUILD_FIREWALL: (lambda domain: domain != ErrorDomain.NWFILTER, ErrorDomain.NWFILTER),
    ErrorNumber.WAR_NO_SECRET: (lambda domain: domain == ErrorDomain.QEMU, ErrorDomain.SECRET),
    ErrorNumber.INVALID_SECRET: (lambda domain: domain == ErrorDomain.XEN, ErrorDomain.SECRET),
}
"""Code -> from which domains clients take it for an older code (they add 4), and the domain it is sent with instead."""


def encode_error(error: VirtError) -> bytes:
    """The payload of a reply with status ERROR. Never fails: what the wire cannot carry is made to fit."""
    domain = error.domain
    rewritten, instead = REWRITTEN.get(error.code, (None, domain))
    if rewritten is not None and rewritten(domain):
        domain = instead
    texts = (error.str1, error.str2, error.str3)
    values = [error.code, domain, error.message, error.level, None, *texts, error.int1, error.int2, None]
    try:
        return encoder(STRUCT)(values)
    except CodecError:
        return encoder(STRUCT)([_fitting(value) for value in values])


def decode_error(buffer: bytes, offset: int) -> VirtError:
    """The error of a reply with status ERROR, of the class for its code.

    As with libvirt's own client, a server that does not know the procedure is one that does not support the function;
    so is one that does not know its program.

    Args:
        buffer: The message.
        offset: Where its payload begins.

    Raises:
        CodecError: The payload is not an error.
    """
    (code, domain, message, level, _, str1, str2, str3, int1, int2, _), _ = decoder(STRUCT)(buffer, offset)
    details = {"str1": str1, "str2": str2, "str3": str3, "int1": int1, "int2": int2}
    if (code, domain, level) in LACKING and (message or "").startswith((UNKNOWN_PROCEDURE, UNKNOWN_PROGRAM)):
        code = int(ErrorNumber.NO_SUPPORT)
    return error_of(code, message or "", domain=domain, level=level, **details)


def _fitting(value: Any) -> Any:
    """A field of an error as the wire can carry it."""
    if isinstance(value, int):
        return max(-(2**31), min(value, 2**31 - 1))
    if value is None:
        return None
    text = str(value).replace("\0", "\\0").encode("utf-8", "backslashreplace")
    return text[:STRING_MAX].decode("utf-8", "ignore")
