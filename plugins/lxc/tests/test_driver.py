"""Containers through the driver, from a definition to the end: what they do, what is told of them."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import PATIENCE_SECONDS, document, eventually, read_until, state_of, wait_for_shell
from virtkit import Connection, Domain
from virtkit.enums import (
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainModificationImpact,
    DomainProcessSignal,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
    XMLError,
)
from virtkit.events import DomainLifecycleEvent, DomainRebootEvent
from virtkit.params import TypedParams

ATTEMPTS = 20
"""Starts of an init that ends at once: on a busy machine it may be seen running before, which is no failed start."""


def test_init_talks_on_the_console(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    with closing(domain.open_console()) as console:
        console.write(b"echo $((6 * 7)) $(hostname)\n")
        assert b"42 web" in read_until(console, b"42 web")


def test_only_one_has_the_console_until_another_insists(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    console = domain.open_console()
    with pytest.raises(OperationFailedError, match="in use"):
        domain.open_console()
    other = domain.open_console(flags=virtkit.enums.DomainConsoleFlags.FORCE)
    assert b"" == console.read(timeout=PATIENCE_SECONDS)
    other.close()


def start_until_it_is_refused(domain: Domain) -> None:
    for _ in range(ATTEMPTS):
        domain.create()
        eventually(lambda: not domain.is_active(), "its end")


def test_an_init_that_ends_at_once_is_quoted(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs, "/bin/sh", "-c", "echo no disk; exit 3"))
    with pytest.raises(OperationFailedError, match=r"ended with status 3.*no disk"):
        start_until_it_is_refused(domain)
    assert (DomainState.SHUTOFF, DomainShutoffReason.FAILED) == state_of(domain)


def test_what_is_missing_is_named(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    lost = tmp_path / "nowhere"
    domain = connection.define_domain(document(rootfs).replace(str(rootfs), str(lost)))
    with pytest.raises(SystemCallError, match=f"domain 'web' cannot start: its file system {lost}: No such file"):
        domain.create()


def test_an_init_that_is_not_there_is_named(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs, "/sbin/nowhere"))
    with pytest.raises(OperationFailedError, match="/sbin/nowhere"):
        domain.create()


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("<init>/sbin/init</init>", "", XMLError),
        ("<type>exe</type>", "<type>hvm</type>", ConfigUnsupportedError),
        ("<console type='pty'/>", "<console type='pty'/><video/>", ConfigUnsupportedError),
        ("<console type='pty'/>", "<console type='stdio'/>", ConfigUnsupportedError),
        ("<target dir='/'/>", "<target dir='here'/>", ConfigUnsupportedError),
        ("<devices>", "<idmap><uid start='1' target='9' count='9'/></idmap><devices>", XMLError),
        (
            "<devices>",
            "<idmap><uid start='0' target='10' count='9'/><uid start='5' target='50' count='9'/>"
            "<gid start='0' target='10' count='9'/></idmap><devices>",
            XMLError,
        ),
    ],
)
def test_what_no_container_can_have_is_refused(
    connection: Connection, rootfs: Path, before: str, after: str, error: type[Exception]
) -> None:
    xml = document(rootfs)
    assert before in xml
    with pytest.raises(error, match="domain 'web'"):
        connection.define_domain(xml.replace(before, after))
    assert [] == connection.list_domains()


def test_a_frozen_container_runs_on_where_it_stood(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs, "/bin/sh", "-c", "while :; do :; done"))
    domain.suspend()
    used = domain.info().cpu_time
    time.sleep(0.05)
    assert used == domain.info().cpu_time
    with pytest.raises(OperationInvalidError, match="resume it first"):
        domain.shutdown()
    domain.resume()
    eventually(lambda: domain.info().cpu_time > used, "it runs on")


def test_a_system_that_is_asked_reboots_with_the_same_id(connection: Connection, rootfs: Path) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    domain = connection.create_domain(document(rootfs))
    number = domain.id
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: told, "it reboots")
    assert (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(domain)
    assert number == connection.lookup_domain_by_name("web").id


def test_a_system_that_may_not_reboot_is_off(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs, more="<on_reboot>destroy</on_reboot>"))
    domain.create()
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: not domain.is_active(), "it ends")
    assert (DomainState.SHUTOFF, DomainShutoffReason.SHUTDOWN) == state_of(domain)


def test_an_init_that_fails_later_has_crashed(connection: Connection, rootfs: Path) -> None:
    told: list[DomainLifecycleEvent] = []
    connection.subscribe(DomainLifecycleEvent, lambda _, event: told.append(event))
    domain = connection.define_domain(document(rootfs, "/bin/sh", "-c", "sleep 0.3; exit 7"))
    domain.create()
    eventually(lambda: any(event.event == DomainEventType.STOPPED for event in told), "it ends")
    assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain)
    assert DomainLifecycleEvent(DomainEventType.STOPPED, DomainEventStoppedDetailType.CRASHED) == told[-1]


def test_memory_that_runs_out_ends_the_container(connection: Connection, rootfs: Path) -> None:
    eat = "x=0123456789; while :; do x=$x$x; done"
    domain = connection.define_domain(document(rootfs, "/bin/sh", "-c", eat))
    domain.create()
    eventually(lambda: not domain.is_active(), "it is killed")
    assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain)


def test_limits_of_one_that_runs_are_changed(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    assert 64 * 1024 == domain.memory_parameters()["hard_limit"]
    domain.set_memory_parameters({"hard_limit": 128 * 1024})
    assert 128 * 1024 == domain.memory_parameters()["hard_limit"]
    domain.set_scheduler_parameters({"cpu_shares": 512, "vcpu_quota": 20_000})
    shares = domain.scheduler_parameters()
    assert (512, 100_000, 20_000) == (shares["cpu_shares"], shares["vcpu_period"], shares["vcpu_quota"])
    domain.set_memory(32 * 1024)
    assert 32 * 1024 == domain.memory_parameters()["hard_limit"]
    assert "<currentMemory unit='KiB'>32768</currentMemory>" in domain.xml_desc()


def test_limits_of_one_that_is_off_are_those_of_its_next_start(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs))
    domain.set_scheduler_parameters({"cpu_shares": 300})
    domain.set_memory_parameters({"hard_limit": 48 * 1024})
    domain.create()
    assert 300 == domain.scheduler_parameters()["cpu_shares"]
    assert 48 * 1024 == domain.memory_parameters()["hard_limit"]


def test_shares_of_block_devices_are_told_as_they_were_set(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs))
    domain.set_blkio_parameters({"weight": 300, "device_read_bytes_sec": "/dev/loop0,1000,/dev/loop1,2000"})
    told = domain.blkio_parameters()
    assert (300, "/dev/loop0,1000,/dev/loop1,2000", "") == (
        told["weight"],
        told["device_read_bytes_sec"],
        told["device_weight"],
    )
    domain.set_blkio_parameters({"device_read_bytes_sec": "/dev/loop0,0"})
    assert "/dev/loop1,2000" == domain.blkio_parameters()["device_read_bytes_sec"]
    for wrong in ({"device_weight": "/dev/loop0"}, {"weight": 0}, {"toast": 1}):
        with pytest.raises(InvalidArgError):
            domain.set_blkio_parameters(wrong)


@pytest.mark.parametrize("wrong", [{"toast": 1}, {"hard_limit": -1}, {"hard_limit": True}])
def test_limits_that_mean_nothing_are_refused(connection: Connection, rootfs: Path, wrong: dict[str, int]) -> None:
    domain = connection.define_domain(document(rootfs))
    with pytest.raises(InvalidArgError):
        domain.set_memory_parameters(wrong, flags=DomainModificationImpact.CONFIG)
    assert "memtune" not in domain.xml_desc()


def test_what_a_container_uses_is_counted(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs, "/bin/sh", "-c", "while :; do :; done"))
    eventually(lambda: domain.info().cpu_time > 0, "time is counted")
    info = domain.info()
    assert 0 < info.memory <= info.max_mem
    (total,) = domain.cpu_stats(-1, 1)
    assert number(total, "cpu_time") >= info.cpu_time
    ((_, bulk),) = connection.domain_stats([domain])
    assert number(bulk, "cpu.time") >= number(total, "cpu_time")
    assert 0 < number(bulk, "balloon.rss") <= info.max_mem
    assert 64 * 1024 == domain.memory_stats()[virtkit.enums.DomainMemoryStatTags.ACTUAL_BALLOON]


def test_block_devices_are_counted_by_target_and_together(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    together = domain.block_stats("")
    assert min(together.rd_req, together.rd_bytes, together.wr_req, together.wr_bytes) >= 0
    with pytest.raises(InvalidArgError, match="no disk 'vda'"):
        domain.block_stats("vda")


def number(params: TypedParams, name: str) -> int:
    value = params[name]
    assert isinstance(value, int)
    return value


def test_a_process_inside_is_signalled_by_its_number_there(connection: Connection, rootfs: Path) -> None:
    script = "sleep 1000 & trap 'echo heard' USR1; while :; do wait; done"
    domain = connection.create_domain(document(rootfs, "/bin/sh", "-c", script))
    with closing(domain.open_console()) as console:
        eventually(lambda: _signals(domain, DomainProcessSignal.USR1), "init listens")
        read_until(console, b"heard")
    with pytest.raises(SystemCallError, match="process 4711"):
        domain.send_process_signal(4711, DomainProcessSignal.KILL)


def _signals(domain: Domain, number: int) -> bool:
    domain.send_process_signal(1, number)
    return True


def test_namespaces_are_those_of_init(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    found = domain.lxc_open_namespace()
    try:
        kinds = {os.readlink(f"/proc/self/fd/{each}").partition(":")[0] for each in found}
        assert {"ipc", "uts", "net", "pid", "mnt"} == kinds
    finally:
        for each in found:
            os.close(each)


def test_namespaces_of_another_container_are_shared(connection: Connection, rootfs: Path) -> None:
    other = connection.create_domain(document(rootfs, name="other"))
    xml = document(rootfs).replace("<domain type='lxc'>", f"<domain type='lxc' xmlns:lxc='{LXC_NAMESPACE}'>")
    shared = "<lxc:namespace><lxc:sharenet type='name' value='other'/></lxc:namespace></domain>"
    domain = connection.create_domain(xml.replace("</domain>", shared))
    assert _network_of(other) == _network_of(domain)


LXC_NAMESPACE = "http://libvirt.org/schemas/domain/lxc/1.0"


def _network_of(domain: Domain) -> set[str]:
    found = domain.lxc_open_namespace()
    try:
        return {name for each in found if (name := os.readlink(f"/proc/self/fd/{each}")).startswith("net:")}
    finally:
        for each in found:
            os.close(each)


def test_an_image_is_a_root(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    image = tmp_path / "root.img"
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-d", rootfs, image, "16M"], check=True, timeout=60, capture_output=True
    )
    xml = document(rootfs).replace("<filesystem>", "<filesystem type='file'><driver type='loop' format='raw'/>")
    domain = connection.create_domain(xml.replace(f"dir='{rootfs}'", f"file='{image}'"))
    wait_for_shell(domain)
    assert str(image) in loop_devices()
    domain.destroy()
    # Whoever makes a mount namespace just then, as for another container, has it mounted too for a moment.
    eventually(lambda: str(image) not in loop_devices(), "the device lets go of it")


def loop_devices() -> str:
    return subprocess.run(["losetup", "-a"], check=True, timeout=60, capture_output=True, text=True).stdout


def test_init_runs_as_its_user(connection: Connection, rootfs: Path) -> None:
    xml = document(rootfs, "/bin/sh").replace("</os>", "<inituser>guest</inituser><initgroup>guest</initgroup></os>")
    domain = connection.create_domain(xml)
    with closing(domain.open_console()) as console:
        console.write(b"echo $(id -u):$(id -g)\n")
        read_until(console, b"1000:1000")


def test_a_user_that_is_not_there_is_named(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs).replace("</os>", "<inituser>nobody</inituser></os>"))
    with pytest.raises(ConfigUnsupportedError, match="no user 'nobody'"):
        domain.create()
