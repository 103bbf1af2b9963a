"""Ways out of a container, each tried from inside, by the root of a container without an id map unless it says else."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from plugins.lxc.tests.documents import container
from plugins.lxc.tests.lab import Lab, eventually
from virtkit.errors import OperationFailedError, SystemCallError
from virtkit_lxc import runtime

IDMAP = """
<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>
"""

MOUNTER = "<features><capabilities policy='default'><sys_admin state='on'/></capabilities></features>"
"""A container that may mount."""

INNER = "<filesystem type='bind'><source dir='/inner'/><target dir='/mnt'/></filesystem>"

OVERWRITE = """
while [ ! -e /tmp/stop ]; do
    for exe in /proc/[0-9]*/exe; do
        case $exe in /proc/1/exe|/proc/$$/exe) continue;; esac
        (printf '#!/bin/false' > $exe) 2>/dev/null
    done
done
"""


def sums() -> dict[str, str]:
    """The programs of liblxc, as they are on the host."""
    paths = [Path(found) for name in ("lxc-start", "lxc-attach") if (found := shutil.which(name))]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_programs_of_the_host_are_not_overwritten_by_their_processes_in_a_container(lab: Lab) -> None:
    made = lab.started("/bin/sh", "-c", OVERWRITE)
    before = sums()
    for _ in range(20):
        made.run("/bin/true")
    assert before == sums()


def test_no_program_of_liblxc_that_enters_a_container_runs_from_a_file_of_the_host(lab: Lab) -> None:
    made = lab.started()
    assert os.readlink(f"/proc/{made.running.monitor.pid}/exe").startswith("/memfd:")
    attached = threading.Thread(target=made.run, args=("/bin/sleep", "55"))
    attached.start()
    eventually(lambda: "sleep 55" in (seen := made.says("ps")) and "lxc-attach" not in seen, "the program")
    found = attaching(lab.folder)
    assert found
    assert all(os.readlink(f"/proc/{pid}/exe").startswith("/memfd:") for pid in found)
    kill = "kill $(pidof sleep | tr ' ' '\\n' | grep -v '^1$')"
    eventually(lambda: 0 == made.shell(kill)[0], "the end of the program")
    attached.join()


def attaching(folder: Path) -> list[int]:
    """Processes of lxc-attach."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = path.read_bytes()
        except OSError:
            continue
        if b"lxc-attach" in told.partition(b"\0")[0] and str(folder).encode() in told:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("target", ["proc", "sys", "dev", "dev/shm"])
def test_a_special_file_system_is_not_mounted_through_a_link_in_the_tree(lab: Lab, target: str) -> None:
    outside = lab.folder / "outside"
    outside.mkdir()
    root = lab.root()
    place = root / target
    if place.is_dir():
        place.rmdir()
    place.symlink_to(outside)
    made = lab.container()
    refused = False
    try:
        made.start()
    except OperationFailedError:
        refused = True
    seen = "" if refused else made.says("cat /proc/mounts || true")
    assert [] == list(outside.iterdir())
    assert str(outside) not in seen
    assert str(outside) not in Path("/proc/mounts").read_text()


def test_a_folder_is_not_mounted_through_a_link_in_the_tree(lab: Lab) -> None:
    secret = lab.folder / "outside"
    secret.mkdir()
    source = lab.folder / "source"
    source.mkdir()
    (source / "planted").touch()
    (lab.root() / "data").symlink_to(secret)
    made = lab.container(devices=mounted(source, "/data/sub"))
    with pytest.raises(SystemCallError, match="'c0' cannot start: /data/sub in its root"):
        made.start()
    assert [] == list(secret.iterdir())


def test_a_link_within_the_tree_is_followed_within_the_tree(lab: Lab) -> None:
    source = lab.folder / "source"
    source.mkdir()
    (source / "planted").touch()
    (lab.root() / "data").symlink_to("/mnt")
    made = lab.started(devices=mounted(source, "/data/sub"))
    assert "planted" == made.says("ls /mnt/sub")


def test_a_tree_that_changes_before_a_reboot_leads_nowhere(lab: Lab) -> None:
    (lab.folder / "secret").write_text("of the host")
    (lab.root() / "inner").mkdir()
    made = lab.started("/sbin/init", devices=INNER)
    eventually(lambda: "the system is up" in made.console(), "the message of init")
    made.says(f"rmdir /inner && ln -s {lab.folder} /inner")
    runtime.reboot(made.name, made.running)
    assert made.running.init.wait(20)
    assert runtime.after(made.plan.folder, made.running) is None
    assert runtime.REBOOTED == runtime.exit_status(made.plan.folder, made.running.init)


@pytest.mark.parametrize("link", ["/", "../../../../../../../.."])
def test_a_folder_of_the_container_that_is_a_link_leads_nowhere(lab: Lab, link: str) -> None:
    (lab.folder / "secret").write_text("of the host")
    (lab.root() / "inner").symlink_to(link + str(lab.folder))
    made = lab.container(devices=INNER)
    with pytest.raises(SystemCallError, match="'c0' cannot start: /inner in its root: No such file"):
        made.start()


def test_a_folder_of_the_container_is_at_another_place_too(lab: Lab) -> None:
    (lab.root() / "srv").mkdir()
    (lab.root() / "srv" / "planted").touch()
    (lab.root() / "inner").symlink_to("/srv")
    assert "planted" == lab.started(devices=INNER).says("ls /mnt")


def mounted(source: Path, target: str, more: str = "") -> str:
    return f"<filesystem type='mount'><source dir='{source}'/><target dir='{target}'/>{more}</filesystem>"


@pytest.mark.parametrize("node", ["b 253 0", "b 254 0", "b 8 0", "c 1 1", "c 1 4", "c 10 200"])
def test_devices_are_neither_made_nor_opened(lab: Lab, node: str) -> None:
    assert 0 != lab.started().shell(f"mknod /tmp/node {node} && head -c 1 /tmp/node")[0]


def test_a_device_that_was_in_the_tree_is_not_opened(lab: Lab) -> None:
    disk = Path("/proc/self/mountinfo").read_text()
    number = next(line.split()[2] for line in disk.splitlines() if line.split()[4] == "/")
    major, minor = (int(part) for part in number.split(":"))
    os.mknod(lab.root() / "disk", 0o60666, os.makedev(major, minor))
    allowed = "<features><capabilities policy='allow'/></features>"
    made = lab.started(more=allowed)
    status, output = made.shell("head -c 512 /disk | wc -c; head -c 512 /disk > /dev/null")
    assert 0 != status, output
    assert "not permitted" in output


def test_the_usual_devices_work(lab: Lab) -> None:
    made = lab.started()
    assert "0" == made.says("head -c 5 /dev/zero | tr -d '\\0' | wc -c; echo gone > /dev/null")
    assert "4" == made.says("head -c 4 /dev/urandom | wc -c")


def test_no_descriptor_of_the_host_is_leaked(lab: Lab) -> None:
    leaked = os.open(lab.folder, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        made = lab.started()
        opened = made.says("ls -l /proc/1/fd /proc/self/fd").splitlines()
    finally:
        os.close(leaked)
    targets = [line.split(" -> ")[1] for line in opened if " -> " in line]
    allowed = ("/dev/console", "/dev/null", "pipe:", "/proc/", "/dev/pts/")
    assert [] == [target for target in targets if not target.startswith(allowed)]


def test_the_environment_of_the_host_is_not_leaked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_SECRET", "x")
    monkeypatch.setenv("HOME", "/home/somebody")
    made = lab.started()
    told = made.says("tr '\\0' '\\n' < /proc/1/environ; env")
    names = {line.partition("=")[0] for line in told.splitlines()}
    ours = {"PATH", "TERM", "container", "container_uuid", "LIBVIRT_LXC_UUID", "LIBVIRT_LXC_NAME"}
    assert names <= ours | {"PWD", "SHLVL", "HOME", "OLDPWD"}, names
    assert "/home/somebody" not in told


def test_no_process_outside_is_seen_or_traced(lab: Lab) -> None:
    outside = subprocess.Popen(["sleep", "1000"])
    try:
        made = lab.started()
        assert "1000" not in made.says("ps -o args | grep -v grep").replace("/bin/sleep 1000", "")
        assert 0 != made.shell(f"kill -0 {outside.pid}")[0]
        assert 0 != made.shell(f"cat /proc/{outside.pid}/environ")[0]
        assert outside.poll() is None
    finally:
        outside.kill()
        outside.wait()


def test_mounts_do_not_come_out(lab: Lab) -> None:
    made = lab.started(more=MOUNTER)
    made.says("mount -t tmpfs planted /mnt")
    assert "planted" not in Path("/proc/mounts").read_text()


def test_mounts_of_the_host_do_not_come_into_what_is_mounted(lab: Lab) -> None:
    shared = lab.folder / "shared"
    shared.mkdir()
    run("mount", "-t", "tmpfs", "shared-by-test", shared)
    try:
        run("mount", "--make-shared", shared)
        (shared / "sub").mkdir()
        made = lab.started(devices=mounted(shared, "/mnt"))
        run("mount", "-t", "tmpfs", "later-by-test", shared / "sub")
        try:
            (shared / "sub" / "later").touch()
            assert "" == made.says("ls /mnt/sub")
        finally:
            run("umount", shared / "sub")
    finally:
        run("umount", "--lazy", shared)


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, timeout=30)


@pytest.mark.parametrize(
    "path",
    ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper"],
)
def test_settings_of_the_host_are_not_written(lab: Lab, path: str) -> None:
    before = Path(path).read_text() if "core_pattern" in path else ""
    assert 0 != lab.started().shell(f"echo x > {path}")[0]
    assert before == (Path(path).read_text() if "core_pattern" in path else "")


@pytest.mark.parametrize(
    "script",
    [
        "mount -o remount,rw /proc/sys",
        "mount -o bind,remount,rw /proc/sys",
        "umount /proc/sys",
        "umount /proc/keys",
        "mount -t proc proc /mnt",
        "mount -t cgroup -o devices cgroup /mnt",
        "mount -t tmpfs tmpfs /mnt",
        "unshare -m true",
    ],
)
def test_what_is_read_only_or_masked_stays_so(lab: Lab, script: str) -> None:
    assert 0 != lab.started().shell(script)[0]


@pytest.mark.parametrize("path", ["/proc/kcore", "/proc/keys", "/proc/timer_list"])
def test_what_tells_of_the_host_is_empty(lab: Lab, path: str) -> None:
    assert "0" == lab.started().says(f"[ ! -e {path} ] && echo 0 || head -c 9 {path} | wc -c")


@pytest.mark.parametrize(
    "script",
    ["insmod /tmp/x.ko", "rmmod loop", "dmesg", "chroot /proc/1/root/.. ls /tmp/host-only"],
)
def test_what_is_of_the_whole_machine_is_refused(lab: Lab, script: str) -> None:
    assert 0 != lab.started().shell(script)[0]


def test_limits_are_not_lifted_from_inside(lab: Lab) -> None:
    made = lab.started()
    made.shell(
        "for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory/*/memory.limit_in_bytes; do"
        " echo -1 > $file; done; echo a > /sys/fs/cgroup/devices/devices.allow"
    )
    assert str(64 << 20) == lab.group_file(made, "memory", "memory.limit_in_bytes")
    assert "a *:* rwm" not in lab.group_file(made, "devices", "devices.list")


def test_the_root_of_an_id_map_is_nobody_on_the_host(lab: Lab) -> None:
    shared = lab.folder / "shared"
    shared.mkdir(mode=0o755)
    (shared / "private").write_text("of the host")
    (shared / "private").chmod(0o600)
    root = lab.root("mapped", owner=100000)
    made = lab.started(root=root, more=IDMAP, devices=mounted(shared, "/mnt"))
    assert "0 100000 65536" == " ".join(made.says("cat /proc/self/uid_map").split())
    assert "root" == made.says("whoami")
    assert 100000 == os.stat(f"/proc/{made.running.init.pid}").st_uid
    assert 0 != made.shell("cat /mnt/private")[0]
    assert 0 != made.shell("touch /mnt/planted")[0]
    assert 0 != made.shell("chown root /mnt/private")[0]
    made.says("touch /tmp/mine")
    assert 100000 == os.stat(root / "tmp" / "mine").st_uid


def test_the_root_of_an_id_map_mounts_in_its_own_namespace_alone(lab: Lab) -> None:
    made = lab.started(root=lab.root("mapped", owner=100000), more=IDMAP)
    made.says("mount -t tmpfs planted /mnt")
    assert "planted" not in Path("/proc/mounts").read_text()
    assert 0 != made.shell("mount -o remount,rw /proc/sys && echo x > /proc/sys/kernel/core_pattern")[0]
    assert 0 != made.shell("mknod /tmp/disk b 8 0")[0]


def test_a_program_that_may_gain_nothing_gains_nothing(lab: Lab) -> None:
    made = lab.started(plan={"no_new_privs": True})
    assert "NoNewPrivs:\t1" == made.says("grep NoNewPrivs /proc/1/status")


def test_the_profile_of_system_calls_is_in_force(lab: Lab) -> None:
    made = lab.started()
    assert "Seccomp:\t2" in made.says("grep Seccomp: /proc/1/status /proc/self/status")


def test_init_has_only_the_capabilities_it_is_to_have(lab: Lab) -> None:
    none = lab.started(more="<features><capabilities policy='deny'/></features>")
    assert {"0" * 16} == {
        line.split()[1] for line in none.says("grep -E 'Cap(Prm|Eff|Bnd)' /proc/1/status").splitlines()
    }


def test_documents_of_this_file_are_containers() -> None:
    assert container(more=IDMAP).idmap is not None
