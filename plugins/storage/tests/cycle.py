"""What every pool of files is put through, whatever is below the files."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import virtkit
from virtkit import Connection, StoragePool, StorageVol
from virtkit.enums import StoragePoolState, StorageVolResizeFlags
from virtkit.errors import OperationFailedError, SystemCallError

MIB = 1 << 20
DATA = os.urandom(MIB)

NO_SPACE, BUSY, NOT_THERE, NO_DEVICE, NOT_EMPTY = 28, 16, 2, 19, 39
"""Error numbers of the system."""


@contextmanager
def opened(root: Path) -> Iterator[Connection]:
    """A connection to the pools of a root."""
    with virtkit.open(f"storage:///embed?root={root}") as connection:
        yield connection


def volume(name: str, size: int, kind: str = "raw", allocation: int | None = 0) -> str:
    """The document of a volume."""
    taken = "" if allocation is None else f"<allocation>{allocation}</allocation>"
    return (
        f"<volume><name>{name}</name><capacity>{size}</capacity>{taken}"
        f"<target><format type='{kind}'/></target></volume>"
    )


def contents(found: StorageVol) -> bytes:
    """What is in a volume."""
    file = io.BytesIO()
    found.download_to(file)
    return file.getvalue()


def work_with_volumes(pool: StoragePool, folder: Path) -> None:
    """Take volumes through their life; what stays is `raw.img` with `DATA` and `clone.qcow2`."""
    raw = pool.create_volume(volume("raw.img", 2 * MIB))
    image = pool.create_volume(volume("image.qcow2", 8 * MIB, "qcow2"))
    assert {"raw.img", "image.qcow2"} <= set(pool.list_volume_names())
    raw.upload_from(io.BytesIO(DATA))
    assert DATA + bytes(MIB) == contents(raw) == (folder / "raw.img").read_bytes()
    assert b"QFI\xfb" == contents(image)[:4]

    clone = pool.create_volume_from(volume("clone.img", 2 * MIB), raw)
    assert DATA + bytes(MIB) == contents(clone)
    converted = pool.create_volume_from(volume("clone.qcow2", 2 * MIB, "qcow2"), raw)
    assert 2 * MIB == converted.info().capacity

    clone.wipe()
    assert bytes(2 * MIB) == contents(clone)
    clone.resize(3 * MIB)
    clone.resize(MIB, StorageVolResizeFlags.SHRINK)
    image.resize(16 * MIB)
    assert [MIB, 16 * MIB] == [clone.info().capacity, image.info().capacity]
    clone.delete()
    image.delete()
    (folder / "from-outside").write_bytes(b"x")
    pool.refresh()
    assert {"raw.img", "clone.qcow2", "from-outside"} == set(pool.list_volume_names()) - {"lost+found"}
    (folder / "from-outside").unlink()
    pool.refresh()
    info = pool.info()
    assert StoragePoolState.RUNNING == info.state
    assert info.capacity > info.available > 0


def fill_up(pool: StoragePool, source: StorageVol, kinds: Sequence[str] = ("raw", "qcow2")) -> None:
    """Have clones, uploads and resizes run out of room; `source` has more data than is free, `kinds` are of clones."""
    names = set(pool.list_volume_names())
    size = source.info().capacity

    with pytest.raises(SystemCallError, match=r"big\.img.*No space left") as refused:
        pool.create_volume(volume("big.img", size, allocation=None))
    assert NO_SPACE == refused.value.int1
    for kind in kinds:
        with pytest.raises(SystemCallError, match=r"clone.*No space left") as refused:
            pool.create_volume_from(volume("clone", size, kind), source)
        assert NO_SPACE == refused.value.int1

    small = pool.create_volume(volume("small.img", MIB))
    with pytest.raises(OperationFailedError, match=r"bytes left, too few for volume 'small\.img'"):
        small.resize(2 * pool.info().capacity, StorageVolResizeFlags.ALLOCATE)
    assert MIB == small.info().capacity
    with pytest.raises(SystemCallError, match=r"small\.img.*No space left") as refused, source_of(source) as file:
        small.upload_from(file)
    assert NO_SPACE == refused.value.int1
    small.delete()

    pool.refresh()
    assert names == set(pool.list_volume_names())
    pool.create_volume(volume("after.img", MIB)).delete()


@contextmanager
def source_of(found: StorageVol) -> Iterator[io.BufferedReader]:
    """The file of a volume."""
    with open(found.path(), "rb") as file:
        yield file
