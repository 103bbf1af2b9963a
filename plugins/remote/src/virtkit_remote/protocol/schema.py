"""What the rows of `tables` mean: procedures, and the types of their arguments and results.

Rows are read when they are first asked for; nothing here is read at import.
"""

from __future__ import annotations

import re
from functools import cache

from virtkit.record import Record
from virtkit_remote.protocol.frames import STRING_MAX
from virtkit_remote.protocol.frames import VERSION as VERSION
from virtkit_remote.protocol.tables import PROCEDURES, STRUCTS, UNIONS
from virtkit_remote.protocol.tables import PROGRAMS as PROGRAMS

ANY = -1
"""As a number of descriptors: as many as the call needs."""

SCALARS = {"int": "i", "uint": "I", "hyper": "q", "uhyper": "Q", "double": "d"}
SCALARS |= {"char": "3xb", "uchar": "3xB", "ushort": "2xH"}
"""Scalar -> its code in a format of `struct`. The small ones take 4 bytes, of which C reads the last 1 or 2."""


class Scalar(Record):
    """A number; `name` is a key of `SCALARS`. Enums are ints."""

    name: str


class String(Record):
    """Text of at most `max` bytes."""

    max: int


class Opaque(Record):
    """Bytes: exactly `size` of them when `fixed`, else at most that many."""

    size: int
    fixed: bool


class Array(Record):
    """Items of a type: exactly `size` of them when `fixed`, else at most that many. One of chars is bytes."""

    of: Type
    size: int
    fixed: bool


class Optional(Record):
    """A value or nothing."""

    of: Type


class Struct(Record):
    """The struct `name`: see `fields`."""

    name: str


class Union(Record):
    """The union `name`, an int that chooses one of `arms`."""

    name: str


Type = Scalar | String | Opaque | Array | Optional | Struct | Union


class Field(Record):
    """A field of a struct; `name` as libvirt's protocol definition has it (`maxStats`)."""

    name: str
    type: Type


class Procedure(Record):
    """A procedure of a program.

    Attributes:
        program: Name of its program, a key of `PROGRAMS`.
        number: Number within the program.
        name: Name of the hook it is bound to: `domain_get_info`, `qemu_domain_attach`.
        args: Struct of its arguments; None if it has none.
        ret: Struct of its results; None if it has none.
        msg: Struct of an event; None if it is none.
        kind: `call`, `event` (server to client, no reply) or `message` (either way, no reply).
        priority: Never waits for a guest, so that workers kept free for such calls may take it.
        before_auth: May be called before authentication.
        stream: Which side sends most of its stream: `read` the server, `write` the client; `` if it opens none.
        sparse: A flag of the call allows holes in its stream.
        fds_call: How many descriptors come with the call; `ANY` if that varies.
        fds_reply: How many come with the reply.
        event_class: Kind of object an event is about; `` for what is no event.
        event_id: Its id within the class; -1 if it has none.
        event_style: `callback` (the callback's id comes first), `legacy` (it does not) or `single` (there is one only).
    """

    program: str
    number: int
    name: str
    args: str | None = None
    ret: str | None = None
    msg: str | None = None
    kind: str = "call"
    priority: bool = False
    before_auth: bool = False
    stream: str = ""
    sparse: bool = False
    fds_call: int = 0
    fds_reply: int = 0
    event_class: str = ""
    event_id: int = -1
    event_style: str = ""


def procedure(program_number: int, number: int) -> Procedure | None:
    """The procedure of a call; None if there is no such program or it has no such procedure."""
    return _numbered().get((program_number, number))


def procedure_named(name: str) -> Procedure:
    """The procedure bound to a hook.

    Raises:
        KeyError: No procedure has this name.
    """
    return _named()[name]


@cache
def procedures(program: str) -> tuple[Procedure, ...]:
    """All procedures of a program, in the order of their numbers."""
    return tuple(_procedure(program, row) for row in PROCEDURES[program].strip().split("\n"))


@cache
def fields(struct: str) -> tuple[Field, ...]:
    """The fields of a struct, in wire order.

    Raises:
        KeyError: There is no such struct.
    """
    pairs = (word.partition(":") for word in _rows(STRUCTS)[struct].split())
    return tuple(Field(name, _type(text)) for name, _, text in pairs)


@cache
def arms(union: str) -> dict[int, Type]:
    """The type of a union's value by its discriminant. Any other discriminant is an error."""
    pairs = (word.partition(":") for word in _rows(UNIONS)[union].split())
    return {int(case): _type(text) for case, _, text in pairs}


def structs() -> tuple[str, ...]:
    """The names of all structs."""
    return tuple(_rows(STRUCTS))


@cache
def least_size(of: Type) -> int:
    """Bytes that a value of a type takes at least: what bounds the items of an array by the bytes there are."""
    match of:
        case Scalar(name):
            return 8 if name in ("hyper", "uhyper", "double") else 4
        case Opaque(size, fixed):
            return size + (-size & 3) if fixed else 4
        case Array(item, size, fixed):
            return size * least_size(item) if fixed else 4
        case Struct(name):
            return sum(least_size(field.type) for field in fields(name))
        case Union(name):
            return 4 + min(least_size(arm) for arm in arms(name).values())
    return 4


@cache
def _rows(table: str) -> dict[str, str]:
    """The rows of a table by their first word."""
    rows = (row.partition(" ") for row in table.strip().replace("\n ", " ").split("\n"))
    return {name: rest for name, _, rest in rows}


@cache
def _numbered() -> dict[tuple[int, int], Procedure]:
    return {(number, each.number): each for name, number in PROGRAMS.items() for each in procedures(name)}


@cache
def _named() -> dict[str, Procedure]:
    return {each.name: each for program in PROGRAMS for each in procedures(program)}


def _procedure(program: str, row: str) -> Procedure:
    number, name, *words = row.split()
    found: dict[str, object] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key in ("args", "ret", "msg"):
            found[key] = f"{program}_{name}_{key}"
        elif key in ("read", "write"):
            found["stream"] = key
        elif key in ("fds_call", "fds_reply"):
            found[key] = ANY if value == "n" else int(value)
        elif key == "event":
            event_class, event_id, style = value.split(":")
            found |= {"kind": key, "event_class": event_class, "event_id": int(event_id), "event_style": style}
        elif key == "message":
            found["kind"] = key
        else:
            found["priority" if key == "high" else key] = True
    hook = name if program == "remote" else f"{program}_{name}"
    return Procedure(program, int(number), hook, **found)  # type: ignore[arg-type]


def _type(text: str) -> Type:
    """The type that a word of the tables names."""
    parsed = re.fullmatch(r"(\*?)(\w+)(?:([\[<])(\d+)[\]>])?", text)
    if parsed is None:
        raise ValueError(f"{text!r} is no type: regenerate the tables")
    optional, name, bracket, size = parsed.groups()
    if optional:
        return Optional(_type(text[1:]))
    if name == "opaque":
        return Opaque(int(size), bracket == "[")
    if bracket:
        return Array(_type(name), int(size), bracket == "[")
    if name == "string":
        return String(STRING_MAX)
    if name in SCALARS:
        return Scalar(name)
    return Union(name) if name in _rows(UNIONS) else Struct(name)
