"""The codecs against real traffic."""

from __future__ import annotations

from collections import Counter

import pytest

from plugins.remote.tests.protocol.vectors import Vector, vectors
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import CodecError, decoder, encoder

VECTORS = vectors()
WITH_STRUCT = [vector for vector in VECTORS if vector.struct]


def test_there_are_frames_of_every_program() -> None:
    programs = Counter(vector.procedure.program for vector in VECTORS)
    assert {"remote": 760, "qemu": 5, "keepalive": 3, "lxc": 1, "admin": 1} == programs
    assert set(schema.PROGRAMS) - {"virtkit"} == set(programs)  # libvirt has none of ours


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_frame_decodes_and_encodes_to_the_same_bytes(vector: Vector) -> None:
    if vector.struct is None:
        assert b"" == vector.payload[vector.offset :]
        return
    values, end = decoder(vector.struct)(vector.payload, vector.offset)
    assert len(vector.payload) == end
    assert vector.payload[vector.offset :] == encoder(vector.struct)(values)


@pytest.mark.parametrize("vector", WITH_STRUCT, ids=str)
def test_a_frame_that_ends_early_is_refused_wherever_it_ends(vector: Vector) -> None:
    assert vector.struct is not None
    decode = decoder(vector.struct)
    for end in range(vector.offset, len(vector.payload)):
        with pytest.raises(CodecError):
            decode(vector.payload[:end], vector.offset)


@pytest.mark.parametrize("vector", WITH_STRUCT, ids=str)
def test_bytes_behind_a_struct_are_not_looked_at(vector: Vector) -> None:
    assert vector.struct is not None
    decode = decoder(vector.struct)
    assert decode(vector.payload, vector.offset) == decode(vector.payload + b"\xff" * 9, vector.offset)
