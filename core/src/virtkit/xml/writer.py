"""The texts of our own writer: libvirt's quotes and escapes. The layout is in the compiled functions and `surplus`."""

from __future__ import annotations

import re

INDENT = "  "

# XML cannot carry control characters, surrogates and U+FFFE/U+FFFF at all: they are dropped, so that what is written
# can always be read again. (libvirt drops most control characters and prints 0x1a-0x1f raw.)
_FORBIDDEN = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
_ESCAPES: dict[int, str | None] = dict.fromkeys(_FORBIDDEN)
_ESCAPES.update({ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;", ord("'"): "&apos;", ord('"'): "&quot;"})
_SPECIAL = re.compile("[<>&'\"\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")


def escape(text: str) -> str:
    """Return `text` as it stands in a document, in text and attributes alike."""
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def quote(value: str) -> str:
    """Return an attribute value in quotes."""
    return f"'{escape(value)}'"


def untyped(values: dict[str, str], order: tuple[str, ...]) -> str:
    """Return untyped attributes, those of `order` first."""
    names = [name for name in order if name in values] + [name for name in values if name not in order]
    return "".join(f" {name}={quote(values[name])}" for name in names)
