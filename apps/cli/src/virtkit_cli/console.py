"""The terminal as the console of a domain."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from contextlib import closing
from typing import TYPE_CHECKING

from virtkit.enums import DomainConsoleFlags
from virtkit_cli.command import UsageError

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit.streams import Duplex
    from virtkit_cli.session import Session

ESCAPE = b"\x1d"  # Ctrl+], as in telnet
CHUNK = 65536


def attach(session: Session, domain: Domain, device: str | None = None, *, force: bool = False) -> None:
    """Connect the terminal to a console until the escape key or the end of the console.

    Raises:
        UsageError: Standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError("console needs a terminal; use `serial type='file'` in the domain to log to a file")
    stream = domain.open_console(device, DomainConsoleFlags.FORCE if force else 0)
    session.out.write(f"Connected to domain '{domain.name}'\nEscape character is ^] (Ctrl + ])")
    sys.stdout.flush()
    terminal = sys.stdin.fileno()
    saved = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        with closing(stream):
            _pump(terminal, stream)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, saved)
    session.out.write("")


def _pump(terminal: int, stream: Duplex) -> None:
    while True:
        ready, _, _ = select.select([terminal, stream.fileno()], [], [])
        if terminal in ready:
            typed = os.read(terminal, CHUNK)
            before, escape, _ = typed.partition(ESCAPE)
            if before:
                stream.write(before)
            if escape or not typed:
                return
        if stream.fileno() in ready:
            data = stream.read(CHUNK)
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
