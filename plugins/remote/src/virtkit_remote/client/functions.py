"""Which function serves a hook, by what the hook's call looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from virtkit_remote.binding.calling import Call, call_of
from virtkit_remote.client.plans import Plan, plan_of

Maker = Callable[[Call], Callable[..., Any]]


class Makers(NamedTuple):
    """What makes the functions for hooks that are one call; the first parameter of each function is a session.

    Attributes:
        plain: Of a call that takes and returns values only.
        streaming: Of a call that opens a stream, perhaps behind something else.
        with_files: Of a call that takes or returns descriptors.
    """

    plain: Maker
    streaming: Maker
    with_files: Maker


def function_of(name: str, makers: Makers) -> Callable[..., Any] | None:
    """The function for a hook, with the session as its first parameter; None where no procedure has the name."""
    try:
        call, plan = call_of(name), plan_of(name)
    except KeyError:
        return None
    if plan is not None:
        return _planned(plan)
    if call.procedure.stream:
        return makers.streaming(call)
    if call.procedure.fds_call or call.procedure.fds_reply:
        return makers.with_files(call)
    return makers.plain(call)


def _planned(plan: Callable[..., Plan]) -> Callable[..., Any]:
    """The function for a hook of several calls."""
    return lambda session, *arguments: session.follow(plan(session.facts, *arguments))
