"""Containers through the driver, from a definition to the end: what they do, what is told of them, what remains."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

import virtkit
from tests.containers.host import needs_containers, remains
from tests.containers.rootfs import make_root
from tests.namespaces import Namespace
from virtkit import Connection, Domain
from virtkit.enums import (
    DomainCreateFlags,
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainInterfaceAddressesSource,
    DomainModificationImpact,
    DomainProcessSignal,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    DeviceMissingError,
    InternalError,
    InvalidArgError,
    NoHostnameError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
    XMLError,
)
from virtkit.events import DomainLifecycleEvent, DomainRebootEvent
from virtkit.network.links import Links
from virtkit.params import TypedParams
from virtkit.streams import Duplex

PATIENCE_SECONDS = 30.0

ATTEMPTS = 20
"""Starts of an init that ends at once: on a busy machine it may be seen running before, which is no failed start."""


def eventually(holds: Callable[[], object], what: str) -> None:
    """Return as soon as `holds()` is true; fail when it does not become so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_containers()
    folder = make_root(tmp_path_factory.mktemp("rootfs"))
    folder.chmod(0o755)  # there are other users in it
    return folder


@pytest.fixture
def uri(tmp_path: Path, rootfs: Path) -> Iterator[str]:
    """Of a root of its own; whatever a test left running is ended, and nothing of it may remain."""
    uri = f"lxc:///embed?root={tmp_path}"
    yield uri
    with virtkit.open(uri) as connection:
        for domain in connection.list_domains():
            if domain.is_active():
                domain.destroy()
    assert {} == remains(tmp_path / "run" / "lxc")


@pytest.fixture
def connection(uri: str) -> Iterator[Connection]:
    with virtkit.open(uri) as opened:
        yield opened


def document(rootfs: Path, *command: str, more: str = "", devices: str = "", name: str = "web") -> str:
    init, *arguments = command or ("/sbin/init",)
    words = "".join(f"<initarg>{escape(word)}</initarg>" for word in arguments)
    return f"""<domain type='lxc'><name>{name}</name><memory unit='MiB'>64</memory>
        <os><type>exe</type><init>{init}</init>{words}</os><features><privnet/></features>{more}
        <devices><filesystem><source dir='{rootfs}'/><target dir='/'/></filesystem>{devices}
        <console type='pty'/></devices></domain>"""


def read_until(console: Duplex, wanted: bytes) -> bytes:
    """What a console shows until something stands there."""
    shown, deadline = b"", time.monotonic() + PATIENCE_SECONDS
    while wanted not in shown:
        assert time.monotonic() < deadline, shown
        try:
            shown += console.read(timeout=1.0)
        except TimeoutError:
            continue
    return shown


def wait_for_shell(domain: Domain) -> None:
    """Wait until the system of a container is up."""
    with closing(domain.open_console()) as console:
        console.write(b"echo $((6 * 7))\n")
        read_until(console, b"42")


def state_of(domain: Domain) -> tuple[DomainState, int]:
    state = domain.state()
    return state.state, state.reason


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


# The death of the manager

START_AND_DIE = """
import os, signal, sys, virtkit
connection = virtkit.open(sys.argv[1])
domain = connection.lookup_domain_by_name("web")
domain.create()
print(domain.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_container_outlives_its_manager_and_is_adopted(uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs))
    done = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        assert int(done.stdout) == domain.id
        assert (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(domain)
        told: list[DomainLifecycleEvent] = []
        connection.subscribe(DomainLifecycleEvent, lambda _, event: told.append(event))
        eventually(lambda: _asked_to_end(domain), "it shuts down")
        eventually(lambda: told and told[-1].event == DomainEventType.STOPPED, "it is told")
        assert DomainShutoffReason.SHUTDOWN == domain.state().reason


DIE_WHILE_STARTING = """
import os, signal, sys, virtkit
from virtkit_lxc import runtime
runtime.find = lambda folder: os.kill(os.getpid(), signal.SIGKILL)  # liblxc has started it, and nobody has noted that
virtkit.open(sys.argv[1]).lookup_domain_by_name("web").create()
"""


def test_a_start_whose_manager_died_half_way_leaves_nothing(uri: str, rootfs: Path, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs))
    done = subprocess.run(
        [sys.executable, "-c", DIE_WHILE_STARTING, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(False)  # owns the root
        assert (DomainState.SHUTOFF, DomainShutoffReason.FAILED) == state_of(domain)
        assert {} == remains(tmp_path / "run" / "lxc")
        domain.create()
        assert domain.is_active()


def test_a_marked_container_starts_with_the_driver(uri: str, rootfs: Path, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(document(rootfs))
        domain.set_autostart(True)
    (tmp_path / "run" / "lxc" / "autostarted").unlink()  # as after a boot of the host
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(True)  # owns the root
        eventually(domain.is_active, "it is started")


def test_a_container_that_ends_with_its_session_does(uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs)).create(DomainCreateFlags.START_AUTODESTROY)
    with virtkit.open(uri) as connection:
        assert not connection.lookup_domain_by_name("web").is_active()


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


def _asked_to_end(domain: Domain) -> bool:
    if domain.is_active():
        try:
            domain.shutdown()
        except (OperationInvalidError, OperationFailedError):
            return False
    return not domain.is_active()


def test_a_container_that_ended_unseen_is_off(uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(document(rootfs, "/bin/sleep", "0.5"))
        domain.create()
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        eventually(lambda: not domain.is_active(), "it is gone")
        domain.set_autostart(True)  # owns the root
        assert DomainState.SHUTOFF == domain.state().state


# Interfaces


@pytest.fixture
def bridge(network: Namespace) -> str:
    """A bridge of a host that is a network namespace: 10.0.0.1."""
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        links.add_address("vb0", "10.0.0.1/24")
        links.set_up("vb0")
    return "vb0"


MAC = "52:54:00:a1:b2:c3"
INTERFACE = f"""<interface type='bridge'><mac address='{MAC}'/><source bridge='vb0'/><guest dev='net0'/>
    <ip address='10.0.0.2' prefix='24'/></interface>"""


def test_an_interface_is_plugged_into_its_bridge(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    before = network.run("ip", "-o", "link").stdout.count("\n")
    domain = connection.create_domain(document(rootfs, devices=INTERFACE))
    assert network.pings("10.0.0.2")
    assert "<target dev='vnet0'/>" in domain.xml_desc()
    (met,) = domain.interface_addresses(DomainInterfaceAddressesSource.ARP)
    assert ("vnet0", MAC, ["10.0.0.2"]) == (met.name, met.hwaddr, [each.addr for each in met.addrs])
    with pytest.raises(NoHostnameError):
        domain.hostname()
    assert domain.interface_stats("vnet0").rx_packets > 0
    ((_, bulk),) = connection.domain_stats([domain])
    assert "vnet0" == bulk["net.0.name"]
    domain.destroy()
    assert before == network.run("ip", "-o", "link").stdout.count("\n")


def test_a_start_that_fails_leaves_no_interface(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    before = network.run("ip", "-o", "link").stdout.count("\n")
    domain = connection.define_domain(document(rootfs, "/sbin/nowhere", devices=INTERFACE))
    with pytest.raises(OperationFailedError, match="/sbin/nowhere"):
        domain.create()
    assert before == network.run("ip", "-o", "link").stdout.count("\n")


def test_a_bridge_that_is_not_there_is_named(connection: Connection, network: Namespace, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs, devices=INTERFACE))
    with pytest.raises(InternalError, match="vb0"):
        domain.create()
    assert not domain.is_active()


def test_an_adopted_container_keeps_its_interface(bridge: str, network: Namespace, uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.create_domain(document(rootfs, devices=INTERFACE))
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.suspend()
        domain.resume()
        assert network.pings("10.0.0.2")


def test_a_system_that_reboots_keeps_its_interface(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    domain = connection.create_domain(document(rootfs, devices=INTERFACE))
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: told, "it reboots")
    assert network.pings("10.0.0.2")
    domain.destroy()
    assert "vnet" not in network.run("ip", "-o", "link").stdout


BOUND = "<filesystem type='bind'><source dir='/tmp'/><target dir='/mnt'/></filesystem>"


def test_a_system_that_liblxc_may_not_start_anew_is_started_by_us(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    domain = connection.create_domain(document(rootfs, devices=INTERFACE + BOUND))
    number = domain.id
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: told, "it reboots")
    wait_for_shell(domain)
    assert number == connection.lookup_domain_by_name("web").id
    assert network.pings("10.0.0.2")


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
    assert str(image) not in loop_devices()


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


# Devices that come and go


def test_an_interface_comes_and_goes(bridge: str, network: Namespace, connection: Connection, rootfs: Path) -> None:
    before = network.run("ip", "-o", "link").stdout.count("\n")
    domain = connection.create_domain(document(rootfs))
    domain.attach_device(INTERFACE)
    assert network.pings("10.0.0.2")
    assert MAC in domain.xml_desc()
    with pytest.raises(OperationInvalidError, match="already"):
        domain.attach_device(INTERFACE)
    domain.detach_device(INTERFACE)
    assert MAC not in domain.xml_desc()
    assert before == network.run("ip", "-o", "link").stdout.count("\n")


FULL = "<hostdev mode='capabilities' type='misc'><source><char>/dev/full</char></source></hostdev>"


def test_a_device_node_comes_and_goes(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    with closing(domain.open_console()) as console:
        console.write(b"rm -f /dev/full; echo x$((3 * 3))\n")
        read_until(console, b"x9")
        domain.attach_device(FULL)
        console.write(b"echo a > /dev/full; test -c /dev/full && echo is$((6 * 7))there\n")
        assert b"No space left" in read_until(console, b"is42there")
        domain.detach_device(FULL)
        console.write(b"test -e /dev/full || echo is$((6 * 7))gone\n")
        read_until(console, b"is42gone")
    with pytest.raises(DeviceMissingError):
        domain.detach_device(FULL)


ESCAPING = "<disk type='block'><source dev='/dev/loop0'/><target dev='../etc/x' bus='virtio'/></disk>"


def test_a_device_node_stays_below_dev(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    with pytest.raises(ConfigUnsupportedError, match="/etc/x in a container: devices are below /dev"):
        domain.attach_device(
            "<disk type='block'><source dev='/dev/loop0'/><target dev='../etc/x' bus='virtio'/></disk>"
        )
    assert "loop0" not in domain.xml_desc()


def test_a_definition_gets_and_loses_devices(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs))
    before = domain.xml_desc()
    shared = f"<filesystem><source dir='{rootfs}/mnt'/><target dir='/srv'/></filesystem>"
    for device in (INTERFACE, FULL, shared):
        domain.attach_device(device, DomainModificationImpact.CONFIG)
        with pytest.raises(OperationInvalidError, match="already"):
            domain.attach_device(device, DomainModificationImpact.CONFIG)
    assert "<target dir='/srv'/>" in domain.xml_desc()
    changed = INTERFACE.replace("vb0", "vb1")
    domain.update_device(changed, DomainModificationImpact.CONFIG)
    assert "<source bridge='vb1'/>" in domain.xml_desc()
    for device in (changed, FULL, shared):
        domain.detach_device(device, DomainModificationImpact.CONFIG)
    assert before == domain.xml_desc()
