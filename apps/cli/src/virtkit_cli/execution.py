"""The command that runs a program in a container, with the caller's input, output and errors."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from virtkit.execution import ExecuteFlags
from virtkit_cli import terminal
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain

if TYPE_CHECKING:
    from virtkit.execution import Execution
    from virtkit_cli.session import Session

CHUNK = 65536


def variable(text: str) -> tuple[str, str]:
    """`NAME=VALUE`; a name alone has the value that it has here."""
    name, equals, value = text.partition("=")
    if not name or (not equals and name not in os.environ):
        raise ValueError("NAME=VALUE, or the name of a variable that is set here, is expected")
    return name, value if equals else os.environ[name]


@command(
    DOMAIN.word,
    argument("command", "program and arguments, best behind --", many=True),
    Flag("interactive", "let it read what is typed or piped", short="i"),
    Flag("tty", "give it a terminal, and this one's keys", short="t"),
    option("user", "name or number of its user; root if left out", by_name=True, short="u"),
    option("group", "name or number of its group; that of the user if left out", by_name=True, short="g"),
    option("env", "variable as NAME=VALUE, or NAME to pass it on", variable, by_name=True, many=True, short="e"),
    option("cwd", "folder it starts in; / if left out", by_name=True, short="w"),
)
def exec_(session: Session, args: Arguments) -> bool:
    """Run a program in a container; its exit status is that of virtkit."""
    domain = find_domain(session, args)

    def execute(files: list[int], flags: int = 0) -> Execution:
        variables = dict(args.env)
        if flags & ExecuteFlags.TERMINAL:
            variables.setdefault("TERM", os.environ.get("TERM", "linux"))
        return domain.execute(
            args.command,
            files,
            environment=variables,
            user=args.user,
            group=args.group,
            directory=args.cwd,
            flags=flags,
        )

    session.status = _with_terminal(execute) if args.tty else _with_pipes(execute, interactive=args.interactive)
    return False


def _with_terminal(execute: Callable[..., Execution]) -> int:
    """Run a program on a terminal of its own that shows in ours; returns its exit status."""
    if not sys.stdin.isatty():
        raise UsageError("exec --tty needs a terminal; leave it out where there is none")
    outer = sys.stdin.fileno()
    master, slave = os.openpty()
    with closing(Master(master)) as line:
        try:
            _copy_size(outer, slave)
            execution = execute([slave] * 3, ExecuteFlags.TERMINAL)
        finally:
            os.close(slave)
        with execution, terminal.raw(outer):
            with _followed_size(outer, master):
                terminal.pump(outer, line, escape=b"")
            line.close()  # where our terminal has come to its end, the program's has as well
            return execution.wait()


class Master:
    """Our end of a terminal, as `terminal.pump` reads and writes it.

    At the other end is lxc-attach, which copies to and from a terminal in the container. That one turns a line's end
    into return and line feed, so this one must not again; but lxc-attach switches it on when it begins.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = False

    def fileno(self) -> int:
        return self._descriptor

    def read(self, size: int = CHUNK, timeout: float | None = None) -> bytes:
        """What the program says; b'' once nobody has the terminal any more."""
        try:
            data = os.read(self._descriptor, size)
            if not self._begun:
                tty.setraw(self._descriptor, termios.TCSANOW)
                self._begun = True
        except (OSError, termios.error):
            return b""
        return data

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Close it; twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _copy_size(source: int, target: int) -> None:
    with suppress(OSError):
        fcntl.ioctl(target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, bytes(8)))


@contextmanager
def _followed_size(outer: int, inner: int) -> Iterator[None]:
    """Give a terminal the size of another one whenever that changes."""
    before = signal.signal(signal.SIGWINCH, lambda *_: _copy_size(outer, inner))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def _with_pipes(execute: Callable[..., Execution], *, interactive: bool) -> int:
    """Run a program with our descriptors, and with pipes for those that are terminals; returns its exit status."""
    with ExitStack() as held, ExitStack() as passed:
        copies: dict[int, int] = {}
        files = [
            _passed(0, held, passed, copies) if interactive else _null(passed),
            _passed(1, held, passed, copies),
            _passed(2, held, passed, copies),
        ]
        execution = held.enter_context(execute(files))
        passed.close()
        _copy(copies, execution)
        return execution.wait()


def _null(passed: ExitStack) -> int:
    descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    passed.callback(os.close, descriptor)
    return descriptor


def _passed(own: int, held: ExitStack, passed: ExitStack, copies: dict[int, int]) -> int:
    """What a program gets for one of our standard descriptors.

    Args:
        own: 0, 1 or 2.
        held: Closes what stays with us.
        passed: Closes what the program has got.
        copies: Gets what is to be copied, from where to where.
    """
    if not os.isatty(own):
        return own
    reading, writing = os.pipe()
    theirs, ours = (reading, writing) if own == 0 else (writing, reading)
    passed.callback(os.close, theirs)
    if own:
        held.callback(os.close, ours)
        copies[ours] = own
    else:
        copies[own] = ours  # closed at the end of what is typed
    return theirs


def _copy(copies: dict[int, int], execution: Execution) -> None:
    """Copy until the program has ended and has nothing more to say."""
    watched = select.poll()
    for each in (*copies, execution.fileno()):
        watched.register(each, select.POLLIN)
    while True:
        ready = {file for file, _ in watched.poll()}
        for source in copies.keys() & ready:
            if not _moved(source, copies[source]):
                watched.unregister(source)
                if source == 0:
                    os.close(copies[source])
        if execution.fileno() in ready and not ready & copies.keys() - {0}:
            return


def _moved(source: int, target: int) -> bool:
    """Copy what there is; False at its end."""
    data = os.read(source, CHUNK)
    rest = memoryview(data)
    with suppress(BrokenPipeError):  # the program reads no more
        while rest:
            rest = rest[os.write(target, rest) :]
    return bool(data) and not rest
