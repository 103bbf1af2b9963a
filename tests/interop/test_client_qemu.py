"""The `virtkit` command and programs drive a real libvirtd with a real QEMU guest."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

import virtkit
from apps.cli.tests.terminals import Terminal
from tests.guests import Cache, GuestBuildError, tiny_guest
from tests.interop import libvirtd
from virtkit import Connection, Domain
from virtkit.enums import (
    DomainEventType as Lifecycle,
)
from virtkit.enums import (
    DomainMemoryStatTags,
    DomainModificationImpact,
    DomainState,
    ErrorDomain,
    StorageVolDownloadFlags,
    StorageVolUploadFlags,
)
from virtkit.errors import NoDomainError, OperationDeniedError, VirtError
from virtkit.events import DomainLifecycleEvent, QemuMonitorEvent
from virtkit.streams import Hole, Sink

pytestmark = [pytest.mark.libvirt, pytest.mark.qemu]
VIRTKIT = str(Path(sys.executable).with_name("virtkit"))
ESCAPE = b"\x1d"
PATIENCE = 60.0
"""Seconds after which a test has failed."""

DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>8</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>
      <target dev='vda' bus='virtio'/><readonly/></disk>
    <serial type='pty'/>
    <video><model type='vga'/></video>
  </devices>
</domain>
"""
POOL = "<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"
VOLUME = "<volume><name>{name}</name><capacity unit='bytes'>{size}</capacity><allocation>0</allocation></volume>"
MIB = 1 << 20


class Daemon(NamedTuple):
    """A running libvirtd.

    Attributes:
        uri: Of its QEMU driver.
        readonly: Likewise, over the socket for readers.
        folder: For the files of tests; the same inside its namespace.
        image: The disk of a guest.
    """

    uri: str
    readonly: str
    folder: Path
    image: Path

    def virtkit(self, *words: str) -> str:
        """What the command prints; it has to succeed."""
        done = subprocess.run([VIRTKIT, "-c", self.uri, *words], capture_output=True, text=True, timeout=120)
        assert (0, "") == (done.returncode, done.stderr)
        return done.stdout

    def terminal(self, *words: str) -> Terminal:
        """The command on a terminal."""
        return Terminal(VIRTKIT, "-c", self.uri, *words, environment=os.environ)

    def xml(self, name: str) -> str:
        return DOMAIN.format(name=name, image=self.image)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("libvirtd")
    try:
        image = shutil.copy(tiny_guest(Cache()).image, folder)
    except GuestBuildError as error:
        pytest.skip(str(error))
    with libvirtd.running_system(folder) as path:
        uri = f"qemu+unix:///system?socket={path}"
        yield Daemon(uri, f"{uri}-ro", folder, Path(image))


@pytest.fixture
def conn(daemon: Daemon) -> Iterator[Connection]:
    with virtkit.open(daemon.uri) as conn:
        yield conn


@pytest.fixture
def guest(conn: Connection, daemon: Daemon) -> Iterator[Domain]:
    """A guest that is up and said so."""
    domain = conn.create_domain(daemon.xml("up"))
    try:
        console = domain.open_console()
        try:
            read_until(console.read, b"TINY-UP\r\n")
        finally:
            console.close()
        yield domain
    finally:
        if domain.is_active():
            domain.destroy()


def read_until(read: Callable[[int, float], bytes], text: bytes) -> bytes:
    """What has been read when a text has come."""
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while text not in seen:
        data = read(65536, max(0.0, deadline - time.monotonic()))
        assert data, f"the end came before {text!r}, after {seen!r}"
        seen += data
    return seen


def test_the_command_lists_defines_and_boots_a_guest_with_its_console(daemon: Daemon) -> None:
    document = daemon.folder / "web.xml"
    document.write_text(daemon.xml("web"))
    assert "web" not in daemon.virtkit("list", "--all")
    assert f"Domain 'web' defined from {document}" in daemon.virtkit("define", str(document))
    assert "shut off" in daemon.virtkit("list", "--all")
    with daemon.terminal("start", "web", "--console") as terminal:
        terminal.expect(b"Connected to domain 'web'")
        terminal.expect(b"TINY-UP")
        terminal.type(b"hello")
        terminal.expect(b"hello")
        terminal.type(ESCAPE)
        assert 0 == terminal.end()
    assert "running (booted)\n\n" == daemon.virtkit("domstate", "web", "--reason")
    with daemon.terminal("console", "web") as terminal:
        terminal.expect(b"Escape character is ^]")
        terminal.type(b"P")  # the guest powers itself off
        assert 0 == terminal.end()
    wait_for(lambda: daemon.virtkit("domstate", "web", "--reason") == "shut off (shutdown)\n\n")
    assert "Domain 'web' has been undefined\n\n" == daemon.virtkit("undefine", "web")


def test_the_command_prints_the_events_of_a_guest(daemon: Daemon, conn: Connection) -> None:
    with daemon.terminal("event", "--event", "lifecycle", "--loop") as watching:
        deadline = time.monotonic() + PATIENCE
        while not select.select([watching.master], [], [], 0.1)[0]:  # until it has subscribed
            assert time.monotonic() < deadline
            conn.define_domain(daemon.xml("seen")).undefine()
        domain = conn.create_domain(daemon.xml("seen"))
        domain.suspend()
        domain.destroy()
        for text in (b"'seen': Started Booted", b"'seen': Suspended Paused", b"'seen': Stopped Destroyed"):
            watching.expect(text)
        watching.process.send_signal(signal.SIGINT)
        watching.expect(b"events received: ")
        assert 0 == watching.end()


def test_a_program_gets_the_events_of_a_guest_in_order(daemon: Daemon, conn: Connection) -> None:
    seen: list[tuple[str, int]] = []
    with conn.subscribe(DomainLifecycleEvent, lambda domain, record: seen.append((domain.name, record.event))):
        domain = conn.create_domain(daemon.xml("told"))
        domain.suspend()
        domain.resume()
        domain.destroy()
        wait_for(lambda: ("told", Lifecycle.STOPPED) in seen)
    wanted = [Lifecycle.STARTED, Lifecycle.SUSPENDED, Lifecycle.STOPPED]  # libvirt says RESUMED of a start too
    assert [("told", each) for each in wanted] == [each for each in seen if each[1] in wanted]


def test_a_monitor_event_of_qemu_arrives(daemon: Daemon, conn: Connection) -> None:
    seen: list[str] = []
    with conn.subscribe(QemuMonitorEvent, lambda domain, record: seen.append(record.event)):
        domain = conn.create_domain(daemon.xml("raw"))
        domain.suspend()
        domain.destroy()
        wait_for(lambda: "STOP" in seen)


def test_a_console_is_read_written_and_let_go_of_while_calls_go_on(guest: Domain) -> None:
    console = guest.open_console()
    try:
        console.write(b"abc")
        states = [guest.state() for _ in range(20)]
        assert b"abc" == read_until(console.read, b"abc")
        with pytest.raises(TimeoutError):
            console.read(1, 0.01)
    finally:
        console.close()
    again = guest.open_console()
    again.write(b"d")
    assert b"d" == read_until(again.read, b"d")
    again.close()
    assert {DomainState.RUNNING} == {each.state for each in states}


def test_closing_a_console_ends_a_read_of_another_thread(guest: Domain) -> None:
    console = guest.open_console()
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(console.read()))
    reader.start()
    console.close()
    reader.join(PATIENCE)
    assert [b""] == read


def test_a_screenshot_is_an_image(guest: Domain) -> None:
    mime, pieces = guest.screenshot()
    image = b"".join(bytes(piece.length) if isinstance(piece, Hole) else piece for piece in pieces)
    assert ("image/png", b"\x89PNG") == (mime, image[:4])


def test_a_screenshot_that_is_left_early_leaves_the_connection_good(guest: Domain) -> None:
    pieces = guest.screenshot().data
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert guest.is_active() is True


def test_what_libvirt_tells_of_a_guest_fits(guest: Domain) -> None:
    """Replies of many shapes: records, lists, maps, parameters, CPU maps."""
    cpus = guest.vcpus()
    assert ([0, 1], 2) == ([each.number for each in cpus], len(guest.vcpu_pin_info()))
    assert guest.connection.node_info().cpus <= 8 * len(cpus[0].cpumap)
    assert guest.info().nr_virt_cpu == 2
    assert guest.disk_errors() == []
    assert guest.block_info("vda").capacity == MIB
    assert guest.block_job_info("vda") is None
    assert guest.memory_stats()[DomainMemoryStatTags.ACTUAL_BALLOON] == 8192
    assert guest.qemu_monitor_command('{"execute": "query-status"}').startswith('{"return":')
    assert guest.xml_desc().startswith("<domain type='qemu'")


def test_a_volume_is_filled_and_read_with_its_holes(conn: Connection, daemon: Daemon) -> None:
    vol = volume(conn, daemon, "sparse", 8 * MIB)
    original = daemon.folder / "original"
    with original.open("wb") as file:
        file.write(b"head" * 1000)
        file.seek(6 * MIB)
        file.write(os.urandom(600_000))
        file.truncate(8 * MIB)
    with original.open("rb") as file:
        vol.upload_from(file, flags=StorageVolUploadFlags.SPARSE_STREAM)
    pieces = list(vol.download(flags=StorageVolDownloadFlags.SPARSE_STREAM))
    assert any(isinstance(piece, Hole) for piece in pieces)
    copy = daemon.folder / "copy"
    with copy.open("wb") as file:
        vol.download_to(file, flags=StorageVolDownloadFlags.SPARSE_STREAM)
    assert original.read_bytes() == copy.read_bytes()
    assert copy.stat().st_blocks * 512 < 2 * MIB
    with copy.open("wb") as file:
        vol.download_to(file, offset=6 * MIB, length=1000)
    assert original.read_bytes()[6 * MIB : 6 * MIB + 1000] == copy.read_bytes()


def test_the_command_copies_files_to_volumes_and_back(conn: Connection, daemon: Daemon) -> None:
    volume(conn, daemon, "copied", MIB)
    original, copy = daemon.folder / "from", daemon.folder / "to"
    original.write_bytes(os.urandom(MIB))
    daemon.virtkit("vol-upload", "copied", str(original), "--pool", "copied")
    daemon.virtkit("vol-download", "copied", str(copy), "--pool", "copied")
    assert original.read_bytes() == copy.read_bytes()


def test_an_upload_that_is_given_up_leaves_the_connection_good(conn: Connection, daemon: Daemon) -> None:
    vol = volume(conn, daemon, "dropped", MIB)
    sink = vol.upload()
    sink.write(b"x" * 1000)
    sink.abort()
    assert vol.info().capacity == MIB


def test_what_a_volume_has_no_room_for_is_told_while_it_is_sent(conn: Connection, daemon: Daemon) -> None:
    vol = volume(conn, daemon, "small", 1000)
    with pytest.raises(VirtError):
        send_without_end(vol.upload(0, 1000))
    assert conn.is_alive() is True


def send_without_end(sink: Sink) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        sink.write(bytes(1000))


def volume(conn: Connection, daemon: Daemon, name: str, size: int) -> virtkit.StorageVol:
    """A new volume in a new pool of the same name."""
    path = daemon.folder / f"pool-{name}"
    path.mkdir()
    pool = conn.create_storage_pool(POOL.format(name=name, path=path))
    return pool.create_volume(VOLUME.format(name=name, size=size))


def test_errors_are_those_of_the_daemon(conn: Connection) -> None:
    with pytest.raises(NoDomainError) as caught:
        conn.lookup_domain_by_name("nobody")
    assert ErrorDomain.QEMU == caught.value.domain


def test_a_connection_for_readers_changes_nothing(daemon: Daemon, guest: Domain) -> None:
    with virtkit.open(daemon.readonly, readonly=True) as conn:
        seen = conn.lookup_domain_by_name(guest.name)
        assert seen.info().state == DomainState.RUNNING
        with pytest.raises(OperationDeniedError):
            seen.destroy()
    assert guest.is_active() is True


def test_the_socket_for_readers_refuses_changes_by_itself(daemon: Daemon, guest: Domain) -> None:
    """Here the client does not know better: it is libvirtd that says no."""
    with virtkit.open(daemon.readonly) as conn, pytest.raises(OperationDeniedError):
        conn.lookup_domain_by_name(guest.name).destroy()
    assert guest.is_active() is True


def test_threads_share_a_connection(conn: Connection, guest: Domain) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: guest.info().max_mem, range(200)))
    assert [8192] * 200 == found


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_parameters_that_are_texts_arrive(daemon: Daemon, conn: Connection) -> None:
    tune = "<blkiotune><weight>300</weight><device><path>/dev/sdz</path><weight>400</weight></device></blkiotune>"
    domain = conn.define_domain(daemon.xml("tuned").replace("<os>", f"{tune}<os>"))
    try:
        found = domain.blkio_parameters(DomainModificationImpact.CONFIG)
        assert (300, "/dev/sdz,400") == (found["weight"], found["device_weight"])
    finally:
        domain.undefine()
