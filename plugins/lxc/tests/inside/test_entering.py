"""Processes that enter a container by themselves."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from plugins.lxc.tests.documents import container
from plugins.lxc.tests.inside.children import told_by_child
from plugins.lxc.tests.lab import Lab
from tests.containers import make_root
from virtkit import Connection, Domain
from virtkit.entering import enter_cgroups, enter_security_label
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError, OperationFailedError
from virtkit.records import SecurityLabel, SecurityModel

SLEEP = ("/bin/sleep", "1000")


def started(connection: Connection, rootfs: Path) -> Domain:
    return connection.create_domain(container(rootfs, *SLEEP, more="<features><privnet/></features>").format())


@contextmanager
def opened(domain: Domain) -> Iterator[list[int]]:
    with ExitStack() as held:
        files = domain.lxc_open_namespace()
        for file in files:
            held.callback(os.close, file)
        yield files


def test_a_process_enters_the_namespaces(connection: Connection, rootfs: Path) -> None:
    domain = started(connection, rootfs)

    def enter() -> str:
        domain.lxc_enter_namespace(files)
        # A child is in the namespace of processes, unlike whoever has entered it.
        return told_by_child(lambda: f"{os.uname().nodename} {os.getpid() < 10} {Path('/proc/1/comm').read_text()}")

    with opened(domain) as files:
        assert "web True sleep\n" == told_by_child(enter)


IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def test_it_enters_the_users_of_an_id_map(connection: Connection, tmp_path: Path) -> None:
    root = make_root(tmp_path / "mapped", 100000)
    root.chmod(0o755)
    domain = connection.create_domain(container(root, *SLEEP, more=f"{IDMAP}<features><privnet/></features>").format())

    def enter() -> str:
        domain.lxc_enter_cgroup(files)
        domain.lxc_enter_namespace(files)
        os.setgid(0)
        os.setuid(0)
        return told_by_child(lambda: f"{os.getuid()} {os.uname().nodename} {os.stat('/bin').st_uid}")

    with opened(domain) as files:
        assert "0 web 0" == told_by_child(enter)


def test_it_finds_back_by_those_that_it_left(connection: Connection, rootfs: Path) -> None:
    domain = started(connection, rootfs)

    def enter_and_leave() -> str:
        left = domain.lxc_enter_namespace(files)
        inside = os.uname().nodename
        domain.lxc_enter_namespace(left)
        return f"{inside} {os.uname().nodename}"

    with opened(domain) as files:
        assert f"web {os.uname().nodename}" == told_by_child(enter_and_leave)


def test_it_enters_the_control_groups_in_every_hierarchy(connection: Connection, rootfs: Path) -> None:
    domain = started(connection, rootfs)

    def enter() -> str:
        domain.lxc_enter_cgroup(files)
        return Path("/proc/self/cgroup").read_text()

    with opened(domain) as files:
        found = groups(told_by_child(enter))
    for controller in ("memory", "pids", "freezer"):
        assert any(path.startswith("/virtkit-lxc/") for names, path in found.items() if controller in names), found
    outside = groups(Path("/proc/self/cgroup").read_text())
    assert all(path.startswith("/virtkit-lxc/") or path == outside[names] for names, path in found.items()), found


def groups(text: str) -> dict[tuple[str, ...], str]:
    """What /proc/PID/cgroup says: path by controllers; version 2 has the the key ('',)."""
    found = (line.split(":", 2) for line in text.splitlines())
    return {tuple(names.split(",")): path for _, names, path in found}


@pytest.mark.test_kernel
def test_it_enters_a_control_group_of_version_2(programs: Callable[..., None], tmp_path: Path) -> None:
    programs("lxc-start", "busybox")
    with mounted_groups(), closing(Lab(tmp_path)) as lab:
        enter_version_2(lab)


@contextmanager
def mounted_groups() -> Iterator[None]:
    """The only hierarchy of the test kernel."""
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "/sys/fs/cgroup"], check=True)


def enter_version_2(lab: Lab) -> None:
    made = lab.started()
    files = [os.open(f"/proc/{made.running.init.pid}/ns/{kind}", os.O_RDONLY) for kind in ("uts", "pid", "mnt")]

    def enter() -> str:
        enter_cgroups(files)
        return Path("/proc/self/cgroup").read_text()

    init = Path(f"/proc/{made.running.init.pid}/cgroup").read_text()
    assert "/virtkit-lxc/" in init
    assert init == told_by_child(enter)
    for file in files:
        os.close(file)


def test_a_process_with_threads_is_told_why_it_cannot_enter(connection: Connection, rootfs: Path) -> None:
    domain = started(connection, rootfs)

    def enter() -> str:
        waiting = threading.Event()
        threading.Thread(target=waiting.wait, daemon=True).start()
        domain.lxc_enter_namespace(files)
        return "entered"

    with opened(domain) as files:
        mounts = [file for file in files if os.readlink(f"/proc/self/fd/{file}").startswith("mnt:")]
        files[:] = mounts
        told = told_by_child(enter)
    assert told.startswith("SystemCallError: cannot enter namespace mnt:")
    assert "this process has 2 threads" in told
    assert "fork, and enter in the child" in told


def test_what_is_no_namespace_is_not_entered() -> None:
    with open(os.devnull) as file:
        number = file.fileno()
        assert "SystemCallError: cannot enter namespace /dev/null: Invalid argument" in told_by_child(
            lambda: str(enter_one(number))
        )
        with pytest.raises(OperationFailedError, match="no process of this host"):
            enter_cgroups([number])


def enter_one(file: int) -> list[int]:
    from virtkit.entering import enter_namespaces

    return enter_namespaces([file])


def test_no_flag_is_known(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(container(rootfs).format())
    none = SecurityModel("none", "0"), SecurityLabel("", False)
    for call in (
        lambda: domain.lxc_enter_namespace([], 1),
        lambda: domain.lxc_enter_cgroup([], 1),
        lambda: domain.lxc_enter_security_label(*none, 1),
    ):
        with pytest.raises(InvalidArgError, match="pass 0, not 0x1"):
            call()


def test_without_a_security_model_there_is_no_label_to_take_on(connection: Connection, rootfs: Path) -> None:
    domain = started(connection, rootfs)
    model = connection.node_security_model()
    assert SecurityModel("none", "0") == model
    assert SecurityLabel("", False) == domain.lxc_enter_security_label(model, domain.security_label())


def test_a_label_of_a_model_that_this_kernel_lacks_is_refused() -> None:
    assert "SystemCallError: cannot take on the selinux label" in told_by_child(
        lambda: str(enter_security_label(SecurityModel("selinux", "0"), SecurityLabel("a:b:c:s0", True)))
    )
    with pytest.raises(ArgumentUnsupportedError, match="'dac' cannot be entered"):
        enter_security_label(SecurityModel("dac", "0"), SecurityLabel("+0:+0", True))
