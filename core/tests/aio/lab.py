"""Drivers for tests of asynchronous connections: one is asynchronous itself, one has its functions run on threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from virtkit.driver import Driver, OpenRequest
from virtkit.errors import InvalidConnError, NoDomainError
from virtkit.events import EventHub
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.hookspecs.network import NetworkSpec
from virtkit.hookspecs.storage_vol import StorageVolSpec
from virtkit.records import DomainInfo
from virtkit.refs import DomainRef, NetworkRef, StorageVolRef
from virtkit.spec import quick
from virtkit.streams import Duplex, Hole, Piece, Sink, Source

T = TypeVar("T")
DEADLINE = 60.0
WEB, MAIL, NEWS = (DomainRef(name, bytes([number] * 16), number) for number, name in enumerate(("web", "mail", "news")))


def run(program: Coroutine[Any, Any, T]) -> T:
    """Run a program in a loop of its own; it may take a minute."""
    return asyncio.run(asyncio.wait_for(program, DEADLINE))


async def when(condition: Callable[[], object]) -> None:
    """Let the loop go on until a condition holds; the deadline is that of `run`."""
    while not condition():
        await asyncio.sleep(0.001)


class Session:
    """What a lab's driver knows of one connection.

    Attributes:
        request: What it was opened with.
        events: What happened, in order.
        meeting: Where a number of calls wait for each other.
        closed: Set once it is closed.
    """

    def __init__(self, request: OpenRequest) -> None:
        self.request = request
        self.events: list[str] = []
        self.meeting = asyncio.Barrier(3)
        self.closed = asyncio.Event()


class AsyncLab(Driver[Session]):
    """Reaches its domains asynchronously, as a driver does that talks to a daemon."""

    name = "lab"
    hook_api = 1
    kinds = ("hypervisor", "storage")
    error_domain = 12

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.hub = AgreedHub()

    async def driver_open_async(self, request: OpenRequest) -> Session:
        self.sessions.append(Session(request))
        return self.sessions[-1]

    async def driver_close_async(self, conn: Session) -> None:
        conn.closed.set()
        conn.events.append("closed")

    def driver_resolve_async(self, name: str) -> Callable[..., Awaitable[Any]] | None:
        found: Callable[..., Awaitable[Any]] | None = getattr(self, f"do_{name}", None)
        return found

    def driver_events(self, conn: Session) -> EventHub:
        return self.hub

    def driver_alive(self, conn: Session) -> bool:
        return not conn.closed.is_set()

    async def do_connect_get_hostname(self, conn: Session) -> str:
        await asyncio.sleep(0)
        return f"host of {conn.request.uri}"

    async def do_connect_list_all_domains(self, conn: Session, flags: int) -> list[DomainRef]:
        conn.events.append(f"list {flags}")
        await asyncio.sleep(0)
        return [] if flags & 2 else [WEB, MAIL, NEWS]

    async def do_domain_get_info(self, conn: Session, dom: DomainRef) -> DomainInfo:
        """Answers when three calls are under way."""
        await conn.meeting.wait()
        return DomainInfo(1, 4096, 2048, 1, dom.id)  # type: ignore[arg-type]

    async def do_domain_lookup_by_uuid(self, conn: Session, uuid: bytes) -> DomainRef:
        raise NoDomainError(f"no domain has uuid {uuid.hex()}")

    async def do_domain_suspend(self, conn: Session, dom: DomainRef) -> None:
        """Waits until the session is closed."""
        conn.events.append("suspending")
        try:
            await conn.closed.wait()
        except asyncio.CancelledError:
            conn.events.append("cancelled")
            raise
        raise InvalidConnError("the connection was closed during domain_suspend")

    async def do_domain_snapshot_current(self, conn: Session, dom: DomainRef, flags: int) -> None:
        """What `domain_has_current_snapshot` is derived from; waits as `domain_suspend` does."""
        await self.do_domain_suspend(conn, dom)

    async def do_domain_get_xml_desc(self, conn: Session, dom: DomainRef, flags: int) -> str:
        return f"<domain flags='{flags}'/>"

    async def do_storage_vol_download(
        self, conn: Session, vol: StorageVolRef, offset: int, length: int, flags: int
    ) -> Any:
        async def pieces() -> Any:
            yield b"from afar"

        return pieces()


class AgreedHub(EventHub):
    """A hub whose other side agrees to subscriptions when `answer` is set, or refuses with an error."""

    def __init__(self) -> None:
        super().__init__("lab")
        self.refusal: Exception | None = None
        self.asked: list[int] = []

    def agreed(self, callback_id: int) -> Awaitable[None]:
        async def answer() -> None:
            self.asked.append(callback_id)
            await asyncio.sleep(0)
            if self.refusal is not None:
                raise self.refusal

        return answer()


class ThreadLab(
    Driver[str],
    ConnectSpec[str],
    DomainDefinitionSpec[str],
    DomainDeviceSpec[str],
    DomainLifecycleSpec[str],
    DomainStatisticsSpec[str],
    StorageVolSpec[str],
):
    """A driver in this process. Calls of `domain_get_info` wait for each other, `domain_suspend` for `released`."""

    name = "threads"
    hook_api = 1
    kinds = ("hypervisor", "storage")
    attaches = True
    error_domain = 12

    def __init__(self) -> None:
        self.meeting = threading.Barrier(3, timeout=DEADLINE)
        self.opening = threading.Event()
        self.opening.set()
        self.released = threading.Event()
        self.suspending: list[str] = []
        self.threads: list[str] = []
        self.events: list[str] = []
        self.hub = EventHub("threads")
        self.console = Loopback()
        self.volume = Volume()

    def note(self, what: str) -> None:
        self.events.append(what)
        self.threads.append(threading.current_thread().name)

    def driver_open(self, request: OpenRequest) -> str:
        self.note("opening")
        assert self.opening.wait(DEADLINE)
        self.note("opened")
        return str(request.uri)

    def driver_close(self, conn: str) -> None:
        self.note("closed")

    def driver_events(self, conn: str) -> EventHub:
        return self.hub

    def connect_get_hostname(self, conn: str) -> str:
        self.note("hostname")
        return f"host of {conn}"

    def connect_get_sysinfo(self, conn: str, flags: int) -> str:
        self.note("sysinfo")
        return "<sysinfo/>"

    def connect_get_cpu_model_names(self, conn: str, arch: str, flags: int) -> list[str]:
        """Raises what no future takes."""
        return [next(iter(()))]

    @quick
    def domain_get_state(self, conn: str, dom: DomainRef, flags: int) -> Any:
        self.note("state")
        return (1, 0)

    def connect_list_all_domains(self, conn: str, flags: int) -> list[DomainRef]:
        self.note("list")
        return [WEB, MAIL, NEWS]

    def domain_get_info(self, conn: str, dom: DomainRef) -> DomainInfo:
        self.meeting.wait()
        return DomainInfo(1, 4096, 2048, 1, dom.id)  # type: ignore[arg-type]

    def domain_get_xml_desc(self, conn: str, dom: DomainRef, flags: int) -> str:
        raise NoDomainError(f"domain {dom.name!r} is gone", domain=self.error_domain)

    def domain_suspend(self, conn: str, dom: DomainRef) -> None:
        self.suspending.append(dom.name)
        assert self.released.wait(DEADLINE)
        self.note("suspended")

    def domain_open_console(self, conn: str, dom: DomainRef, dev_name: str | None, flags: int) -> Duplex:
        if dev_name == "late":
            self.domain_suspend(conn, dom)
        return self.console

    def storage_vol_download(self, conn: str, vol: StorageVolRef, offset: int, length: int, flags: int) -> Source:
        return self.volume.read()

    def storage_vol_upload(self, conn: str, vol: StorageVolRef, offset: int, length: int, flags: int) -> Sink:
        return self.volume


class NetLab(Driver[str], NetworkSpec[str]):
    """Joins connections for networks; counts how often it is opened."""

    name = "net"
    hook_api = 1
    kinds = ("network",)

    def __init__(self) -> None:
        self.opened: list[str] = []

    def driver_open(self, request: OpenRequest) -> str:
        self.opened.append(str(request.uri))
        return "net"

    def network_lookup_by_name(self, conn: str, name: str) -> NetworkRef:
        return NetworkRef(f"{name} by {conn}", bytes(16))


class Loopback:
    """A console that says what is written to it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bytes = b""
        self.failure: Exception | None = None
        self.closed = 0

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        with self._changed:
            if not self._changed.wait_for(lambda: self._bytes or self.failure, timeout):
                raise TimeoutError
            if self.failure is not None:
                raise self.failure
            data, self._bytes = self._bytes[:size], self._bytes[size:]
            return data

    def write(self, data: bytes) -> None:
        with self._changed:
            self._bytes += data
            self._changed.notify_all()

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.closed += 1


class Volume:
    """What a volume holds, as pieces; a sink that replaces them."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = [b"data", Hole(3), b"end"]
        self.written: list[Piece] = []
        self.events: list[str] = []
        self.failure: Exception | None = None

    def read(self) -> Iterator[Piece]:
        try:
            yield from self.pieces
            if self.failure is not None:
                raise self.failure
        finally:
            self.events.append("closed")

    def write(self, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.written.append(data)

    def hole(self, length: int) -> None:
        self.written.append(Hole(length))

    def finish(self) -> None:
        self.events.append("finished")
        self.pieces = self.written

    def abort(self) -> None:
        self.events.append("aborted")
