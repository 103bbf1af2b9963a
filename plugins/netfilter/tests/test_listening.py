"""Listening on real devices: a pair of links, whose one end is the port device and whose other is the guest's."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from plugins.netfilter.tests import frames, leases
from plugins.netfilter.tests.leases import MAC, acknowledgement, arp
from tests.namespaces import Namespace
from virtkit.errors import InternalError
from virtkit.network.links import Links
from virtkit_netfilter import listening
from virtkit_netfilter.learning import Mode, Sighting
from virtkit_netfilter.listening import Listener, Watch, index_of

SECONDS = 20.0
"""How long something may take that a test waits for."""

THREAD = "virtkit-netfilter-learning"


class Wire:
    """Pairs of links, and a listener on their port ends.

    Attributes:
        network: Their namespace.
        told: What the listener told.
        expired: The watches whose time came.
    """

    def __init__(self, network: Namespace) -> None:
        self.network = network
        self.told: queue.Queue[tuple[str, Sighting]] = queue.Queue()
        self.expired: queue.Queue[Watch] = queue.Queue()
        self.listener = Listener(lambda watch, found: self.told.put((watch.name, found)), self.expired.put)
        self._sockets: list[socket.socket] = []

    def pair(self, name: str) -> None:
        """A port device of that name, with a guest; until the kernel calls both up, it drops what they are to send."""
        ends = (name, f"{name}-guest")
        with Links() as links:
            links.add_veth(*ends)
            for end in ends:
                links.set_up(end)
        deadline = time.monotonic() + SECONDS
        while any("state UP" not in self.network.run("ip", "link", "show", end).stdout for end in ends):
            assert time.monotonic() < deadline, ends
            time.sleep(0.01)

    def _end(self, name: str) -> socket.socket:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((name, 0))
        self._sockets.append(sender)
        return sender

    def guest_sends(self, frame: bytes, name: str = "port", times: int = 1) -> None:
        """A frame from the guest."""
        sender = self._end(f"{name}-guest")
        for _ in range(times):
            sender.send(frame)

    def guest_gets(self, frame: bytes, name: str = "port") -> None:
        """A frame to the guest."""
        self._end(name).send(frame)

    def next(self) -> tuple[str, Sighting]:
        """What the listener tells next."""
        return self.told.get(timeout=SECONDS)

    def close(self) -> None:
        self.listener.close()
        for each in self._sockets:
            each.close()


@pytest.fixture
def wire(network: Namespace) -> Iterator[Wire]:
    wire = Wire(network)
    wire.pair("port")
    yield wire
    wire.close()


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == THREAD]


def ended() -> bool:
    deadline = time.monotonic() + SECONDS
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not threads()


def test_what_a_guest_uses_is_told(wire: Wire) -> None:
    wire.listener.watch(Watch("port", MAC, Mode.ANY))
    wire.guest_sends(arp("10.0.0.7"))
    assert ("port", Sighting("10.0.0.7")) == wire.next()


def test_what_a_server_leases_is_told_and_what_the_guest_forges_is_not(wire: Wire) -> None:
    wire.listener.watch(Watch("port", MAC, Mode.DHCP))
    forged = acknowledgement("10.0.0.66")
    wire.guest_sends(forged[:6] + MAC + forged[12:])
    wire.guest_gets(acknowledgement("10.0.0.7", seconds=60))
    wire.guest_sends(leases.release("10.0.0.7"))
    assert [("port", Sighting("10.0.0.7", 60)), ("port", Sighting("10.0.0.7", gone=True))] == [wire.next(), wire.next()]


def test_the_kernel_keeps_back_what_the_mode_does_not_look_at(wire: Wire) -> None:
    opened = listening._opened(Watch("port", MAC, Mode.DHCP)).socket
    with opened:
        opened.settimeout(SECONDS)
        wire.guest_sends(arp("10.0.0.7"))
        wire.guest_sends(frames.ethernet(frames.ipv4(frames.udp(source=68, target=53))))
        fragment = bytearray(leases.release("10.0.0.7"))
        fragment[21] = 9
        wire.guest_sends(bytes(fragment))
        wire.guest_sends(leases.release("10.0.0.7"))
        assert leases.release("10.0.0.7") == opened.recv(2048)


def test_one_thread_listens_to_all_devices_and_ends_with_the_last(wire: Wire) -> None:
    assert [] == threads()
    for name in ("one", "two", "three"):
        wire.pair(name)
        wire.listener.watch(Watch(name, MAC, Mode.ANY))
    assert [THREAD] == threads()
    wire.guest_sends(arp("10.0.0.2"), "two")
    assert ("two", Sighting("10.0.0.2")) == wire.next()
    wire.guest_sends(arp("10.0.0.3"), "three")
    assert ("three", Sighting("10.0.0.3")) == wire.next()
    for name in ("one", "two", "three"):
        wire.listener.unwatch(name)
    assert ended()
    wire.listener.watch(Watch("one", MAC, Mode.ANY))
    wire.guest_sends(arp("10.0.0.1"), "one")
    assert ("one", Sighting("10.0.0.1")) == wire.next()


def flooded(wire: Wire, times: int) -> Listener:
    """A listener that has so many frames of the port device before it at once, and then one of another, which is quiet.

    So that they are there together, it is held back at the first until all are sent.
    """
    held, sent = threading.Event(), threading.Event()

    def told(watch: Watch, found: Sighting) -> None:
        held.set()
        assert sent.wait(SECONDS)
        wire.told.put((watch.name, found))

    wire.pair("quiet")
    listener = Listener(told, wire.expired.put)
    listener.watch(Watch("port", MAC, Mode.DHCP))
    listener.watch(Watch("quiet", MAC, Mode.ANY))
    wire.guest_sends(leases.release("10.0.0.66"))
    assert held.wait(SECONDS)
    wire.guest_sends(leases.release("10.0.0.66"), times=times - 1)
    wire.guest_sends(arp("10.0.0.7"), "quiet")
    sent.set()
    return listener


FLOOD = ("port", Sighting("10.0.0.66", gone=True))
QUIET = ("quiet", Sighting("10.0.0.7"))


def test_a_guest_that_floods_its_device_does_not_keep_the_others_waiting(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "REST", 3600.0)
    listener = flooded(wire, 4 * listening.BATCH)
    assert [FLOOD] * listening.BATCH + [QUIET] == [wire.next() for _ in range(listening.BATCH + 1)]
    listener.close()
    assert wire.told.empty()


def test_a_device_that_was_flooded_is_read_from_again_after_a_rest(wire: Wire) -> None:
    listener = flooded(wire, 2 * listening.BATCH)
    told = [wire.next() for _ in range(2 * listening.BATCH + 1)]
    assert [FLOOD] * listening.BATCH + [QUIET] + [FLOOD] * listening.BATCH == told
    listener.close()


def test_what_is_not_watched_any_more_is_known_as_such(wire: Wire) -> None:
    watch = Watch("port", MAC, Mode.DHCP)
    assert not wire.listener.watches(watch)
    wire.listener.watch(Watch("port", MAC, Mode.DHCP, expires=10**9))
    assert wire.listener.watches(watch)
    wire.listener.watch(Watch("port", bytes(6), Mode.DHCP))
    assert not wire.listener.watches(watch)
    wire.listener.unwatch("port")
    assert not wire.listener.watches(Watch("port", bytes(6), Mode.DHCP))


def test_a_callback_that_fails_ends_nothing(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    failures = iter([True, False])

    def told(watch: Watch, found: Sighting) -> None:
        if next(failures):
            raise ValueError("no rules today")
        wire.told.put((watch.name, found))

    listener = Listener(told, wire.expired.put)
    listener.watch(Watch("port", MAC, Mode.ANY))
    wire.guest_sends(arp("10.0.0.7"))
    wire.guest_sends(arp("10.0.0.7"))
    assert ("port", Sighting("10.0.0.7")) == wire.next()
    listener.close()
    assert "no rules today" in caplog.text


def test_the_time_of_a_watch_is_told_and_the_device_listened_to_on(wire: Wire) -> None:
    now = int(time.clock_gettime(time.CLOCK_BOOTTIME))
    watch = Watch("port", MAC, Mode.DHCP, expires=now)
    wire.listener.watch(watch)
    assert watch is wire.expired.get(timeout=SECONDS)
    wire.guest_gets(acknowledgement("10.0.0.7"))
    assert ("port", Sighting("10.0.0.7", 3600)) == wire.next()
    assert wire.expired.empty()


def test_who_is_told_may_watch_while_another_closes(wire: Wire) -> None:
    closing = threading.Event()

    def told(watch: Watch, found: Sighting) -> None:
        wire.told.put((watch.name, found))
        assert closing.wait(SECONDS)
        while not listener._closed:
            time.sleep(0.01)
        listener.watch(watch)

    listener = Listener(told, wire.expired.put)
    listener.watch(Watch("port", MAC, Mode.ANY))
    wire.guest_sends(arp("10.0.0.7"))
    assert ("port", Sighting("10.0.0.7")) == wire.next()
    closing.set()
    listener.close()
    assert [] == threads()


def test_a_device_may_be_down_when_it_is_first_listened_to_and_later(wire: Wire) -> None:
    wire.network.run("ip", "link", "set", "port", "down")
    wire.listener.watch(Watch("port", MAC, Mode.DHCP))
    for address in ("10.0.0.7", "10.0.0.8"):
        wire.network.run("ip", "link", "set", "port", "up")
        wire.guest_sends(leases.release(address))
        assert ("port", Sighting(address, gone=True)) == wire.next()
        wire.network.run("ip", "link", "set", "port", "down")


def test_a_device_that_is_gone_is_listened_to_no_more(wire: Wire) -> None:
    wire.listener.watch(Watch("port", MAC, Mode.ANY))
    with Links() as links:
        links.delete("port")
    assert ended()


def test_a_device_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(InternalError, match=r"vk-nowhere .*there is no such device"):
        Listener(lambda watch, found: None, lambda watch: None).watch(Watch("vk-nowhere", MAC, Mode.ANY))
    assert [] == threads()
    assert 0 == index_of("vk-nowhere")
