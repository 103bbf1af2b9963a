"""The client's side of a procedure: from the arguments of a hook to its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from virtkit_remote.binding.shape import shape
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import HEADER
from virtkit_remote.protocol.schema import Procedure
from virtkit_remote.protocol.tables import PROGRAMS

START = HEADER.size


class Call(NamedTuple):
    """How a procedure is called.

    Attributes:
        procedure: The procedure; `program` is its program's number.
        request: (arguments of the hook, count) -> payload.
        results: The reply, from where its payload begins -> wire results.
        result: (arguments of the hook, wire results) -> what the hook returns.
        counted: Wire results of a first call with the count 0 -> the count for the second; None where one call does.
        most: The count of a single call.
    """

    procedure: Procedure
    program: int
    request: Callable[[Sequence[Any], int], bytes]
    results: Callable[[bytes, int], Sequence[Any]]
    result: Callable[[Sequence[Any], Sequence[Any]], Any]
    counted: Callable[[Sequence[Any]], int] | None
    most: int


@cache
def call_of(name: str) -> Call:
    """How the procedure of a hook is called.

    Raises:
        KeyError: No procedure has that name.
    """
    found = shape(name)
    procedure = found.procedure
    return Call(
        procedure,
        PROGRAMS[procedure.program],
        _request(procedure, found.ask),
        _results(procedure),
        found.get or (lambda arguments, results: None),
        found.counted,
        found.most,
    )


def _request(
    procedure: Procedure, ask: Callable[[Sequence[Any], int], Sequence[Any]] | None
) -> Callable[[Sequence[Any], int], bytes]:
    if procedure.args is None:
        return lambda arguments, count: b""
    encode = encoder(procedure.args)
    if ask is None:
        return lambda arguments, count: encode(arguments)
    return lambda arguments, count: encode(ask(arguments, count))


def _results(procedure: Procedure) -> Callable[[bytes, int], Sequence[Any]]:
    if procedure.ret is None:
        return lambda message, start: ()
    decode = decoder(procedure.ret)
    return lambda message, start: decode(message, start)[0]
