"""Downloads, uploads and consoles of asynchronous connections."""

from __future__ import annotations

import asyncio
import io
import threading
from contextlib import aclosing
from typing import Any

import pytest

from core.tests.aio.lab import WEB, AsyncLab, ThreadLab, run
from virtkit import aio
from virtkit.aio.streams import CARRIERS, Duplex, Hole, Piece, Screenshot, Sink, thread_source
from virtkit.discovery import functions
from virtkit.enums import StorageVolUploadFlags
from virtkit.errors import InvalidConnError, OperationFailedError
from virtkit.refs import StorageVolRef

VOL = StorageVolRef("images", "disk.img", "/images/disk.img")


def test_a_download_is_iterated_over(threads: ThreadLab) -> None:
    async def program() -> list[Piece]:
        async with await aio.open("threads:///default") as conn:
            return [piece async for piece in await aio.StorageVol(conn, VOL).download()]

    assert [b"data", Hole(3), b"end"] == run(program())
    assert ["closed"] == threads.volume.events


def test_an_asynchronous_driver_hands_out_streams_of_its_own(lab: AsyncLab) -> None:
    async def program() -> list[Piece]:
        async with await aio.open("lab:///default") as conn:
            return [piece async for piece in await aio.StorageVol(conn, VOL).download()]

    assert [b"from afar"] == run(program())


def test_a_download_that_is_left_early_is_closed(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            source: Any = await aio.StorageVol(conn, VOL).download()
            async with aclosing(source):
                assert b"data" == await anext(source)
            assert ["closed"] == threads.volume.events

    run(program())


def test_a_download_that_fails_raises_after_its_data(threads: ThreadLab) -> None:
    threads.volume.failure = OperationFailedError("volume 'disk.img' is gone")

    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            source = await aio.StorageVol(conn, VOL).download()
            assert threads.volume.pieces == [await anext(source) for _ in range(3)]
            with pytest.raises(OperationFailedError, match="is gone"):
                await anext(source)

    run(program())


def test_an_upload_is_written_and_finished(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            sink = await aio.StorageVol(conn, VOL).upload()
            assert isinstance(sink, Sink)
            await sink.write(b"new")
            await sink.hole(5)
            await sink.finish()
            with pytest.raises(InvalidConnError, match="the stream is closed"):
                await sink.write(b"more")

    run(program())
    assert [b"new", Hole(5)] == threads.volume.pieces
    assert ["finished"] == threads.volume.events


def test_files_are_sent_and_received(threads: ThreadLab) -> None:
    async def program() -> bytes:
        async with await aio.open("threads:///default") as conn:
            volume = aio.StorageVol(conn, VOL)
            await volume.upload_from(io.BytesIO(b"x" * 300_000))
            target = io.BytesIO()
            await volume.download_to(target)
            return target.getvalue()

    assert b"x" * 300_000 == run(program())
    assert [262_144, 37_856] == [len(piece) for piece in threads.volume.pieces if isinstance(piece, bytes)]
    assert ["finished", "closed"] == threads.volume.events


def test_holes_of_a_file_are_sent_as_holes(threads: ThreadLab, tmp_path: Any) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 20)

    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            with path.open("rb") as file:
                await aio.StorageVol(conn, VOL).upload_from(file, 0, StorageVolUploadFlags.SPARSE_STREAM)

    run(program())
    assert [Hole(1 << 20)] == threads.volume.written


def test_an_upload_that_fails_is_aborted(threads: ThreadLab) -> None:
    threads.volume.failure = OperationFailedError("volume 'disk.img' is full")

    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            with pytest.raises(OperationFailedError, match="is full"):
                await aio.StorageVol(conn, VOL).upload_from(io.BytesIO(b"data"))

    run(program())
    assert ["aborted"] == threads.volume.events


# Consoles


def test_a_console_is_read_and_written(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            console = await aio.Domain(conn, WEB).open_console()
            assert isinstance(console, Duplex)
            await console.write(b"hello")
            assert [b"he", b"llo"] == [await console.read(2), await console.read()]
            await console.close()
            await console.close()
            assert b"" == await console.read()

    run(program())
    assert 1 == threads.console.closed


def test_a_console_is_written_while_a_read_waits(threads: ThreadLab) -> None:
    async def program() -> bytes:
        async with await aio.open("threads:///default") as conn:
            console = await aio.Domain(conn, WEB).open_console()
            data, _ = await asyncio.gather(console.read(), console.write(b"login: "))
            await console.close()
            return data

    assert b"login: " == run(program())


def test_a_read_that_is_given_up_loses_no_bytes(threads: ThreadLab) -> None:
    async def program() -> bytes:
        async with await aio.open("threads:///default") as conn:
            console = await aio.Domain(conn, WEB).open_console()
            with pytest.raises(TimeoutError):
                await console.read(timeout=0.001)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(console.read(), 0.001)
            await console.write(b"late")
            data = await console.read(2) + await console.read()
            await console.close()
            return data

    assert b"late" == run(program())


def test_closing_a_console_ends_a_read_that_waits(threads: ThreadLab) -> None:
    async def program() -> bytes:
        async with await aio.open("threads:///default") as conn:
            console = await aio.Domain(conn, WEB).open_console()
            reading = asyncio.create_task(console.read())
            await asyncio.sleep(0)
            await console.close()
            return await reading

    assert b"" == run(program())


def test_an_error_of_a_console_is_raised_by_the_read_that_meets_it(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            console = await aio.Domain(conn, WEB).open_console()
            threads.console.failure = OperationFailedError("the guest is gone")
            with pytest.raises(OperationFailedError, match="the guest is gone"):
                await console.read()
            threads.console.failure = None
            await console.write(b"back")
            assert b"back" == await console.read()
            await console.close()

    run(program())


def test_threads_of_streams_end_with_them(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            console = await aio.Domain(conn, WEB).open_console()
            await console.write(b"x")
            assert b"x" == await console.read()
            await console.close()
        mine = [thread for thread in threading.enumerate() if thread.name.startswith("virtkit-")]
        for thread in mine:
            await asyncio.to_thread(thread.join, 60)
        assert not [thread for thread in mine if thread.is_alive()]

    run(program())


def test_a_screenshot_has_a_type_and_pieces() -> None:
    async def program() -> tuple[str, list[Piece]]:
        shot: Screenshot = CARRIERS["Screenshot"].adapt(Screenshot("image/png", iter([b"png"])))  # type: ignore[arg-type]
        return shot.mime, [piece async for piece in shot.data]

    assert ("image/png", [b"png"]) == run(program())


def test_a_source_need_not_have_anything_to_close() -> None:
    async def program() -> list[Piece]:
        return [piece async for piece in thread_source(iter([b"a", b"b"]))]

    assert [b"a", b"b"] == run(program())


def test_every_kind_of_stream_that_a_hook_returns_is_carried() -> None:
    streams = ("Source", "Sink", "Duplex", "Screenshot")
    returned = {function.returns for function in functions().values()}
    assert {each for each in returned if any(stream in each for stream in streams)} == set(CARRIERS)
