"""Signals to the processes of a container, by the numbers that it knows them by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from plugins.lxc.tests.driving import document, eventually, read_until
from virtkit import Connection, Domain
from virtkit.enums import DomainProcessSignal as Signal
from virtkit.errors import InvalidArgError, OperationInvalidError, SystemCallError
from virtkit.streams import Duplex

ECHO = 'for name in HUP USR1 USR2 WINCH CONT; do trap "echo heard $name" $name; done; echo lis""tens $$'
"""A script that tells of signals, and its own number once it does; what is typed does not look like that."""


@pytest.fixture
def domain(connection: Connection, rootfs: Path) -> Domain:
    return connection.create_domain(document(rootfs, "/bin/sh"))


@pytest.fixture
def console(domain: Domain) -> Iterator[Duplex]:
    with closing(domain.open_console()) as opened:
        yield opened


def asked(console: Duplex, script: str, wanted: str) -> str:
    """Have the shell on a console run a script; returns what it shows when something wanted stands there."""
    console.write(script.encode() + b"\n")
    return read_until(console, wanted.encode()).decode()


def number_in(shown: str) -> int:
    """The number in `it is NUMBER here`."""
    return int(shown.rpartition("it is ")[2].split()[0])


def told_of(domain: Domain, console: Duplex, number: int, signal: Signal, *wanted: str) -> None:
    """Send a signal until a console has shown everything wanted: who is to hear it may not have come so far."""
    shown = b""

    def heard() -> bool:
        nonlocal shown
        domain.send_process_signal(number, signal)
        with suppress(TimeoutError):
            shown += console.read(timeout=0.2)
        return all(each.encode() in shown for each in wanted)

    eventually(heard, f"a console shows {wanted}")


@pytest.mark.parametrize("signal", [Signal.HUP, Signal.USR1, Signal.USR2, Signal.WINCH, Signal.CONT])
def test_init_hears_a_signal(domain: Domain, console: Duplex, signal: Signal) -> None:
    asked(console, f"{ECHO}; while :; do sleep 0.05; done", "listens 1")
    told_of(domain, console, 1, signal, f"heard {signal.name}")


def test_another_process_hears_a_signal(domain: Domain, console: Duplex) -> None:
    asked(console, f"sh -c '{ECHO}; while :; do sleep 0.05; done' &", "listens ")
    number = number_in(asked(console, "echo it is $! he''re", " here"))
    assert 1 != number
    told_of(domain, console, number, Signal.USR1, "heard USR1")
    domain.send_process_signal(number, Signal.KILL)
    asked(console, "wait; echo over $((6 * 7))", "over 42")


GROUP = """
trap : USR1
for name in one two; do
    (trap "echo heard by $name" USR1; : > /tmp/listens-$name; while :; do sleep 0.05; done) &
done
while [ ! -e /tmp/listens-one ] || [ ! -e /tmp/listens-two ]; do sleep 0.05; done
echo it is $$ here
while :; do wait; done
"""


def test_a_group_of_processes_hears_a_signal(domain: Domain, console: Duplex, rootfs: Path) -> None:
    (rootfs / "tmp" / "group").write_text(GROUP)
    number = number_in(asked(console, "setsid sh /tmp/group &", " here"))
    assert 1 != number

    told_of(domain, console, -number, Signal.USR1, "heard by one", "heard by two")
    assert domain.is_active()


def test_every_signal_that_has_a_name_can_be_sent(domain: Domain) -> None:
    # The kernel drops what the first process has no handler for, but for KILL and STOP.
    for signal in set(Signal) - {Signal.KILL, Signal.STOP}:
        domain.send_process_signal(1, signal)
    assert domain.is_active()


def test_what_is_not_there_is_named(domain: Domain) -> None:
    with pytest.raises(SystemCallError, match="domain 'web': process 4711 cannot be signalled: No such process") as met:
        domain.send_process_signal(4711, Signal.KILL)
    assert 3 == met.value.int1
    with pytest.raises(SystemCallError, match="domain 'web': process group 4711 cannot be signalled: No such process"):
        domain.send_process_signal(-4711, Signal.KILL)
    with pytest.raises(InvalidArgError, match="there is no signal 9999"):
        domain.send_process_signal(1, 9999)
    with pytest.raises(InvalidArgError):
        domain.send_process_signal(0, Signal.KILL)
    domain.suspend()
    domain.send_process_signal(1, Signal.NOP)
    domain.resume()


def test_a_process_of_the_host_is_not_there(domain: Domain) -> None:
    with pytest.raises(SystemCallError):
        domain.send_process_signal(os.getpid(), Signal.USR1)


def test_a_container_that_is_off_has_no_processes(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs))
    with pytest.raises(OperationInvalidError):
        domain.send_process_signal(1, Signal.KILL)
