"""The terminal as the console of a domain."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from virtkit.enums import DomainConsoleFlags
from virtkit_cli.command import UsageError

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit.streams import Duplex
    from virtkit_cli.session import Session

ESCAPE = b"\x1d"  # Ctrl+], as in telnet
CHUNK = 65536
POLL_SECONDS = 0.1
"""How long to wait for output of a console without a descriptor before looking at the keyboard again."""


def attach(
    session: Session, domain: Domain, device: str | None = None, *, force: bool = False, safe: bool = False
) -> None:
    """Connect the terminal to a console until the escape key or the end of the console.

    Raises:
        UsageError: Standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError("console needs a terminal; a <serial type='file'> logs without one")
    wanted = (DomainConsoleFlags.FORCE if force else 0) | (DomainConsoleFlags.SAFE if safe else 0)
    stream = domain.open_console(device, wanted)
    terminal = sys.stdin.fileno()
    with raw(terminal):  # before anybody is told: what is typed from then on, or ahead, is the guest's
        session.out.write(f"Connected to domain '{domain.name}'\r\nEscape character is ^] (Ctrl + ])\r")
        sys.stdout.flush()
        with closing(stream):
            pump(terminal, stream)
    session.out.write("")


@contextmanager
def raw(terminal: int) -> Iterator[None]:
    """Have a terminal pass on every key as it is, for a while; nothing that was typed is lost."""
    saved = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, saved)


def pump(terminal: int, stream: Duplex, *, escape: bytes = ESCAPE) -> None:
    """Copy both ways until either side ends, or until the escape key; b'' for none."""
    console = stream.fileno()
    while True:
        watched = [terminal, console] if console >= 0 else [terminal]
        ready, _, _ = select.select(watched, [], [], None if console >= 0 else 0)
        if terminal in ready and not _typed(terminal, stream, escape):
            return
        if (console in ready or console < 0) and not _printed(stream):
            return


def _typed(terminal: int, stream: Duplex, escape: bytes) -> bool:
    """Send what was typed; False at the escape key, or when the terminal is gone."""
    typed = os.read(terminal, CHUNK)
    before, found, _ = typed.partition(escape) if escape else (typed, b"", b"")
    if before:
        stream.write(before)
    return bool(typed) and not found


def _printed(stream: Duplex) -> bool:
    """Print what the console says; False when it has ended."""
    try:
        data = stream.read(CHUNK, POLL_SECONDS)
    except TimeoutError:
        return True
    if not data:
        return False
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]
    return True
