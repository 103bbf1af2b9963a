"""The compiled codec of every struct against one that interprets the facts."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.remote.tests.protocol import oracle
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import CodecError, decoder, encoder

every_struct = pytest.mark.parametrize("struct", oracle.STRUCTS)
FEW = settings(max_examples=5, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_tables_know_every_struct() -> None:
    assert set(oracle.STRUCTS) == set(schema.structs())


@every_struct
@FEW
@given(data=st.data())
def test_values_encode_and_decode_as_the_oracle_does(struct: str, data: st.DataObject) -> None:
    values = data.draw(oracle.struct_values(struct))
    wire = oracle.encode_struct(struct, values)
    assert wire == encoder(struct)(oracle.pythonic_struct(struct, values))
    decoded, end = decoder(struct)(b"\xffpad" + wire + b"next", 4)
    assert values == oracle.plain(decoded)
    assert 4 + len(wire) == end
    assert wire == encoder(struct)(decoded)


@every_struct
@FEW
@given(data=st.data())
def test_damaged_bytes_decode_as_the_oracle_does_or_are_refused_as_there(struct: str, data: st.DataObject) -> None:
    wire = bytearray(oracle.encode_struct(struct, data.draw(oracle.struct_values(struct))))
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(25):
        damaged = damage(wire, chance)
        assert oracle_result(struct, damaged) == codec_result(struct, damaged)


def damage(wire: bytearray, chance: random.Random) -> bytes:
    damaged = bytearray(wire)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(damaged))
        damaged[place] = chance.choice([0, 1, 2, 7, 8, 127, 128, 255])
    return bytes(damaged[: chance.choice([len(damaged), chance.randint(0, len(damaged))])])


def oracle_result(struct: str, wire: bytes) -> str:
    try:
        return repr(oracle.decode_struct(struct, wire, 0))
    except oracle.MalformedError:
        return "malformed"


def codec_result(struct: str, wire: bytes) -> str:
    try:
        values, end = decoder(struct)(wire, 0)
    except CodecError:
        return "malformed"
    return repr((oracle.plain(values), end))
