"""Events as messages, and back.

Every event has a procedure of its own, the older ones two: in the old style a client has one registration for each
event and the message begins with the object; in the new one it begins with the number of the callback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from virtkit.events import EVENTS, EventKey
from virtkit_remote.binding.returned import record_maker
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import HEADER, MESSAGE, OK, pack
from virtkit_remote.protocol.schema import Procedure, fields, procedures
from virtkit_remote.protocol.tables import PROGRAMS

EVENT_SERIAL = 1
"""The serial of every event."""

NO_CALLBACK = -1
"""In place of a callback's number in the old style."""

Encode = Callable[[int, Any, Any], bytes]
"""(number of the callback, reference, record) -> message."""

Decode = Callable[[bytes], tuple[int, Any, Any]]
"""Message -> (number of the callback, reference, record)."""


@cache
def event_procedures() -> dict[tuple[EventKey, str], Procedure]:
    """(event, style) -> its procedure; the style is `callback` or `legacy`."""
    return {
        (EventKey(each.event_class, max(0, each.event_id)), each.event_style): each
        for program in ("remote", "qemu")
        for each in procedures(program)
        if each.kind == "event" and EventKey(each.event_class, max(0, each.event_id)) in EVENTS
    }


@cache
def event_encoder(key: EventKey, style: str = "callback") -> Encode:
    """What makes the message of an event.

    Raises:
        KeyError: The event has no message of that style.
    """
    procedure = event_procedures()[key, style]
    assert procedure.msg
    names = [field.name for field in fields(procedure.msg)]
    encode = encoder(procedure.msg)
    program, number = PROGRAMS[procedure.program], procedure.number

    def values(callback: int, ref: Any, record: Any) -> Any:
        if names[0] != "callbackID":  # the old style; it has no reason for a guest that sleeps or wakes
            return (ref, *record[: len(names) - 1])
        if "msg" not in names:
            return (callback, ref, *record)
        return (callback, *record, (ref,)) if "reason" in names else (callback, (ref, *record))

    return lambda callback, ref, record: pack(
        program, number, MESSAGE, EVENT_SERIAL, OK, encode(values(callback, ref, record))
    )


@cache
def event_decoder(program: int, number: int) -> tuple[EventKey, Decode] | None:
    """The event that a procedure tells of, and what reads its message; None where it is no event."""
    for (key, style), procedure in event_procedures().items():
        if (PROGRAMS[procedure.program], procedure.number) == (program, number):
            return key, _decode(procedure, key, style)
    return None


def _decode(procedure: Procedure, key: EventKey, style: str) -> Decode:
    assert procedure.msg
    names = [field.name for field in fields(procedure.msg)]
    decode, made = decoder(procedure.msg), record_maker(EVENTS[key])
    missing = (0,) * (len(EVENTS[key]._fields) - len(names) + 1) if style == "legacy" else ()  # type: ignore[attr-defined]

    def call(message: bytes) -> tuple[int, Any, Any]:
        values = decode(message, HEADER.size)[0]
        if style == "legacy":
            return NO_CALLBACK, values[0], made((*values[1:], *missing))
        if "msg" not in names:
            return values[0], values[1], made(values[2:])
        inner = values[-1]
        return values[0], inner[0], made((*values[1:-1], *inner[1:]))

    return call
