"""Programs that clients run in containers: what they get, what they may do, how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apps.cli.tests.terminals import Terminal
from plugins.lxc.tests.documents import container
from tests.containers import make_root
from virtkit import Connection, Domain
from virtkit.errors import ConfigUnsupportedError, InvalidArgError, NotSupportedError, OperationInvalidError
from virtkit.execution import ExecuteFlags, Execution

PATIENCE_SECONDS = 30.0
SLEEP = ("/bin/sleep", "1000")
NETWORK = "<features><privnet/></features>"


def eventually(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture
def domain(connection: Connection, rootfs: Path) -> Domain:
    return connection.create_domain(container(rootfs, *SLEEP, more=NETWORK).format())


@contextmanager
def begun(domain: Domain, *command: str, **how: object) -> Iterator[tuple[Execution, int, int, int]]:
    """A program, and our ends of its input, output and errors."""
    pairs = [os.pipe() for _ in range(3)]
    (stdin, write), (read, stdout), (read_errors, stderr) = pairs
    try:
        execution = domain.execute(command, [stdin, stdout, stderr], **how)  # type: ignore[arg-type]
    finally:
        for file in (stdin, stdout, stderr):
            os.close(file)
    with execution:
        yield execution, write, read, read_errors
    for file in (read, read_errors):
        os.close(file)


def ran(domain: Domain, *command: str, stdin: bytes = b"", **how: object) -> tuple[int, str, str]:
    """Exit status, output and errors of a program."""
    with begun(domain, *command, **how) as (execution, write, read, read_errors):
        os.write(write, stdin)
        os.close(write)
        with open(read, "rb", closefd=False) as output, open(read_errors, "rb", closefd=False) as errors:
            said = output.read().decode(), errors.read().decode()
        return (execution.wait(PATIENCE_SECONDS), *said)


def test_a_program_has_input_output_and_errors_of_the_caller(domain: Domain) -> None:
    script = "read line; echo got $line; echo oops >&2; exit 5"
    assert (5, "got it\n", "oops\n") == ran(domain, "/bin/sh", "-c", script, stdin=b"it\n")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("/bin/true",), 0),
        (("/bin/sh", "-c", "kill -9 $$"), 128 + 9),
        (("/bin/sh", "-c", "kill -15 $$"), 128 + 15),
        (("/bin/nothing",), 127),
        (("nothing",), 127),
        (("/etc/passwd",), 126),
    ],
)
def test_its_exit_status_is_told_as_shells_do(domain: Domain, command: tuple[str, ...], status: int) -> None:
    assert status == ran(domain, *command)[0]


def test_it_has_the_variables_of_init_and_its_own(domain: Domain) -> None:
    _, told, _ = ran(domain, "env", environment={"MODE": "a=b c", "TERM": "dumb"})
    found = dict(line.split("=", 1) for line in told.splitlines())
    assert "a=b c" == found.pop("MODE")
    assert "dumb" == found.pop("TERM")
    assert "web" == found["LIBVIRT_LXC_NAME"]
    assert "/bin" in found["PATH"]
    assert {"PATH", "HOME", "container", "container_uuid", "LIBVIRT_LXC_UUID", "LIBVIRT_LXC_NAME"} >= set(found)


def test_it_has_user_group_and_folder(domain: Domain) -> None:
    assert "0 0 /\n" == ran(domain, "/bin/sh", "-c", "echo $(id -u) $(id -g) $PWD")[1]
    assert "12 12\n" == ran(domain, "/bin/sh", "-c", "echo $(id -u) $(id -g)", user="12")[1]
    assert "12 7\n" == ran(domain, "/bin/sh", "-c", "echo $(id -u) $(id -g)", user="12", group="7")[1]
    assert "/etc\n" == ran(domain, "pwd", directory="/etc")[1]
    assert 126 == ran(domain, "pwd", directory="/nothing")[0]
    with pytest.raises(ConfigUnsupportedError, match="no user 'nobody-knows'"):
        ran(domain, "pwd", user="nobody-knows")
    with pytest.raises(ConfigUnsupportedError, match="no group 'nobody-knows'"):
        ran(domain, "pwd", group="nobody-knows")


def test_a_user_by_name_has_the_group_and_the_folder_that_the_container_says(
    connection: Connection, tmp_path: Path
) -> None:
    root = make_root(tmp_path / "own")
    root.chmod(0o755)
    with (root / "etc" / "passwd").open("a") as file:
        file.write("app:x:44:55:An application:/srv/app:/bin/sh\n")
    domain = connection.create_domain(container(root, *SLEEP, more=NETWORK).format())
    assert "44 55 /srv/app\n" == ran(domain, "/bin/sh", "-c", "echo $(id -u) $(id -g) $HOME", user="app")[1]


def test_it_has_the_limits_and_no_more_than_the_privileges_of_the_container(domain: Domain) -> None:
    with begun(domain, *SLEEP) as (execution, write, _, _):
        os.close(write)
        (pid,) = in_container(domain, b"sleep\0")
        init, own = status_of(domain.id), status_of(pid)
        for what in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Seccomp", "NoNewPrivs", "Uid", "Gid", "Groups"):
            assert init[what] == own[what], what
        assert "2" == own["Seccomp"]
        # The group of version 2 is one below, since processes may be in leaves alone.
        for wanted, found in zip(groups_of(domain.id), groups_of(pid), strict=True):
            assert found.startswith(wanted)
        for kind in ("cgroup", "ipc", "mnt", "net", "pid", "uts"):
            assert os.readlink(f"/proc/{domain.id}/ns/{kind}") == os.readlink(f"/proc/{pid}/ns/{kind}")
        assert {"0", "1", "2"} == set(os.listdir(f"/proc/{pid}/fd"))
        assert execution.fileno() >= 0


IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def test_with_an_id_map_its_root_is_nobody_here(connection: Connection, tmp_path: Path) -> None:
    root = make_root(tmp_path / "mapped", 100000)
    root.chmod(0o755)
    domain = connection.create_domain(container(root, *SLEEP, more=IDMAP + NETWORK).format())
    assert "0 0\n" == ran(domain, "/bin/sh", "-c", "echo $(id -u) $(id -g)")[1]
    with begun(domain, "/bin/sleep", "777", user="5") as (_, write, _, _):
        os.close(write)
        (pid,) = in_container(domain, b"777")
        assert ["100005"] * 4 == status_of(pid)["Uid"].split()


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def groups_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cgroup").read_text().splitlines()


def in_container(domain: Domain, program: bytes) -> list[int]:
    """The processes of a container besides init that run a program; lxc-attach itself has its name in its words."""
    wanted = os.readlink(f"/proc/{domain.id}/ns/pid")

    def found() -> list[int]:
        pids = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                inside = os.readlink(f"/proc/{name}/ns/pid") == wanted and int(name) != domain.id
                itself = "lxc-attach" in os.readlink(f"/proc/{name}/exe")
                if inside and not itself and program in Path(f"/proc/{name}/cmdline").read_bytes():
                    pids.append(int(name))
            except OSError:
                continue
        return pids

    eventually(found, "the program runs")
    return found()


def test_it_ends_when_its_caller_goes(domain: Domain) -> None:
    with begun(domain, "/bin/sleep", "777") as (execution, write, _, _):
        os.close(write)
        (pid,) = in_container(domain, b"777")
        with pytest.raises(TimeoutError):
            execution.wait(0.01)
        execution.close()
        eventually(lambda: not Path(f"/proc/{pid}").exists(), "it ends")


def test_it_ends_with_its_container(domain: Domain) -> None:
    with begun(domain, "/bin/sleep", "777") as (execution, write, _, _):
        os.close(write)
        in_container(domain, b"777")
        domain.destroy()
        assert 128 + signal.SIGKILL == execution.wait(PATIENCE_SECONDS)


def test_what_is_wrong_is_told(domain: Domain) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        with pytest.raises(InvalidArgError, match="name the program"):
            domain.execute([], [null] * 3)
        with pytest.raises(InvalidArgError, match="three descriptors"):
            domain.execute(["true"], [null])
        with pytest.raises(InvalidArgError, match="999999 is no open descriptor"):
            domain.execute(["true"], [null, null, 999_999])
        with pytest.raises(InvalidArgError, match="NUL"):
            domain.execute(["tr\0ue"], [null] * 3)
        with pytest.raises(InvalidArgError, match="no variable"):
            domain.execute(["true"], [null] * 3, environment={"": "value"})
        with pytest.raises(InvalidArgError, match="has to be a terminal"):
            domain.execute(["true"], [null] * 3, flags=ExecuteFlags.TERMINAL)
        with pytest.raises(InvalidArgError):
            domain.execute(["true"], [null] * 3, flags=2)
        domain.suspend()
        with pytest.raises(OperationInvalidError, match="resume it first"):
            domain.execute(["true"], [null] * 3)
        domain.resume()
    finally:
        os.close(null)


def test_one_that_does_not_run_runs_no_program(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(container(rootfs).format())
    with pytest.raises(OperationInvalidError, match="not running"):
        ran(domain, "true")


def test_a_terminal_of_the_caller_is_not_shared(domain: Domain) -> None:
    master, slave = os.openpty()
    try:
        with pytest.raises(InvalidArgError, match="must be no terminal: pass a pipe, or TERMINAL"):
            domain.execute(["true"], [slave] * 3)
    finally:
        os.close(master)
        os.close(slave)


def test_other_drivers_say_that_they_cannot() -> None:
    import virtkit

    with virtkit.open("test:///default") as conn, pytest.raises(NotSupportedError):
        conn.lookup_domain_by_name("test").execute(["true"], [0, 1, 2])


# The command


def virtkit_exec(uri: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "virtkit_cli.main", "-c", uri, "exec", *words]


def command(uri: str, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(virtkit_exec(uri, *words), input=stdin, capture_output=True, timeout=PATIENCE_SECONDS)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def running(uri: str, rootfs: Path) -> str:
    """A URI at which a container runs that nobody has open."""
    import virtkit

    with virtkit.open(uri) as connection:
        connection.create_domain(container(rootfs, *SLEEP, more=NETWORK).format())
    return uri


def test_the_command_passes_on_output_errors_and_status(running: str) -> None:
    script = "echo out; echo err >&2; exit 9"
    assert (9, "out\n", "err\n") == command(running, "web", "--", "/bin/sh", "-c", script)
    assert (127, "") == command(running, "web", "nothing")[:2]
    assert (128 + 15) == command(running, "web", "--", "/bin/sh", "-c", "kill $$")[0]


def test_the_command_passes_on_input_if_asked(running: str) -> None:
    assert (0, "typed", "") == command(running, "-i", "web", "cat", stdin=b"typed")
    assert (0, "", "") == command(running, "web", "cat", stdin=b"typed")


def test_the_command_takes_user_group_variables_and_folder(running: str) -> None:
    script = "echo $(id -u) $(id -g) $PWD $ONE $TWO"
    words = ("--user", "3", "-g4", "--env", "ONE=1", "-e", "TWO=2", "-w", "/etc", "web", "--", "/bin/sh", "-c", script)
    assert (0, "3 4 /etc 1 2\n", "") == command(running, *words)


def test_words_of_the_program_are_its_own(running: str) -> None:
    assert (0, "-i -t\n", "") == command(running, "web", "echo", "-i", "-t")
    assert (0, "--user x\n", "") == command(running, "web", "--", "echo", "--user", "x")


def test_the_command_gives_a_terminal(running: str) -> None:
    with Terminal(*virtkit_exec(running, "-it", "web", "/bin/sh")) as terminal:
        terminal.expect(b"/ # ")
        terminal.type(b"tty\n")
        terminal.expect(b"\n/dev/pts/")
        terminal.type(b"sh -c 'echo ready; sleep 55'\n")
        terminal.expect(b"\nready\r\n")
        terminal.type(b"\x03")  # interrupts what runs in there, not the command
        terminal.expect(b"/ # ")
        terminal.type(b"\x1d exit 6\x15exit 7\n")  # the escape key of consoles is none here
        assert 7 == terminal.end()


def test_the_terminal_has_the_size_of_the_caller_s(running: str) -> None:
    script = "stty size; trap 'stty size; exit 3' WINCH; while :; do sleep 0.1; done"
    with Terminal(*virtkit_exec(running, "-t", "web", "--", "/bin/sh", "-c", f"sleep 1; {script}")) as terminal:
        resize(terminal, 20, 50)
        terminal.expect(b"20 50")
        resize(terminal, 33, 77)
        terminal.expect(b"33 77")
        assert 3 == terminal.end()


def test_it_ends_when_the_terminal_of_its_caller_is_gone(running: str) -> None:
    import virtkit

    with virtkit.open(running) as connection:
        domain = connection.lookup_domain_by_name("web")
    with Terminal(*virtkit_exec(running, "-t", "web", "/bin/sleep", "787")) as terminal:
        (pid,) = in_container(domain, b"787")
        terminal.process.kill()
        eventually(lambda: not Path(f"/proc/{pid}").exists(), "it ends")


def resize(terminal: Terminal, rows: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    terminal.process.send_signal(signal.SIGWINCH)  # as the kernel does for the terminal that a program has for its own


def test_a_terminal_is_asked_for_where_there_is_none(running: str) -> None:
    status, _, told = command(running, "-t", "web", "sh")
    assert 2 == status
    assert "needs a terminal" in told


def test_output_to_a_terminal_is_shown_without_the_program_having_it(running: str) -> None:
    with Terminal(*virtkit_exec(running, "-i", "web", "--", "/bin/sh", "-c", "[ -t 1 ] || echo none; cat")) as terminal:
        terminal.expect(b"none")
        terminal.type(b"typed\n")
        terminal.expect(b"typed\r\n")
        terminal.expect(b"typed\r\n")
        terminal.type(b"\x04")
        assert 0 == terminal.end()
