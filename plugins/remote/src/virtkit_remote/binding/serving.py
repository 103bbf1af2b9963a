"""The server's side of a procedure: from a message to the payload of its reply.

Each function is made for one procedure and one operation (a hook bound to a connection), since both are known once a
client has made its first call of that kind; what it does per call is decode, call, encode.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError
from virtkit_remote.binding.shape import Shape, shape
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import CALL_WITH_FDS, HEADER

Operation = Callable[..., Any]
Handler = Callable[[bytes], bytes]
"""Takes a whole message, returns the payload of the reply."""

START = HEADER.size
"""Where the payload of a message begins."""

FDS = 4
"""The count of descriptors that stands before the payload of a message that carries some."""


def handler(name: str, operation: Operation) -> Handler:
    """The function that serves a plain procedure: one without descriptors and streams."""
    found = shape(name)
    answer = _answering(found)
    if found.procedure.args is None:
        return lambda message: answer((), operation())
    decode = decoder(found.procedure.args)
    take = found.take
    if answer is _nothing and take is None:  # the two most frequent forms go straight to the operation

        def command(message: bytes) -> bytes:
            operation(*decode(message, START)[0])
            return b""

        return command
    if take is None:

        def question(message: bytes) -> bytes:
            arguments = decode(message, START)[0]
            return answer(arguments, operation(*arguments))

        return question

    def call(message: bytes) -> bytes:
        arguments = decode(message, START)[0]
        return answer(arguments, operation(*take(arguments)))

    return call


def parts(name: str, operation: Operation) -> tuple[Callable[[bytes], Sequence[Any]], Callable[[Sequence[Any]], bytes]]:
    """The two halves of `handler`: message -> wire arguments, and these -> payload."""
    found = shape(name)
    answer, take = _answering(found), found.take or (lambda arguments: arguments)
    if found.procedure.args is None:
        return lambda message: (), lambda arguments: answer((), operation())
    decode = decoder(found.procedure.args)
    return (
        lambda message: decode(message, START)[0],
        lambda arguments: answer(arguments, operation(*take(arguments))),
    )


def file_handler(name: str, operation: Operation) -> Callable[[bytes, Sequence[int]], tuple[bytes, list[int]]]:
    """The function that serves a procedure that takes or returns descriptors: (message, files) -> (payload, files).

    The descriptors taken belong to the caller of the handler, those returned to it from then on.
    """
    found = shape(name)
    procedure = found.procedure
    answer = _answering(found)
    decode = decoder(procedure.args) if procedure.args else None

    def call(message: bytes, files: Sequence[int]) -> tuple[bytes, list[int]]:
        start = START + FDS if HEADER.unpack_from(message)[4] == CALL_WITH_FDS else START
        arguments = decode(message, start)[0] if decode else ()
        given = {0: (), 1: tuple(files)}.get(procedure.fds_call, (list(files),))
        result = operation(*arguments, *given)
        if not procedure.fds_reply:
            return answer(arguments, result), []
        if procedure.ret is None:
            return b"", _descriptors(name, [result] if procedure.fds_reply == 1 else result)
        value, out = result
        out = _descriptors(name, out)
        try:
            return answer(arguments, value), out
        except BaseException:
            for file in out:
                os.close(file)
            raise

    return call


def _descriptors(name: str, result: Any) -> list[int]:
    if isinstance(result, list | tuple) and all(type(file) is int and file >= 0 for file in result):
        return list(result)
    raise InternalError(
        f"{name}: the driver returned {result!r:.200} in place of descriptors; report it to the driver's author",
        domain=ErrorDomain.RPC,
    )


def stream_handler(name: str, operation: Operation) -> Callable[[bytes], tuple[bytes, Any]]:
    """The function that serves a procedure that opens a stream: message -> (payload, source, sink or duplex)."""
    found = shape(name)
    procedure = found.procedure
    decode = decoder(procedure.args) if procedure.args else None
    encode = encoder(procedure.ret) if procedure.ret else None

    def call(message: bytes) -> tuple[bytes, Any]:
        result = operation(*(decode(message, START)[0] if decode else ()))
        if encode is None:
            return b"", result
        *values, stream = result
        return encode(values), stream

    return call


def _nothing(_: Sequence[Any], result: Any) -> bytes:
    return b""


def _answering(found: Shape) -> Callable[[Sequence[Any], Any], bytes]:
    """What encodes a result; a driver that returns what its specification does not allow is told of."""
    ret, give = found.procedure.ret, found.give
    if ret is None or give is None:
        return _nothing
    encode = encoder(ret)

    def answer(arguments: Sequence[Any], result: Any) -> bytes:
        try:
            payload: bytes = encode(give(arguments, result))
        except InternalError:
            raise
        except Exception as cause:
            raise InternalError(
                f"{found.procedure.name}: the driver returned {result!r:.200}, which does not fit ({cause}); "
                "report it to the driver's author",
                domain=ErrorDomain.RPC,
            ) from cause
        return payload

    return answer
