"""Writes the functions that decode structs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtkit_remote.protocol.params import decode_params
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
    least_size,
)
from virtkit_remote.protocol.source import Source, refuse_choice, refuse_size, refuse_text

Decode = Callable[[bytes, int], tuple[tuple[Any, ...], int]]


def compile_decoder(struct: str) -> Decode:
    """The function that decodes a struct: (bytes, offset) -> (its values, offset of what follows)."""
    return _Decoding(struct).function()


class _Decoding:
    """Writes one function.

    In it, `b` is the buffer, `o` the offset of the next byte to read, `size` the length of the buffer. Fields whose
    place is known from `o` wait in `run` and are unpacked together, with the length of what comes behind them.
    """

    def __init__(self, struct: str) -> None:
        self.struct = struct
        self.run: list[tuple[str, str, str]] = []
        """Code of `struct`, variable, field."""
        self.source = Source(f"decode {struct}", "b, o")
        self.source.line("size = len(b)")
        self.source.constants |= {
            "new": tuple.__new__,
            "params": decode_params,
            "refuse_choice": refuse_choice,
            "refuse_size": refuse_size,
            "refuse_text": refuse_text,
        }

    def function(self) -> Decode:
        values = [self.value(each.type, each.name) for each in fields(self.struct)]
        if values == [variable for _, variable, _ in self.run]:
            unpack, size = self.unpacking()
            self.source.line(f"return {unpack}(b, o), o + {size}", self.run_fields())
        else:
            self.flush()
            self.source.line(f"return {self.made(self.struct, values)}, o")
        return self.source.function()

    def value(self, of: Type, field: str) -> str:
        """Write what reads a value; returns the expression that is the value once `flush` has run."""
        match of:
            case Scalar(name):
                return self.waiting(SCALARS[name], field)
            case String(limit):
                return self.text(limit, field)
            case Opaque(size, fixed):
                return self.waiting(f"{size}s{-size & 3}x", field) if fixed else self.opaque(size, field)
            case Array():
                return self.array(of, field)
            case Optional(inner):
                return self.optional(inner, field)
            case Struct(name):
                return self.made(name, [self.value(each.type, f"{field}.{each.name}") for each in fields(name)])
            case Union(name):
                return self.union(name, field)

    def waiting(self, code: str, field: str) -> str:
        variable = self.source.name(field)
        self.run.append((code, variable, field))
        return variable

    def run_fields(self) -> str:
        return ", ".join(dict.fromkeys(field for _, _, field in self.run))

    def unpacking(self) -> tuple[str, int]:
        return self.source.packer("unpack_from", "".join(code for code, _, _ in self.run))

    def flush(self) -> None:
        """Write what unpacks the fields that wait."""
        if not self.run:
            return
        unpack, size = self.unpacking()
        variables = "".join(f"{variable}, " for _, variable, _ in self.run)
        self.source.line(f"{variables}= {unpack}(b, o)", self.run_fields())
        self.source.line(f"o += {size}")
        self.run = []

    def length(self, field: str) -> str:
        """Write what reads a length, and everything before it."""
        variable = self.waiting("I", field)
        self.flush()
        return variable

    def made(self, struct: str, values: list[str]) -> str:
        together = f"({''.join(f'{value}, ' for value in values)})"
        reference = REFERENCES.get(struct)
        if reference is None:
            return together
        self.source.constants[reference.__name__] = reference
        return f"new({reference.__name__}, {together})"

    def extent(self, length: str, limit: int, field: str) -> None:
        """Write the checks of `length` bytes; `e` is then where they end and `f` where their padding ends."""
        self.source.line(f"e = o + {length}")
        self.source.line(f"f = e + (-{length} & 3)")
        self.source.line(f"if {length} > {limit} or f > size: refuse_size({length}, {limit})", field)

    def text(self, limit: int, field: str) -> str:
        self.extent(self.length(field), limit, field)
        variable = self.source.name(field)
        self.source.line(f"{variable} = b[o:e].decode('utf-8', 'surrogateescape')")
        self.source.line("o = f")
        self.source.line(f"if '\\0' in {variable}: refuse_text()", field)
        return variable

    def opaque(self, limit: int, field: str) -> str:
        self.extent(self.length(field), limit, field)
        variable = self.source.name(field)
        self.source.line(f"{variable} = b[o:e]")
        self.source.line("o = f")
        return variable

    def array(self, array: Array, field: str) -> str:
        of, limit, fixed = array
        if fixed:
            return f"{self.waiting(f'{4 * limit}s', field)}[3::4].rstrip(b'\\0')"
        count = self.length(field)
        least = least_size(of)
        self.source.line(f"if {count} > {limit} or {count} * {least} > size - o: refuse_size({count}, {limit})", field)
        variable = self.source.name(field)
        if of == Scalar("char"):
            self.source.line(f"{variable} = b[o + 3:o + 4 * {count}:4]")
            self.source.line(f"o += 4 * {count}")
        elif is_params(of, self.struct):
            self.source.line(f"{variable}, o = params(b, o, {count})", field)
        else:
            self.items(of, variable, count, field)
        return variable

    def items(self, of: Type, variable: str, count: str, field: str) -> None:
        add = self.source.name("add")
        self.source.line(f"{variable} = []")
        self.source.line(f"{add} = {variable}.append")
        with self.source.block(f"for _ in range({count}):"):
            item = self.value(of, f"{field}[]")
            self.flush()
            self.source.line(f"{add}({item})")

    def optional(self, inner: Type, field: str) -> str:
        flag = self.length(field)
        variable = self.source.name(field)
        # Anything but 0 says that there is a value: so does libvirt's own decoder, and a client in Go sends 2**24.
        with self.source.block(f"if {flag}:"):
            value = self.value(inner, field)
            self.flush()
            self.source.line(f"{variable} = {value}")
        with self.source.block("else:"):
            self.source.line(f"{variable} = None")
        return variable

    def union(self, name: str, field: str) -> str:
        discriminant = self.waiting("i", field)
        self.flush()
        variable = self.source.name(field)
        for case, of in arms(name).items():
            with self.source.block(f"if {discriminant} == {case}:"):
                value = self.value(of, field)
                self.flush()
                self.source.line(f"{variable} = ({discriminant}, {value})")
        choices = ", ".join(map(str, arms(name)))
        self.source.line(f"if {discriminant} not in ({choices}): refuse_choice({discriminant}, '{choices}')", field)
        return variable
