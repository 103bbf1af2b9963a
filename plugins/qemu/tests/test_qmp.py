"""The monitor client against real QEMU; a socket pair stands in only for a QEMU that misbehaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plugins.qemu.tests.rig import NO_MACHINE, PATIENCE_SECONDS, Rig, Watcher, eventually
from virtkit.errors import (
    DeviceMissingError,
    OperationAbortedError,
    OperationFailedError,
    OperationInvalidError,
    OperationTimeoutError,
    OperationUnsupportedError,
    VirtError,
)
from virtkit.services.loop import MonitorLoop
from virtkit_qemu.qmp import Event, Monitor, MonitorClosedError, QMPError
from virtkit_qemu.wire import LINE_BYTES

SHORT_SECONDS = 0.3


@pytest.fixture
def monitor(rig: Rig) -> Monitor:
    return rig.start("web", *NO_MACHINE).monitor


@pytest.fixture
def loop() -> Iterator[MonitorLoop]:
    loop = MonitorLoop()
    yield loop
    loop.close()


def negotiated(far: socket.socket) -> None:
    """Play QEMU's part of the negotiation."""
    version = {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": ""}
    far.sendall(json.dumps({"QMP": {"version": version, "capabilities": []}}).encode() + b"\r\n")
    request = json.loads(far.recv(4096))
    far.sendall(json.dumps({"return": {}, "id": request["id"]}).encode() + b"\r\n")


# Commands


@pytest.mark.qemu
def test_the_greeting_tells_the_version(monitor: Monitor) -> None:
    version = monitor.execute("query-version")["qemu"]
    assert (version["major"], version["minor"], version["micro"]) == monitor.version


@pytest.mark.qemu
def test_arguments_travel_in_the_spelling_of_qemu(monitor: Monitor) -> None:
    monitor.execute("blockdev-add", {"driver": "null-co", "node-name": "disk0", "size": 4096})
    (node,) = monitor.execute("query-named-block-nodes")
    assert ("disk0", 4096) == (node["node-name"], node["image"]["virtual-size"])


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("command", "arguments", "cls", "kind"),
    [
        ("blockdev-del", {"node-name": "none"}, OperationFailedError, "GenericError"),
        ("no-such-command", {}, OperationUnsupportedError, "CommandNotFound"),
        ("device_del", {"id": "none"}, DeviceMissingError, "DeviceNotFound"),
        ("query-balloon", {}, OperationInvalidError, "DeviceNotActive"),
    ],
)
def test_a_refusal_is_the_error_of_its_kind_and_names_guest_and_command(
    monitor: Monitor, command: str, arguments: dict[str, str], cls: type[VirtError], kind: str
) -> None:
    with pytest.raises(cls) as caught:
        monitor.execute(command, arguments)
    error = caught.value
    assert isinstance(error, QMPError)
    assert (command, kind, cls.code) == (error.command, error.kind, error.code)
    assert error.reason
    assert f"domain 'web': QEMU refused {command}: {error.reason}" == str(error)


@pytest.mark.qemu
def test_every_caller_gets_its_own_answer(monitor: Monitor) -> None:
    def calculate(number: int) -> str:
        answer: str = monitor.execute("human-monitor-command", {"command-line": f"print/d {number}+1"})
        return answer.strip()

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(calculate, range(400)))
    assert [str(number + 1) for number in range(400)] == answers


@pytest.mark.qemu
def test_an_answer_of_any_length_arrives_whole(monitor: Monitor) -> None:
    schema = monitor.execute("query-qmp-schema")
    assert any(entry["name"] == "query-qmp-schema" for entry in schema)


@pytest.mark.qemu
def test_descriptors_travel_with_a_command(rig: Rig, monitor: Monitor) -> None:
    image = rig.folder / "disk.img"
    image.write_bytes(bytes(8192))
    descriptor = os.open(image, os.O_RDONLY)
    try:
        added = monitor.execute("add-fd", {"fdset-id": 7, "opaque": "disk"}, fds=[descriptor])
    finally:
        os.close(descriptor)
    assert 7 == added["fdset-id"]
    image.unlink()  # only the descriptor leads there now
    monitor.execute(
        "blockdev-add", {"driver": "file", "node-name": "disk0", "filename": "/dev/fdset/7", "read-only": True}
    )
    (node,) = monitor.execute("query-named-block-nodes")
    assert 8192 == node["image"]["virtual-size"]


# Events


@pytest.mark.qemu
def test_events_arrive_in_order(rig: Rig) -> None:
    watcher = Watcher()
    monitor = rig.start("web", *NO_MACHINE, watcher=watcher).monitor
    for _ in range(50):
        monitor.execute("cont")
        monitor.execute("stop")
    eventually(lambda: len(watcher.names) >= 100)
    assert ["RESUME", "STOP"] * 50 == watcher.names


@pytest.mark.qemu
def test_an_event_tells_when_it_happened(rig: Rig) -> None:
    watcher = Watcher()
    before = time.time()
    rig.start("web", *NO_MACHINE, watcher=watcher).monitor.execute("cont")
    eventually(lambda: watcher.events)
    assert before <= watcher.events[0].seconds <= time.time()


@pytest.mark.qemu
def test_a_handler_may_execute_commands(rig: Rig) -> None:
    answers: list[str] = []
    monitors: list[Monitor] = []

    def ask(event: Event) -> None:
        answers.append(monitors[0].execute("query-status")["status"])

    rig.start("web", *NO_MACHINE).monitor.close()
    monitors.append(Monitor.connect(rig.monitor_path("web"), subject="domain 'web'", loop=rig.loop, on_event=ask))
    monitors[0].execute("cont")
    eventually(lambda: answers)
    assert ["running"] == answers
    monitors[0].close()


@pytest.mark.qemu
def test_a_handler_that_fails_is_logged_and_misses_no_later_event(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def fail(event: Event) -> None:
        seen.append(event.name)
        raise RuntimeError("the handler is broken")

    rig.start("web", *NO_MACHINE).monitor.close()
    monitor = Monitor.connect(rig.monitor_path("web"), subject="domain 'web'", loop=rig.loop, on_event=fail)
    monitor.execute("cont")
    monitor.execute("stop")
    eventually(lambda: len(seen) == 2)
    eventually(lambda: "the handler is broken" in caplog.text)
    monitor.close()


@pytest.mark.qemu
def test_a_handler_that_waits_holds_up_no_other_guest(rig: Rig) -> None:
    release = threading.Event()

    def wait(event: Event) -> None:
        release.wait(PATIENCE_SECONDS)

    rig.start("slow", *NO_MACHINE).monitor.close()
    slow = Monitor.connect(rig.monitor_path("slow"), subject="domain 'slow'", loop=rig.loop, on_event=wait)
    watcher = Watcher()
    other = rig.start("other", *NO_MACHINE, watcher=watcher).monitor
    slow.execute("cont")
    other.execute("cont")
    eventually(lambda: watcher.names == ["RESUME"])
    release.set()
    slow.close()


# A guest that hangs


@pytest.mark.qemu
def test_a_hanging_guest_is_named_with_the_command_and_delays_nobody_else(rig: Rig) -> None:
    stuck, other = rig.start("stuck", *NO_MACHINE), rig.start("other", *NO_MACHINE)
    stuck.process.signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(stuck.monitor.execute, "query-status", timeout=None)
        assert "prelaunch" == other.monitor.execute("query-status")["status"]
        with pytest.raises(OperationTimeoutError, match=r"domain 'stuck': QEMU has not answered query-version"):
            stuck.monitor.execute("query-version", timeout=SHORT_SECONDS)
        assert not waiting.done()
        stuck.process.signal(signal.SIGCONT)
        assert "prelaunch" == waiting.result(PATIENCE_SECONDS)["status"]
    assert "prelaunch" == stuck.monitor.execute("query-status")["status"]


@pytest.mark.qemu
def test_a_guest_that_reads_nothing_is_given_up_in_time_and_understood_again_afterwards(rig: Rig) -> None:
    stuck = rig.start("stuck", *NO_MACHINE)
    stuck.process.signal(signal.SIGSTOP)
    long_line = {"command-line": "print/d 1" + " " * 200_000}
    for _ in range(5):
        with pytest.raises(OperationTimeoutError):
            stuck.monitor.execute("human-monitor-command", long_line, timeout=SHORT_SECONDS)
    stuck.process.signal(signal.SIGCONT)
    assert "prelaunch" == stuck.monitor.execute("query-status")["status"]


# The end


@pytest.mark.qemu
def test_a_command_under_way_fails_when_its_guest_dies(rig: Rig) -> None:
    emulator = rig.start("web", *NO_MACHINE)
    emulator.process.signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(emulator.monitor.execute, "query-status", timeout=None)
        emulator.process.signal(signal.SIGKILL)
        with pytest.raises(MonitorClosedError, match=r"domain 'web'.* query-status"):
            waiting.result(PATIENCE_SECONDS)
    with pytest.raises(MonitorClosedError):
        emulator.monitor.execute("query-status")
    assert emulator.monitor.closed


@pytest.mark.qemu
def test_the_end_is_told_once_and_after_the_last_event(rig: Rig) -> None:
    told: list[str] = []
    rig.start("web", *NO_MACHINE).monitor.close()
    monitor = Monitor.connect(
        rig.monitor_path("web"),
        subject="domain 'web'",
        loop=rig.loop,
        on_event=lambda event: told.append(event.name),
        on_closed=lambda: told.append("closed"),
    )
    monitor.execute("quit")
    eventually(lambda: "closed" in told)
    monitor.close()
    assert ["SHUTDOWN", "closed"] == told


@pytest.mark.qemu
def test_a_monitor_that_was_closed_can_be_connected_to_again(rig: Rig, monitor: Monitor) -> None:
    monitor.close()
    again = Monitor.connect(rig.monitor_path("web"), subject="domain 'web'", loop=rig.loop)
    assert "prelaunch" == again.execute("query-status")["status"]
    again.close()


@pytest.mark.qemu
def test_a_monitor_that_serves_somebody_else_is_given_up_in_time(rig: Rig, monitor: Monitor) -> None:
    with pytest.raises(OperationTimeoutError, match="the greeting"):
        Monitor.connect(rig.monitor_path("web"), subject="domain 'web'", loop=rig.loop, timeout=SHORT_SECONDS)
    assert "prelaunch" == monitor.execute("query-status")["status"]


def test_where_no_monitor_is_the_error_names_the_path(tmp_path: Path, loop: MonitorLoop) -> None:
    path = tmp_path / "nothing"
    with pytest.raises(MonitorClosedError, match=f"{path}: No such file or directory"):
        Monitor.connect(path, subject="domain 'web'", loop=loop)


# A QEMU that misbehaves


@pytest.mark.parametrize("junk", [b"junk", b"[]", b"7", b'{"event": 1}', b"{}", b'{"return": 1}', b"[" * 100_000])
def test_what_cannot_be_understood_is_logged_and_ignored(
    loop: MonitorLoop, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    near, far = socket.socketpair()
    with far, ThreadPoolExecutor(1) as caller:
        monitor = Monitor(near, subject="domain 'odd'", loop=loop)
        negotiation = caller.submit(monitor.negotiate)
        far.sendall(junk + b"\r\n")
        negotiated(far)
        negotiation.result(PATIENCE_SECONDS)
        assert "domain 'odd' sent what nobody understands" in caplog.text
        monitor.close()


def test_a_line_without_end_closes_the_monitor_before_it_fills_the_memory(loop: MonitorLoop) -> None:
    near, far = socket.socketpair()
    with far:
        monitor = Monitor(near, subject="domain 'odd'", loop=loop)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            far.sendall(bytes(4 * LINE_BYTES))
        eventually(lambda: monitor.closed)


@pytest.mark.parametrize("unread", [b"", b'{"event":"STOP"'], ids=["idle", "with unread data"])
def test_what_a_closing_loop_still_serves_is_closed_with_it(unread: bytes) -> None:
    loop = MonitorLoop()
    near, far = socket.socketpair()
    busy, busier = socket.socketpair()
    occupied, release = threading.Event(), threading.Event()

    def occupy() -> None:
        occupied.set()
        release.wait(PATIENCE_SECONDS)

    with far, busy, busier, ThreadPoolExecutor(1) as caller:
        monitor = Monitor(near, subject="domain 'web'", loop=loop)
        loop.watch(busy.fileno(), occupy)
        busier.send(b"!")
        occupied.wait(PATIENCE_SECONDS)
        far.sendall(unread)  # the loop's thread sees it together with the loop's end
        closing = caller.submit(loop.close)
        eventually(lambda: loop.closed)
        release.set()
        closing.result(PATIENCE_SECONDS)
        assert monitor.closed
        assert -1 == near.fileno()


@pytest.mark.qemu
def test_a_closed_loop_takes_no_monitor(rig: Rig) -> None:
    rig.start("web", *NO_MACHINE)
    loop = MonitorLoop()
    loop.close()
    with pytest.raises(OperationAbortedError, match="given back"):
        Monitor.connect(rig.monitor_path("web"), subject="domain 'web'", loop=loop)


def test_hundreds_of_monitors_are_read_by_one_thread(loop: MonitorLoop) -> None:
    pairs = [socket.socketpair() for _ in range(200)]
    monitors = [Monitor(near, subject=f"domain '{number}'", loop=loop) for number, (near, _) in enumerate(pairs)]
    readers = [thread for thread in threading.enumerate() if thread.name.startswith("virtkit-loop")]
    assert 1 == len(readers)
    for _, far in pairs:
        far.close()
    eventually(lambda: all(monitor.closed for monitor in monitors))
