"""Streams of data, both ways: flow, holes, ends and faults of either side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.remote.tests.daemon.daemons import (
    FROM_RPC,
    INTERNAL,
    RPC,
    Lab,
    domain,
    is_logged,
    nothing_left,
    resident,
    until,
    volume,
)
from plugins.remote.tests.daemon.wire import Frame, Wire
from virtkit.enums import ErrorNumber
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import CONTINUE, ERROR, HEADER, OK, STREAM, STREAM_HOLE, STREAM_PAYLOAD_MAX

UPLOAD, DOWNLOAD, CONSOLE = "storage_vol_upload", "storage_vol_download", "domain_open_console"
SPARSE = 1
FAILED = int(ErrorNumber.OPERATION_FAILED)
HOLE = encoder("virNetStreamHole")
MANY_STREAMS = 30
"""More than there are workers."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path, "[limits]\nworkers = 8\n") as lab:
        yield lab


@pytest.fixture
def wire(daemon: Lab) -> Iterator[Wire]:
    with Wire.open(daemon.socket, "lab:///") as wire:
        yield wire


def upload(wire: Wire, name: str = "plain", flags: int = 0) -> int:
    return begun(wire, wire.ask(UPLOAD, volume(name), 0, 0, flags))


def download(wire: Wire, name: str = "plain", flags: int = 0) -> int:
    return begun(wire, wire.ask(DOWNLOAD, volume(name), 0, 0, flags))


def begun(wire: Wire, serial: int) -> int:
    assert OK == wire.reply(serial).status
    return serial


def flooded(wire: Wire, serial: int) -> int:
    """Send packets until the daemon takes no more; how many whole ones it took."""
    wire.sock.settimeout(1)
    for sent in range(1 << 12):
        try:
            wire.packet(UPLOAD, serial, bytes(STREAM_PAYLOAD_MAX))
        except TimeoutError:
            return sent
    raise AssertionError("it takes everything")


def pieces(wire: Wire, serial: int) -> list[bytes | int]:
    """What a download brings: data, and the lengths of holes; ends at the end of the data."""
    found: list[bytes | int] = []
    while (frame := wire.streamed(serial)).payload:
        assert CONTINUE == frame.status
        found.append(decoder("virNetStreamHole")(frame.raw, HEADER.size)[0][0] if is_hole(frame) else frame.payload)
    return found


def all_closed(daemon: Lab) -> None:
    """Wait until every source that was opened has been closed, once."""
    daemon.lives("closed")
    until(lambda: daemon.lived().count("source opened") <= daemon.lived().count("source closed"), "all are closed")
    assert daemon.lived().count("source opened") == daemon.lived().count("source closed")


def is_hole(frame: Frame) -> bool:
    return STREAM_HOLE == frame.type


# Uploads


def test_an_upload_goes_to_the_driver_in_order_and_is_confirmed(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire)
    for size in (5, 3, STREAM_PAYLOAD_MAX):
        wire.packet(UPLOAD, serial, bytes(size))
    wire.packet(UPLOAD, serial, status=OK)
    assert (OK, b"") == (wire.streamed(serial).status, b"")
    assert ["write 5", "write 3", f"write {STREAM_PAYLOAD_MAX}", "finish"] == daemon.lived()[-4:]


def test_a_sparse_upload_may_have_holes(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire, flags=SPARSE)
    wire.packet(UPLOAD, serial, b"data")
    wire.packet(UPLOAD, serial, HOLE([1 << 40, 0]), type=STREAM_HOLE)
    wire.packet(UPLOAD, serial, status=OK)
    assert OK == wire.streamed(serial).status
    assert ["write 4", f"hole {1 << 40}", "finish"] == daemon.lived()[-3:]


def test_a_hole_in_an_upload_that_has_none_ends_the_connection(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire)
    wire.packet(UPLOAD, serial, HOLE([1, 0]), type=STREAM_HOLE)
    assert wire.at_end()
    daemon.lives("abort")
    assert is_logged(daemon, "sent a hole in a stream that has none")


@pytest.mark.parametrize("hole", [HOLE([-1, 0]), HOLE([1, 1]), b"", b"\0\0\0\1"])
def test_a_hole_that_is_none_fails_the_stream(daemon: Lab, wire: Wire, hole: bytes) -> None:
    serial = upload(wire, flags=SPARSE)
    wire.packet(UPLOAD, serial, hole, type=STREAM_HOLE)
    assert (RPC, FROM_RPC) == wire.streamed(serial).refusal
    daemon.lives("abort")


def test_an_upload_that_the_client_gives_up_is_dropped(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire)
    wire.packet(UPLOAD, serial, b"data")
    wire.packet(UPLOAD, serial, status=ERROR)
    assert (OK, b"") == (wire.streamed(serial).status, b"")
    assert ["write 4", "abort"] == daemon.lived()[-2:]


@pytest.mark.parametrize("status", [3, 4, 5, 2**32 - 1])
def test_a_status_that_nobody_knows_gives_an_upload_up(daemon: Lab, wire: Wire, status: int) -> None:
    serial = upload(wire)
    wire.packet(UPLOAD, serial, status=status)
    assert OK == wire.streamed(serial).status
    assert "abort" == daemon.lived()[-1]


def test_an_upload_whose_client_is_killed_is_dropped(daemon: Lab) -> None:
    with nothing_left(daemon):
        with Wire.open(daemon.socket, "lab:///") as wire:
            wire.packet(UPLOAD, upload(wire), b"data")
        daemon.lives("abort")
        daemon.lives("closed")
    assert 1 == daemon.lived().count("abort")


def test_an_upload_that_begins_after_its_client_has_left_is_dropped(daemon: Lab, wire: Wire) -> None:
    with nothing_left(daemon):
        with Wire.open(daemon.socket, "lab:///") as gone:
            gone.ask(UPLOAD, volume("late"), 0, 0, 0)
            daemon.lives("hanging")
        wire.call("domain_destroy", domain("any"))
        daemon.lives("abort")


def test_a_sink_that_fails_fails_the_stream_once_and_what_comes_later_is_dropped(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire, "full")
    for _ in range(10):
        wire.packet(UPLOAD, serial, b"data")
    assert FAILED == wire.streamed(serial).error.code
    wire.packet(UPLOAD, serial, status=OK)
    assert 1 == len(wire.call("domain_lookup_by_name", "fine"))
    assert ["abort"] == [line for line in daemon.lived() if line != "open"]


@pytest.mark.parametrize("fault", ["raises", "exits"])
def test_a_sink_that_breaks_fails_the_stream_and_is_logged(daemon: Lab, wire: Wire, fault: str) -> None:
    serial = upload(wire, fault)
    wire.packet(UPLOAD, serial, b"data")
    assert (INTERNAL, FROM_RPC) == wire.streamed(serial).refusal
    daemon.lives("abort")
    assert is_logged(daemon, "a stream of client")


def test_an_upload_that_cannot_be_finished_ends_with_that_error(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire, "unfinished")
    wire.packet(UPLOAD, serial, status=OK)
    assert FAILED == wire.streamed(serial).error.code
    daemon.lives("abort")


def test_a_client_is_read_no_further_while_a_sink_does_not_take_what_it_sent(daemon: Lab, wire: Wire) -> None:
    with Wire.open(daemon.socket, "lab:///") as other:
        before = resident(daemon)
        serial = upload(wire, "hangs")
        sent = flooded(wire, serial)
        assert resident(daemon) - before < 32 << 20
        assert other.call("domain_get_xml_desc", domain("fine"), 0)
        other.call("domain_destroy", domain("any"))
        daemon.lives(f"write {STREAM_PAYLOAD_MAX}", sent)


def test_packets_of_no_stream_are_dropped(wire: Wire) -> None:
    for status in (OK, ERROR, CONTINUE):
        wire.packet(UPLOAD, 4711, b"", status=status)
    assert 1 == len(wire.call("domain_lookup_by_name", "fine"))


def test_a_second_stream_of_the_same_serial_is_refused_and_the_first_goes_on(daemon: Lab, wire: Wire) -> None:
    serial = upload(wire)
    wire._serial -= 1
    again = wire.ask(UPLOAD, volume("plain"), 0, 0, 0)
    assert serial == again
    assert (RPC, FROM_RPC) == wire.reply(again).refusal
    daemon.lives("abort")
    wire.packet(UPLOAD, serial, status=OK)
    assert OK == wire.streamed(serial).status
    daemon.lives("finish")


# Downloads


def test_a_download_ends_with_an_empty_packet_and_is_confirmed(daemon: Lab, wire: Wire) -> None:
    serial = download(wire, flags=SPARSE)
    assert [b"begin", 7, b"end"] == pieces(wire, serial)
    wire.packet(DOWNLOAD, serial, status=OK)
    assert OK == wire.streamed(serial).status
    wire.close()
    all_closed(daemon)


def test_a_hole_of_a_driver_in_data_that_was_asked_for_whole_fails_the_stream(wire: Wire) -> None:
    serial = download(wire)
    assert b"begin" == wire.streamed(serial).payload
    assert (INTERNAL, FROM_RPC) == wire.streamed(serial).refusal


def test_a_source_that_fails_fails_the_stream_after_what_it_gave(daemon: Lab, wire: Wire) -> None:
    serial = download(wire, "damaged")
    assert b"begin" == wire.streamed(serial).payload
    assert FAILED == wire.streamed(serial).error.code
    daemon.lives("source closed")


@pytest.mark.parametrize("fault", ["raises", "exits", "wrong"])
def test_a_source_that_breaks_fails_the_stream_and_is_logged(daemon: Lab, wire: Wire, fault: str) -> None:
    serial = download(wire, fault)
    assert b"begin" == wire.streamed(serial).payload
    assert (INTERNAL, FROM_RPC) == wire.streamed(serial).refusal
    daemon.lives("source closed")
    assert is_logged(daemon, "a stream of client")


@pytest.mark.parametrize("status", [OK, ERROR])
def test_a_download_that_the_client_ends_early_is_closed(daemon: Lab, wire: Wire, status: int) -> None:
    serial = download(wire, "endless")
    wire.streamed(serial)
    wire.packet(DOWNLOAD, serial, status=status)
    while wire.streamed(serial).status == CONTINUE:
        pass
    assert "source closed" in daemon.lived(), "whoever is told finds the volume free"
    assert 1 == len(wire.call("domain_lookup_by_name", "fine"))


def test_a_download_whose_client_is_killed_is_closed(daemon: Lab) -> None:
    with nothing_left(daemon):
        with Wire.open(daemon.socket, "lab:///") as wire:
            wire.streamed(download(wire, "endless"))
        daemon.lives("source closed")


def test_downloads_that_nobody_reads_hold_neither_memory_nor_threads(daemon: Lab, wire: Wire) -> None:
    before = resident(daemon)
    with Wire.open(daemon.socket, "lab:///") as lazy:
        for _ in range(MANY_STREAMS):
            lazy.ask(DOWNLOAD, volume("endless"), 0, 0, 0)
        for _ in range(50):
            assert wire.call("domain_get_xml_desc", domain("fine"), 0)
        assert resident(daemon) - before < 64 << 20
    all_closed(daemon)


def test_a_download_that_is_read_at_full_speed_leaves_others_their_turn(daemon: Lab, wire: Wire) -> None:
    busy = [Wire.open(daemon.socket, "lab:///") for _ in range(9)]
    streams = [(each, download(each, "endless")) for each in busy]
    for _ in range(20):
        for each, serial in streams:
            each.streamed(serial)
        assert wire.call("domain_get_xml_desc", domain("fine"), 0)
    for each in busy:
        each.close()
    all_closed(daemon)


def test_sources_that_hang_hold_up_the_streams_of_their_client_alone(daemon: Lab, wire: Wire) -> None:
    with Wire.open(daemon.socket, "lab:///") as stuck:
        for _ in range(MANY_STREAMS):
            stuck.ask(DOWNLOAD, volume("hangs"), 0, 0, SPARSE)
        daemon.lives("hanging", 4)
        assert [b"begin", 7, b"end"] == pieces(wire, download(wire, flags=SPARSE))
        assert wire.call("domain_get_xml_desc", domain("fine"), 0)
        wire.call("domain_destroy", domain("any"))
    all_closed(daemon)


# Consoles


@pytest.mark.parametrize("name", ["seen", "unseen"])
def test_a_console_goes_both_ways_with_and_without_a_descriptor(daemon: Lab, wire: Wire, name: str) -> None:
    serial = begun(wire, wire.ask(CONSOLE, domain(name), None, 0))
    for text in (b"hello", b"again"):
        wire.packet(CONSOLE, serial, text)
        assert text.upper() == wire.streamed(serial).payload
    wire.packet(CONSOLE, serial, b"bye")
    assert (CONTINUE, b"") == (wire.streamed(serial).status, b"")
    wire.packet(CONSOLE, serial, status=OK)
    assert OK == wire.streamed(serial).status
    daemon.lives("close")


@pytest.mark.parametrize("name", ["seen", "unseen"])
def test_a_console_is_closed_when_its_client_is_killed(daemon: Lab, name: str) -> None:
    with nothing_left(daemon):
        with Wire.open(daemon.socket, "lab:///") as wire:
            begun(wire, wire.ask(CONSOLE, domain(name), None, 0))
        daemon.lives("close")


@pytest.mark.parametrize("name", ["seen", "unseen"])
def test_a_console_is_closed_when_its_client_gives_it_up(daemon: Lab, wire: Wire, name: str) -> None:
    with nothing_left(daemon):
        serial = begun(wire, wire.ask(CONSOLE, domain(name), None, 0))
        wire.packet(CONSOLE, serial, status=ERROR)
        assert OK == wire.streamed(serial).status
        daemon.lives("close")


def test_many_consoles_without_descriptors_leave_threads_for_others(daemon: Lab, wire: Wire) -> None:
    with Wire.open(daemon.socket, "lab:///") as many:
        for _ in range(MANY_STREAMS):
            begun(many, many.ask(CONSOLE, domain("unseen"), None, 0))
        assert wire.call("domain_get_xml_desc", domain("fine"), 0)
    daemon.lives("close", MANY_STREAMS)


def test_what_is_no_console_fails_the_stream(wire: Wire) -> None:
    serial = begun(wire, wire.ask(CONSOLE, domain("wrong"), None, 0))
    assert (INTERNAL, FROM_RPC) == wire.streamed(serial).refusal


def test_a_stream_of_zero_bytes_is_one(wire: Wire) -> None:
    serial = upload(wire)
    wire.packet(UPLOAD, serial, status=OK)
    found = wire.streamed(serial)
    assert (STREAM, OK, b"") == (found.type, found.status, found.payload)
