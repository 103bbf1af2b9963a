"""The namespaces of tests do what the tests rely on."""

from __future__ import annotations

import threading

from tests.namespaces import Namespace
from virtkit.network.links import Links


def names() -> set[str]:
    with Links() as links:
        return {link.name for link in links.all()}


def test_it_begins_with_a_loopback_alone(network: Namespace) -> None:
    assert names() == {"lo"}
    assert network.pings("127.0.0.1")


def test_threads_are_in_it_and_other_hosts_are_not(network: Namespace) -> None:
    seen: list[set[str]] = []
    with Links() as links:
        links.add_veth("one", "two")
    thread = threading.Thread(target=lambda: seen.append(names()))
    thread.start()
    thread.join()
    assert seen == [{"lo", "one", "two"}]
    with Namespace() as other, other.entered():
        assert names() == {"lo"}


def test_a_cable_reaches_another_host(network: Namespace) -> None:
    with Namespace() as peer:
        network.connect("east", peer, "west")
        network.run("ip", "address", "add", "10.9.0.1/24", "dev", "east")
        peer.run("ip", "address", "add", "10.9.0.2/24", "dev", "west")
        assert network.pings("10.9.0.2")
        assert peer.pings("10.9.0.1")
        assert not peer.pings("10.9.0.3", timeout=1)
