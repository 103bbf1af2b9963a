"""Programs of the user's own as a way to a daemon."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from plugins.remote.tests.transports.peers import PATIENCE, read
from virtkit.errors import InvalidArgError, SystemCallError
from virtkit.uri import parse
from virtkit_remote.client.transports import Transport, connect
from virtkit_remote.client.transports.program import COMPLAINT_LIMIT, ProgramTransport


def script(folder: Path, text: str) -> Path:
    path = folder / "tunnel"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def through(path: Path | str) -> Transport:
    return connect(parse(f"test+ext:///default?command={path}"), readonly=False, timeout=PATIENCE)


def pid_of(transport: Transport) -> int:
    """The pid that a script has written as its first line."""
    line = b""
    transport.sock.settimeout(PATIENCE)
    while not line.endswith(b"\n"):
        line += transport.sock.recv(1)
    return int(line)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_what_a_program_reads_and_writes_is_the_connection(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "exec cat"))
    try:
        transport.sock.sendall(b"hello")
        assert b"hello" == read(transport, 5)
    finally:
        transport.close()
    traits = (transport.name, transport.secure, transport.encrypted, transport.passes_fds)
    assert ("ext", False, False, False) == traits


def test_the_program_ends_with_the_connection(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "echo $$; exec cat"))
    pid = pid_of(transport)
    transport.close()
    transport.close()
    assert is_gone(pid)


def test_a_program_that_does_not_want_to_end_is_killed(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "trap '' TERM; echo $$; while :; do read line || sleep 0.1; done"))
    pid = pid_of(transport)
    transport.close()
    assert isinstance(transport, ProgramTransport)
    assert (True, -signal.SIGKILL) == (is_gone(pid), transport.program.ended())


def test_a_process_that_it_left_behind_does_not_hold_us_up(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "sleep 60 <&- >&- & echo $!"))
    left = pid_of(transport)
    try:
        transport.close()
        assert not is_gone(left)
    finally:
        os.kill(left, signal.SIGKILL)


def test_the_last_words_of_a_program_say_why_it_ended(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "for n in 1 2 3 4; do echo line $n >&2; done; exit 7"))
    try:
        assert b"" == read(transport, 1)
        assert "tunnel ended with status 7 and wrote: line 2; line 3; line 4" == transport.why()
        error = transport.lost()
    finally:
        transport.close()
    assert (errno.ECONNRESET, True) == (error.int1, "wrote: line 2" in str(error))


def test_the_last_words_are_still_known_after_closing(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "echo gone >&2"))
    read(transport, 1)
    transport.close()
    assert "tunnel ended with status 0 and wrote: gone" == transport.why()


def test_a_program_that_complains_without_end_is_read_and_forgotten(tmp_path: Path) -> None:
    transport = through(script(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x >&2; exec cat"))
    try:
        transport.sock.sendall(b"hello")
        assert b"hello" == read(transport, 5)
    finally:
        transport.close()
    assert isinstance(transport, ProgramTransport)
    assert "x" * COMPLAINT_LIMIT == "".join(transport.program.last_lines())


def test_a_program_sees_none_of_our_other_descriptors_or_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    with open(tmp_path / "ours", "w"):
        transport = through(script(tmp_path, 'echo "$SECRET_OF_OURS"; ls -l /proc/$$/fd | grep -c ours; exit 0'))
        try:
            assert b"\n0\n" == read(transport, 100)
        finally:
            transport.close()


def test_a_program_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match=r"cannot run .*none: No such file or directory; install it") as caught:
        through(tmp_path / "none")
    assert errno.ENOENT == caught.value.int1


def test_a_uri_without_a_program_is_refused() -> None:
    with pytest.raises(InvalidArgError, match="needs the program to run; add"):
        connect(parse("test+ext:///default"), readonly=False, timeout=PATIENCE)


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(SystemCallError):
        through(tmp_path / "none")
    through(script(tmp_path, "exec cat")).close()
    assert before == os.listdir("/proc/self/fd")
