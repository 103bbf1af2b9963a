"""Volumes are copied from and to files; a transfer that fails is taken back."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.api.storage import StorageVol
from virtkit.api.transfer import CHUNK, receive, send
from virtkit.enums import StorageVolUploadFlags
from virtkit.errors import OperationFailedError
from virtkit.refs import StorageVolRef
from virtkit.streams import Hole, Piece

VOL = StorageVolRef("images", "disk.img", "/images/disk.img")
pieces = st.lists(st.binary(max_size=40) | st.integers(0, 60).map(Hole), max_size=8)


class LabSink:
    """Keeps what it is sent, as a file would hold it."""

    def __init__(self, capacity: int = 1 << 30) -> None:
        self.capacity = capacity
        self.data = b""
        self.holes: list[int] = []
        self.end = ""

    def write(self, data: bytes) -> None:
        if len(self.data) + len(data) > self.capacity:
            raise OperationFailedError("volume 'disk.img' is full")
        self.data += data

    def hole(self, length: int) -> None:
        self.holes.append(length)
        self.data += bytes(length)

    def finish(self) -> None:
        self.end += "finished"

    def abort(self) -> None:
        self.end += "aborted"


def as_zeros(source: list[Piece]) -> bytes:
    return b"".join(bytes(piece.length) if isinstance(piece, Hole) else piece for piece in source)


@given(pieces, st.binary(max_size=80), st.integers(0, 50))
def test_a_file_receives_data_and_holes_over_what_it_held(source: list[Piece], held: bytes, offset: int) -> None:
    file = io.BytesIO(held)
    file.seek(offset)
    receive(iter(source), file)
    data = as_zeros(source)
    expected = held if not data else held[:offset].ljust(offset, b"\0") + data + held[offset + len(data) :]
    assert expected == file.getvalue()


@given(pieces)
def test_a_pipe_receives_zeros_for_holes(source: list[Piece]) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    file = Pipe()
    receive(iter(source), file)
    assert as_zeros(source) == file.getvalue()


def test_holes_take_no_room_in_a_file(tmp_path: Path) -> None:
    with (tmp_path / "disk").open("wb") as file:
        receive(iter([Hole(64 << 20), b"end", Hole(64 << 20)]), file)
    status = (tmp_path / "disk").stat()
    assert (128 << 20) + 3 == status.st_size
    assert status.st_blocks * 512 < 1 << 20


def test_a_source_is_closed_when_the_file_fails() -> None:
    closed = []

    def source() -> Iterator[Piece]:
        try:
            yield b"data"
        finally:
            closed.append(True)

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(OSError, match="no space"):
        receive(source(), Full())
    assert closed


def test_the_rest_of_a_file_is_sent_and_finished() -> None:
    file, sink = io.BytesIO(b"head" + bytes(range(256)) * 4096), LabSink()
    file.seek(4)
    send(file, sink, sparse=False)
    assert bytes(range(256)) * 4096 == sink.data
    assert ("finished", []) == (sink.end, sink.holes)


def test_a_sink_that_fails_is_aborted_and_its_error_raised() -> None:
    sink = LabSink(capacity=10)
    with pytest.raises(OperationFailedError, match="full"):
        send(io.BytesIO(b"more than ten bytes"), sink, sparse=False)
    assert "aborted" == sink.end


def test_a_file_that_fails_aborts_the_sink() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "medium error")

    sink = LabSink()
    with pytest.raises(OSError, match="medium error"):
        send(Broken(), sink, sparse=False)
    assert "aborted" == sink.end


@pytest.mark.parametrize(
    "layout", [[], [b"x"], [Hole(1 << 20)], [Hole(1 << 20), b"x" * CHUNK * 2, Hole(1 << 20), b"y"]]
)
def test_holes_of_a_file_are_sent_as_holes(tmp_path: Path, layout: list[Piece]) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        for piece in layout:
            if isinstance(piece, Hole):
                file.seek(piece.length, os.SEEK_CUR)
            else:
                file.write(piece)
        file.truncate()
    sink = LabSink()
    with path.open("rb") as file:
        send(file, sink, sparse=True)
    assert as_zeros(layout) == sink.data
    expected = [piece.length for piece in layout if isinstance(piece, Hole)]
    assert len(expected) == len(sink.holes), "the file system of the temporary folder keeps holes"
    assert "finished" == sink.end


def test_a_volume_is_uploaded_from_a_file(lab: Any, tmp_path: Path) -> None:
    sink = LabSink()
    lab.answer(storage_vol_upload=sink)
    StorageVol(lab.conn, VOL).upload_from(io.BytesIO(b"data"), 512)
    assert (b"data", "finished") == (sink.data, sink.end)
    assert [("storage_vol_upload", VOL, 512, 0, 0)] == lab.calls


def test_a_sparse_upload_asks_the_driver_for_holes(lab: Any, tmp_path: Path) -> None:
    sink = LabSink()
    lab.answer(storage_vol_upload=sink)
    (tmp_path / "zeros").touch()
    os.truncate(tmp_path / "zeros", 1 << 20)
    with (tmp_path / "zeros").open("rb") as file:
        StorageVol(lab.conn, VOL).upload_from(file, flags=StorageVolUploadFlags.SPARSE_STREAM)
    assert [1 << 20] == sink.holes
    assert [("storage_vol_upload", VOL, 0, 0, 1)] == lab.calls


def test_a_volume_is_downloaded_to_a_file(lab: Any) -> None:
    lab.answer(storage_vol_download=iter([b"da", Hole(2), b"ta"]))
    file = io.BytesIO()
    StorageVol(lab.conn, VOL).download_to(file, 512, 6, 1)
    assert b"da\0\0ta" == file.getvalue()
    assert [("storage_vol_download", VOL, 512, 6, 1)] == lab.calls
