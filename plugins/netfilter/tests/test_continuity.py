"""While filters change and owners come and go, no frame slips through that should not, and none is lost that should."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.lab import Guest, Lab, addresses, binding_xml, eventually, filter_xml, parameters, ref

HONEST, FORGED = "10.0.0.7", "10.0.0.99"

PAUSE = 0.001
"""Seconds between frames, so that the receiver keeps up."""


class Traffic:
    """Frames that a guest sends to another one without end, every second one from an address that is not its own.

    Attributes:
        sent: How many honest ones it has sent.
        arrived: How many have arrived, by their source.
    """

    def __init__(self, guest: Guest, peer: Guest) -> None:
        self.sent = 0
        self.arrived = {HONEST: 0, FORGED: 0}
        self._guest, self._peer = guest, peer
        self._ended = threading.Event()
        with peer.namespace.entered():
            self._receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(frames.IPV4))
            self._receiver.bind(("eth0", frames.IPV4))
            self._receiver.settimeout(0.2)
        with guest.namespace.entered():
            self._sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._sender.bind(("eth0", 0))
        self._threads = [threading.Thread(target=each) for each in (self._send, self._receive)]

    def _send(self) -> None:
        frame = {
            source: frames.ethernet(
                frames.ipv4(frames.udp(), source=source, target="10.0.0.8"),
                source=self._guest.mac,
                target=self._peer.mac,
            )
            for source in (HONEST, FORGED)
        }
        while not self._ended.is_set():
            self._sender.send(frame[FORGED])
            self._sender.send(frame[HONEST])
            self.sent += 1
            time.sleep(PAUSE)

    def _receive(self) -> None:
        while True:
            try:
                frame = self._receiver.recv(2048)
            except TimeoutError:
                if self._ended.is_set():
                    return
                continue
            source = socket.inet_ntoa(frame[26:30])
            if source in self.arrived:
                self.arrived[source] += 1

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._sender.close()
        self._receiver.close()


@pytest.fixture
def pair(lab: Lab) -> tuple[Guest, Guest]:
    return lab.guest(HONEST), lab.guest("10.0.0.8")


@contextmanager
def undisturbed(pair: tuple[Guest, Guest], frames_before: int = 20) -> Iterator[Traffic]:
    """What is done meanwhile disturbs no honest frame, and lets no forged one through."""
    with Traffic(*pair) as traffic:
        eventually(lambda: traffic.sent > frames_before, "frames are sent")
        yield traffic
        more = traffic.sent + frames_before
        eventually(lambda: traffic.sent > more, "frames are sent afterwards")
    assert {HONEST: traffic.sent, FORGED: 0} == traffic.arrived


def bind(lab: Lab, guest: Guest, **values: str) -> None:
    with lab.open() as conn:
        conn.define_nwfilter(filter_xml("a", ref("clean-traffic")))
        conn.create_nwfilter_binding(binding_xml(guest.port, "a", guest.mac, parameters(**values)))


def test_without_a_filter_everything_arrives(pair: tuple[Guest, Guest]) -> None:
    """The measure of the other tests."""
    with Traffic(*pair) as traffic:
        eventually(lambda: traffic.sent > 50, "frames are sent")
    assert {HONEST: traffic.sent, FORGED: traffic.sent} == traffic.arrived


def test_updates_let_nothing_through(lab: Lab, pair: tuple[Guest, Guest]) -> None:
    bind(lab, pair[0], IP=HONEST)
    with lab.open() as conn, undisturbed(pair):
        for turn in range(15):
            more = [ref("no-ip-multicast")] * (turn % 2)
            conn.define_nwfilter(filter_xml("a", ref("clean-traffic"), *more))


def test_new_owners_let_nothing_through(lab: Lab, pair: tuple[Guest, Guest]) -> None:
    bind(lab, pair[0], IP=HONEST)
    with undisturbed(pair):
        for _ in range(10):
            with lab.open() as conn:
                conn.define_nwfilter(filter_xml("unrelated"))


def test_owners_that_are_killed_let_nothing_through(lab: Lab, pair: tuple[Guest, Guest]) -> None:
    bind(lab, pair[0], IP=HONEST)
    body = f"""
die_at({{point}})
connection.define_nwfilter({filter_xml("a", ref("clean-traffic"), ref("no-ip-multicast"))!r})
"""
    with undisturbed(pair):
        for point in (
            "Instantiation, 'carry_out', 2",
            "Instantiation, 'carry_out', 2, after=True",
            "Collection, 'save'",
        ):
            lab.killed(body.format(point=point))


def test_what_others_do_lets_nothing_through(lab: Lab, pair: tuple[Guest, Guest]) -> None:
    bind(lab, pair[0], IP=HONEST)
    with lab.open() as conn, undisturbed(pair):
        for _ in range(10):
            binding = conn.create_nwfilter_binding(binding_xml("elsewhere", "a", values=parameters(IP="10.0.0.5")))
            binding.delete()


def test_an_address_that_is_learned_lets_nothing_else_through(lab: Lab, pair: tuple[Guest, Guest]) -> None:
    guest, _ = pair
    with lab.open() as conn:
        binding = conn.create_nwfilter_binding(
            binding_xml(guest.port, "clean-traffic", guest.mac, parameters(CTRL_IP_LEARNING="any"))
        )
        guest.pings()  # by which it is learned
        eventually(lambda: addresses(binding) == [HONEST], "the address is learned")
        with undisturbed(pair):
            pass
