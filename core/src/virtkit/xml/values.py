"""How one text of a document stands for one Python value.

A field names its place (`attribute`, `textchild`, ...) and its value (`INT`, `one_of("nat", "route")`, ...); the two
are independent. `read` gets the text and refuses it with `Refusal`, to which the reader adds path and line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError, VirtError, XMLError

T = TypeVar("T")

_REMEMBERED = 512
"""Documents repeat few numbers (slots, ports, indexes): remembering them halves the time of reading an address."""

LONGEST_QUOTE = 64
"""A refused text is quoted up to this length."""


class Refusal(Exception):
    """A text that is no value of its field.

    Args:
        message: What is wrong and what is allowed, without the place.
        error: Class of the error the caller of the parser gets.
        domain: Error domain; None is that of the document.
        attribute_domain: Error domain where the text is an attribute; None is `domain`. (libvirt reads most attributes
            by functions of its XML part, and most texts by functions of the object's part.)
    """

    def __init__(
        self,
        message: str,
        error: type[VirtError] = XMLError,
        domain: int | None = None,
        attribute_domain: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error = error
        self.domain = domain
        self.attribute_domain = domain if attribute_domain is None else attribute_domain


class Value(Generic[T]):
    """One kind of value.

    Attributes:
        read: Text to value; None keeps the text.
        write: Value to text that needs no escapes; None takes the value as text and escapes it.
    """

    __slots__ = ("read", "write")

    def __init__(self, read: Callable[[str], T] | None, write: Callable[[T], str] | None = None) -> None:
        self.read = read
        self.write = write


def quoted(text: str) -> str:
    """Return a user's text between quotes, shortened for a message."""
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…")


def integer(low: int, high: int, *, prefixed: bool = False) -> Value[int]:
    """Integers from `low` to `high`, printed as decimals; leading zeros are accepted and not kept.

    Args:
        low: Smallest.
        high: Largest.
        prefixed: Accept hexadecimal numbers too, by their `0x`.
    """
    pattern = _HEXADECIMAL if prefixed else _DECIMAL

    @lru_cache(_REMEMBERED)
    def read(text: str) -> int:
        # Without the limit, int() of a long text takes quadratic time.
        if len(text) <= 32 and pattern.fullmatch(text) and low <= (number := _number(text)) <= high:
            return number
        raise _not_a_number(text, str(low), str(high))

    return Value(read, "{:d}".format)


def hexadecimal(width: int, high: int | None = None) -> Value[int]:
    """Integers read as decimal or `0x…`, printed as `0x` and at least `width` digits; `high` limits them."""
    limit = 16**width - 1 if high is None else high

    @lru_cache(_REMEMBERED)
    def read(text: str) -> int:
        if len(text) <= 32 and _HEXADECIMAL.fullmatch(text):
            number = _number(text)
            if number <= limit:
                return number
        raise _not_a_number(text, "0", f"{limit:#x}")

    return Value(read, f"0x{{:0{width}x}}".format)


def octal(width: int) -> Value[int]:
    """Octal numbers such as file modes, printed with at least `width` digits."""

    def read(text: str) -> int:
        if _OCTAL.fullmatch(text):
            return int(text, 8)
        raise Refusal(f"{quoted(text)} is not an octal number of at most 7 digits")

    def write(number: int) -> str:
        return f"{number:0{width}o}"

    return Value(read, write)


def one_of(*allowed: str, error: type[VirtError] = XMLError) -> Value[str]:
    """One word of a fixed set.

    Args:
        allowed: The words.
        error: What an unknown word raises; libvirt answers `XMLError` for most, `ConfigUnsupportedError` for some.
    """
    words = frozenset(allowed)
    domain = ErrorDomain.XML if error is XMLError else None

    def read(text: str) -> str:
        if text in words:
            return text
        raise Refusal(f"{quoted(text)} is not one of {', '.join(allowed)}", error, domain)

    return Value(read)


def either(true: str, false: str) -> Value[bool]:
    """A choice of two words, as a truth value."""
    values = {true: True, false: False}

    def read(text: str) -> bool:
        if text in values:
            return values[text]
        raise Refusal(f"{quoted(text)} is neither {true} nor {false}", XMLError, ErrorDomain.XML)

    def write(value: bool) -> str:
        return true if value else false

    return Value(read, write)


def refused_as(error: type[VirtError], value: Value[T], domain: int | None = None) -> Value[T]:
    """`value`, with another class of error, and domain of errors, for what it does not allow."""

    def read(text: str) -> T:
        assert value.read is not None, "a value that allows everything"
        try:
            return value.read(text)
        except Refusal as refusal:
            raise Refusal(refusal.message, error, domain) from None

    return Value(read, value.write)


def bounded(low: int, high: int, error: type[VirtError] = XMLError) -> Value[int]:
    """Integers from `low` to `high`, where libvirt tells a text that is no number from one that is out of bounds."""

    def read(text: str) -> int:
        number = INT.read(text) if INT.read else 0
        if not low <= number <= high:
            raise Refusal(f"{quoted(text)} is not from {low} to {high}", error)
        return number

    return Value(read, "{:d}".format)


def _not_a_number(text: str, low: str, high: str) -> Refusal:
    return Refusal(f"{quoted(text)} is not a number from {low} to {high}", attribute_domain=ErrorDomain.XML)


def _number(text: str) -> int:
    return int(text, 16 if text[1:2] in ("x", "X") else 10)


def _read_uuid(text: str) -> bytes:
    digits = text.strip().replace("-", "")
    if _UUID.fullmatch(digits):
        return bytes.fromhex(digits)
    raise Refusal(f"{quoted(text)} is not a UUID: 32 hexadecimal digits, with or without dashes", InternalError)


def _write_uuid(uuid: bytes) -> str:
    if len(uuid) != 16:
        raise InvalidArgError(f"a UUID has 16 bytes, not {len(uuid)}: pass the raw bytes", str2="uuid")
    digits = uuid.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _read_mac(text: str) -> str:
    if _MAC.fullmatch(text):
        return ":".join(part.zfill(2) for part in text.lower().split(":"))
    raise Refusal(f"{quoted(text)} is not a MAC address such as 52:54:00:12:34:56")


def _read_path(text: str) -> str:
    root = "//" if text.startswith("//") and not text.startswith("///") else "/" if text.startswith("/") else ""
    return root + "/".join(part for part in text.split("/") if part)


def _read_ip(text: str) -> str:
    from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

    family = AF_INET6 if ":" in text else AF_INET
    try:
        return inet_ntop(family, inet_pton(family, text))
    except (OSError, ValueError):
        raise Refusal(f"{quoted(text)} is not an IPv4 or IPv6 address") from None


_DECIMAL = re.compile(r"-?[0-9]+")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_OCTAL = re.compile(r"[0-7]{1,7}")
_UUID = re.compile(r"[0-9a-fA-F]{32}")
_MAC = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}")

STRING: Value[str] = Value(None)
"""Any text, verbatim."""

INT = integer(-(2**63), 2**63 - 1)
"""A signed number of 64 bits."""

UNSIGNED = integer(0, 2**64 - 1)
"""An unsigned number of 64 bits."""

PORT = integer(0, 65535)
"""A TCP or UDP port."""

YES_NO = either("yes", "no")
ON_OFF = either("on", "off")

UUID: Value[bytes] = Value(_read_uuid, _write_uuid)
"""Raw bytes, as references hold them; printed in the canonical form."""

MAC: Value[str] = Value(_read_mac)
"""Lower case, two digits per byte."""

PATH: Value[str] = Value(_read_path)
"""A path without doubled or trailing slashes."""

IP: Value[str] = Value(_read_ip)
"""An IPv4 or IPv6 address in its shortest form."""


AnyValue = Value[Any]
