"""Functions that are written at run time: their lines, what each line is about, and the constants they use."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from virtkit_remote.protocol.faults import CodecError

MALFORMED = (struct.error, ValueError, TypeError, AttributeError, OverflowError)
"""What a compiled codec meets when bytes or values do not fit."""


class Source:
    """The body of a function, written line by line.

    Each line remembers the field it is about. When one fails, the `CodecError` names the field; the code that works
    has no part in that.
    """

    def __init__(self, title: str, parameters: str) -> None:
        """Begin a function.

        Args:
            title: What it does, for tracebacks and error messages: `decode remote_domain_get_info_ret`.
            parameters: Its parameters, as they stand in a `def`.
        """
        self.title = title
        self.constants: dict[str, Any] = {"MALFORMED": MALFORMED}
        self._lines = [f"def codec({parameters}):", "    try:"]
        self._fields = ["", ""]
        self._indent = " " * 8
        self._count = 0

    def line(self, text: str, field: str = "") -> None:
        """Write a line about a field."""
        self._lines.append(f"{self._indent}{text}")
        self._fields.append(field)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write lines below `header`, an `if` or `for`."""
        self.line(header)
        self._indent += "    "
        yield
        self._indent = self._indent[:-4]

    def name(self, field: str) -> str:
        """A new name of a variable, after what it holds."""
        self._count += 1
        return f"{field.rpartition('.')[2].removesuffix('[]')}{self._count}"

    def packer(self, verb: str, codes: str) -> tuple[str, int]:
        """The name under which the function finds `verb` (`pack`, `unpack_from`) of a `struct.Struct`, and its size."""
        codes = codes.replace("0x", "")
        packer = struct.Struct(f">{codes}")
        name = f"{verb}_{codes}"
        self.constants[name] = getattr(packer, verb)
        return name, packer.size

    def function(self) -> Callable[..., Any]:
        """The function. Debuggers and tracebacks show its source."""
        import linecache  # 1 ms that importing the protocol spares

        self._indent = "    "
        self.line("except MALFORMED as error:")
        self.line("    blame(error)")
        self.constants["blame"] = self._blame
        file = f"<{self.title}>"
        text = "\n".join(self._lines) + "\n"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(text, file, "exec"), self.constants)
        made: Callable[..., Any] = self.constants["codec"]
        return made

    def _blame(self, error: Exception) -> NoReturn:
        verb, _, name = self.title.partition(" ")
        trace = error.__traceback__
        field = self._fields[trace.tb_lineno - 1] if trace else ""
        place = f"{name}.{field}" if field else name
        early = verb == "decode" and isinstance(error, struct.error)
        raise CodecError(f"cannot {verb} {place}: {'the message ends there' if early else error}") from error


def refuse_size(size: int, limit: int) -> NoReturn:
    """Refuse something for its length: over the limit of its type, else more than the message holds."""
    if size > limit:
        raise ValueError(f"{size} is over the limit of {limit}")
    raise ValueError(f"{size} is more than the message holds")


def refuse_text() -> NoReturn:
    """Refuse a string with a NUL byte, where C would take its end to be."""
    raise ValueError("a string cannot hold a NUL byte")


def refuse_choice(given: int, choices: str) -> NoReturn:
    """Refuse a flag or discriminant that is none of the choices."""
    raise ValueError(f"{given} is none of {choices}")
