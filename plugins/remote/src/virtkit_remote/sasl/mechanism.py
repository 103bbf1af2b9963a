"""What both sides of an exchange share: the mechanisms, limits, and the library for SCRAM."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError

SCRAM = "SCRAM-SHA-256"
PLAIN = "PLAIN"

MAX_DATA = 65536
"""Bytes of one message: the limit of the wire."""


def refused(reason: str) -> AuthFailedError:
    """The error of an exchange that failed."""
    return AuthFailedError(reason, domain=int(ErrorDomain.RPC))


def scramp() -> Any:
    """The library that calculates SCRAM.

    Raises:
        AuthFailedError: It is not installed.
    """
    try:
        return import_module("scramp")
    except ModuleNotFoundError as cause:
        raise refused(
            "SASL needs the library scramp, which is not installed: pip install virtkit-remote[sasl]"
        ) from cause


def text_of(data: bytes) -> str:
    """A message as text.

    Raises:
        AuthFailedError: It is too long, or not UTF-8.
    """
    if len(data) > MAX_DATA:
        raise refused(f"a SASL message of {len(data)} bytes is over the limit of {MAX_DATA}")
    try:
        return data.decode()
    except UnicodeDecodeError as cause:
        raise refused(f"a SASL message is not UTF-8 text: {cause.reason} at byte {cause.start}") from cause
