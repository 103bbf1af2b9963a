"""Typed parameters on the wire. Statistics of many guests are thousands of them, hence a codec of their own."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from virtkit.params import BOOLEAN, STRING, TypedParams, Value
from virtkit_remote.protocol.frames import STRING_MAX
from virtkit_remote.protocol.schema import SCALARS, Scalar, arms
from virtkit_remote.protocol.source import refuse_choice, refuse_size, refuse_text

PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
"""What follows a string, by the last two bits of its length."""

_length = struct.Struct(">I")
_kind = struct.Struct(">i")
_kind_and_length = struct.Struct(">iI")

NUMBERS = {
    kind: struct.Struct(f">i{SCALARS[arm.name]}")
    for kind, arm in arms("remote_typed_param_value").items()
    if isinstance(arm, Scalar)
}
"""Wire type -> what packs that type and a value of it."""


def decode_params(b: bytes, o: int, count: int) -> tuple[TypedParams, int]:
    """Decode parameters; see `virtkit_remote.protocol.codec`.

    Args:
        b: The buffer.
        o: Offset of the first parameter.
        count: How many there are; each takes at least 12 bytes, which the caller has checked.
    """
    names: list[str] = []
    kinds: list[int] = []
    values: list[Any] = []
    size = len(b)
    value: Any
    for _ in range(count):
        name, o = _decode_text(b, o, size)
        (kind,) = _kind.unpack_from(b, o)
        if kind == STRING:
            value, o = _decode_text(b, o + 4, size)
        else:
            packer = NUMBERS.get(kind) or refuse_choice(kind, "the types of parameters, 1 to 7")
            value = packer.unpack_from(b, o)[1]
            o += packer.size
        names.append(name)
        kinds.append(kind)
        values.append(value != 0 if kind == BOOLEAN else value)
    params = TypedParams.__new__(TypedParams)
    params.update(zip(names, values, strict=True))
    params.types = dict(zip(names, kinds, strict=True))
    params.repeated = {}
    if len(params) != count:
        return _repeating(names, kinds, values), o
    return params, o


def _decode_text(b: bytes, o: int, size: int) -> tuple[str, int]:
    (length,) = _length.unpack_from(b, o)
    start = o + 4
    end = start + length
    o = end + (-length & 3)
    if length > STRING_MAX or o > size:
        refuse_size(length, STRING_MAX)
    text = b[start:end].decode("utf-8", "surrogateescape")
    if "\0" in text:
        refuse_text()
    return text, o


def _repeating(names: list[str], kinds: list[int], values: list[Value]) -> TypedParams:
    """Parameters some of whose names come more than once."""
    params = TypedParams()
    for name, kind, value in zip(names, kinds, values, strict=True):
        if params.types.get(name, kind) != kind:
            raise ValueError(f"the parameter {name!r} comes with two types")
        params.put(name, kind, value)
    return params


def encode_params(values: Mapping[str, Value], limit: int) -> list[bytes]:
    """The pieces that parameters are on the wire, their number first; see `virtkit_remote.protocol.codec`.

    Args:
        values: The parameters. Types that are not stated are guessed.
        limit: How many there may be.
    """
    params = TypedParams.of(values)
    pieces = [b""]
    count = 0
    for name, kind, value in params.entries():
        count += 1
        pieces += _encode_text(name)
        if kind == STRING:
            pieces.append(_kind.pack(kind))
            pieces += _encode_text(value)
        else:
            packer = NUMBERS.get(kind) or refuse_choice(kind, "the types of parameters, 1 to 7")
            pieces.append(packer.pack(kind, value))
    if count > limit:
        refuse_size(count, limit)
    pieces[0] = _length.pack(count)
    return pieces


def _encode_text(value: Any) -> tuple[bytes, bytes, bytes]:
    text = value.encode("utf-8", "surrogateescape")
    length = len(text)
    if length > STRING_MAX:
        refuse_size(length, STRING_MAX)
    if 0 in text:
        refuse_text()
    return _length.pack(length), text, PADDING[length & 3]
