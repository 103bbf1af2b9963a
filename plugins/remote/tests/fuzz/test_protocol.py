"""Feed the splitter and the decoders of all programs with bytes that nobody meant well.

A few seconds as part of the tests; for as long as wanted by itself:

    python -m plugins.remote.tests.fuzz.test_protocol 600

Whatever comes in, the only outcomes are values, `FrameError` and `CodecError`, and values can be encoded again.
"""

from __future__ import annotations

import struct
import sys
import time

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from plugins.remote.tests.protocol.vectors import Vector, vectors
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import CodecError, decoder, encoder
from virtkit_remote.protocol.failures import decode_error, encode_error
from virtkit_remote.protocol.frames import HEADER, FrameError, MessageType, Splitter, Status, pack

LIMIT = 65536
"""Bytes of the longest message that the splitter under test accepts."""

STRUCT_OF = {
    MessageType.CALL: "args",
    MessageType.CALL_WITH_FDS: "args",
    MessageType.REPLY: "ret",
    MessageType.REPLY_WITH_FDS: "ret",
    MessageType.MESSAGE: "msg",
}
WORDS = st.sampled_from([0, 1, 2, 4, 7, 16, 17, 64, 79, 80, 16384, 16385, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1])
PAYLOADS = st.lists(WORDS.map(struct.Struct(">I").pack) | st.binary(max_size=12), max_size=20).map(b"".join)
PROCEDURES = st.sampled_from([each for program in schema.PROGRAMS for each in schema.procedures(program)])


def whole(vector: Vector) -> bytes:
    return pack(
        schema.PROGRAMS[vector.procedure.program],
        vector.procedure.number,
        vector.type,
        1,
        vector.status,
        vector.payload,
    )


@st.composite
def made_up(draw: st.DrawFn) -> bytes:
    """A message of a procedure there is, with any payload."""
    procedure = draw(PROCEDURES)
    kind, status = draw(st.sampled_from(MessageType)), draw(st.sampled_from(Status))
    return pack(schema.PROGRAMS[procedure.program], procedure.number, kind, 1, status, draw(PAYLOADS))


@st.composite
def damaged(draw: st.DrawFn, messages: SearchStrategy[bytes]) -> bytes:
    """A message some of whose words are other ones."""
    message = bytearray(draw(messages))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(message) // 4 - 1)) * 4
        message[place : place + 4] = struct.pack(">I", draw(WORDS))
    return bytes(message)


MESSAGES = st.sampled_from([whole(vector) for vector in vectors()]) | made_up()
STREAMS = st.lists(MESSAGES | damaged(MESSAGES) | st.binary(max_size=40), min_size=1, max_size=5).map(b"".join)


def serve(wire: bytes, cut: int) -> None:
    """Do with the bytes of a connection what a daemon or a client does."""
    splitter = Splitter(limit=LIMIT)
    try:
        messages = splitter.feed(wire[:cut]) + splitter.feed(wire[cut:])
    except FrameError:
        return
    for message in messages:
        assert len(message) <= LIMIT
        try:
            receive(message)
        except CodecError:
            continue


def receive(message: bytes) -> None:
    _, program, _, number, kind, _, status = HEADER.unpack_from(message)
    found = schema.procedure(program, number)
    if status == Status.ERROR:
        encode_error(decode_error(message, HEADER.size))
    elif found is not None and kind in STRUCT_OF:
        struct = getattr(found, STRUCT_OF[MessageType(kind)])
        offset = HEADER.size + 4 * (kind in (MessageType.CALL_WITH_FDS, MessageType.REPLY_WITH_FDS))
        if struct is not None:
            values, end = decoder(struct)(message, offset)
            assert end <= len(message)
            assert values_again(struct, values) == repr(values)


def values_again(struct: str, values: tuple[object, ...]) -> str:
    """What is left of values once they have been encoded: the same. NaN, which equals nothing, compares as text."""
    return repr(decoder(struct)(encoder(struct)(values), 0)[0])


def fuzz(examples: int, start: int) -> None:
    """Try so many streams of messages, those that follow from a seed."""

    @seed(start)
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STREAMS, st.integers(0, 200))
    def attack(wire: bytes, cut: int) -> None:
        serve(wire, cut)

    attack()


def test_no_bytes_do_more_than_end_a_connection_or_fail_a_call() -> None:
    fuzz(examples=1500, start=0)


def main(seconds: float) -> None:
    deadline, rounds = time.monotonic() + seconds, 0
    first = time.time_ns()
    while time.monotonic() < deadline:
        fuzz(examples=5000, start=first + rounds)
        rounds += 1
        sys.stdout.write(f"{rounds * 5000} streams, seeds from {first}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
