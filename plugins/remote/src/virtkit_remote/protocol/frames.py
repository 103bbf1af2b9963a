"""Messages as bytes: where one ends and the next begins, and what stands in front of its payload."""

from __future__ import annotations

import struct
from enum import IntEnum

from virtkit_remote.protocol.faults import FrameError as FrameError

VERSION = 1
"""The version of every program."""

HEADER = struct.Struct(">IIIiIII")
"""Length of the message with this header, program, version, procedure, type, serial, status."""

MESSAGE_MAX = 33_554_436
"""Bytes of a message with its length word: libvirt's limit, 32 MiB without it."""

PAYLOAD_MAX = MESSAGE_MAX - HEADER.size
STREAM_PAYLOAD_MAX = 262_120
"""Bytes of data in a packet of a stream: what every client accepts."""

STRING_MAX = 4_194_304
"""Bytes of a string."""

FDS_MAX = 32
"""Descriptors that may come with a message."""


class MessageType(IntEnum):
    """What a message is; see the table of streams in `virtkit_remote.protocol`."""

    CALL = 0
    REPLY = 1
    MESSAGE = 2
    STREAM = 3
    CALL_WITH_FDS = 4
    REPLY_WITH_FDS = 5
    STREAM_HOLE = 6


class Status(IntEnum):
    """Whether a reply succeeded; in a stream also whether more is to come."""

    OK = 0
    ERROR = 1
    CONTINUE = 2


# The same as plain ints, which cost a third as much to pass on and compare.
CALL, REPLY, MESSAGE, STREAM, CALL_WITH_FDS, REPLY_WITH_FDS, STREAM_HOLE = map(int, MessageType)
OK, ERROR, CONTINUE = map(int, Status)

_WITH_FDS = frozenset((CALL_WITH_FDS, REPLY_WITH_FDS))
_LENGTH = struct.Struct(">I")
_LENGTH_AND_TYPE = struct.Struct(">I12xI")


def pack(
    program: int, procedure: int, type: int, serial: int, status: int, payload: bytes, version: int = VERSION
) -> bytes:
    """A whole message.

    Raises:
        FrameError: The payload is longer than `PAYLOAD_MAX`.
    """
    length = 28 + len(payload)
    if length > MESSAGE_MAX:
        raise FrameError(f"a message of {length} bytes is too long, {MESSAGE_MAX} are allowed: ask for less at once")
    return HEADER.pack(length, program, version, procedure, type, serial, status) + payload


class Splitter:
    """Cuts a stream of bytes into messages.

    Each descriptor that comes with a message travels with one byte of its own behind it (`protocol`), which is no part
    of any message. Those bytes are taken out here, and the message is handed over only when they are there: the
    descriptors that came with all bytes fed so far are then at hand.
    """

    def __init__(self, limit: int = MESSAGE_MAX) -> None:
        """Make one.

        Args:
            limit: Bytes of the longest message to accept, its header included.
        """
        self.limit = limit
        self.pending = 0
        """Bytes kept of a message that is not complete."""
        self._kept = bytearray()
        self._needed = 4

    @property
    def missing(self) -> int:
        """Bytes without which the message that is kept cannot be complete; 0 where none is kept."""
        return self._needed - self.pending if self.pending else 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with some more bytes, each with its header.

        Where the bytes are exactly one message, that very object is handed over.

        Raises:
            FrameError: A message is shorter than a header, longer than the limit or comes with too many descriptors.
                Messages before it in the same bytes are lost.
        """
        if self.pending:
            self.pending += len(data)
            self._kept += data
            if self.pending < self._needed:
                return []
            data = bytes(self._kept)
        elif len(data) >= 28:
            length, type_ = _LENGTH_AND_TYPE.unpack_from(data)
            if length == len(data) <= self.limit and type_ not in _WITH_FDS:
                return [data]
        return self._split(data)

    def _split(self, data: bytes) -> list[bytes]:
        messages = []
        start, size = 0, len(data)
        while size - start >= (needed := self._extent(data, start, size)):
            end = start + _LENGTH.unpack_from(data, start)[0]
            messages.append(data[start:end])
            start += needed
        self._needed = needed
        self.pending = size - start
        self._kept = bytearray(data[start:])
        return messages

    def _extent(self, data: bytes, start: int, size: int) -> int:
        """Bytes from the start of a message to that of the next, as far as they can be told: at least that many."""
        if size - start < 4:
            return 4
        length: int = _LENGTH.unpack_from(data, start)[0]
        if not 28 <= length <= self.limit:
            raise FrameError(f"a message cannot have {length} bytes: 28 to {self.limit} are allowed")
        if length < 32 or size - start < 32 or _LENGTH_AND_TYPE.unpack_from(data, start)[1] not in _WITH_FDS:
            return length
        fds: int = _LENGTH.unpack_from(data, start + 28)[0]
        if fds > FDS_MAX:
            raise FrameError(f"a message cannot come with {fds} descriptors: {FDS_MAX} are allowed")
        return length + fds
