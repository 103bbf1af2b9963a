"""Consoles of containers: terminals that their monitors hold, opened by one user at a time."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

from virtkit.enums import DomainConsoleFlags, ErrorDomain
from virtkit.errors import InternalError
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.services.terminals import Line
from virtkit_lxc import terminal
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.streams import Duplex
    from virtkit_lxc.container import Container
    from virtkit_lxc.state import Session
    from virtkit_lxc.terminal import Terminal

LXC = ErrorDomain.LXC

_users: weakref.WeakValueDictionary[tuple[str, int], ConsoleLine] = weakref.WeakValueDictionary()
"""Folder of a run and number of a terminal -> who has it open in this process."""


class ConsoleLine(Line):
    """A terminal that goes back to its monitor when the line is closed."""

    def __init__(self, taken: Terminal) -> None:
        self._taken = taken
        super().__init__(os.dup(taken.fileno()))

    def close(self) -> None:
        """Close it; twice is harmless."""
        super().close()
        self._taken.close()


class ConsolePart(DomainDeviceSpec["Session"]):
    """The functions of the driver about consoles. They hold a terminal and nothing else."""

    def domain_open_console(self, conn: Session, dom: DomainRef, dev_name: str | None, flags: int) -> Duplex:
        refuse("domain_open_console", flags, DomainConsoleFlags.FORCE | DomainConsoleFlags.SAFE)
        guest = conn.read().by_ref(dom)
        run = guest.running()
        number = _number(guest, dev_name)
        place = (str(run.folder), number)
        if flags & DomainConsoleFlags.FORCE and (user := _users.get(place)) is not None:
            user.close()
        line = _users[place] = ConsoleLine(terminal.take(guest.name, run.folder, number))
        return line


def _number(guest: Container, name: str | None) -> int:
    """The number of the terminal behind a console."""
    consoles = guest.running().live.devices.consoles
    for number, console in enumerate(consoles):
        if name is None or name == console.alias:
            return number
    which = "no console" if name is None else f"no console {name!r}"
    raise InternalError(f"{guest.subject} has {which}: see its XML", domain=LXC)
