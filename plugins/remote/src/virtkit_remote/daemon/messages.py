"""Messages that answer another one: of the same program, procedure and serial."""

from __future__ import annotations

import struct

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, VirtError
from virtkit_remote.protocol.failures import encode_error
from virtkit_remote.protocol.frames import (
    CALL_WITH_FDS,
    ERROR,
    HEADER,
    OK,
    PAYLOAD_MAX,
    REPLY,
    REPLY_WITH_FDS,
    STREAM,
    MessageType,
)

_LENGTH = struct.Struct(">I")
_COUNT = struct.Struct(">I")

CALL = slice(4, 20)
"""Where a message names its program, version, procedure and type: what a call is routed by."""

TYPE = slice(16, 20)
STREAM_OF = slice(4, 16)
SERIAL = slice(20, 24)
STATUS = slice(24, 28)

GOOD = _LENGTH.pack(OK)
"""The status of a message without fault."""

WITH_FILES, REPLY_WITH_FILES = _LENGTH.pack(CALL_WITH_FDS), _LENGTH.pack(REPLY_WITH_FDS)
"""Types of messages behind which descriptors come."""

_REPLY, _FAILED = _LENGTH.pack(REPLY), _LENGTH.pack(ERROR)


def reply(message: bytes, payload: bytes) -> bytes:
    """The reply to a call.

    Raises:
        InternalError: It is longer than a client takes.
    """
    if len(payload) > PAYLOAD_MAX:
        raise InternalError(
            f"the answer has {len(payload)} bytes, and {PAYLOAD_MAX} are allowed: ask for less at once",
            domain=ErrorDomain.RPC,
        )
    return b"".join(
        (_LENGTH.pack(28 + len(payload)), message[STREAM_OF], _REPLY, message[SERIAL], GOOD, payload),
    )


def reply_with_files(message: bytes, payload: bytes, files: int) -> bytes:
    """The reply to a call behind which some descriptors follow."""
    return answer(message, REPLY_WITH_FDS, OK, _COUNT.pack(files) + payload)


def refusal(message: bytes, error: VirtError) -> bytes:
    """The reply to a call that failed."""
    payload = encode_error(error)
    return b"".join(
        (_LENGTH.pack(28 + len(payload)), message[STREAM_OF], _REPLY, message[SERIAL], _FAILED, payload),
    )


def answer(message: bytes, type: int, status: int, payload: bytes = b"") -> bytes:
    """A message of some type and status that belongs to another one, of a stream for instance."""
    _, program, version, procedure, _, serial, _ = HEADER.unpack_from(message)
    return HEADER.pack(28 + len(payload), program, version, procedure, type, serial, status) + payload


def packet(opening: bytes, status: int, payload: bytes = b"", type: int = STREAM) -> bytes:
    """A packet of the stream that a call opened."""
    return answer(opening, type, status, payload)


def stream_key(message: bytes) -> bytes:
    """What a packet and the call that opened its stream have in common."""
    return message[STREAM_OF] + message[SERIAL]


def shown(message: bytes) -> str:
    """A message for the log."""
    _, program, _, procedure, type, serial, status = HEADER.unpack_from(message)
    try:
        kind = MessageType(type).name
    except ValueError:
        kind = f"type {type}"
    return f"{kind} of procedure {procedure} in program {program:#x}, serial {serial}, status {status}"
