"""Containers as a plain user has them; `test_plain_user` runs this file as one. A class for each thing it may have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import virtkit
from plugins.lxc.tests.documents import container
from plugins.lxc.tests.lab import eventually
from tests.containers import make_root, remains
from virtkit import Connection, Domain, config
from virtkit.enums import DomainShutoffReason, DomainState
from virtkit.errors import ConfigUnsupportedError, ConfSyntaxError, OperationFailedError, OperationUnsupportedError
from virtkit.store import Root
from virtkit_lxc import attaching, runtime, subids
from virtkit_lxc.attaching import Program
from virtkit_lxc.cgroups import PARENT, Layout
from virtkit_lxc.driver import LxcDriver
from virtkit_lxc.processes import Identity

NAMESPACES = " xmlns:lxc='http://libvirt.org/schemas/domain/lxc/1.0'"
SHARED = "<lxc:namespace><lxc:sharenet type='name' value='other'/></lxc:namespace>"
PRIVATE = "<features><privnet/></features>"
SLEEP = ("/bin/sleep", "1000")

LEAVE = """
import sys, virtkit
with virtkit.open(sys.argv[1]) as conn:
    conn.lookup_domain_by_name("web").create()
"""


ALONE = """
import os, sys, virtkit
from pathlib import Path
top = Path(sys.argv[2])
(top / "cgroup.procs").write_text(str(os.getpid()))
with virtkit.open(sys.argv[1]) as conn:
    domain = conn.lookup_domain_by_name("web")
    domain.create()
    domain.suspend()
    own = next(line[4:] for line in open("/proc/self/cgroup") if line.startswith("0::/")).strip()
    print(top.parent / own, "frozen" if domain.state().state == virtkit.enums.DomainState.PAUSED else "")
    domain.destroy()
"""


class Bench:
    """A root of the driver, and documents for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rootfs = make_root(folder / "rootfs")
        self.uri = f"lxc:///embed?root={folder}/state"
        self.conn: Connection = virtkit.open(self.uri)

    def define(self, *command: str, more: str = PRIVATE, **parts: Any) -> Domain:
        return self.conn.define_domain(container(self.rootfs, *command, more=more, **parts).format())

    def started(self, *command: str, **parts: Any) -> Domain:
        domain = self.define(*(command or SLEEP), **parts)
        domain.create()
        return domain

    @property
    def run_folder(self) -> Path:
        return next((self.folder / "state" / "run" / "lxc").glob("*-web"))

    def says(self, script: str) -> str:
        """What a script in the container prints, which must succeed."""
        reading, writing = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        with open(reading) as output:
            try:
                program = Program(["/bin/sh", "-c", script], {"PATH": "/bin"}, files=(nothing, writing, writing))
                status = attaching.run("web", self.run_folder, program, timeout=30)
            finally:
                os.close(writing)
                os.close(nothing)
            said = output.read().strip()
        assert 0 == status, said
        return said

    def console(self) -> str:
        return (self.run_folder / "console.log").read_text(errors="replace")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        made = Bench(Path(folder))
        try:
            yield made
        finally:
            for domain in made.conn.list_domains():
                if domain.is_active():
                    domain.destroy()
            made.conn.close()
        assert {} == remains(Path(folder) / "state" / "run" / "lxc")


def off(domain: Domain) -> bool:
    return domain.state().state == DomainState.SHUTOFF


class TestAlone:
    """A user with nothing but itself."""

    def test_its_root_is_the_user(self, bench: Bench) -> None:
        domain = bench.started()
        assert "root" == bench.says("whoami")
        assert ["0", str(os.geteuid()), "1"] == bench.says("cat /proc/self/uid_map").split()
        assert f"target='{os.geteuid()}'" in domain.xml_desc()
        assert "idmap" not in domain.xml_desc(virtkit.enums.DomainXMLFlags.INACTIVE)

    def test_a_system_comes_up_reboots_and_shuts_down(self, bench: Bench) -> None:
        domain = bench.started("/sbin/init")
        eventually(lambda: "the system is up" in bench.console(), "the message of init")
        pid = bench.says("cat /proc/sys/kernel/random/boot_id; readlink /proc/1/ns/pid").split()[1]
        domain.reboot()
        eventually(lambda: domain.is_active() and _namespace(bench) not in ("", pid), "the system after its reboot")
        domain.shutdown()
        eventually(lambda: off(domain), "the end of the system")
        assert DomainShutoffReason.SHUTDOWN == domain.state().reason

    def test_its_console_is_read_and_written(self, bench: Bench) -> None:
        domain = bench.started("/bin/sh", "-c", "read line; echo got $line; sleep 1000")
        with closing(domain.open_console()) as console:
            console.write(b"hello\n")
            seen = b""
            while b"got hello" not in seen:
                seen += console.read(4096)

    def test_programs_in_it_have_terminals(self, bench: Bench) -> None:
        bench.started()
        before, after = bench.says("ls /dev/pts; echo; exec 3<>/dev/ptmx; ls /dev/pts").split("\n\n")
        assert 1 == len(set(after.split()) - set(before.split()))

    def test_it_is_adopted_by_the_next_program(self, bench: Bench) -> None:
        bench.define(*SLEEP)
        bench.conn.close()
        subprocess.run([sys.executable, "-c", LEAVE, bench.uri], check=True, timeout=60)
        bench.conn = virtkit.open(bench.uri)
        domain = bench.conn.lookup_domain_by_name("web")
        assert DomainState.RUNNING == domain.state().state
        assert "root" == bench.says("whoami")
        domain.destroy()
        assert off(domain)

    def test_it_ends_with_its_monitor(self, bench: Bench) -> None:
        domain = bench.started()
        os.kill(int((bench.run_folder / runtime.MONITOR_PID).read_text()), 9)
        eventually(lambda: off(domain), "the end of the container")

    def test_what_it_uses_is_counted(self, bench: Bench) -> None:
        domain = bench.started("/bin/sh", "-c", "x=$(seq 1 300000 | md5sum); sleep 1000")
        eventually(lambda: domain.info().cpu_time > 0, "some CPU time")
        assert 0 < domain.info().memory < 64 * 1024

    def test_a_process_of_it_is_signalled(self, bench: Bench) -> None:
        domain = bench.started("/bin/sh", "-c", "sleep 555; echo it ended; sleep 1000")
        number = eventually(lambda: bench.says("pidof sleep || true"), "the process")
        domain.send_process_signal(int(number), 15)
        eventually(lambda: "it ended" in bench.console(), "the end of the process")

    def test_an_init_that_ends_at_once_is_told_of(self, bench: Bench) -> None:
        domain = bench.define("/bin/sh", "-c", "echo why; exit 3")

        def ended() -> str:
            """Why it could not be started; nothing where it was seen to run for a moment."""
            try:
                domain.create()
            except OperationFailedError as error:
                return str(error)
            eventually(lambda: off(domain), "its end")
            return ""

        assert "'web': its init ended with status 3 at once: why" in eventually(ended, "an end at once")
        assert off(domain)
        assert [] == list((bench.folder / "state" / "run" / "lxc").glob("*-web"))

    def test_it_has_a_network_of_its_own_also_where_nothing_says_so(self, bench: Bench) -> None:
        domain = bench.started(more="")
        assert bench.says("readlink /proc/self/ns/net") != os.readlink("/proc/self/ns/net")
        assert ["lo"] == bench.says("ls /sys/class/net").split()
        assert "<privnet/>" in domain.xml_desc()

    def test_a_folder_is_mounted_and_memory_too(self, bench: Bench) -> None:
        source = bench.folder / "source"
        source.mkdir()
        bench.started(
            devices=f"<filesystem type='mount'><source dir='{source}'/><target dir='/data'/></filesystem>"
            "<filesystem type='ram'><source usage='4' units='MiB'/><target dir='/scratch'/></filesystem>"
        )
        bench.says("echo hello > /data/greeting && touch /scratch/x")
        assert os.geteuid() == (source / "greeting").stat().st_uid

    def test_a_folder_of_its_own_is_read_only(self, bench: Bench) -> None:
        source = bench.folder / "source"
        source.mkdir()
        (source / "kept").touch()
        bench.started(
            devices=f"<filesystem type='mount'><source dir='{source}'/><target dir='/data'/><readonly/></filesystem>"
        )
        bench.says("test -e /data/kept && ! touch /data/new")

    @pytest.mark.parametrize(
        ("parts", "complaint"),
        [
            (
                {"limits": "<memtune><hard_limit unit='MiB'>8</hard_limit></memtune>"},
                "memory: .*Delegate=yes.* <memory>",
            ),
            ({"limits": "<cputune><shares>100</shares></cputune>"}, "cpu: .*Delegate=yes.* leave <cputune>"),
            ({"limits": "<blkiotune><weight>200</weight></blkiotune>"}, "blkio: .*leave <blkiotune>"),
            ({"devices": "<interface type='bridge'><source bridge='x'/></interface>"}, "cannot make its <interface>"),
            (
                {"devices": "<filesystem type='file'><source file='/x'/><target dir='/x'/></filesystem>"},
                "cannot mount its <filesystem type='file'> at /x: unpack it",
            ),
            (
                {"more": SHARED, "namespaces": NAMESPACES},
                "cannot have it share a namespace of another: leave out its <lxc:namespace>",
            ),
            (
                {
                    "devices": "<hostdev mode='capabilities' type='misc'><source><char>/dev/null</char></source>"
                    "<readonly/></hostdev>"
                },
                "cannot keep a device from being written: leave out its <readonly/>",
            ),
            (
                {
                    "more": "<idmap><uid start='0' target='100' count='9'/><gid start='0' target='100' count='9'/>"
                    "</idmap>"
                },
                "gives it uids 100-108, which user plain does not have: .*usermod --add-subuids 100-108 plain",
            ),
        ],
    )
    def test_what_takes_root_is_refused(self, bench: Bench, parts: dict[str, str], complaint: str) -> None:
        domain = bench.define(*SLEEP, **parts)
        with pytest.raises(ConfigUnsupportedError, match=f"'web' cannot start: .*{complaint}"):
            domain.create()
        assert off(domain)

    def test_it_cannot_be_suspended(self, bench: Bench) -> None:
        domain = bench.started()
        with pytest.raises(ConfigUnsupportedError, match=r"control groups of freezer: .*Delegate=yes"):
            domain.suspend()
        assert DomainState.RUNNING == domain.state().state

    def test_devices_do_not_come_to_it(self, bench: Bench) -> None:
        domain = bench.started()
        device = "<hostdev mode='capabilities' type='misc'><source><char>/dev/null</char></source></hostdev>"
        with pytest.raises(OperationUnsupportedError, match="only root changes the devices"):
            domain.attach_device(device)

    def test_it_starts_by_itself(self, bench: Bench) -> None:
        domain = bench.define(*SLEEP)
        domain.set_autostart(True)
        bench.conn.close()
        (bench.folder / "state" / "run" / "lxc" / "autostarted").unlink()
        bench.conn = virtkit.open(bench.uri)
        bench.conn.lookup_domain_by_name("web").set_autostart(False)  # owns the root
        eventually(lambda: bench.conn.lookup_domain_by_name("web").is_active(), "the start")

    def test_a_configuration_that_root_keeps_to_itself_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "virtkit").mkdir()
        (tmp_path / "virtkit" / "virtkit.toml").write_text("uri_default = 'test:///default'\n")
        assert "test:///default" == config.load({"XDG_CONFIG_HOME": str(tmp_path)}).uri_default
        (tmp_path / "virtkit").chmod(0)
        assert "" == config.load({"XDG_CONFIG_HOME": str(tmp_path)}).uri_default
        with pytest.raises(ConfSyntaxError, match="cannot read"):
            config.load({"VIRTKIT_CONFIG": str(tmp_path / "virtkit" / "virtkit.toml")})
        (tmp_path / "virtkit").chmod(0o700)

    def test_the_doctor_tells_what_is_missing(self) -> None:
        told = {finding.subject: finding for finding in LxcDriver().driver_diagnose()}
        assert told["user"].fine
        assert "plain" in told["user"].detail
        assert "usermod --add-subuids" in told["/etc/subuid"].remedy
        assert "Delegate=yes" in told["control groups"].remedy
        assert "losetup" not in told


class TestServed:
    """A user whose own virtkitd, without any option, serves lxc:///session."""

    @pytest.fixture
    def socket(self) -> Iterator[Path]:
        socket = Root.session().run / "libvirt-sock"
        with subprocess.Popen([Path(sys.executable).with_name("virtkitd")]) as daemon:
            try:
                eventually(socket.exists, "the socket of virtkitd")
                yield socket
            finally:
                daemon.terminate()
                assert 0 == daemon.wait(30)

    def test_a_client_defines_starts_and_ends_a_container(self, socket: Path, tmp_path: Path) -> None:
        rootfs = make_root(tmp_path / "rootfs")
        with virtkit.open(f"lxc+unix:///session?socket={socket}") as conn:
            domain = conn.define_domain(container(rootfs, *SLEEP, more=PRIVATE).format())
            domain.create()
            assert ["web"] == [each.name for each in conn.list_domains()]
            assert domain.info().memory > 0
            domain.destroy()
            domain.undefine()
        assert {} == remains(Root.session().run / "lxc")

    def test_a_program_without_the_daemon_sees_the_same_ones(self, socket: Path, tmp_path: Path) -> None:
        rootfs = make_root(tmp_path / "rootfs")
        with virtkit.open(f"lxc+unix:///session?socket={socket}") as conn:
            domain = conn.define_domain(container(rootfs, *SLEEP, more=PRIVATE).format())
            with virtkit.open("lxc:///session") as other:
                assert ["web"] == [each.name for each in other.list_domains()]
            domain.undefine()


class TestWithRanges:
    """A user with ids besides itself."""

    def test_its_root_is_the_user_and_others_have_ids_of_the_range(self, bench: Bench) -> None:
        bench.started()
        bench.says("su guest -c 'touch /tmp/mine'")
        first = subids.given("uid", subids.User.current())[0].first
        assert first + 999 == (bench.rootfs / "tmp" / "mine").stat().st_uid

    def test_one_that_has_lost_its_monitor_is_ended_by_the_next_program(self, bench: Bench) -> None:
        user = "<initarg>1000</initarg><inituser>guest</inituser><initgroup>guest</initgroup>"
        bench.started("/bin/sleep", more=_idmap(keep_user=True) + PRIVATE, arguments=user)
        bench.says("grep -q 'Uid:.1000' /proc/1/status")
        bench.conn.close()
        pid, monitor = (int((bench.run_folder / name).read_text().split()[0]) for name in ("init", "monitor.pid"))
        os.kill(monitor, signal.SIGKILL)
        eventually(lambda: Identity.of(monitor) is None, "the end of the monitor")
        bench.conn = virtkit.open(bench.uri)
        domain = bench.conn.lookup_domain_by_name("web")
        domain.set_autostart(False)  # owns the root
        eventually(lambda: off(domain), "the end of the container")
        assert Identity.of(pid) is None

    def test_a_root_of_the_range_has_no_way_to_the_home_of_the_user(self, bench: Bench) -> None:
        with pytest.raises(OperationFailedError, match=r"Could not access .*/state/run"):
            bench.started(more=_idmap(keep_user=False) + PRIVATE)

    def test_the_doctor_finds_the_ranges(self) -> None:
        told = {finding.subject: finding for finding in LxcDriver().driver_diagnose()}
        assert told["newuidmap"].fine
        assert told["/etc/subuid"].fine


class TestWithGroups:
    """A user with a control group of its own."""

    def test_it_is_suspended_and_resumed(self, bench: Bench) -> None:
        domain = bench.started("/bin/sh", "-c", "while :; do echo x > /tmp/alive; sleep 0.01; done")
        alive = bench.rootfs / "tmp" / "alive"
        eventually(alive.exists, "a sign of life")
        domain.suspend()
        alive.unlink()
        assert DomainState.PAUSED == domain.state().state
        assert not alive.exists()
        domain.resume()
        eventually(alive.exists, "another sign of life")

    def test_a_frozen_one_is_ended(self, bench: Bench) -> None:
        domain = bench.started()
        domain.suspend()
        domain.destroy()
        assert off(domain)

    def test_what_runs_in_it_is_in_its_group(self, bench: Bench) -> None:
        bench.started()
        group = _group()
        assert (group / "cgroup.freeze").stat().st_uid == os.geteuid()
        bench.says("true")

    def test_a_program_that_is_alone_in_its_group_moves_below_it(self, bench: Bench) -> None:
        bench.define(*SLEEP)
        bench.conn.close()
        second = Layout.read().second
        told = subprocess.run([sys.executable, "-c", ALONE, bench.uri, str(second)], check=True, capture_output=True)
        assert f"{second}/virtkit frozen" == told.stdout.decode().strip()
        bench.conn = virtkit.open(bench.uri)


class TestOnAnOlderKernel:
    """A user with nothing but itself, in the test kernel."""

    def test_why_it_is_not_started_is_told(self, bench: Bench) -> None:
        with pytest.raises(OperationFailedError, match=r"only for containers that have group 5: .*usermod"):
            bench.started()
        assert off(bench.conn.lookup_domain_by_name("web"))


class TestWithControllers:
    """A user with ids, and with control groups that limit: in the test kernel."""

    def test_it_is_limited(self, bench: Bench) -> None:
        domain = bench.started(limits="<cputune><shares>77</shares></cputune>")
        group = _group()
        assert str(64 << 20) == (group / "memory.max").read_text().strip()
        assert "77" == (group / "cpu.weight").read_text().strip()
        domain.set_memory_parameters({"hard_limit": 32 * 1024})
        assert str(32 << 20) == (group / "memory.max").read_text().strip()
        assert domain.info().memory > 0
        bench.says(
            "for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/../memory.max; do echo max > $file; done; true"
        )
        assert str(32 << 20) == (group / "memory.max").read_text().strip()
        domain.suspend()
        assert DomainState.PAUSED == domain.state().state
        domain.resume()

    def test_what_is_attached_is_limited_too(self, bench: Bench) -> None:
        bench.started()
        assert (
            bench.says("cat /proc/1/cgroup").rpartition("/")[0]
            == bench.says("cat /proc/self/cgroup").rpartition("/")[0]
        )


def _group() -> Path:
    """The control group of the one container."""
    second = Layout.read().second
    assert second is not None
    (found,) = (each for each in (second / PARENT).iterdir() if each.is_dir())
    return found


def _idmap(*, keep_user: bool) -> str:
    user = subids.User.current()
    parts = []
    for kind in ("uid", "gid"):
        (owned,) = subids.given(kind, user)
        if keep_user:
            parts.append(f"<{kind} start='0' target='{user.own(kind).first}' count='1'/>")
        parts.append(f"<{kind} start='{int(keep_user)}' target='{owned.first}' count='{owned.length}'/>")
    return f"<idmap>{''.join(parts)}</idmap>"


def _namespace(bench: Bench) -> str:
    try:
        return bench.says("readlink /proc/1/ns/pid")
    except (AssertionError, StopIteration):
        return ""
