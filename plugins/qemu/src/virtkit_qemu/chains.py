"""The files behind the disks of a running guest, as QEMU opened them: numbers of its nodes and chains of images."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from virtkit.xml.domain.devices.disk import BackingStore
from virtkit.xml.domain.devices.source import DiskSource, Format

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain


def node_name(number: int) -> str:
    """QEMU's name of the node that a disk writes to; `number` is its place in the document, from 1."""
    return f"virtkit-{number}-format"


def fill(live: Domain, blocks: Sequence[dict[str, Any]]) -> None:
    """Write numbers and chains into a live document; a chain that the document spells out stays.

    Args:
        live: The document.
        blocks: What QEMU answers to `query-block`.
    """
    images = {block["inserted"].get("node-name"): block["inserted"]["image"] for block in blocks if "inserted" in block}
    disks = live.devices.disks
    further = itertools.count(len(disks) + 1)
    for number, disk in enumerate(disks, 1):
        image = images.get(node_name(number))
        if image is None or disk.source is None:
            continue
        disk.source.index = number
        if disk.backing_store is None or disk.backing_store.type is None:
            disk.backing_store = _chain(image.get("backing-image"), further)


def _chain(image: dict[str, Any] | None, numbers: Iterator[int]) -> BackingStore:
    """The images below a disk; an empty element ends them."""
    if image is None:
        return BackingStore()
    path, number = image["filename"], next(numbers)
    block = _is_block_device(path)
    source = DiskSource(dev=path) if block else DiskSource(file=path)
    below = _chain(image.get("backing-image"), numbers)
    kind = "block" if block else "file"
    return BackingStore(
        type=kind, index=number, format=Format(type=image["format"]), source=source, backing_store=below
    )


def _is_block_device(path: str) -> bool:
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False
