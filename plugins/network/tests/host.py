"""A host with networks, guests that are namespaces on a cable, and what is left on it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest

import virtkit
from tests.namespaces import Namespace
from virtkit import Connection, Network
from virtkit.errors import VirtError

DEADLINE_SECONDS = 20.0

CONFIGURE = """#!/bin/sh
case $1 in
bound|renew)
    busybox ip address flush dev $interface scope global
    busybox ip address add $ip/$mask dev $interface
    [ -z "$router" ] || busybox ip route replace default via $router
    echo "$ip" > {told}
esac
"""
"""What udhcpc runs when it has an address."""

NAT = """
<network>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <forward mode='nat'/>
  <bridge name='virbr7' stp='off'/>
  <ip address='10.7.0.1' prefix='24'>
    <dhcp>
      <range start='10.7.0.10' end='10.7.0.20'/>
      <host mac='52:54:00:00:07:05' name='web' ip='10.7.0.5'/>
    </dhcp>
  </ip>
  {more}
</network>
"""

UUID = "0b2f2a44-5b0e-4f5c-8d1c-9f2f7c1d0a01"

RESERVED = "52:54:00:00:07:05"
"""MAC address of a guest that always gets 10.7.0.5, and at once: dnsmasq pings other addresses first."""


def nat(name: str = "nat", more: str = "", uuid: str = UUID) -> str:
    """A network with NAT and DHCP on the bridge virbr7."""
    return NAT.format(name=name, more=more, uuid=uuid)


def eventually(holds: Callable[[], Any], what: str) -> Any:
    """What is there as soon as it is true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_SECONDS:g} s"
        time.sleep(0.02)
    return found


class Guest(Namespace):
    """A guest: a namespace with the link eth0, plugged into a bridge of the host.

    Attributes:
        tap: The host's end of its cable.
    """

    def __init__(self, host: Namespace, bridge: str, tap: str, mac: str) -> None:
        super().__init__()
        self.tap = tap
        host.connect(tap, self, "eth0")
        self.run("ip", "link", "set", "eth0", "address", mac)
        host.run("ip", "link", "set", tap, "master", bridge)

    def asks_for_an_address(self, folder: Path) -> str:
        """Its address, by DHCP; its default route is the router that it was told."""
        script, told = folder / f"{self.tap}.sh", folder / f"{self.tap}.told"
        script.write_text(CONFIGURE.format(told=told))
        script.chmod(0o755)
        self.run("busybox", "udhcpc", "-i", "eth0", "-f", "-n", "-q", "-t", "10", "-T", "1", "-s", script)
        return told.read_text().strip()

    def has(self, address: str, gateway: str = "") -> None:
        """Give it an address by hand, as `10.0.0.2/24`."""
        self.run("ip", "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        if gateway:
            self.run("ip", "route", "add", "default", "via", gateway)


class Host:
    """A host whose network driver is open.

    Attributes:
        namespace: Its network namespace; the test's thread is in it.
        folder: Root of the driver's state.
        conn: The connection.
    """

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace
        self.folder = folder
        self.uri = f"network:///embed?root={folder}"
        self.conn: Connection = virtkit.open(self.uri)
        self._guests = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._guests.close()
        self.conn.close()

    def clear(self) -> None:
        """Stop what is active."""
        for network in self.conn.list_networks():
            with suppress(VirtError):
                network.destroy()

    def start(self, xml: str) -> Network:
        """Define a network and start it."""
        network = self.conn.define_network(xml)
        network.create()
        return network

    def restart(self) -> None:
        """Close the driver and open it again; the next call that changes something owns the root anew."""
        self.conn.close()
        self.conn = virtkit.open(self.uri)

    def own(self) -> None:
        """Have the driver own its root: what is active is adopted."""
        self.conn.lookup_network_by_name(self.conn.list_networks()[0].name).set_autostart(False)

    def adopt(self) -> None:
        """Restart the driver and have it adopt what is active."""
        self.restart()
        self.own()

    def network(self, name: str = "nat") -> Network:
        """A network by its name."""
        return self.conn.lookup_network_by_name(name)

    # The world around

    def plug(self, bridge: str = "virbr7", tap: str = "tap0", mac: str = RESERVED) -> Guest:
        """A guest on a bridge."""
        return self._guests.enter_context(Guest(self.namespace, bridge, tap, mac))

    @contextmanager
    def outside(self, address: str = "198.51.100") -> Iterator[Namespace]:
        """Another host, on a cable of its own: it is .2, this host is .1, and it knows no way back to guests."""
        with Namespace() as peer:
            self.namespace.connect("uplink", peer, "eth0")
            self.namespace.run("ip", "address", "add", f"{address}.1/24", "dev", "uplink")
            peer.run("ip", "address", "add", f"{address}.2/24", "dev", "eth0")
            try:
                yield peer
            finally:
                self.namespace.run("ip", "link", "delete", "uplink")

    # What is there

    def links(self) -> set[str]:
        """The links of the host but its loopback and the ends of guests' cables."""
        told = json.loads(self.namespace.run("ip", "-json", "link").stdout)
        return {link["ifname"] for link in told} - {"lo", "uplink"} - {f"tap{number}" for number in range(10)}

    def tables(self) -> set[str]:
        """The tables of nftables."""
        told = json.loads(self.namespace.run("nft", "-j", "list", "tables").stdout)["nftables"]
        return {item["table"]["name"] for item in told if "table" in item}

    def servers(self) -> list[int]:
        """Process ids of the dnsmasq processes that serve from this root."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if (
                    path.read_bytes().startswith(b"/usr/sbin/dnsmasq")
                    and str(self.folder).encode() in path.read_bytes()
                ):
                    found.append(int(path.parent.name))
        return found

    def files(self) -> set[str]:
        """What networks keep under the root while they are active; leases outlive that."""
        places = [self.folder / "run" / "network", self.folder / "lib" / "network"]
        found = {path.name for place in places for path in place.rglob("*") if path.is_file()}
        return {name for name in found if not name.endswith(".leases")} - {"autostarted"}

    def remains(self) -> dict[str, Any]:
        """Everything that is there of networks; empty when nothing is."""
        found = {"links": self.links(), "tables": self.tables(), "servers": self.servers(), "files": self.files()}
        return {what: each for what, each in found.items() if each}

    def run(self, *command: str) -> str:
        """What a program on the host says."""
        return self.namespace.run(*command).stdout


@contextmanager
def without_programs(monkeypatch: pytest.MonkeyPatch, empty: Path) -> Iterator[None]:
    """The driver finds no helper program, since it looks into an empty folder alone."""
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(empty))
        patched.setattr("virtkit.services.runner.SYSTEM_PATHS", ())
        yield


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run some Python as a process of its own, in the namespace of this thread."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


KILLED = """
import os, signal, sys
from virtkit_network import {module}
real = {module}.{function}
def killed(*arguments, **named):
    {before}
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{function} = killed
import virtkit
with virtkit.open(sys.argv[1]) as conn:
    {act}
"""
"""Something is done by a process that is killed in the middle."""


def killed(host: Host, module: str, function: str, act: str, *, done: bool) -> None:
    """Have a process killed when it comes to a function, before or after that is done."""
    before = "real(*arguments, **named)" if done else "pass"
    code = KILLED.format(module=module, function=function, act=act, before=before)
    assert -signal.SIGKILL == python(code, host.uri).returncode
