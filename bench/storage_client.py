"""A client by libvirt's C library that works with a pool when it is told to, as rpc_client.py; with its interpreter.

storage_client.py URI WORK
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import libvirt  # type: ignore[import-not-found]

POOL = "<pool type='dir'><name>bench</name><target><path>{folder}</path></target></pool>"
VOLUME = "<volume><name>{name}</name><capacity>{size}</capacity><allocation>0</allocation></volume>"
SIZE = 1 << 30
"""Bytes of a large volume."""

DATA = os.urandom(16 << 20)
PACKET = 262_120


def timed(function: Callable[[], object], calls: int = 1) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


class Work:
    """What there is to do with the pool `bench`."""

    def __init__(self, uri: str) -> None:
        self.conn: Any = libvirt.open(uri)

    @property
    def pool(self) -> Any:
        return self.conn.storagePoolLookupByName("bench")

    def start(self, folder: str) -> float:
        """Start the pool in a folder."""
        self.conn.storagePoolDefineXML(POOL.format(folder=folder))
        return timed(self.pool.create)

    def refresh_new(self, _: str) -> float:
        """Refresh it when every volume has changed."""
        pool = self.pool
        found = re.search("<path>(.*?)</path>", pool.XMLDesc())
        assert found
        with os.scandir(found[1]) as entries:
            for entry in entries:
                os.utime(entry.path)
        return timed(pool.refresh)

    def refresh_same(self, _: str) -> float:
        """Refresh it when nothing has changed."""
        return timed(self.pool.refresh)

    def list_all(self, expected: str) -> float:
        pool = self.pool
        if len(pool.listAllVolumes()) != int(expected):
            raise SystemExit(f"expected {expected} volumes")
        return timed(pool.listAllVolumes, 2)

    def lookup(self, name: str) -> float:
        pool = self.pool
        return timed(lambda: pool.storageVolLookupByName(name), 200)

    def info(self, name: str) -> float:
        return timed(self.pool.storageVolLookupByName(name).info, 200)

    def make(self, name: str) -> float:
        """Make a large volume without data."""
        return timed(lambda: self.pool.createXML(VOLUME.format(name=name, size=SIZE)))

    def clone(self, name: str) -> float:
        """Clone a volume; deleting the clone is not counted."""
        pool = self.pool
        source = pool.storageVolLookupByName(name)
        with suppress(libvirt.libvirtError):
            pool.storageVolLookupByName("clone").delete()
        document = VOLUME.format(name="clone", size=SIZE)
        seconds = timed(lambda: pool.createXMLFrom(document, source))
        pool.storageVolLookupByName("clone").delete()
        return seconds

    def upload_to_disk(self, name: str) -> float:
        """Overwrite a whole volume, and wait until it is on the disk; libvirtd leaves it in memory."""
        path = self.pool.storageVolLookupByName(name).path()

        def sync() -> None:
            with open(path, "rb") as file:
                os.fsync(file.fileno())

        return self.upload(name) + timed(sync)

    def upload(self, name: str) -> float:
        """Overwrite a whole volume."""
        volume = self.pool.storageVolLookupByName(name)
        stream = self.conn.newStream()
        sent = 0

        def more(_: Any, wanted: int, __: object) -> bytes:
            nonlocal sent
            start = sent % (len(DATA) - PACKET)
            piece = DATA[start : start + min(wanted, SIZE - sent)]
            sent += len(piece)
            return piece

        def run() -> None:
            volume.upload(stream, 0, SIZE)
            stream.sendAll(more, None)
            stream.finish()

        return timed(run)

    def download(self, name: str) -> float:
        """Read a whole volume."""
        volume = self.pool.storageVolLookupByName(name)
        stream = self.conn.newStream()
        got = 0

        def take(_: Any, data: bytes, __: object) -> int:
            nonlocal got
            got += len(data)
            return len(data)

        def run() -> None:
            volume.download(stream, 0, 0)
            stream.recvAll(take, None)
            stream.finish()

        seconds = timed(run)
        if got != SIZE:
            raise SystemExit(f"{got} bytes came instead of {SIZE}")
        return seconds


def main(uri: str, name: str) -> None:
    libvirt.registerErrorHandler(lambda *ignored: None, None)
    work = getattr(Work(uri), name)
    print("ready", flush=True)
    for line in sys.stdin:
        print(work(line.strip()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
