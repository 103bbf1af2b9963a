"""Streams beside calls: what arrives, what is sent, and every way they end."""

from __future__ import annotations

import select
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.remote.tests.client.daemons import REMOTE, Daemon, Message, Outcome, echo, open_files, serving
from virtkit.errors import OperationAbortedError, OperationFailedError, OperationInvalidError, VirtError
from virtkit.refs import DomainRef, StorageVolRef
from virtkit.streams import Hole
from virtkit_remote.binding.calling import call_of
from virtkit_remote.client import streams
from virtkit_remote.client.channel import Channel
from virtkit_remote.client.streams import RemoteConsole, RemoteSink, Stream, source
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.failures import encode_error
from virtkit_remote.protocol.frames import CONTINUE, ERROR, HEADER, OK, STREAM, STREAM_HOLE, STREAM_PAYLOAD_MAX

VOL = StorageVolRef("pool", "vol", "/vol")
BROKEN = OperationFailedError("the disk is broken")


def download(channel: Channel) -> Stream:
    session: Any = SimpleNamespace(channel=channel)
    return Stream(session, call_of("storage_vol_download"), (VOL, 0, 0, 0))


def upload(channel: Channel) -> RemoteSink:
    session: Any = SimpleNamespace(channel=channel)
    return RemoteSink(Stream(session, call_of("storage_vol_upload"), (VOL, 0, 0, 0)))


def console(channel: Channel) -> RemoteConsole:
    session: Any = SimpleNamespace(channel=channel)
    return RemoteConsole(Stream(session, call_of("domain_open_console"), (DomainRef("web", bytes(16), 1), None, 0)))


class Server:
    """The daemon's side of one stream."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.call = daemon.next()
        daemon.answer(self.call)

    def send(self, data: bytes, status: int = CONTINUE, kind: int = STREAM) -> None:
        self.daemon.send(REMOTE, self.call.procedure, kind, self.call.serial, status, data)

    def hole(self, length: int) -> None:
        self.send(encoder("virNetStreamHole")((length, 0)), kind=STREAM_HOLE)

    def fail(self, error: VirtError = BROKEN) -> None:
        self.send(encode_error(error), ERROR)

    def next(self) -> Message:
        """The client's next packet, which has to be of this stream."""
        message = self.daemon.next()
        assert (self.call.procedure, self.call.serial) == (message.procedure, message.serial)
        return message

    def ended(self, status: int) -> None:
        """The client ends the stream as it should, and hears so."""
        message = self.next()
        assert (STREAM, status, b"") == (message.type, message.status, message.payload)
        self.send(b"", OK)


def test_a_download_is_its_pieces_and_is_finished() -> None:
    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        server.send(b"one")
        server.hole(4096)
        server.send(b"two")
        server.send(b"")
        server.ended(OK)
        echo(daemon)

    with serving(script) as channel:
        assert [b"one", Hole(4096), b"two"] == [*source(download(channel))]
        assert b"x" == channel.call(REMOTE, 6, b"x")[0][HEADER.size :]


def test_a_download_that_is_left_early_is_aborted_and_what_is_under_way_dropped() -> None:
    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        for _ in range(10):
            server.send(b"data")
        server.ended(ERROR)
        echo(daemon)

    with serving(script) as channel:
        pieces: Any = source(download(channel))
        assert b"data" == next(pieces)
        pieces.close()
        assert b"x" == channel.call(REMOTE, 6, b"x")[0][HEADER.size :]


def test_a_download_that_fails_raises_the_daemon_s_error_behind_what_came() -> None:
    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        server.send(b"part")
        server.fail()
        echo(daemon)

    with serving(script) as channel:
        pieces = source(download(channel))
        assert b"part" == next(pieces)
        with pytest.raises(OperationFailedError, match="the disk is broken"):
            next(pieces)


def test_a_stream_that_is_refused_is_none() -> None:
    def script(daemon: Daemon) -> None:
        daemon.refuse(daemon.next(), BROKEN)
        echo(daemon)

    with serving(script) as channel:
        with pytest.raises(OperationFailedError):
            download(channel)
        assert {} == channel._streams


def test_two_downloads_and_calls_share_a_connection() -> None:
    def script(daemon: Daemon) -> None:
        servers = [Server(daemon), Server(daemon)]
        for number in range(5):
            for name, server in zip((b"a", b"b"), servers, strict=True):
                server.send(name + bytes([number]))
        call = daemon.next()
        daemon.answer(call, call.payload)
        for server in servers[::-1]:
            server.send(b"")
            server.ended(OK)
        daemon.next()

    with serving(script) as channel:
        first, second = download(channel), download(channel)
        assert b"x" == channel.call(REMOTE, 6, b"x")[0][HEADER.size :]
        assert [[b"%c%c" % (name, n) for n in range(5)] for name in b"ba"] == [[*source(second)], [*source(first)]]


def test_an_upload_goes_in_packets_with_its_holes_and_waits_for_the_end() -> None:
    taken: list[Message] = []

    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        taken.extend(server.next() for _ in range(3))
        server.ended(OK)
        daemon.next()

    with serving(script) as channel:
        sink = upload(channel)
        sink.write(b"x" * (STREAM_PAYLOAD_MAX + 1))
        sink.hole(1 << 40)
        sink.finish()
    assert [STREAM_PAYLOAD_MAX, 1] == [len(each.payload) for each in taken[:2]]
    assert (STREAM_HOLE, (1 << 40, 0)) == (taken[2].type, decoder("virNetStreamHole")(taken[2].payload, 0)[0])


def test_an_upload_that_the_daemon_gives_up_stops_at_once() -> None:
    def script(daemon: Daemon) -> None:
        Server(daemon).fail(OperationInvalidError("no room is left"))
        while True:
            daemon.next()

    with serving(script) as channel:
        sink = upload(channel)
        with pytest.raises(OperationInvalidError):
            _write_without_end(sink)
        with pytest.raises(OperationAbortedError, match="the stream is over"):
            sink.write(b"more")


def _write_without_end(sink: RemoteSink) -> None:
    for _ in range(1_000_000):
        sink.write(b"x" * 100)


def test_an_upload_that_fails_at_its_end_says_so() -> None:
    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        assert OK == server.next().status
        server.fail()
        daemon.next()

    with serving(script) as channel, pytest.raises(OperationFailedError, match="the disk is broken"):
        upload(channel).finish()


def test_an_upload_that_is_given_up_is_aborted_once() -> None:
    def script(daemon: Daemon) -> None:
        Server(daemon).ended(ERROR)
        echo(daemon)

    with serving(script) as channel:
        sink = upload(channel)
        sink.abort()
        sink.abort()
        assert b"x" == channel.call(REMOTE, 6, b"x")[0][HEADER.size :]


def test_streams_are_lost_with_the_connection() -> None:
    def script(daemon: Daemon) -> None:
        Server(daemon)

    with serving(script) as channel:
        stream = download(channel)
        with pytest.raises(OperationAbortedError, match="and with it 1 streams: the daemon ended it"):
            stream.next()


def test_what_is_never_read_ends_its_stream_and_no_other_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "UNREAD_MAX", 1000)

    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        for _ in range(20):
            server.send(b"x" * 100)
        call = daemon.next()
        daemon.answer(call, call.payload)
        server.ended(ERROR)
        echo(daemon)

    with serving(script) as channel:
        stream = download(channel)
        assert b"x" == channel.call(REMOTE, 6, b"x")[0][HEADER.size :]
        with pytest.raises(OperationAbortedError, match="were not read while other calls went on"):
            stream.next()
        assert b"y" == channel.call(REMOTE, 6, b"y")[0][HEADER.size :]


# Consoles


def readable(file: int, seconds: float = 30) -> bool:
    return bool(select.select([file], [], [], seconds)[0])


def speaking(daemon: Daemon) -> None:
    """A console that says back what is typed, until it is let go of."""
    server = Server(daemon)
    while (message := server.next()).status == CONTINUE:
        server.send(message.payload)
    server.send(b"", OK)
    echo(daemon)


def test_a_console_is_read_in_any_portions() -> None:
    with serving(speaking) as channel:
        stream = console(channel)
        stream.write(b"hello")
        assert [b"he", b"ll", b"o"] == [stream.read(2) for _ in range(3)]
        with pytest.raises(TimeoutError):
            stream.read(timeout=0.01)
        stream.close()


def test_the_descriptor_of_a_console_says_whether_there_is_something() -> None:
    with serving(speaking) as channel:
        stream = console(channel)
        file = stream.fileno()
        assert readable(file, 0) is False
        stream.write(b"hello")
        assert readable(file) is True
        assert b"he" == stream.read(2)
        assert readable(file, 0) is True
        assert b"llo" == stream.read()
        assert readable(file, 0) is False
        stream.close()


def test_a_descriptor_asked_for_late_tells_of_what_is_there_already() -> None:
    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        server.send(b"early")
        call = daemon.next()
        daemon.answer(call, call.payload)
        server.ended(ERROR)
        daemon.next()

    with serving(script) as channel:
        stream = console(channel)
        channel.call(REMOTE, 6, b"x")
        assert readable(stream.fileno(), 0) is True
        stream.close()


def test_the_end_of_a_console_is_readable_and_empty() -> None:
    def script(daemon: Daemon) -> None:
        server = Server(daemon)
        server.send(b"")
        server.ended(ERROR)
        daemon.next()

    with serving(script) as channel:
        stream = console(channel)
        assert readable(stream.fileno()) is True
        assert [b"", b""] == [stream.read(), stream.read()]
        stream.close()


def test_the_end_of_the_connection_wakes_who_polls() -> None:
    def script(daemon: Daemon) -> None:
        Server(daemon)

    with serving(script) as channel:
        stream = console(channel)
        assert readable(stream.fileno()) is True
        with pytest.raises(OperationAbortedError):
            stream.read()


def test_a_console_closed_by_another_thread_ends_the_read() -> None:
    with serving(speaking) as channel:
        stream = console(channel)
        reading = Outcome(stream.read)
        stream.write(b"x")
        assert b"x" == reading.result()
        reading = Outcome(stream.read)
        closing = Outcome(stream.close)
        assert (None, b"") == (closing.result(), reading.result())


def test_nothing_is_left_of_a_console_that_was_let_go_of() -> None:
    before = open_files()
    with serving(speaking) as channel:
        stream = console(channel)
        assert stream.fileno() >= 0
        stream.close()
        assert (0, {}, -1) == (channel._attending, channel._streams, stream.fileno())
    assert open_files() <= before  # what others left may be closed meanwhile


def test_a_writer_and_a_reader_share_a_console() -> None:
    with serving(speaking) as channel:
        stream = console(channel)
        number = 300

        def read() -> bytes:
            data = b""
            while len(data) < 4 * number:
                data += stream.read()
            return data

        reading = Outcome(read)
        for each in range(number):
            stream.write(each.to_bytes(4, "big"))
        assert b"".join(each.to_bytes(4, "big") for each in range(number)) == reading.result()
        stream.close()
