"""A virtual network and what a guest on it may try; what virsh prints of both.

The guest is at `vnet0`, its peer at `eth0` of a namespace of its own.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace

SECONDS = 60
MAC, OTHER_MAC = "52:54:00:aa:bb:cc", "52:54:00:66:66:66"
NAME = "known-as"
HOST, PEER, RESERVED, STOLEN = "10.88.0.1", "10.88.0.2", "10.88.0.15", "10.88.0.99"
NETWORK = f"""
<network>
  <name>lan</name>
  <bridge name='vbr7' stp='off' delay='0'/>
  <ip address='{HOST}' netmask='255.255.255.0'>
    <dhcp><range start='10.88.0.10' end='10.88.0.20'/><host mac='{MAC}' name='{NAME}' ip='{RESERVED}'/></dhcp>
  </ip>
</network>
"""


def virsh(daemon: Virtkitd, *words: str, uri: str = "qemu:///system") -> str:
    """What virsh prints; it has to succeed."""
    command = ["virsh", "-c", daemon.uri(uri), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "") == (done.returncode, done.stderr), f"{words}: {done.stderr}"
    return done.stdout.strip()


def rows(table: str) -> list[list[str]]:
    """The cells of a table of virsh, without its heading."""
    return [line.split() for line in table.splitlines()[2:]]


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {SECONDS} seconds"
        time.sleep(0.05)


class Capture:
    """What arrives at a link: as told by `tcpdump -e`, but by us."""

    def __init__(self, device: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.bind((device, 0))
        self._socket.setblocking(False)

    def senders(self) -> set[tuple[str, str]]:
        """Address of the link and of the protocol (IPv4 or ARP) of whoever has sent something since the last call."""
        found: set[tuple[str, str]] = set()
        while True:
            try:
                frame = self._socket.recv(65536)
            except BlockingIOError:
                return found
            where = {b"\x08\x00": 26, b"\x08\x06": 28}.get(frame[12:14])
            address = socket.inet_ntoa(frame[where : where + 4]) if where else ""
            found.add((frame[6:12].hex(":"), address))

    def close(self) -> None:
        self._socket.close()


class Shell(Protocol):
    """Where commands of a guest are run."""

    def run(self, command: str) -> int:
        """Run a command; its exit status."""


def pretend(shell: Shell, peer: Namespace, address: str) -> None:
    """Have the guest pretend to be another: what it sends leaves it, and does not reach its peer."""
    left = Capture("vnet0")
    with peer.entered():
        reached = Capture("eth0")
    try:
        assert 0 == shell.run(f"ping -c 1 -W 5 {PEER}")
        assert (MAC, address) in left.senders()
        assert (MAC, address) in reached.senders()

        shell.run(f"ip address add {STOLEN}/24 dev eth0")
        assert 0 != shell.run(f"ping -c 1 -W 1 -I {STOLEN} {PEER}")
        shell.run(f"arping -c 1 -w 1 -I eth0 -s {STOLEN} {PEER}")
        shell.run(f"ip address del {STOLEN}/24 dev eth0")
        assert (MAC, STOLEN) in left.senders()
        assert not [sender for sender in reached.senders() if STOLEN in sender]

        shell.run(f"ip link set eth0 down; ip link set eth0 address {OTHER_MAC}; ip link set eth0 up")
        assert 0 != shell.run(f"ping -c 1 -W 1 {PEER}")
        assert OTHER_MAC in {mac for mac, _ in left.senders()}
        assert OTHER_MAC not in {mac for mac, _ in reached.senders()}
        shell.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up")
        assert 0 == shell.run(f"ping -c 1 -W 5 {PEER}")
    finally:
        left.close()
        reached.close()
