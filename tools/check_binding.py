"""Compare the procedures of the wire with what answers and what calls them in the remote plugin.

    python tools/check_binding.py            print what is wrong; exit 1 if anything is
    python tools/check_binding.py --list     print a row per procedure: how each side has it

Every procedure of every program is answered by the daemon and called by the client, or a reason stands here. The
arguments that a shape keeps are the parameters of the hook, in their order and with their names. Every event has a
message. What is written out by hand is there for a procedure that exists.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from keyword import iskeyword
from typing import Any, NamedTuple

from virtkit.discovery import Function, functions
from virtkit.events import EVENTS
from virtkit_remote.binding import irregular
from virtkit_remote.binding.events import event_procedures
from virtkit_remote.binding.shape import Shape, shape
from virtkit_remote.client import plans
from virtkit_remote.client.hub import REGISTRATION
from virtkit_remote.daemon.admin import ADMIN
from virtkit_remote.daemon.procedures import MAIN
from virtkit_remote.protocol.schema import PROGRAMS, Procedure, fields, procedures

SESSION = frozenset(
    ("connect_open", "connect_close", "auth_list", "auth_sasl_init", "auth_sasl_start", "auth_sasl_step", "auth_polkit")
)
"""Procedures that the client calls to open and close a connection."""

NOT_CALLED = {
    "connect_domain_event_register": "older form of the events that the client asks for",
    "connect_domain_event_deregister": "older form of the events that the client asks for",
    "connect_domain_event_register_any": "older form of the events that the client asks for",
    "connect_domain_event_deregister_any": "older form of the events that the client asks for",
    "connect_get_uri": "the client knows what it has opened",
    "connect_register_close_callback": "the client sees the end of its own connection",
    "connect_unregister_close_callback": "the client sees the end of its own connection",
    "connect_set_identity": "for daemons that call on behalf of others",
}
"""Procedures that the client has no use for -> why. Those of the admin program are virt-admin's."""

OTHER_MESSAGES = {
    "keepalive_ping": "channel",
    "keepalive_pong": "channel",
    "connect_event_connection_closed": "daemon",
}
"""Messages that are no event of the API -> who sends them; the last says that a driver's own connection has ended."""

RENAMED = {("domain_pin_iothread", "iothreads_id"): "iothread_id", ("nwfilter_binding", "nwfilter"): "binding"}
"""(what a hook's name begins with, field) -> parameter, where the field's name misleads."""

REFERENCE = "dev"
"""The parameter that a shape makes a reference of a name for."""

MISSING = "MISSING"


class Row(NamedTuple):
    """How both sides have a procedure."""

    procedure: Procedure
    daemon: str
    client: str

    def __str__(self) -> str:
        return f"{self.procedure.program:<10}{self.procedure.name:<52}{self.daemon:<13}{self.client}"


def rows(
    hooks: Mapping[str, Function], main: Collection[str] = MAIN.keys(), admin: Collection[str] = ADMIN.keys()
) -> Iterator[Row]:
    """A row per procedure.

    Args:
        hooks: The functions of the API by name.
        main: Procedures that the daemon answers itself.
        admin: Procedures of the admin socket.
    """
    for program in PROGRAMS:
        for procedure in procedures(program):
            if procedure.kind != "call":
                yield Row(procedure, *_message(procedure))
            elif program == "admin":
                yield Row(procedure, "daemon" if procedure.name in admin else MISSING, "virt-admin")
            else:
                yield Row(procedure, _answered(procedure, hooks, main), _called(procedure, hooks))


def _message(procedure: Procedure) -> tuple[str, str]:
    other = OTHER_MESSAGES.get(procedure.name)
    if other:
        return other, "channel" if other == "channel" else "dropped"
    return ("event", "event") if procedure in event_procedures().values() else (MISSING, MISSING)


def _answered(procedure: Procedure, hooks: Mapping[str, Function], main: Collection[str]) -> str:
    if procedure.name in main:
        return "daemon"
    return _form(procedure) if procedure.name in hooks else MISSING


def _called(procedure: Procedure, hooks: Mapping[str, Function]) -> str:
    name = procedure.name
    if name in SESSION:
        return "session"
    if any(name in pair for pair in REGISTRATION.values()):
        return "events"
    if name in NOT_CALLED:
        return f"not called: {NOT_CALLED[name]}"
    if name in plans.IRREGULAR:
        return "several calls"
    return _form(procedure) if name in hooks else MISSING


def _form(procedure: Procedure) -> str:
    if procedure.stream:
        return "stream"
    if procedure.fds_call or procedure.fds_reply:
        return "descriptors"
    return "adapted" if procedure.name in irregular.IRREGULAR else "derived"


class _Field(str):
    """The name of a field in place of its value, as which it stays where a shape asks whether that is 0."""

    __hash__ = str.__hash__

    def __ne__(self, other: object) -> Any:
        return self if other == 0 else super().__ne__(other)


def unmatched(hook: Function, found: Shape) -> Iterator[str]:
    """Where the parameters of a hook are not the arguments that its shape keeps."""
    names = [_Field(field.name) for field in fields(found.procedure.args)] if found.procedure.args else []
    kept: Iterable[object] = names if found.take is None else found.take(names)
    given = list(hook.parameters[: len(hook.parameters) - bool(found.procedure.fds_call)])
    wanted = [_parameter(hook.name, field) for field in kept]
    if given != wanted:
        yield f"{hook.name} takes {', '.join(given)}; the wire has {', '.join(wanted)}"
    values = [0 if name == "flags" else name for name in given]
    if found.ask is not None and len(found.ask(values, 1)) != len(names):
        yield f"{hook.name}: the client sends {len(found.ask(values, 1))} arguments of {len(names)}"


def _parameter(hook: str, field: object) -> str:
    """What a field is called as a parameter."""
    if isinstance(field, tuple):
        return REFERENCE
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(field)).lower()
    for (beginning, name), instead in RENAMED.items():
        if snake == name and hook.startswith(beginning):
            return instead
    return f"{snake}_" if iskeyword(snake) else snake


def problems() -> Iterator[str]:
    """All that is wrong."""
    hooks = functions()
    table = list(rows(hooks))
    known = {row.procedure.name for row in table}
    for row in table:
        for side in ("daemon", "client"):
            if getattr(row, side) == MISSING:
                yield f"{row.procedure.program} {row.procedure.name}: nobody has it on the {side}'s side"
    for name, hook in hooks.items():
        if name not in known:
            yield f"{name}: no procedure has the name of this hook"
        elif name not in MAIN:
            yield from unmatched(hook, shape(name))
    tables: dict[str, Collection[str]] = {"irregular": irregular.IRREGULAR, "plans": plans.IRREGULAR}
    tables |= {"MAIN": MAIN, "ADMIN": ADMIN, "NOT_CALLED": NOT_CALLED, "SESSION": SESSION}
    for where, names in tables.items():
        yield from (f"{where} has {name}, which is no procedure" for name in names if name not in known)
    sent = {key for key, _ in event_procedures()}
    yield from (f"the event {key} of {key.kind} has no message" for key in EVENTS if key not in sent)


def main(arguments: list[str]) -> int:
    found = list(problems())
    table = list(rows(functions()))
    if "--list" in arguments:
        print(*table, sep="\n")
    print(*found, sep="\n", end="\n" if found else "")
    counts = Counter(row.daemon for row in table)
    print(f"{len(table)} procedures: {', '.join(f'{number} {form}' for form, number in counts.most_common())}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
