"""Where messages begin and end."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.enums import ErrorDomain, ErrorNumber
from virtkit_remote.protocol.frames import (
    CALL,
    CALL_WITH_FDS,
    ERROR,
    FDS_MAX,
    HEADER,
    MESSAGE_MAX,
    PAYLOAD_MAX,
    REPLY,
    REPLY_WITH_FDS,
    FrameError,
    MessageType,
    Splitter,
    Status,
    pack,
)

REMOTE = 0x20008086


def frame(payload: bytes = b"", type: int = CALL) -> bytes:
    return pack(REMOTE, 66, type, 0, 0, payload)


def with_fds(count: int, type: int = CALL_WITH_FDS) -> bytes:
    return frame(struct.pack(">I", count) + b"args", type)


MESSAGES = [frame(), with_fds(3), frame(b"payload!"), with_fds(0), with_fds(1, REPLY_WITH_FDS), frame(b"x" * 100)]
WIRE = b"".join([MESSAGES[0], MESSAGES[1], bytes(3), *MESSAGES[2:5], bytes(1), MESSAGES[5]])
"""The messages as they travel: a byte per descriptor behind the message it comes with."""


def split(*pieces: bytes) -> list[bytes]:
    splitter = Splitter()
    return [message for piece in pieces for message in splitter.feed(piece)]


def test_a_message_is_packed_as_libvirt_has_it() -> None:
    wire = pack(REMOTE, 60, REPLY, 5, ERROR, b"\0\0\0\1")
    assert bytes.fromhex("00000020 20008086 00000001 0000003c 00000001 00000005 00000001 00000001") == wire
    assert (32, REMOTE, 1, 60, MessageType.REPLY, 5, Status.ERROR) == HEADER.unpack_from(wire)


def test_a_foreign_version_can_be_echoed() -> None:
    assert 2 == HEADER.unpack_from(pack(REMOTE, 66, REPLY, 7, ERROR, b"", version=2))[2]


def test_procedure_numbers_may_be_negative() -> None:
    assert -1 == HEADER.unpack_from(pack(REMOTE, -1, REPLY, 7, ERROR, b""))[3]


def test_the_longest_message_can_be_packed_and_split_and_no_longer_one() -> None:
    longest = frame(bytes(PAYLOAD_MAX))
    assert MESSAGE_MAX == len(longest)
    assert [longest] == split(longest[:50], longest[50:])
    with pytest.raises(FrameError, match=f"{MESSAGE_MAX + 1} bytes is too long"):
        frame(bytes(PAYLOAD_MAX + 1))


def test_data_that_is_one_message_is_handed_over_as_it_is() -> None:
    message = frame(b"payload!")
    assert message is Splitter().feed(message)[0]


def test_many_messages_at_once_are_split() -> None:
    assert MESSAGES == split(WIRE)


@pytest.mark.parametrize("place", range(len(WIRE) + 1))
def test_messages_may_be_cut_anywhere(place: int) -> None:
    assert MESSAGES == split(WIRE[:place], WIRE[place:])


def test_messages_may_come_byte_by_byte() -> None:
    assert MESSAGES == split(*(WIRE[place : place + 1] for place in range(len(WIRE))))


@given(st.lists(st.integers(0, len(WIRE)), max_size=20).map(sorted))
def test_messages_may_come_in_any_pieces(cuts: list[int]) -> None:
    places = [0, *cuts, len(WIRE)]
    pieces = [WIRE[start:end] for start, end in itertools.pairwise(places)]
    assert MESSAGES == split(*pieces)


def test_what_is_kept_is_counted() -> None:
    splitter = Splitter()
    splitter.feed(frame() + frame(b"payload!")[:30])
    assert 30 == splitter.pending
    splitter.feed(b"load!!")
    assert 0 == splitter.pending


def test_what_a_message_lacks_is_told() -> None:
    splitter = Splitter()
    assert 0 == splitter.missing
    splitter.feed(frame() + frame(b"payload!")[:30])
    assert 6 == splitter.missing
    splitter.feed(b"load!!")
    assert 0 == splitter.missing


def test_a_message_with_descriptors_waits_for_their_bytes() -> None:
    splitter = Splitter()
    assert [] == splitter.feed(with_fds(2))
    assert [] == splitter.feed(b"\0")
    assert [with_fds(2), frame()] == splitter.feed(b"\0" + frame())


def test_a_message_whose_number_of_descriptors_is_missing_comes_without_any() -> None:
    assert [frame(b"", CALL_WITH_FDS), frame()] == split(frame(b"", CALL_WITH_FDS) + frame())


def test_too_many_descriptors_end_the_connection() -> None:
    assert [with_fds(FDS_MAX)] == split(with_fds(FDS_MAX) + bytes(FDS_MAX))
    with pytest.raises(FrameError, match="33 descriptors: 32 are allowed"):
        split(with_fds(FDS_MAX + 1))


@pytest.mark.parametrize("length", [0, 3, 4, 27, MESSAGE_MAX + 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("size", [4, 28, 64])
def test_a_bad_length_ends_the_connection_as_soon_as_it_is_seen(length: int, size: int) -> None:
    with pytest.raises(FrameError, match=f"cannot have {length} bytes") as caught:
        Splitter().feed((struct.pack(">I", length) + bytes(60))[:size])
    assert (ErrorNumber.RPC, ErrorDomain.RPC) == (caught.value.code, caught.value.domain)


def test_a_bad_length_behind_a_message_is_seen() -> None:
    splitter = Splitter()
    splitter.feed(frame() + b"\0\0")
    with pytest.raises(FrameError):
        splitter.feed(b"\0\1")


def test_a_lower_limit_may_be_set() -> None:
    assert [frame(b"four")] == Splitter(limit=32).feed(frame(b"four"))
    with pytest.raises(FrameError, match="28 to 32 are allowed"):
        Splitter(limit=32).feed(frame(b"fives"))
