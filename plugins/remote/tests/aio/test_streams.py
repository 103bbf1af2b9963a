"""Streams in a loop: downloads, uploads and consoles beside calls, none of which the others hold up."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from plugins.remote.tests.aio.peer import Peer, call, connected, run, type_and_status
from virtkit.aio.streams import Hole
from virtkit.errors import NoDomainError, OperationAbortedError, OperationFailedError
from virtkit.refs import DomainRef, StorageVolRef
from virtkit_remote.binding.calling import call_of
from virtkit_remote.client.aio import channel as channels
from virtkit_remote.client.aio import streams
from virtkit_remote.client.aio.channel import Channel
from virtkit_remote.client.aio.streams import RemoteConsole, RemoteSink, Stream, source
from virtkit_remote.client.streams import hole
from virtkit_remote.protocol.frames import (
    CONTINUE,
    ERROR,
    HEADER,
    OK,
    STREAM,
    STREAM_HOLE,
    STREAM_PAYLOAD_MAX,
)

VOLUME = StorageVolRef("images", "disk", "/images/disk")
GUEST = DomainRef("guest", bytes(16), 1)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "storage_vol_download": (VOLUME, 0, 0, 0),
    "storage_vol_upload": (VOLUME, 0, 0, 0),
    "domain_open_console": (GUEST, None, 0),
}


async def opened(channel: Channel, peer: Peer, name: str) -> tuple[Stream, bytes]:
    """An open stream, and the call that opened it."""
    stream = Stream(channel, call_of(name))
    opening = asyncio.create_task(stream.open(ARGUMENTS[name]))
    message = await peer.message()
    await peer.answer(message)
    await opening
    return stream, message


async def tidied(peer: Peer, message: bytes) -> tuple[int, int]:
    """What the next packet of the client is, once the daemon has agreed to it."""
    packet = await peer.message()
    await peer.packet(message, OK)
    return type_and_status(packet)


def test_a_download_yields_bytes_and_holes_and_is_finished() -> None:
    async def program() -> tuple[list[Any], tuple[int, int]]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_download")
            finishing = asyncio.create_task(tidied(peer, message))
            await peer.packet(message, CONTINUE, b"abc")
            await peer.send(message_of_hole(message, 4096))
            await peer.packet(message, CONTINUE)
            return [piece async for piece in source(stream)], await finishing

    assert ([b"abc", Hole(4096)], (STREAM, OK)) == run(program())


def message_of_hole(message: bytes, length: int) -> bytes:
    from plugins.remote.tests.aio.peer import reply

    return reply(message, STREAM_HOLE, CONTINUE, hole(length))


def test_a_download_that_is_left_early_is_aborted() -> None:
    async def program() -> tuple[int, int]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_download")
            ending = asyncio.create_task(tidied(peer, message))
            await peer.packet(message, CONTINUE, b"abc")
            async with aclosing(source(stream)) as pieces:  # type: ignore[type-var]  # a generator
                assert b"abc" == await anext(pieces)
            return await ending

    assert (STREAM, ERROR) == run(program())


def test_a_download_that_fails_says_why() -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_download")
            await peer.packet(message, CONTINUE, b"abc")
            await peer.refuse(message, OperationFailedError("the disk is broken"), STREAM)
            assert [b"abc"] == [piece async for piece in source(stream)]

    with pytest.raises(OperationFailedError, match="the disk is broken"):
        run(program())


def test_a_stream_that_is_refused_does_not_open() -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            opening = asyncio.create_task(Stream(channel, call_of("domain_open_console")).open((GUEST, None, 0)))
            await peer.refuse(await peer.message(), NoDomainError("there is none"))
            await opening

    with pytest.raises(NoDomainError, match="there is none"):
        run(program())


def test_a_stream_whose_opening_was_cancelled_is_aborted_when_it_opens() -> None:
    async def program() -> tuple[int, int]:
        async with connected() as (channel, peer):
            opening = asyncio.create_task(Stream(channel, call_of("domain_open_console")).open((GUEST, None, 0)))
            message = await peer.message()
            opening.cancel()
            await peer.answer(message)
            return type_and_status(await peer.message())

    assert (STREAM, ERROR) == run(program())


def test_an_upload_is_cut_into_packets_and_finished() -> None:
    async def program() -> list[tuple[tuple[int, int], int]]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_upload")
            sink = RemoteSink(stream)
            await sink.write(bytes(STREAM_PAYLOAD_MAX + 1))
            await sink.hole(7)
            finishing = asyncio.create_task(sink.finish())
            packets = await peer.messages(4)
            await peer.packet(message, OK)
            await finishing
            return [(type_and_status(packet), len(packet) - HEADER.size) for packet in packets]

    data, end = (STREAM, CONTINUE), (STREAM, OK)
    assert [(data, STREAM_PAYLOAD_MAX), (data, 1), ((STREAM_HOLE, CONTINUE), 12), (end, 0)] == run(program())


def test_an_upload_waits_for_a_daemon_that_does_not_read() -> None:
    async def program() -> bool:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_upload")
            size = 16 * channels.UNSENT_HIGH
            writing = asyncio.create_task(RemoteSink(stream).write(bytes(size)))
            while channel._outgoing.size <= channels.UNSENT_HIGH:
                await asyncio.sleep(0)
            waits = not writing.done()
            received = 0
            while received < size:
                received += len(await peer.message()) - HEADER.size
            await writing
            await peer.packet(message, OK)
            return waits

    assert run(program())


def test_an_upload_learns_that_the_daemon_gave_it_up() -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_upload")
            await peer.refuse(message, OperationFailedError("no space is left"), STREAM)
            following = call(channel)
            await peer.answer(await peer.message())
            await following
            await RemoteSink(stream).write(b"abc")

    with pytest.raises(OperationFailedError, match="no space is left"):
        run(program())


def test_an_upload_is_over_once_it_is_finished() -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_upload")
            finishing = asyncio.create_task(tidied(peer, message))
            await stream.finish()
            await finishing
            await stream.send(b"abc")

    with pytest.raises(OperationAbortedError, match="the stream is over"):
        run(program())


def test_a_console_reads_what_it_is_asked_for_and_keeps_the_rest() -> None:
    async def program() -> list[bytes]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "domain_open_console")
            console = RemoteConsole(stream)
            await peer.packet(message, CONTINUE, b"login: ")
            read = [await console.read(3), await console.read()]
            with pytest.raises(TimeoutError):
                await console.read(timeout=0)
            await console.write(b"root\n")
            assert b"root\n" == (await peer.message())[HEADER.size :]
            ending = asyncio.create_task(tidied(peer, message))
            await console.close()
            await ending
            return [*read, await console.read()]

    assert [b"log", b"in: ", b""] == run(program())


def test_a_read_that_is_cancelled_loses_no_bytes() -> None:
    async def program() -> bytes:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "domain_open_console")
            console = RemoteConsole(stream)
            reading = asyncio.create_task(console.read())
            await asyncio.sleep(0)
            reading.cancel()
            await peer.packet(message, CONTINUE, b"login: ")
            return await console.read()

    assert b"login: " == run(program())


def test_a_read_that_waits_ends_when_the_console_is_closed() -> None:
    async def program() -> bytes:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "domain_open_console")
            console = RemoteConsole(stream)
            reading = asyncio.create_task(console.read())
            await asyncio.sleep(0)
            ending = asyncio.create_task(tidied(peer, message))
            await console.close()
            await ending
            return await reading

    assert b"" == run(program())


def test_a_read_that_waits_fails_when_the_daemon_dies() -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            stream, _ = await opened(channel, peer, "domain_open_console")
            reading = asyncio.create_task(RemoteConsole(stream).read())
            await asyncio.sleep(0)
            peer.sock.close()
            await reading

    with pytest.raises(OperationAbortedError, match="is lost, and with it 1 streams"):
        run(program())


def test_what_nobody_reads_stays_with_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "UNREAD_HIGH", 1000)

    async def program() -> tuple[int, list[bytes]]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_download")
            await peer.packet(message, CONTINUE, bytes(1000))
            while channel.unread == 0:
                await asyncio.sleep(0)
            await peer.packet(message, CONTINUE, b"later")
            for _ in range(5):
                await asyncio.sleep(0)
            unread = channel.unread
            return unread, [bytes(await stream.next()), bytes(await stream.next())]

    assert (1000 + HEADER.size, [bytes(1000), b"later"]) == run(program())


def test_a_call_is_answered_though_a_download_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "UNREAD_HIGH", 1000)

    async def program() -> tuple[object, int]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_download")
            for _ in range(10):
                await peer.packet(message, CONTINUE, bytes(1000))
            following = call(channel)
            await peer.answer(await peer.message(), b"fine")
            result = await following
            size = 0
            for _ in range(10):
                size += len(await stream.next())
            return result, size

    assert ((b"fine", []), 10_000) == run(program())


def test_a_stream_that_lets_too_much_wait_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "UNREAD_MAX", 5000)

    async def program() -> tuple[int, int]:
        async with connected() as (channel, peer):
            stream, message = await opened(channel, peer, "storage_vol_download")
            for _ in range(10):
                await peer.packet(message, CONTINUE, bytes(1000))
            following = call(channel)
            await peer.answer(await peer.message())
            await following
            with pytest.raises(OperationAbortedError, match="were not read"):
                await stream.next()
            assert 0 == channel.unread
            return type_and_status(await peer.message())

    assert (STREAM, ERROR) == run(program())
