"""Listening on the devices of guests whose addresses are to be learned: packet sockets, and one thread for all of them.

The thread is there as long as a device is listened to. A guest that floods its device is read from for an instant and
then not for a while; what the kernel keeps of it is bounded by the socket's buffer, and whatever is not ARP or IPv4, or
not DHCP, is left in the kernel.
"""

from __future__ import annotations

import ctypes
import logging
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable

import attrs

from virtkit.errors import InternalError, SystemCallError
from virtkit_netfilter.definition import DOMAIN
from virtkit_netfilter.learning import Mode, Sighting, sighted

FRAME_LIMIT = 2048
"""Bytes of a frame that are looked at: DHCP messages fit into 1,500."""

BATCH = 16
"""Frames read from one device before the others have their turn."""

REST = 0.25
"""Seconds for which a device that had more than a batch is left alone."""

LONGEST_PAUSE = 3600.0
"""Seconds after which the thread looks again, though nothing has changed."""

RETRY = 10
"""Seconds until it is told again that the time of a watch has come, where that changed nothing."""

BUFFER = 64 * 1024
"""Bytes the kernel keeps for a device."""

ALL_PROTOCOLS = 0x0003
SO_ATTACH_FILTER = 26
OUTGOING = 4  # PACKET_OUTGOING of linux/if_packet.h

LOAD_HALF, LOAD_BYTE, LOAD_HALF_BEHIND, LOAD_HEADER_SIZE = 0x28, 0x30, 0x48, 0xB1
IF_EQUAL, IF_ANY_BIT, RETURN = 0x15, 0x45, 0x06

ARP_AND_IPV4 = (
    (LOAD_HALF, 0, 0, 12),
    (IF_EQUAL, 1, 0, 0x0806),
    (IF_EQUAL, 0, 1, 0x0800),
    (RETURN, 0, 0, FRAME_LIMIT),
    (RETURN, 0, 0, 0),
)
DHCP = (
    (LOAD_HALF, 0, 0, 12),
    (IF_EQUAL, 0, 9, 0x0800),
    (LOAD_BYTE, 0, 0, 23),
    (IF_EQUAL, 0, 7, 17),  # UDP
    (LOAD_HALF, 0, 0, 20),
    (IF_ANY_BIT, 5, 0, 0x1FFF),  # not the first fragment
    (LOAD_HEADER_SIZE, 0, 0, 14),
    (LOAD_HALF_BEHIND, 0, 0, 16),
    (IF_EQUAL, 1, 0, 67),
    (IF_EQUAL, 0, 1, 68),
    (RETURN, 0, 0, FRAME_LIMIT),
    (RETURN, 0, 0, 0),
)
"""Programs of the kernel's packet filter: code, how far to jump where it holds and where not, and a constant."""

_log = logging.getLogger(__name__)


@attrs.frozen
class Watch:
    """What to listen for.

    Attributes:
        name: The device.
        mac: Address of the guest's interface, 6 bytes.
        mode: Whom to believe.
        servers: DHCP servers to believe; empty: all.
        expires: When something known of it ends, in seconds since the host was booted; None: never. Who is told so
            sets another time with another watch.
    """

    name: str
    mac: bytes
    mode: Mode
    servers: frozenset[str] = frozenset()
    expires: int | None = None


@attrs.define(eq=False)
class _Ear:
    """A device that is listened to."""

    watch: Watch
    socket: socket.socket
    index: int
    rests_until: float = 0.0


class Listener:
    """Tells what is learned. Any thread may call its methods; they wait for nothing, but for `close`: for the end."""

    def __init__(self, told: Callable[[Watch, Sighting], None], expired: Callable[[Watch], None]) -> None:
        """Listen to nothing yet.

        Args:
            told: Called, on the listener's thread, with every sighting.
            expired: Called there when the time of a watch has come.
        """
        self._told = told
        self._expired = expired
        self._ears: dict[str, _Ear] = {}
        self._gone: list[_Ear] = []  # closed on the thread: nobody else can have their numbers while it reads
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._bell = -1
        self._closed = False

    def watch(self, watch: Watch) -> None:
        """Listen on a device, from now on for this; once closed, it does nothing.

        Raises:
            InternalError: There is no such device.
            SystemCallError: The system refuses a packet socket.
        """
        with self._changing:
            if self._closed:
                return
            ear = self._ears.get(watch.name)
            if ear is not None and _same(ear.watch, watch):
                ear.watch = watch
            else:
                fresh = _opened(watch)
                self._drop(watch.name)
                self._ears[watch.name] = fresh
            if self._thread is None:
                self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
                self._thread = threading.Thread(
                    target=self._run, args=(self._bell,), name="virtkit-netfilter-learning", daemon=True
                )
                self._thread.start()
            os.eventfd_write(self._bell, 1)

    def unwatch(self, name: str) -> None:
        """Listen on a device no more; it need not be listened to."""
        with self._changing:
            if self._drop(name):
                os.eventfd_write(self._bell, 1)

    def watches(self, watch: Watch) -> bool:
        """Whether it still listens for that; what comes from another watch is of a device or guest that is gone."""
        ear = self._ears.get(watch.name)
        return ear is not None and _same(ear.watch, watch)

    def close(self) -> None:
        """Listen to nothing any more, and wait for the thread's end."""
        with self._changing:
            self._closed = True
            thread = self._thread
            for name in list(self._ears):
                self._drop(name)
            if thread is not None:
                os.eventfd_write(self._bell, 1)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _drop(self, name: str) -> bool:
        ear = self._ears.pop(name, None)
        if ear is not None:
            self._gone.append(ear)
        return ear is not None

    # On the thread

    def _run(self, bell: int) -> None:
        try:
            with selectors.EpollSelector() as selector:
                while (pause := self._arranged(selector, bell)) is not None:
                    for key, _ in selector.select(pause):
                        if key.data is None:
                            os.eventfd_read(bell)
                        else:
                            self._hear(key.data)
        finally:
            with self._changing:
                if self._thread is threading.current_thread():  # whatever ended it: the next watch begins anew
                    self._thread = None
            os.close(bell)

    def _arranged(self, selector: selectors.EpollSelector, bell: int) -> float | None:
        """Have the selector look at what is to be read now; return seconds until something changes, None: the end."""
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        due = [ear.watch for ear in self._ears_now() if ear.watch.expires is not None and ear.watch.expires <= now]
        for watch in due:
            self._expire(watch, int(now))
        with self._changing:
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)
            while self._gone:
                self._gone.pop().socket.close()
            if not self._ears:
                self._thread = None
                return None
            selector.register(bell, selectors.EVENT_READ)
            moments = []
            for ear in self._ears.values():
                if ear.rests_until > now:
                    moments.append(ear.rests_until)
                else:
                    selector.register(ear.socket, selectors.EVENT_READ, ear)
                if ear.watch.expires is not None:
                    moments.append(ear.watch.expires)
        return max(min([*moments, now + LONGEST_PAUSE]) - now, 0)

    def _ears_now(self) -> list[_Ear]:
        with self._changing:
            return list(self._ears.values())

    def _expire(self, watch: Watch, now: int) -> None:
        """Tell that the time of a watch has come; again later, unless a new watch takes its place."""
        with self._changing:
            ear = self._ears.get(watch.name)
            if ear is None or ear.watch is not watch:
                return
            ear.watch = attrs.evolve(watch, expires=now + RETRY)
        self._call(self._expired, watch)

    def _hear(self, ear: _Ear) -> None:
        """Read a batch of frames."""
        for _ in range(BATCH):
            if self._ears.get(ear.watch.name) is not ear:
                return
            try:
                frame, (_, _, kind, *_) = ear.socket.recvfrom(FRAME_LIMIT)
            except BlockingIOError:
                return
            except OSError as error:  # the device is gone; or it is down, and its frames come again when it is not
                if index_of(ear.watch.name) != ear.index:
                    _log.warning("%s is not listened to any more: %s", ear.watch.name, error.strerror)
                    self.unwatch(ear.watch.name)
                return
            watch = ear.watch
            found = sighted(frame, watch.mac, watch.mode, outgoing=kind == OUTGOING, servers=watch.servers)
            if found is not None:
                self._call(self._told, watch, found)
        ear.rests_until = time.clock_gettime(time.CLOCK_BOOTTIME) + REST

    def _call(self, function: Callable[..., None], watch: Watch, *more: Sighting) -> None:
        try:
            function(watch, *more)
        except Exception:  # noqa: BLE001 - the others are to be listened to all the same
            _log.exception("what was learned on %s is not in force; the next frame is the next chance", watch.name)


def _same(one: Watch, other: Watch) -> bool:
    return attrs.evolve(one, expires=None) == attrs.evolve(other, expires=None)


def _opened(watch: Watch) -> _Ear:
    """Open a packet socket on a device that gets only what its mode looks at, from the first frame on."""
    program = ARP_AND_IPV4 if watch.mode is Mode.ANY else DHCP
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    opened = None
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
        opened.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        opened.bind((watch.name, ALL_PROTOCOLS))
    except OSError as error:
        if opened is not None:
            opened.close()
        if opened is not None and not index_of(watch.name):
            raise InternalError(
                f"the address of the guest at {watch.name} cannot be learned: there is no such device; make it first, "
                "or state the parameter IP",
                domain=DOMAIN,
                str1=watch.name,
            ) from error
        raise SystemCallError(
            f"cannot listen on {watch.name} for the guest's address: {error.strerror}: root may; or state the "
            "parameter IP",
            domain=DOMAIN,
            str1=watch.name,
            int1=error.errno or -1,
        ) from error
    return _Ear(watch, opened, index_of(watch.name))


def index_of(name: str) -> int:
    """The number of a device; 0: there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0
