"""Moving the data of asynchronous streams from and to files, which are read and written on threads."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

from virtkit.aio.streams import Hole, Sink, Source
from virtkit.api.transfer import Writer, pieces


async def receive(source: Source, file: BinaryIO) -> None:
    """Write all of a source to a file, from the file's position on; holes become zeros or holes of the file.

    The source is closed whatever happens.
    """
    writer = Writer(file)
    try:
        async for piece in source:
            await asyncio.to_thread(writer.put, piece)
        await asyncio.to_thread(writer.finish)
    finally:
        close = getattr(source, "aclose", None)
        if close:
            await close()


async def send(file: BinaryIO, sink: Sink, *, sparse: bool) -> None:
    """Write the rest of a file to a sink; finish it, or abort it where anything fails.

    Args:
        file: Read from its position to its end.
        sink: Where to.
        sparse: Send the file's holes as holes; the file must have a descriptor.
    """
    try:
        rest = pieces(file, sparse=sparse)
        while (piece := await asyncio.to_thread(next, rest, None)) is not None:
            if isinstance(piece, Hole):
                await sink.hole(piece.length)
            else:
                await sink.write(piece)
    except BaseException:
        await sink.abort()
        raise
    await sink.finish()
