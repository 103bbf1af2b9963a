"""A terminal as the console of a domain; the domain is a stand-in, the terminal is real."""

from __future__ import annotations

import sys

import pytest

from .conftest import Run
from .terminals import Terminal

CONSOLE = """
import os, socket, sys, threading
from virtkit_cli.output import Output
from virtkit_cli.session import Session
from virtkit_cli.terminal import attach

class Stream:
    def __init__(self, sock):
        self.sock = sock
    def read(self, size=65536, timeout=None):
        self.sock.settimeout(timeout)
        return self.sock.recv(size)
    def write(self, data):
        self.sock.sendall(data)
    def fileno(self):
        return self.sock.fileno() if sys.argv[1] == "descriptor" else -1
    def close(self):
        print("closed\\r", flush=True)
        self.sock.close()

class Domain:
    name = "web"
    def open_console(self, device, flags):
        ours, guest = socket.socketpair()
        threading.Thread(target=serve, args=(guest,), daemon=True).start()
        print(f"device {device} flags {int(flags)}", flush=True)
        return Stream(ours)

def serve(guest):
    guest.sendall(b"login: ")
    while data := guest.recv(100):
        if b"bye" in data:
            guest.close()
            return
        guest.sendall(data.upper())

attach(Session(Output()), Domain(), "serial0", force=True)
print("back")
"""
ESCAPE = b"\x1d"


@pytest.mark.parametrize("kind", ["descriptor", "none"])
def test_the_escape_key_detaches_from_a_console(kind: str) -> None:
    with Terminal(sys.executable, "-c", CONSOLE, kind) as terminal:
        terminal.expect(b"device serial0 flags 1")
        terminal.expect(b"Connected to domain 'web'")
        terminal.expect(b"Escape character is ^] (Ctrl + ])")
        terminal.expect(b"login: ")
        terminal.type(b"root")
        terminal.expect(b"ROOT")
        terminal.type(b"\x03")  # goes to the guest and interrupts nothing here
        terminal.expect(b"\x03")
        terminal.type(ESCAPE)
        terminal.expect(b"closed")
        terminal.expect(b"back")
        assert 0 == terminal.end()


@pytest.mark.parametrize("kind", ["descriptor", "none"])
def test_a_console_that_ends_gives_the_terminal_back(kind: str) -> None:
    with Terminal(sys.executable, "-c", CONSOLE, kind) as terminal:
        terminal.expect(b"login: ")
        terminal.type(b"bye")
        terminal.expect(b"back")
        assert 0 == terminal.end()


@pytest.mark.parametrize("kind", ["descriptor", "none"])
def test_what_is_typed_ahead_reaches_the_console(kind: str) -> None:
    with Terminal(sys.executable, "-c", CONSOLE, kind) as terminal:
        terminal.type(b"ahead")
        terminal.expect(b"AHEAD")
        terminal.type(ESCAPE)
        terminal.expect(b"back")
        assert 0 == terminal.end()


def test_a_console_needs_a_terminal(run: Run) -> None:
    result = run("console", "test")
    assert 2 == result.status
    assert "console needs a terminal" in result.err


def test_a_terminal_sees_how_far_long_work_is() -> None:
    program = (
        "import threading\n"
        "from virtkit_cli import session\n"
        "from virtkit_cli.output import Output\n"
        "session.PROGRESS_SECONDS = 0.01\n"
        "seen = threading.Event()\n"
        "def percentage():\n"
        "    seen.set()\n"
        "    return 42\n"
        "print(session.Session(Output()).watched('Saving', seen.wait, percentage, seen.set))\n"
    )
    with Terminal(sys.executable, "-c", program) as terminal:
        terminal.expect(b"\rSaving:  42 %")
        terminal.expect(b"True")
        assert 0 == terminal.end()
