"""Writes the functions that encode structs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from virtkit_remote.protocol.params import PADDING, encode_params
from virtkit_remote.protocol.references import REFERENCES, is_params
from virtkit_remote.protocol.schema import (
    SCALARS,
    Array,
    Opaque,
    Optional,
    Scalar,
    String,
    Struct,
    Type,
    Union,
    arms,
    fields,
)
from virtkit_remote.protocol.source import Source, refuse_choice, refuse_size, refuse_text

Encode = Callable[[Sequence[Any]], bytes]

REMEMBERED_MAX = 16384
"""References whose bytes one function remembers: as many as a list may have."""

SIGNS = bytes(128) + b"\xff" * 128
"""The upper bytes of a char by its lowest."""


def compile_encoder(struct: str) -> Encode:
    """The function that encodes a struct: its values -> bytes."""
    return _Encoding(struct).function()


def spread(chars: bytes) -> bytes:
    """Chars as the wire has them: each in 4 bytes, its sign extended."""
    wide = bytearray(4 * len(chars))
    wide[3::4] = chars
    if not chars.isascii():
        wide[0::4] = wide[1::4] = wide[2::4] = chars.translate(SIGNS)
    return bytes(wide)


class _Encoding:
    """Writes one function.

    Fields of known size wait in `run` and are packed together, with the length of what comes behind them. `pieces` are
    the expressions whose values, joined, are the bytes so far.
    """

    def __init__(self, struct: str) -> None:
        self.struct = struct
        self.run: list[tuple[str, str, str]] = []
        """Code of `struct`, expression, field."""
        self.pieces: list[str] = []
        self.listing = False
        """Whether it writes what encodes the items of a list."""
        self.source = Source(f"encode {struct}", "values")
        self.source.constants |= {
            "join": b"".join,
            "PADDING": PADDING,
            "params": encode_params,
            "refuse_choice": refuse_choice,
            "refuse_size": refuse_size,
            "refuse_text": refuse_text,
            "spread": spread,
        }

    def function(self) -> Encode:
        self.value(Struct(self.struct), "values", "")
        self.source.line(f"return {self.joined()}")
        return self.source.function()

    def value(self, of: Type, value: str, field: str) -> None:
        """Write what encodes the value of an expression."""
        match of:
            case Scalar(name):
                self.scalar(name, value, field)
            case String(limit):
                self.text(value, limit, field)
            case Opaque(size, True):
                self.source.line(f"if len({value}) != {size}: refuse_choice(len({value}), '{size} bytes')", field)
                self.run.append((f"{size}s{-size & 3}x", value, field))
            case Opaque(limit, False):
                self.opaque(value, limit, field)
            case Array():
                self.array(of, value, field)
            case Optional(inner):
                self.optional(inner, value, field)
            case Struct(name) if self.listing and name in REFERENCES:
                self.remembered(name, value, field)
            case Struct(name):
                self.struct_value(name, value, field)
            case Union(name):
                self.union(name, value, field)

    def flush(self) -> None:
        """Write what packs the fields that wait."""
        if self.run:
            pack, _ = self.source.packer("pack", "".join(code for code, _, _ in self.run))
            values = ", ".join(value for _, value, _ in self.run)
            piece = self.source.name("piece")
            self.source.line(f"{piece} = {pack}({values})", ", ".join(dict.fromkeys(field for _, _, field in self.run)))
            self.pieces.append(piece)
            self.run = []

    def joined(self) -> str:
        """The expression of all bytes so far, which are then dealt with."""
        self.flush()
        pieces, self.pieces = self.pieces, []
        if len(pieces) == 1 and not pieces[0].startswith("*"):
            return pieces[0]
        return f"join(({', '.join(pieces)},))"

    def scalar(self, name: str, value: str, field: str) -> None:
        if name == "char":
            self.source.line(f"if not -128 <= {value} <= 127: refuse_choice({value}, '-128 to 127')", field)
            self.run.append(("i", value, field))
        else:
            self.run.append((SCALARS[name], value, field))

    def sized(self, data: str, limit: int, field: str) -> str:
        """Write the check of the length of some bytes, which then waits; returns its variable."""
        length = self.source.name("length")
        self.source.line(f"{length} = len({data})", field)
        self.source.line(f"if {length} > {limit}: refuse_size({length}, {limit})", field)
        self.run.append(("I", length, field))
        return length

    def padded(self, data: str, limit: int, field: str) -> None:
        length = self.sized(data, limit, field)
        self.flush()
        self.pieces += [data, f"PADDING[{length} & 3]"]

    def text(self, value: str, limit: int, field: str) -> None:
        data = self.source.name(field)
        self.source.line(f"{data} = {value}.encode('utf-8', 'surrogateescape')", field)
        self.source.line(f"if 0 in {data}: refuse_text()", field)
        self.padded(data, limit, field)

    def opaque(self, value: str, limit: int, field: str) -> None:
        data = self.source.name(field)
        self.source.line(f"{data} = b'' + {value}", field)
        self.padded(data, limit, field)

    def array(self, array: Array, value: str, field: str) -> None:
        of, limit, fixed = array
        if of == Scalar("char"):
            self.chars(value, limit, fixed, field)
        elif is_params(of, self.struct):
            self.flush()
            pieces = self.source.name("pieces")
            self.source.line(f"{pieces} = params({value}, {limit})", field)
            self.pieces.append(f"*{pieces}")
        else:
            self.sized(value, limit, field)
            self.flush()
            self.items(of, value, field)

    def items(self, of: Type, value: str, field: str) -> None:
        before, self.pieces = self.pieces, []
        if isinstance(of, Struct) and of.name in REFERENCES:
            self.pieces = [*before, self.latest(of, value, field)]
        else:
            self.pieces = [*before, f"*{self.each(of, value, field)}"]

    def each(self, of: Type, value: str, field: str) -> str:
        """Write what encodes each item; returns the variable of their encodings."""
        listing, self.listing = self.listing, True
        pieces, item = self.source.name("pieces"), self.source.name(field)
        self.source.line(f"{pieces} = []")
        with self.source.block(f"for {item} in {value}:"):
            self.value(of, item, f"{field}[]")
            self.source.line(f"{pieces}.append({self.joined()})")
        self.listing = listing
        return pieces

    def latest(self, of: Type, value: str, field: str) -> str:
        """Write what encodes a list of references: who watches asks for the same one over and over, so it is kept."""
        known, piece, kept = self.source.name("known"), self.source.name("piece"), self.source.name("kept")
        self.source.constants[kept] = [(None, b"")]
        self.source.line(f"{known}, {piece} = {kept}[0]")
        with self.source.block(f"if {known} != {value}:"):
            pieces = self.each(of, value, field)
            self.source.line(f"{piece} = join({pieces})")
            self.source.line(f"{kept}[0] = {value}[:], {piece}")
        return piece

    def remembered(self, struct: str, value: str, field: str) -> None:
        """Write what encodes a reference in a list: the same ones are listed again and again, so it is remembered."""
        self.flush()
        before, self.pieces = self.pieces, []
        piece = self.source.name("piece")
        self.source.constants |= {"remembered": {}, "REMEMBERED_MAX": REMEMBERED_MAX}
        self.source.line(f"{piece} = remembered.get({value})", field)
        with self.source.block(f"if {piece} is None:"):
            self.struct_value(struct, value, field)
            self.source.line("if len(remembered) >= REMEMBERED_MAX: remembered.clear()")
            self.source.line(f"{piece} = remembered[{value}] = {self.joined()}")
        self.pieces = [*before, piece]

    def chars(self, value: str, limit: int, fixed: bool, field: str) -> None:
        data = self.source.name(field)
        self.source.line(f"{data} = b'' + {value}", field)
        if fixed:
            self.source.line(f"if len({data}) > {limit}: refuse_size(len({data}), {limit})", field)
            self.run.append((f"{4 * limit}s", f"spread({data})", field))
        else:
            self.sized(data, limit, field)
            self.flush()
            self.pieces.append(f"spread({data})")

    def optional(self, inner: Type, value: str, field: str) -> None:
        self.flush()
        before, self.pieces = self.pieces, []
        piece = self.source.name("piece")
        with self.source.block(f"if {value} is None:"):
            self.source.line(f"{piece} = b'\\0\\0\\0\\0'")
        with self.source.block("else:"):
            self.run.append(("I", "1", field))
            self.value(inner, value, field)
            self.source.line(f"{piece} = {self.joined()}")
        self.pieces = [*before, piece]

    def struct_value(self, struct: str, value: str, field: str) -> None:
        variables = [self.source.name(each.name) for each in fields(struct)]
        self.source.line(f"{', '.join(variables)}, = {value}", field)
        for each, variable in zip(fields(struct), variables, strict=True):
            self.value(each.type, variable, f"{field}.{each.name}" if field else each.name)

    def union(self, name: str, value: str, field: str) -> None:
        self.flush()
        before, self.pieces = self.pieces, []
        discriminant, chosen, piece = map(self.source.name, ("case", field, "piece"))
        self.source.line(f"{discriminant}, {chosen} = {value}", field)
        choices = ", ".join(map(str, arms(name)))
        self.source.line(f"if {discriminant} not in ({choices}): refuse_choice({discriminant}, '{choices}')", field)
        for case, of in arms(name).items():
            with self.source.block(f"if {discriminant} == {case}:"):
                self.run.append(("i", discriminant, field))
                self.value(of, chosen, field)
                self.source.line(f"{piece} = {self.joined()}")
        self.pieces = [*before, piece]
