"""A driver that breaks its word: `lab:///`. What a hook does wrong is in the name of the object that it is called for.

| name | what happens |
|---|---|
| `raises` | an exception that is no error of the API |
| `exits` | SystemExit |
| `hangs` | nothing, until `domain_destroy` of a domain of any name, on any connection |
| `pauses...` | nothing, until there is a file `go on` beside the journal |
| `wrong` | a value of the wrong type is returned |
| anything else | what is asked for |

What sinks, sources, consoles and descriptors live through is a line each in the file `LAB_JOURNAL`.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import DomainEventType, DomainState
from virtkit.errors import OperationFailedError
from virtkit.events import EventHub
from virtkit.events.records import DomainLifecycleEvent
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.hookspecs.storage_vol import StorageVolSpec
from virtkit.records import DomainInfo
from virtkit.refs import DomainRef, StorageVolRef
from virtkit.spec import quick
from virtkit.streams import Hole, Piece

STORM = 1000
"""Events that one call of `domain_reset` publishes."""

BLOCK = bytes(256 << 10)


def write(line: str) -> None:
    with open(os.environ["LAB_JOURNAL"], "a") as journal:
        journal.write(f"{line}\n")


class Lab:
    """What all connections share."""

    def __init__(self) -> None:
        self.hub = EventHub("lab")
        self.released = threading.Event()

    def misbehave(self, name: str) -> Any:
        """Do what a name says; what is to be returned for it, None for what is asked for."""
        match name:
            case "raises":
                raise ZeroDivisionError("the driver has a bug")
            case "exits":
                raise SystemExit("the driver gives up")
            case "hangs":
                write("hanging")
                self.released.wait()
            case "wrong":
                return object()
        if name.startswith("pauses"):
            write("pausing")
            while not Path(os.environ["LAB_JOURNAL"]).with_name("go on").exists():
                time.sleep(0.01)
        return None


class Sink:
    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.name = lab, name

    def write(self, data: bytes) -> None:
        self.lab.misbehave(self.name)
        if self.name == "full":
            raise OperationFailedError("the volume is full")
        write(f"write {len(data)}")

    def hole(self, length: int) -> None:
        write(f"hole {length}")

    def finish(self) -> None:
        if self.name == "unfinished":
            raise OperationFailedError("the volume cannot be finished")
        write("finish")

    def abort(self) -> None:
        write("abort")


class Source:
    """What is read from; it wants to be closed, once."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.pieces = self._pieces(lab, name)
        write("source opened")

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        return next(self.pieces)

    def close(self) -> None:
        write("source closed")

    @staticmethod
    def _pieces(lab: Lab, name: str) -> Iterator[Piece]:
        yield b"begin"
        if name == "damaged":
            raise OperationFailedError("the volume is damaged")
        wrong: Piece | None = lab.misbehave(name)
        if wrong is not None:
            yield wrong
        while name == "endless":
            yield BLOCK
        yield Hole(7)
        yield b"end"


class Console:
    """Sends back what it gets, in capitals."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.name = lab, name
        self.near, self.far = socket.socketpair()

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        self.lab.misbehave(self.name)
        self.near.settimeout(timeout or 0.001)
        return self.near.recv(size)

    def write(self, data: bytes) -> None:
        if data == b"bye":
            self.far.shutdown(socket.SHUT_WR)
        else:
            self.far.send(data.upper())

    def fileno(self) -> int:
        return -1 if self.name == "unseen" else self.near.fileno()

    def close(self) -> None:
        self.near.close()
        self.far.close()
        write("close")


class LabDriver(
    Driver[Lab],
    ConnectSpec[Lab],
    DomainDefinitionSpec[Lab],
    DomainDeviceSpec[Lab],
    DomainLifecycleSpec[Lab],
    DomainStatisticsSpec[Lab],
    StorageVolSpec[Lab],
):
    name = "lab"
    hook_api = 1
    kinds = ("hypervisor", "storage")

    def __init__(self) -> None:
        self.lab = Lab()

    def driver_open(self, request: OpenRequest) -> Lab:
        self.lab.misbehave(request.uri.path.strip("/"))
        write("open")
        return self.lab

    def driver_close(self, conn: Lab) -> None:
        write("closed")

    def driver_events(self, conn: Lab) -> EventHub:
        return conn.hub

    def domain_lookup_by_name(self, conn: Lab, name: str) -> DomainRef:
        return DomainRef(name, uuid5(NAMESPACE_DNS, name).bytes, 1)

    def connect_list_all_domains(self, conn: Lab, flags: int) -> list[DomainRef]:
        return [self.domain_lookup_by_name(conn, name) for name in ("upper", "lower")]

    def domain_get_xml_desc(self, conn: Lab, dom: DomainRef, flags: int) -> str:
        wrong: str | None = conn.misbehave(dom.name)
        return wrong or f"<domain><name>{dom.name}</name></domain>"

    @quick
    def domain_get_info(self, conn: Lab, dom: DomainRef) -> DomainInfo:
        wrong: DomainInfo | None = conn.misbehave(dom.name)
        return wrong or DomainInfo(DomainState.RUNNING, 1, 1, 1, 0)

    def domain_destroy(self, conn: Lab, dom: DomainRef) -> None:
        conn.released.set()

    def domain_suspend(self, conn: Lab, dom: DomainRef) -> None:
        conn.hub.publish(dom, DomainLifecycleEvent(DomainEventType.SUSPENDED, 0))

    def domain_resume(self, conn: Lab, dom: DomainRef) -> None:
        conn.misbehave(dom.name)

    def domain_reset(self, conn: Lab, dom: DomainRef, flags: int) -> None:
        for _ in range(STORM):
            conn.hub.publish(dom, DomainLifecycleEvent(DomainEventType.RESUMED, 0))
        conn.hub.drain()

    # Descriptors

    def domain_open_graphics_fd(self, conn: Lab, dom: DomainRef, idx: int, flags: int) -> int:
        wrong: int | None = conn.misbehave(dom.name)
        if wrong is not None:
            return wrong
        near, far = os.pipe()
        os.write(far, b"picture")
        os.close(far)
        return near

    def domain_open_graphics(self, conn: Lab, dom: DomainRef, idx: int, flags: int, file: int) -> None:
        os.write(file, b"picture")

    def domain_create_with_files(self, conn: Lab, dom: DomainRef, flags: int, files: Sequence[int]) -> DomainRef:
        for number, file in enumerate(files):
            os.write(file, b"%d" % number)
        return dom._replace(id=len(files))

    # Streams

    def domain_open_console(self, conn: Lab, dom: DomainRef, dev_name: str | None, flags: int) -> Console:
        wrong: Console | None = conn.misbehave(dom.name) if dom.name == "wrong" else None
        return wrong or Console(conn, dom.name)

    def storage_vol_upload(self, conn: Lab, vol: StorageVolRef, offset: int, length: int, flags: int) -> Sink:
        if vol.name == "late":
            conn.misbehave("hangs")
        return Sink(conn, vol.name)

    def storage_vol_download(self, conn: Lab, vol: StorageVolRef, offset: int, length: int, flags: int) -> Source:
        return Source(conn, vol.name)


def installed(folder: Path) -> None:
    """Make the folder one from which the driver is found as if it had been installed."""
    (folder / "virtkit_lab.py").write_text(Path(__file__).read_text())
    information = folder / "virtkit_lab-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: virtkit-lab\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[virtkit.hypervisor]\nlab = virtkit_lab:LabDriver\n")
