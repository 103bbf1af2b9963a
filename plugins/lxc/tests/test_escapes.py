"""Ways out of a container, tried by its root: that of the host, that of an id map, and that of a plain user.

A plain user runs this file too: `test_plain_user` has it do so.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plugins.lxc.tests.lab import Container, Lab
from plugins.lxc.tests.test_security import INNER, OVERWRITE, mounted, sums
from tests.containers import needs_containers
from virtkit.errors import OperationFailedError, SystemCallError

MAPPED = 300_000
IDMAP = f"""
<idmap><uid start='0' target='{MAPPED}' count='65536'/><gid start='0' target='{MAPPED}' count='65536'/></idmap>
"""
KINDS = ("root of the host", "id map") if os.geteuid() == 0 else ("plain user",)

Start = Callable[..., Container]


class Cage:
    """Containers of one kind.

    Attributes:
        lab: Where they are.
        kind: One of `KINDS`.
        owner: Who their root is on the host.
    """

    def __init__(self, lab: Lab, kind: str) -> None:
        self.lab = lab
        self.kind = kind
        self.owner = MAPPED if kind == "id map" else os.geteuid()

    @property
    def root(self) -> Path:
        return self.lab.root(owner=self.owner if self.kind == "id map" else 0)

    def container(self, *words: str, **parts: Any) -> Container:
        more = IDMAP if self.kind == "id map" else ""
        return self.lab.container(*words, root=self.root, more=more + parts.pop("more", ""), **parts)

    def started(self, *words: str, **parts: Any) -> Container:
        made = self.container(*words, **parts)
        made.start()
        return made


@pytest.fixture(params=KINDS)
def cage(request: pytest.FixtureRequest) -> Iterator[Cage]:
    needs_containers(root=False)
    with tempfile.TemporaryDirectory(prefix="virtkit-lxc-") as folder:
        os.chmod(folder, 0o755)
        with closing(Lab(Path(folder))) as lab:
            yield Cage(lab, request.param)


def test_programs_of_the_host_are_not_overwritten_by_their_processes_in_a_container(cage: Cage) -> None:
    made = cage.started("/bin/sh", "-c", OVERWRITE)
    before = sums()
    for _ in range(10):
        made.run("/bin/true")
    assert before == sums()


def test_a_program_of_the_container_that_is_the_interpreter_of_what_is_attached_writes_nothing(cage: Cage) -> None:
    """CVE-2019-5736: what is attached is a link to the program that attaches."""
    before = sums()
    made = cage.started()
    made.says("ln -s /proc/self/exe /tmp/exe")
    status, _ = made.run("/tmp/exe", "-n", "x")
    assert 0 != status
    made.shell("for exe in /proc/[0-9]*/exe; do (printf x >> $exe) 2>/dev/null; done")
    assert before == sums()


def test_the_monitor_runs_from_a_file_that_nobody_can_write(cage: Cage) -> None:
    made = cage.started()
    assert os.readlink(f"/proc/{made.running.monitor.pid}/exe").startswith("/memfd:")


def test_no_process_outside_is_seen_signalled_or_traced(cage: Cage) -> None:
    with subprocess.Popen(["/bin/sleep", "1000"]) as outside:
        try:
            made = cage.started()
            seen = {int(each) for each in made.says("cd /proc && echo [0-9]*").split()}
            inside = {int(name) for name in made.says("cd /proc && grep -l . [0-9]*/status | cut -d/ -f1").split()}
            assert len(seen | inside) < 8, seen
            assert 0 != made.shell(f"kill -9 {outside.pid}")[0]
            assert 0 != made.shell(f"cat /proc/{outside.pid}/environ")[0]
            assert 0 != made.shell(f"nsenter -t {outside.pid} -m true")[0]
            assert outside.poll() is None
        finally:
            outside.kill()


def test_the_memory_of_what_is_attached_is_not_that_of_the_host(cage: Cage) -> None:
    """What enters is seen by the container, and has nothing of whoever sent it: neither environment nor descriptors."""
    os.environ["SECRET_OF_THE_HOST"] = "x"
    leaked = os.open(cage.lab.folder, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        made = cage.started()
        environment = made.says("cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
        links = made.says("for each in /proc/[0-9]*/fd/* /proc/[0-9]*/cwd; do readlink $each; done; true").splitlines()
    finally:
        os.close(leaked)
        del os.environ["SECRET_OF_THE_HOST"]
    assert "SECRET_OF_THE_HOST" not in environment
    assert "XDG_RUNTIME_DIR" not in environment
    allowed = ("/dev/", "pipe:", "/proc/", "anon_inode:", "socket:")
    assert [] == [link for link in links if link != "/" and not link.startswith(allowed)]
    assert not any(str(cage.lab.folder) in link for link in links)


def test_the_descriptors_of_what_is_attached_are_three(cage: Cage) -> None:
    made = cage.started()
    assert ["0", "1", "2"] == made.says("sleep 9 & ls /proc/$!/fd; kill $!").split()


def test_what_the_container_mounts_stays_in_it(cage: Cage) -> None:
    made = cage.started()
    status, _ = made.shell("mount -t tmpfs planted-by-test /mnt && touch /mnt/here")
    assert (status == 0) == (cage.kind != "root of the host")
    assert "planted-by-test" not in Path("/proc/self/mountinfo").read_text()
    assert not (cage.root / "mnt" / "here").exists()


def test_what_it_mounts_in_a_folder_of_the_host_stays_in_it(cage: Cage) -> None:
    shared = cage.lab.folder / "shared"
    shared.mkdir()
    made = cage.started(devices=mounted(shared, "/mnt"))
    made.shell("mount -t tmpfs planted-by-test /mnt && touch /mnt/here")
    assert [] == list(shared.iterdir())


@pytest.mark.parametrize("script", ["mount -o remount,rw /proc/sys", "mount -o bind,remount,rw /proc/sys"])
def test_settings_of_the_host_are_not_written(cage: Cage, script: str) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    made = cage.started()
    assert 0 != made.shell(f"{script}; echo planted > /proc/sys/kernel/core_pattern")[0]
    assert 0 != made.shell("echo h > /proc/sysrq-trigger")[0]
    assert before == Path("/proc/sys/kernel/core_pattern").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to have files that are root's")
def test_files_of_others_on_the_host_are_written_by_the_root_of_the_host_alone(cage: Cage) -> None:
    shared = cage.lab.folder / "shared"
    shared.mkdir()
    (shared / "private").write_text("of the host")
    (shared / "private").chmod(0o600)
    made = cage.started(devices=mounted(shared, "/mnt"))
    scripts = ("cat /mnt/private", "echo x > /mnt/private", "touch /mnt/planted", "chown 1 /mnt/private")
    refused = [0 != made.shell(script)[0] for script in scripts]
    assert [cage.kind == "id map"] * len(scripts) == refused


def test_a_program_that_sets_its_user_is_on_the_host_that_of_whoever_made_it(cage: Cage) -> None:
    shared = cage.lab.folder / "shared"
    shared.mkdir()
    os.chown(shared, cage.owner, cage.owner)
    made = cage.started(devices=mounted(shared, "/mnt"))
    made.says("cp /bin/busybox /mnt/sh && chmod 4755 /mnt/sh")
    assert cage.owner == (shared / "sh").stat().st_uid


@pytest.mark.parametrize("node", ["b 8 0", "c 1 1", "c 1 11", "c 10 200"])
def test_devices_are_neither_made_nor_opened(cage: Cage, node: str) -> None:
    assert 0 != cage.started().shell(f"mknod /tmp/node {node} && head -c 1 /tmp/node")[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to put a device into a tree")
def test_a_device_that_lies_in_the_tree_is_not_opened(cage: Cage) -> None:
    os.mknod(cage.root / "log", 0o20666, os.makedev(1, 11))
    made = cage.started(more="<features><capabilities policy='allow'/></features>")
    status, said = made.shell("head -c 1 /log")
    assert 0 != status
    assert "not permitted" in said


@pytest.mark.parametrize("target", ["proc", "sys", "dev"])
def test_a_special_file_system_is_not_mounted_through_a_link(cage: Cage, target: str) -> None:
    outside = cage.lab.folder / "outside"
    outside.mkdir()
    (cage.root / target).rmdir()
    (cage.root / target).symlink_to(outside)
    made = cage.container()
    try:
        made.start()
    except OperationFailedError:
        seen = ""
    else:
        seen = made.says("cat /proc/mounts || true")
    assert [] == list(outside.iterdir())
    assert str(outside) not in seen


def test_a_folder_is_not_mounted_through_a_link(cage: Cage) -> None:
    secret, source = cage.lab.folder / "secret", cage.lab.folder / "source"
    secret.mkdir()
    source.mkdir()
    (cage.root / "data").symlink_to(secret)
    with pytest.raises(SystemCallError, match="'c0' cannot start: /data/sub in its root"):
        cage.container(devices=mounted(source, "/data/sub")).start()
    assert [] == list(secret.iterdir())


def test_a_source_in_the_container_that_is_a_link_leads_nowhere(cage: Cage) -> None:
    (cage.lab.folder / "secret").write_text("of the host")
    (cage.root / "inner").symlink_to(cage.lab.folder)
    with pytest.raises(SystemCallError, match="'c0' cannot start: /inner in its root: No such file"):
        cage.container(devices=INNER).start()


ASKING = """
import os, socket, struct, sys
message = struct.Struct("@iiN")
asking = socket.socket(socket.AF_UNIX)
try:
    asking.connect("\\0" + sys.argv[1] + "/command")
except OSError as error:
    sys.exit(str(error))
mine = struct.pack("@iII", os.getpid(), os.getuid(), os.getgid())
asking.sendmsg([message.pack(0, 0, 0)], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, mine)])
told, files, _, _ = socket.recv_fds(asking, message.size, 1)
print(len(files), message.unpack(told)[0] if told else "")
"""
"""Asks the monitor of a container for its console, as `virtkit_lxc.terminal` does."""


def asking(made: Container) -> subprocess.CompletedProcess[str]:
    """Ask from the namespaces of a container that the network belongs to, as its root; it has no Python of its own."""
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("the system has no Python that everybody may run")
    pid = made.running.init.pid
    words = ["nsenter", "-t", str(pid)]
    if os.geteuid():
        words += ["--user", "--preserve-credentials"]
    elif os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user"):
        words += ["--user", "--setuid", "0", "--setgid", "0"]
    command = [*words, "--net", "/usr/bin/python3", "-c", ASKING, str(made.plan.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_socket_of_the_monitor_is_not_in_the_network_of_the_container(cage: Cage) -> None:
    assert "Connection refused" in asking(cage.started()).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="containers of a plain user are never in the network of the host")
def test_the_socket_of_the_monitor_is_not_in_the_network_of_the_host_either(cage: Cage) -> None:
    made = cage.started(plan={"network": "host"})
    assert os.path.samefile(f"/proc/{made.running.init.pid}/ns/net", "/proc/thread-self/ns/net")
    assert "Connection refused" in asking(made).stderr


def test_what_is_of_the_whole_machine_is_refused(cage: Cage) -> None:
    made = cage.started()
    for script in ("dmesg", "insmod /tmp/x.ko", "rmmod loop", "swapoff -a", "hwclock -w"):
        assert 0 != made.shell(script)[0], script


def test_the_profile_of_system_calls_is_in_force_for_all(cage: Cage) -> None:
    told = cage.started().says("grep -h Seccomp: /proc/1/status /proc/self/status")
    assert ["Seccomp:\t2"] * 2 == told.splitlines()
