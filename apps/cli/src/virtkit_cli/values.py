"""Values on the command line, and how they are written: numbers, sizes, documents, times."""

from __future__ import annotations

import re
import sys
from typing import Any


def number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number is expected") from None


SIZE = re.compile(r"([0-9]+)([a-zA-Z]*)")
SCALES = {"": 1, "b": 1, "bytes": 1}
SCALES |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgtpe", 1)}
SCALES |= {f"{letter}{tail}": 1024**power for power, letter in enumerate("kmgtpe", 1) for tail in ("", "ib")}


def scaled(text: str, unit: str) -> int:
    """A size such as `512M` or `2GiB` in bytes; a number alone is in `unit`."""
    match = SIZE.fullmatch(text)
    scale = SCALES.get((match[2] or unit).lower()) if match else None
    if match is None or scale is None:
        raise ValueError("a size is expected: a number, and a unit such as KiB, M or GB")
    return int(match[1]) * scale


def kib(text: str) -> int:
    """A size in KiB, rounded up; a number alone is in KiB."""
    return -(-scaled(text, "KiB") // 1024)


def bytesize(text: str) -> int:
    """A size in bytes."""
    return scaled(text, "bytes")


def document(path: str) -> str:
    """The text of an XML file, `-` being standard input.

    Raises:
        OSError: It cannot be read.
        XMLError: It is not text.
    """
    try:
        if path == "-":
            return sys.stdin.read()
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as cause:
        from virtkit.errors import XMLError

        raise XMLError(f"{path} is not text in UTF-8") from cause


def word_of(member: Any) -> str:
    """The name of a member of an enumeration, as a word on the command line."""
    name: str = member.name
    return name.lower().replace("_", "-")


def when(seconds: int | None) -> str | None:
    """A time since 1970 as people read it."""
    import time

    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))
