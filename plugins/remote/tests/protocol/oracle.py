"""A second codec, to compare the compiled one with: it interprets the facts of `tools/facts` field by field.

It shares nothing with `virtkit_remote.protocol` but the Python forms of values (`plain` takes them away) and what
counts as malformed.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from virtkit.params import TypedParams

Fact = dict[str, Any]

ROOT = Path(__file__).resolve().parents[4]
FILES = ("rpc.json", "virtkit.json")
PROGRAMS: dict[str, Fact] = {
    name: program
    for file in FILES
    for name, program in json.loads((ROOT / "tools" / "facts" / file).read_text())["programs"].items()
}
STRUCTS = {name: fact for program in PROGRAMS.values() for name, fact in program["structs"].items()}
UNIONS = {name: fact for program in PROGRAMS.values() for name, fact in program["unions"].items()}
TYPEDEFS = {name: fact for program in PROGRAMS.values() for name, fact in program["typedefs"].items()}
ENUMS = {name for program in PROGRAMS.values() for name in program["enums"]}

BOUNDS = {
    "char": (-128, 127),
    "uchar": (0, 255),
    "ushort": (0, 65535),
    "int": (-(2**31), 2**31 - 1),
    "uint": (0, 2**32 - 1),
    "hyper": (-(2**63), 2**63 - 1),
    "uhyper": (0, 2**64 - 1),
}
"""Scalar -> its least and greatest value."""

GROUPED = "grouped"
"""Type of an array of typed parameters that are grouped by name, as in `TypedParams`."""

UNGROUPED_IN = "remote_domain_get_cpu_stats_ret"
"""The struct whose typed parameters stay as they come."""

BOOLEAN = 6
NAME_MAX = 79
"""Bytes of the name of a typed parameter, in a set of them."""


class MalformedError(Exception):
    """The bytes are no value of the type."""


def resolved(fact: Fact, struct_name: str = "") -> Fact:
    """A type without typedefs and enums."""
    kind = fact["type"]
    if kind in TYPEDEFS:
        return resolved(TYPEDEFS[kind])
    if kind in ENUMS:
        return {"type": "int"}
    if kind == "array" and fact["of"].endswith("_typed_param") and struct_name != UNGROUPED_IN:
        return {**fact, "type": GROUPED}
    return fact


def of_struct(name: str) -> list[Fact]:
    return [resolved(field, name) for field in STRUCTS[name]["fields"]]


def item(fact: Fact) -> Fact:
    return resolved({"type": fact["of"]})


def arms(name: str) -> dict[int, Fact]:
    return {arm["case"]: resolved(arm) for arm in UNIONS[name]["arms"]}


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def number(kind: str, value: float) -> bytes:
    if kind == "double":
        return struct.pack(">d", value)
    size = 8 if "hyper" in kind else 4
    return int(value).to_bytes(size, "big", signed=BOUNDS[kind][0] < 0)


def encode(fact: Fact, value: Any) -> bytes:
    """The bytes of a plain value; see `plain`."""
    kind = fact["type"]
    if kind in BOUNDS or kind == "double":
        return number(kind, value)
    if kind == "string":
        data = value.encode("utf-8", "surrogateescape")
        return number("uint", len(data)) + padded(data)
    if kind == "opaque":
        return padded(value) if "len" in fact else number("uint", len(value)) + padded(value)
    if kind == "optional":
        return number("uint", 0) if value is None else number("uint", 1) + encode(item(fact), value)
    if kind in ("array", GROUPED):
        if fact["of"] == "char":
            value = [byte - 256 if byte > 127 else byte for byte in value.ljust(fact.get("len", 0), b"\0")]
        count = b"" if "len" in fact else number("uint", len(value))
        return count + b"".join(encode(item(fact), each) for each in value)
    if kind in UNIONS:
        return number("int", value[0]) + encode(arms(kind)[value[0]], value[1])
    return encode_struct(kind, value)


def encode_struct(name: str, values: Any) -> bytes:
    return b"".join(encode(fact, value) for fact, value in zip(of_struct(name), values, strict=True))


class Reader:
    """Takes values from the front of a buffer."""

    def __init__(self, buffer: bytes, offset: int) -> None:
        self.buffer = buffer
        self.offset = offset

    def take(self, size: int) -> bytes:
        data = self.buffer[self.offset : self.offset + size]
        if len(data) != size:
            raise MalformedError(f"{size} bytes are not there")
        self.offset += size
        return data

    def number(self, kind: str) -> Any:
        if kind == "double":
            return struct.unpack(">d", self.take(8))[0]
        signed = BOUNDS[kind][0] < 0
        data = self.take(8 if "hyper" in kind else 4)
        # C reads 4 bytes and keeps as many as its type has.
        return int.from_bytes(data[{"char": -1, "uchar": -1, "ushort": -2}.get(kind, 0) :], "big", signed=signed)

    def size(self, limit: int) -> int:
        size: int = self.number("uint")
        if size > limit:
            raise MalformedError(f"{size} is over {limit}")
        return size

    def padded(self, size: int) -> bytes:
        return self.take(size + -size % 4)[:size]

    def value(self, fact: Fact) -> Any:
        kind = fact["type"]
        if kind in BOUNDS or kind == "double":
            return self.number(kind)
        if kind == "string":
            data = self.padded(self.size(fact["max"]))
            if b"\0" in data:
                raise MalformedError("NUL in a string")
            return data.decode("utf-8", "surrogateescape")
        if kind == "opaque":
            return self.padded(fact["len"] if "len" in fact else self.size(fact["max"]))
        if kind == "optional":
            return self.value(item(fact)) if self.number("uint") else None
        if kind in ("array", GROUPED):
            return self.array(fact)
        if kind in UNIONS:
            case = self.number("int")
            if case not in arms(kind):
                raise MalformedError(f"{kind} has no arm {case}")
            return case, self.value(arms(kind)[case])
        return self.struct(kind)

    def array(self, fact: Fact) -> Any:
        size = fact["len"] if "len" in fact else self.size(fact["max"])
        if size * 4 > len(self.buffer):  # no item has less than 4 bytes
            raise MalformedError(f"{size} items are not there")
        values = [self.value(item(fact)) for _ in range(size)]
        if fact["of"] == "char":
            chars = bytes(value % 256 for value in values)
            return chars.rstrip(b"\0") if "len" in fact else chars
        return grouped(values) if fact["type"] == GROUPED else values

    def struct(self, name: str) -> Any:
        return tuple(self.value(fact) for fact in of_struct(name))


def grouped(params: list[Any]) -> list[Any]:
    """Typed parameters as `TypedParams` has them: those of a name together, booleans true or false."""
    groups: dict[str, list[Any]] = {}
    for name, (kind, value) in params:
        if len(name.encode("utf-8", "surrogateescape")) > NAME_MAX:
            raise MalformedError(f"{name!r} is too long")
        entry = (name, (kind, bool(value) if kind == BOOLEAN else value))
        if groups.setdefault(name, [entry])[0][1][0] != kind:
            raise MalformedError(f"{name!r} has two types")
        if groups[name][-1] is not entry:
            groups[name].append(entry)
    return [entry for group in groups.values() for entry in group]


def decode_struct(name: str, buffer: bytes, offset: int) -> tuple[Any, int]:
    """The plain values of a struct and the offset of what follows.

    Raises:
        MalformedError: The bytes are no such struct.
    """
    reader = Reader(buffer, offset)
    return reader.struct(name), reader.offset


def plain(value: Any) -> Any:
    """A decoded value of numbers, strings, bytes, lists and plain tuples only."""
    if isinstance(value, TypedParams):
        return [(name, (kind, each)) for name, kind, each in value.entries()]
    if isinstance(value, list):
        return [plain(each) for each in value]
    return tuple(plain(each) for each in value) if isinstance(value, tuple) else value


def pythonic(fact: Fact, value: Any) -> Any:
    """A plain value in the form that the codec takes."""
    kind = fact["type"]
    if kind == GROUPED:
        params = TypedParams()
        for name, (wire, each) in value:
            params.put(name, wire, each)
        return params
    if kind == "array" and fact["of"] != "char":
        return [pythonic(item(fact), each) for each in value]
    if kind in STRUCTS:
        return pythonic_struct(kind, value)
    return pythonic(item(fact), value) if kind == "optional" and value is not None else value


def pythonic_struct(name: str, values: Any) -> Any:
    return tuple(pythonic(fact, value) for fact, value in zip(of_struct(name), values, strict=True))


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6) | st.binary(
    max_size=6
).map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape"))


def values(fact: Fact) -> SearchStrategy[Any]:
    """Plain values of a type, small ones."""
    kind = fact["type"]
    if kind in BOUNDS:
        return st.integers(*BOUNDS[kind])
    if kind == "double":
        return st.floats(allow_nan=False)
    if kind == "string":
        return TEXTS
    if kind == "opaque":
        return st.binary(min_size=fact.get("len", 0), max_size=fact.get("len", 9))
    if kind == "optional":
        return st.none() | values(item(fact))
    if kind == GROUPED:
        return st.lists(params(item(fact)), max_size=3).map(grouped_only)
    if kind == "array":
        if fact["of"] == "char":
            return st.binary(max_size=fact.get("len", 9)).map(lambda data: data.rstrip(b"\0"))
        return st.lists(values(item(fact)), max_size=3)
    if kind in UNIONS:
        return st.one_of([st.tuples(st.just(case), values(arm)) for case, arm in arms(kind).items()])
    return struct_values(kind)


def struct_values(name: str) -> SearchStrategy[Any]:
    """Plain values of a struct."""
    return st.tuples(*(values(fact) for fact in of_struct(name)))


def params(fact: Fact) -> SearchStrategy[Any]:
    """Typed parameters of few names, so that some are repeated."""
    return st.tuples(st.sampled_from(["", "cpu.time", "größe"]), values(resolved(STRUCTS[fact["type"]]["fields"][1])))


def grouped_only(entries: list[Any]) -> list[Any]:
    """Without entries whose name came with another type before."""
    kinds: dict[str, int] = {}
    return grouped([entry for entry in entries if kinds.setdefault(entry[0], entry[1][0]) == entry[1][0]])
