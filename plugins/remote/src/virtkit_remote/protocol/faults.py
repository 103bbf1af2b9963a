"""What a peer can do wrong: bytes that are no message, and messages that mean nothing."""

from __future__ import annotations

from typing import Any

from virtkit.enums import ErrorDomain
from virtkit.errors import RPCError


class ProtocolError(RPCError):
    """A breach of the protocol."""

    def __init__(self, message: str, *, domain: int = ErrorDomain.RPC, **fields: Any) -> None:
        super().__init__(message, domain=domain, **fields)


class FrameError(ProtocolError):
    """A length that the protocol does not allow. There is no way to find the next message: end the connection."""


class CodecError(ProtocolError):
    """Values that do not fit their types, on the way in or out; the message names struct and field.

    Only the one message is lost: a server answers it with this error and goes on.
    """
