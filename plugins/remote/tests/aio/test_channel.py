"""A connection in a loop: many calls, any order, and nothing left behind by who gives up."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import tempfile
from pathlib import Path

import pytest

from plugins.remote.tests.aio.peer import call, connected, run
from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError, NoDomainError, OperationAbortedError
from virtkit_remote.client.channel import KEEPALIVE, PING, PINGS, PONG
from virtkit_remote.protocol.frames import FDS_MAX, HEADER, MESSAGE, OK, REPLY, pack

LONG = 3600.0


def open_files() -> list[str]:
    """What this process has open, but for what lists it."""
    return sorted(os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if _is_open(name))


def _is_open(name: str) -> bool:
    return os.path.exists(f"/proc/self/fd/{name}")


def test_replies_come_in_any_order() -> None:
    async def program() -> list[bytes]:
        async with connected() as (channel, peer):
            calls = [call(channel, bytes([number])) for number in range(100)]
            for message in reversed(await peer.messages(100)):
                await peer.answer(message, message[HEADER.size :])
            return [payload for payload, _ in await asyncio.gather(*calls)]

    assert [bytes([number]) for number in range(100)] == run(program())


def test_calls_of_one_step_leave_in_one_piece() -> None:
    async def program() -> bytes:
        async with connected() as (channel, peer):
            calls = [call(channel, b"abc") for _ in range(3)]
            await asyncio.sleep(0)
            data = peer.sock.recv(1 << 16)
            for future in calls:
                future.cancel()
            return data

    assert b"".join(pack(5, 7, 0, serial, OK, b"abc") for serial in range(3)) == run(program())


def test_an_error_is_raised_by_the_call_it_answers() -> None:
    async def program() -> list[object]:
        async with connected() as (channel, peer):
            calls = [call(channel), call(channel)]
            first, second = await peer.messages(2)
            await peer.refuse(first, NoDomainError("there is none", domain=ErrorDomain.QEMU))
            await peer.answer(second, b"fine")
            return list(await asyncio.gather(*calls, return_exceptions=True))

    error, result = run(program())
    assert (NoDomainError, "there is none", ErrorDomain.QEMU) == (type(error), str(error), error.domain)  # type: ignore[attr-defined]
    assert (b"fine", []) == result


def test_a_reply_that_cannot_be_decoded_fails_its_call_alone() -> None:
    async def program() -> list[object]:
        def refuse(*_: object) -> None:
            raise ValueError("no such thing")

        async with connected() as (channel, peer):
            calls = [channel.call(5, 7, b"", refuse), call(channel)]
            for message in await peer.messages(2):
                await peer.answer(message)
            return list(await asyncio.gather(*calls, return_exceptions=True))

    error, result = run(program())
    assert "no such thing" == str(error)
    assert (b"", []) == result


def test_the_late_reply_of_a_cancelled_call_is_dropped() -> None:
    async def program() -> object:
        async with connected() as (channel, peer):
            given_up = call(channel)
            message = await peer.message()
            given_up.cancel()
            following = call(channel)
            await peer.answer(message, b"late")
            await peer.answer(await peer.message(), b"in time")
            return await following

    assert (b"in time", []) == run(program())


def test_descriptors_of_a_late_reply_are_closed() -> None:
    async def program(path: str) -> int:
        async with connected() as (channel, peer):
            given_up = call(channel)
            message = await peer.message()
            given_up.cancel()
            with open(path, "rb") as file:
                await peer.answer(message, files=[file.fileno()])
            following = call(channel)
            await peer.answer(await peer.message())
            await following
            return open_files().count(path)

    with tempfile.NamedTemporaryFile() as file:
        assert 1 == run(program(file.name))


def test_descriptors_go_both_ways_in_order(tmp_path: Path) -> None:
    async def program() -> list[bytes]:
        paths = [tmp_path / name for name in "abc"]
        for path in paths:
            path.write_text(path.name)
        async with connected() as (channel, peer):
            files = [os.open(path, os.O_RDONLY) for path in paths]
            calls = [call(channel, files=files[:2]), call(channel, files=[files[2]])]
            for file in files:
                os.close(file)  # the channel has copies
            received: list[int] = []
            data = b""
            while len(received) < 3:
                await asyncio.sleep(0.001)
                piece, more, _, _ = socket.recv_fds(peer.sock, 1 << 16, 8)
                data, received = data + piece, received + more
            one = pack(5, 7, 4, 0, OK, (2).to_bytes(4, "big")) + b"\0\0"
            assert one + pack(5, 7, 4, 1, OK, (1).to_bytes(4, "big")) + b"\0" == data
            await peer.answer(pack(5, 7, 4, 1, OK, b""), files=received[:1])
            await peer.answer(pack(5, 7, 4, 0, OK, b""), files=received[1:])
            for file in received:
                os.close(file)
            (_, first), (_, second) = await asyncio.gather(*calls)
            texts = [os.read(file, 10) for file in (*second, *first)]
            for file in (*first, *second):
                os.close(file)
            return texts

    assert [b"a", b"b", b"c"] == run(program())


def test_descriptors_that_cannot_be_sent_are_refused_before() -> None:
    async def program() -> object:
        async with connected() as (channel, peer):
            with pytest.raises(InvalidArgError, match=f"{FDS_MAX} at most"):
                call(channel, files=[0] * (FDS_MAX + 1))
            with pytest.raises(InvalidArgError, match="no open descriptor"):
                call(channel, files=[-1])
            following = call(channel)
            await peer.answer(await peer.message(), b"fine")
            return await following

    assert (b"fine", []) == run(program())


def test_a_reply_without_the_descriptors_that_it_announces_fails(tmp_path: Path) -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            future = call(channel)
            message = await peer.message()
            await peer.send(pack(5, 7, 5, 0, OK, (1).to_bytes(4, "big")) + b"\0")
            assert 0 == HEADER.unpack_from(message)[5]
            await future

    with pytest.raises(InternalError, match="announced 1 descriptors and sent 0"):
        run(program())


def test_a_daemon_that_ends_fails_all_that_wait_with_what_is_lost() -> None:
    async def program() -> list[object]:
        lost: list[str] = []
        async with connected(on_lost=lambda: lost.append("lost")) as (channel, peer):
            calls = [call(channel), call(channel)]
            await peer.messages(2)
            peer.sock.close()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert [False, ["lost"]] == [channel.alive, lost]
            with pytest.raises(OperationAbortedError, match="open a new one"):
                call(channel)
            return results

    errors = run(program())
    assert [OperationAbortedError] * 2 == [type(error) for error in errors]
    assert re.search("the test's daemon is lost, and with it 2 calls without an answer", str(errors[0]))
    assert errors[0] is not errors[1]


def test_closing_fails_calls_under_way() -> None:
    async def program() -> None:
        async with connected() as (channel, _):
            future = call(channel)
            await channel.close()
            await future

    with pytest.raises(OperationAbortedError, match="1 calls without an answer: it was closed here"):
        run(program())


@pytest.mark.parametrize("garbage", [b"\xff" * 64, b"\0" * 64])
def test_garbage_ends_the_connection(garbage: bytes) -> None:
    async def program() -> None:
        async with connected() as (channel, peer):
            future = call(channel)
            await peer.send(garbage)
            await future

    with pytest.raises(OperationAbortedError, match="what is no message"):
        run(program())


def test_a_reply_that_nobody_waits_for_does_no_harm() -> None:
    async def program() -> object:
        async with connected() as (channel, peer):
            await peer.send(pack(5, 7, REPLY, 99, OK, b"") + pack(5, 7, 3, 98, OK, b""))
            future = call(channel)
            await peer.answer(await peer.message(), b"fine")
            return await future

    assert (b"fine", []) == run(program())


def test_a_ping_is_answered() -> None:
    async def program() -> bytes:
        async with connected() as (_, peer):
            await peer.send(pack(KEEPALIVE, PING, MESSAGE, 0, OK, b""))
            return await peer.message()

    assert pack(KEEPALIVE, PONG, MESSAGE, 0, OK, b"") == run(program())


def test_a_daemon_that_answers_pings_is_kept() -> None:
    async def program() -> bool:
        async with connected(ping_seconds=0.001) as (channel, peer):
            for _ in range(3 * PINGS):
                assert pack(KEEPALIVE, PING, MESSAGE, 0, OK, b"") == await peer.message()
                await peer.send(pack(KEEPALIVE, PONG, MESSAGE, 0, OK, b""))
            return channel.alive

    assert run(program())


def test_a_silent_daemon_is_given_up_after_some_pings() -> None:
    async def program() -> list[bytes]:
        async with connected(ping_seconds=0.001) as (channel, peer):
            future = call(channel)
            with pytest.raises(OperationAbortedError, match="has not answered for"):
                await future
            return (await peer.messages(1 + PINGS))[1:]

    assert [pack(KEEPALIVE, PING, MESSAGE, 0, OK, b"")] * PINGS == run(program())


def test_events_are_handed_over() -> None:
    async def program() -> list[bytes]:
        seen: list[bytes] = []
        async with connected(on_event=seen.append) as (channel, peer):
            future = call(channel)
            await peer.send(pack(5, 8, MESSAGE, 1, OK, b"news"))
            await peer.answer(await peer.message())
            await future
        return seen

    assert [pack(5, 8, MESSAGE, 1, OK, b"news")] == run(program())


def test_a_channel_leaves_no_descriptor_behind() -> None:
    async def program() -> tuple[list[str], list[str]]:
        before = open_files()
        async with connected() as (channel, peer):
            future = call(channel)
            await peer.answer(await peer.message())
            await future
        return before, open_files()

    before, after = run(program())
    assert before == after


def test_more_than_the_socket_takes_is_sent_when_there_is_room() -> None:
    async def program() -> list[int]:
        async with connected() as (channel, peer):
            calls = [call(channel, bytes(1 << 20)) for _ in range(8)]
            sizes = []
            for _ in calls:
                message = await peer.message()
                sizes.append(len(message) - HEADER.size)
                await peer.answer(message)
            await asyncio.gather(*calls)
            return sizes

    assert [1 << 20] * 8 == run(program())
