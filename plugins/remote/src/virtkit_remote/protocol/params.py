"""Typed parameters on the wire. Statistics of many guests are thousands of them, hence a codec of their own."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, NoReturn

from virtkit.params import BOOLEAN, STRING, ULLONG, TypedParams, Value, guess
from virtkit_remote.protocol.frames import STRING_MAX
from virtkit_remote.protocol.schema import SCALARS, Scalar, arms
from virtkit_remote.protocol.source import refuse_choice, refuse_size, refuse_text

NAME_MAX = 79
"""Bytes of a name: C keeps it in 80."""

NAMES_KEPT = 4096
"""Names whose other form is remembered; a guest of many disks and virtual CPUs has some hundred."""

PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
"""What follows a string, by the last two bits of its length."""


class _Packers(dict[int, struct.Struct]):
    """Wire type -> what packs that type and a value of it."""

    def __missing__(self, kind: int) -> NoReturn:
        refuse_choice(kind, "the types 1 to 7")


_packers = _Packers(
    (kind, struct.Struct(f">i{SCALARS[arm.name]}"))
    for kind, arm in arms("remote_typed_param_value").items()
    if isinstance(arm, Scalar)
)
_unpack_length = struct.Struct(">I").unpack_from
_unpack_kind = struct.Struct(">i").unpack_from
_unpack_ullong = struct.Struct(">4xQ").unpack_from
_pack_length = struct.Struct(">I").pack
_pack_kind_and_length = struct.Struct(">iI").pack
_names: dict[bytes, str] = {}
_heads: dict[str, bytes] = {}


def decode_params(b: bytes, o: int, count: int) -> tuple[TypedParams, int]:
    """Decode parameters; see `virtkit_remote.protocol.codec`.

    Args:
        b: The buffer.
        o: Offset of the first parameter.
        count: How many there are; each takes at least 12 bytes, which the caller has checked.

    Returns:
        The parameters and the offset of what follows.
    """
    params = TypedParams.__new__(TypedParams)
    types: dict[str, int] = {}
    params.types = types
    params.repeated = {}
    known = _names.get
    value: Any
    for _ in range(count):
        (length,) = _unpack_length(b, o)
        if length > NAME_MAX:
            refuse_size(length, NAME_MAX)
        o += 4
        text = b[o : o + length]
        name = known(text) or _name(text)
        o += length + (-length & 3)
        (kind,) = _unpack_kind(b, o)
        if kind == ULLONG:
            (value,) = _unpack_ullong(b, o)
            o += 12
        elif kind == STRING:
            value, o = _decode_text(b, o + 4)
        else:
            packer = _packers[kind]
            value = packer.unpack_from(b, o)[1]
            o += packer.size
            if kind == BOOLEAN:
                value = value != 0
        if name in types:
            _repeat(params, name, kind, value)
        else:
            params[name] = value
            types[name] = kind
    return params, o


def _name(text: bytes) -> str:
    name = text.decode("utf-8", "surrogateescape")
    if "\0" in name:
        refuse_text()
    if len(_names) >= NAMES_KEPT:
        _names.clear()
    _names[text] = name
    return name


def _decode_text(b: bytes, o: int) -> tuple[str, int]:
    """The string at an offset, and the offset of what follows it."""
    (length,) = _unpack_length(b, o)
    start = o + 4
    end = start + length
    o = end + (-length & 3)
    if length > STRING_MAX or o > len(b):
        refuse_size(length, STRING_MAX)
    text = b[start:end].decode("utf-8", "surrogateescape")
    if "\0" in text:
        refuse_text()
    return text, o


def _repeat(params: TypedParams, name: str, kind: int, value: Value) -> None:
    if params.types[name] != kind:
        raise ValueError(f"the parameter {name!r} comes with two types")
    params.put(name, kind, value)


def encode_params(values: Mapping[str, Value], limit: int) -> list[bytes]:
    """The pieces that parameters are on the wire, their number first; see `virtkit_remote.protocol.codec`.

    Args:
        values: The parameters. Types that are not stated are guessed.
        limit: How many there may be.
    """
    params = TypedParams.of(values)
    pieces = [b""]
    add = pieces.append
    known, stated = _heads.get, params.types.get
    repeated, packers = params.repeated, _packers
    count = len(params)
    for name, value in params.items():
        kind = stated(name) or guess(value)
        head = known(name) or _head(name)
        if repeated and name in repeated:
            count += len(repeated[name]) - 1
            for each in repeated[name]:
                pieces += (head, *_value_pieces(kind, each))
        elif kind == STRING:
            pieces += (head, *_value_pieces(kind, value))
        else:
            add(head)
            add(packers[kind].pack(kind, value))
    if count > limit:
        refuse_size(count, limit)
    pieces[0] = _pack_length(count)
    return pieces


def _head(name: str) -> bytes:
    """A name as the wire has it."""
    text = name.encode("utf-8", "surrogateescape")
    length = len(text)
    if length > NAME_MAX:
        refuse_size(length, NAME_MAX)
    if 0 in text:
        refuse_text()
    if len(_heads) >= NAMES_KEPT:
        _heads.clear()
    head = _heads[name] = _pack_length(length) + text + PADDING[length & 3]
    return head


def _value_pieces(kind: int, value: Any) -> tuple[bytes, ...]:
    if kind != STRING:
        return (_packers[kind].pack(kind, value),)
    text = value.encode("utf-8", "surrogateescape")
    length = len(text)
    if length > STRING_MAX:
        refuse_size(length, STRING_MAX)
    if 0 in text:
        refuse_text()
    return _pack_kind_and_length(kind, length), text, PADDING[length & 3]
