"""A program of libvirt's Python binding that works with a pool and what is in its volumes; prints what it saw as JSON.

    /usr/bin/python3 python_storage_client.py 'qemu+unix:///system?socket=PATH' FOLDER

A line of the transcript is as in python_client.py. Whether data arrived is told by its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import libvirt  # type: ignore[import-not-found]
from python_client import Transcript  # type: ignore[import-not-found]

MIB = 1 << 20
SIZE = 8 * MIB
HUGE = 1 << 30
DATA_EVERY = 64 * MIB
PIECE = 100_000
SECONDS = 120
UUID = "3c8d1a52-0a41-4b7a-9d0e-5f1f6f5c2b5{}"
POOL = "<pool type='{kind}'><name>{name}</name>{more}<target><path>{path}</path></target></pool>"
VOLUME = "<volume><name>{name}</name><capacity>{size}</capacity><allocation>0</allocation>{more}</volume>"
DATA = random.Random(7).randbytes(SIZE)


def volume_xml(name: str, size: int = SIZE, more: str = "") -> str:
    return VOLUME.format(name=name, size=size, more=more)


def brief(document: str) -> str:
    """A document as it is told: without what all have in common."""
    return document.replace("<allocation>0</allocation>", "").replace("x" * 300, "x * 300")


class Program:
    """The pool and what is done with it.

    Args:
        see: Takes note.
        conn: The connection.
        folder: For pools and local files.
    """

    def __init__(self, see: Transcript, conn: Any, folder: Path) -> None:
        self.see = see
        self.conn = conn
        self.folder = folder
        self.place = folder / "pool"
        self.place.mkdir()
        self.pool = see(conn.storagePoolCreateXML, self.pool_xml("pool", self.place))

    def pool_xml(self, name: str, path: object, more: str = "", kind: str = "dir") -> str:
        return POOL.format(kind=kind, name=name, path=path, more=more)

    def told(self, what: str, value: object) -> None:
        self.see.lines.append([what, value])

    def file(self, volume: Any) -> str:
        """Digest of what is in a volume's file."""
        return hashlib.sha256(Path(volume.path()).read_bytes()).hexdigest()

    def tried(self, what: str, call: Any) -> Any:
        """Note what came of some calls: their value or their error."""
        try:
            value = call()
        except libvirt.libvirtError as error:
            self.told(what, {"error": [error.get_error_code(), error.get_error_domain(), error.get_error_level()]})
            return None
        self.told(what, value if isinstance(value, str | int | list) else None)
        return value

    # Contents

    def blocking(self) -> None:
        volume = self.see(self.pool.createXML, volume_xml("blocking"))

        def upload() -> None:
            stream = self.conn.newStream()
            volume.upload(stream, 1000, len(DATA) - 1000)
            sent = 0
            while sent < len(DATA) - 1000:
                sent += stream.send(DATA[sent : min(sent + PIECE, len(DATA) - 1000)])
            stream.finish()

        def download(offset: int, length: int) -> str:
            stream = self.conn.newStream()
            volume.download(stream, offset, length)
            digest = hashlib.sha256()
            while piece := stream.recv(PIECE):
                digest.update(piece)
            stream.finish()
            return digest.hexdigest()

        self.tried("upload, blocking", upload)
        self.told("what is there", self.file(volume))
        for offset, length in ((0, 0), (1000, 0), (5, 70), (SIZE - 10, 100), (SIZE + 10, 0), (0, SIZE * 2)):
            self.tried(f"download of {length} at {offset}, blocking", lambda o=offset, n=length: download(o, n))
        self.see(volume.info, told=lambda sizes: sizes[:2])

    def callbacks(self) -> None:
        volume = self.see(self.pool.createXML, volume_xml("callbacks"))
        source, target = self.folder / "source", self.folder / "target"
        source.write_bytes(DATA)

        def upload() -> None:
            stream = self.conn.newStream()
            volume.upload(stream, 0, 0)
            with source.open("rb") as file:
                stream.sendAll(lambda _, size, opened: opened.read(size), file)
            stream.finish()

        def download() -> str:
            stream = self.conn.newStream()
            volume.download(stream, 0, 0)
            with target.open("wb") as file:
                stream.recvAll(lambda _, data, opened: opened.write(data), file)
            stream.finish()
            return hashlib.sha256(target.read_bytes()).hexdigest()

        self.tried("upload, by callbacks", upload)
        self.tried("download, by callbacks", download)

        def failing(*_: object) -> bytes:
            raise RuntimeError("nothing more")

        def broken() -> None:
            stream = self.conn.newStream()
            volume.upload(stream, 0, 0)
            try:
                stream.sendAll(failing, None)
            except RuntimeError:
                self.told("the callback failed", None)

        self.tried("upload whose callback fails", broken)
        self.tried("download after that", download)

    def nonblocking(self) -> None:
        volume = self.see(self.pool.createXML, volume_xml("nonblocking"))
        self.tried("upload, nonblocking", lambda: self.pumped(volume, libvirt.VIR_STREAM_EVENT_WRITABLE))
        self.told("what is there", self.file(volume))
        self.tried("download, nonblocking", lambda: self.pumped(volume, libvirt.VIR_STREAM_EVENT_READABLE))

    def pumped(self, volume: Any, event: int) -> str:
        """Move data by the event loop; the digest of what came."""
        stream = self.conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
        done, digest, at = threading.Event(), hashlib.sha256(), 0

        def ready(stream: Any, events: int, _: object) -> None:
            nonlocal at
            if event == libvirt.VIR_STREAM_EVENT_WRITABLE:
                moved = stream.send(DATA[at : at + PIECE]) if at < SIZE else 0
                ended = at >= SIZE
            else:
                data = stream.recv(PIECE)
                moved = -1 if data == -2 else len(data)
                ended = data == b""
                digest.update(data if moved > 0 else b"")
            at += max(0, moved)
            if ended:
                stream.eventRemoveCallback()
                done.set()

        (volume.upload if event == libvirt.VIR_STREAM_EVENT_WRITABLE else volume.download)(stream, 0, 0)
        stream.eventAddCallback(event, ready, None)
        if not done.wait(SECONDS):
            raise TimeoutError(f"{at} bytes in {SECONDS} s")
        stream.finish()
        return digest.hexdigest()

    def aborted(self) -> None:
        volume = self.see(self.pool.createXML, volume_xml("aborted"))

        def upload(end: str) -> None:
            stream = self.conn.newStream()
            volume.upload(stream, 0, 0)
            stream.send(DATA[:PIECE])
            getattr(stream, end)()

        def download(end: str) -> None:
            stream = self.conn.newStream()
            volume.download(stream, 0, 0)
            stream.recv(PIECE)
            getattr(stream, end)()

        for end in ("abort", "finish"):
            self.tried(f"upload, {end} in the middle", lambda e=end: upload(e))
            self.see(volume.info, told=lambda sizes: sizes[:2])
        self.tried("download, abort in the middle", lambda: download("abort"))
        self.see(volume.resize, SIZE * 2)
        self.see(volume.delete)

    # Sparse contents

    def sparse(self) -> None:
        """A file of 1 GiB that is mostly holes goes up and comes down again."""
        source, target = self.folder / "sparse-source", self.folder / "sparse-target"
        with source.open("wb") as file:
            for start in range(DATA_EVERY // 2, HUGE, DATA_EVERY):
                file.seek(start)
                file.write(DATA[: MIB // 2])
            file.truncate(HUGE)
        volume = self.see(self.pool.createXML, volume_xml("sparse", HUGE))
        self.tried("sparse upload", lambda: self.sent(volume, source))
        self.told("its size", os.stat(volume.path()).st_size)
        self.told("it is sparse", os.stat(volume.path()).st_blocks * 512 < HUGE // 8)
        self.tried("sparse download", lambda: self.received(volume, target))
        self.told("its size", target.stat().st_size)
        self.told("it is sparse", target.stat().st_blocks * 512 < HUGE // 8)
        self.told("it is the same", subprocess.call(["cmp", "-s", source, target]))

    def sent(self, volume: Any, source: Path) -> None:
        with source.open("rb") as file:
            descriptor = file.fileno()

            def kind(*_: object) -> tuple[bool, int]:
                """Whether data comes next, and how much of it, or how long a hole."""
                at = os.lseek(descriptor, 0, os.SEEK_CUR)
                end = os.fstat(descriptor).st_size
                try:
                    data = os.lseek(descriptor, at, os.SEEK_DATA)
                except OSError:
                    data = end
                after = os.lseek(descriptor, at, os.SEEK_HOLE) if data == at and at < end else data
                os.lseek(descriptor, at, os.SEEK_SET)
                return data == at and at < end, after - at

            stream = self.conn.newStream()
            volume.upload(stream, 0, HUGE, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
            stream.sparseSendAll(
                lambda _, size, __: os.read(descriptor, size),
                kind,
                lambda _, length, __: os.lseek(descriptor, length, os.SEEK_CUR),
                None,
            )
            stream.finish()

    def received(self, volume: Any, target: Path) -> None:
        with target.open("wb") as file:

            def skip(_: Any, length: int, __: object) -> None:
                file.truncate(file.seek(length, os.SEEK_CUR))

            stream = self.conn.newStream()
            volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
            stream.sparseRecvAll(lambda _, data, __: file.write(data), skip, None)
            stream.finish()

    # What is refused

    def refused_pools(self) -> None:
        see, conn, pool = self.see, self.conn, self.pool
        xml, uuid = self.pool_xml, f"<uuid>{UUID}</uuid>"
        kept = see(conn.storagePoolDefineXML, xml("kept", self.folder / "kept", uuid.format(0)))
        for document in (
            *(xml("kept", self.folder / "x", uuid.format(1)), xml("other", self.folder / "x", uuid.format(0))),
            *(xml("other", self.folder / "kept"), xml("a/b", "/x"), xml("x", "/x", kind="nosuch"), xml("", "/x")),
            *(xml("x" * 300, "/x"), "<pool type='dir'><name>x</name></pool>", "<pool", "<volume/>", ""),
            *(xml("x", "/x", "<uuid>nosuch</uuid>"), "<pool><name>x</name><target><path>/x</path></target></pool>"),
        ):
            self.tried(f"definition {brief(document)}", lambda d=document: conn.storagePoolDefineXML(d))
        for flags in (4, 1 << 20):
            self.tried(f"definition with {flags}", lambda f=flags: conn.storagePoolDefineXML(xml("x", "/x"), f))
        for call, *arguments in (
            *((kept.create,), (kept.create, 1 << 20), (kept.create, 6), (kept.build, 6), (kept.build, 1 << 20)),
            *((kept.build, 1), (kept.build, 2), (kept.build, 4), (kept.build, 8)),
            *((kept.destroy,), (kept.refresh,), (kept.refresh, 1), (kept.delete,), (kept.delete, 1), (kept.delete, 8)),
            *((kept.XMLDesc, 8), (kept.listAllVolumes,), (kept.listVolumes,), (kept.numOfVolumes,)),
            *((kept.storageVolLookupByName, "x"), (kept.createXML, volume_xml("x")), (kept.undefine,), (kept.info,)),
            *((pool.create,), (pool.build,), (pool.delete,), (pool.undefine,), (pool.setAutostart, 1)),
            *((pool.listAllVolumes, 1), (pool.refresh, 1), (conn.listAllStoragePools, 1 << 30)),
            (conn.storagePoolCreateXML, xml("pool", self.place)),
            (conn.storagePoolCreateXML, xml("second", self.place)),
            (conn.storagePoolCreateXML, xml("second", self.folder / "nosuch")),
            (conn.storagePoolCreateXML, xml("second", self.folder / "nosuch"), 1 << 20),
            (conn.storagePoolLookupByTargetPath, str(self.folder)),
            (conn.storagePoolLookupByTargetPath, "relative"),
            (conn.findStoragePoolSources, "nosuch", None, 0),
            (conn.findStoragePoolSources, "dir", None, 0),
            (conn.getStoragePoolCapabilities, 1),
        ):
            see(call, *arguments, told=lambda value: None)

    def refused_volumes(self) -> None:
        see, conn, pool = self.see, self.conn, self.pool
        volume = see(pool.createXML, volume_xml("volume", MIB))
        target = "<target><format type='{}'/></target>".format
        backing = "<backingStore><path>{}</path><format type='raw'/></backingStore>".format
        for document in (
            *(volume_xml("volume"), volume_xml("a/b"), volume_xml(".."), volume_xml("."), volume_xml("x" * 300)),
            *(volume_xml("x", more=target("nosuch")), volume_xml("x", more=target("fat")), volume_xml("")),
            *("<volume><name>x</name></volume>", "<volume", "<pool/>", "", volume_xml("x", -1)),
            *(volume_xml("x", more=backing("/nosuch")), volume_xml("x", more=target("qcow2") + backing("/nosuch"))),
            *(volume_xml("x", 1 << 62), volume_xml("x", more="<target><compat>nosuch</compat></target>")),
        ):
            self.tried(f"volume {brief(document)}", lambda d=document: pool.createXML(d))
        for flags in (1, 8, 1 << 20):
            self.tried(f"volume with {flags}", lambda f=flags: pool.createXML(volume_xml("x"), f))
            self.tried(f"copy with {flags}", lambda f=flags: pool.createXMLFrom(volume_xml("copy"), volume, f))
        stream = conn.newStream()
        for call, *arguments in (
            *((volume.resize, 1), (volume.resize, 1 << 62), (volume.resize, 1, 1 << 20), (volume.wipe, 1)),
            *((volume.resize, 2 * MIB, 4), (volume.resize, 0, 4)),
            *((volume.wipePattern, 99), (volume.wipePattern, 0, 1), (volume.delete, 8), (volume.XMLDesc, 1)),
            *((volume.infoFlags, 8), (volume.upload, stream, 0, 0, 8), (volume.download, stream, 0, 0, 8)),
            *((pool.createXMLFrom, volume_xml("volume"), volume), (pool.createXMLFrom, "<volume", volume)),
            *((pool.storageVolLookupByName, "nosuch"), (pool.storageVolLookupByName, "../pool")),
            *((conn.storageVolLookupByPath, "/nosuch"), (conn.storageVolLookupByPath, "relative")),
            *((conn.storageVolLookupByKey, "nosuch"), (conn.storageVolLookupByKey, "")),
        ):
            see(call, *arguments, told=lambda value: None)
        see(volume.delete)
        for call in (volume.delete, volume.info, volume.XMLDesc, volume.path, volume.wipe):
            see(call, told=lambda value: None)

    def end(self) -> None:
        for volume in self.pool.listAllVolumes():
            volume.delete()
        self.see(self.pool.destroy)
        self.see(self.conn.listAllStoragePools, libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT)


def run_events() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def main(uri: str, folder: str) -> None:
    libvirt.registerErrorHandler(lambda *ignored: None, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=run_events, daemon=True).start()
    see, end = Transcript(), "reached"
    try:
        program = Program(see, libvirt.open(uri), Path(folder))
        for part in (program.blocking, program.callbacks, program.nonblocking, program.aborted, program.sparse):
            part()
        for part in (program.refused_pools, program.refused_volumes, program.end):
            part()
    except Exception:  # noqa: BLE001 what was seen so far shows why
        end = traceback.format_exc()
    print(json.dumps({"calls": see.lines, "events": {}, "end": end}, indent=1))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
