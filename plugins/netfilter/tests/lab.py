"""A host with a bridge, guests at its ports that are network namespaces, and a root with the filters of that host."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import virtkit
from tests.namespaces import Namespace
from virtkit.network import nftables
from virtkit.network.links import Links
from virtkit_netfilter import compiler

OWNER = "<owner><name>guest</name><uuid>0d6bd8f3-6f0c-4f26-8b5c-2a6c3a4d7e01</uuid></owner>"

BRIDGE, HOST = "br0", "10.0.0.1"

SECONDS = 20.0
"""How long something may take that a test waits for."""

UDHCPC = """#!/bin/sh
case $1 in
    bound | renew) busybox ip address replace $ip/24 dev $interface ;;
esac
"""

PROGRAM = """
import os
import signal
import sys
import virtkit
from virtkit.store import Collection
from virtkit_netfilter.instantiation import Instantiation

def die_at(owner, name, number=1, after=False):
    "Have this process killed by that call, before or after it has done its work."
    calls = []
    done = getattr(owner, name)
    def deadly(*arguments, **more):
        calls.append(name)
        if len(calls) == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = done(*arguments, **more)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    setattr(owner, name, deadly)

connection = virtkit.open(sys.argv[1])
{body}
print("ready", flush=True)
sys.stdin.read()
connection.close()
"""


def parameters(**values: str | list[str]) -> str:
    """Values of variables."""
    pairs = [(name, each) for name, value in values.items() for each in ([value] if isinstance(value, str) else value)]
    return "".join(f"<parameter name='{name}' value='{value}'/>" for name, value in pairs)


def binding_xml(device: str, nwfilter: str, mac: str = "52:54:00:00:00:01", values: str = "") -> str:
    """The document of a binding."""
    reference = f"<filterref filter='{nwfilter}'>{values}</filterref>"
    return f"<filterbinding>{OWNER}<portdev name='{device}'/><mac address='{mac}'/>{reference}</filterbinding>"


def filter_xml(name: str, *rules: str, uuid: str = "", chain: str = "root") -> str:
    """The document of a filter."""
    identity = f"<uuid>{uuid}</uuid>" if uuid else ""
    return f"<filter name='{name}' chain='{chain}'>{identity}{''.join(rules)}</filter>"


def rule(action: str, direction: str, match: str = "", priority: int = 500) -> str:
    """A rule."""
    return f"<rule action='{action}' direction='{direction}' priority='{priority}'>{match}</rule>"


def ref(name: str, values: str = "") -> str:
    """A reference to a filter."""
    return f"<filterref filter='{name}'>{values}</filterref>"


DROP_PING = rule("drop", "out", "<ip protocol='icmp'/>")
NEEDS_PORT = rule("drop", "out", "<ip protocol='tcp' dstportstart='$PORT'/>")


class Guest:
    """A guest: a namespace whose eth0 is plugged into the bridge.

    Attributes:
        port: The port device.
        mac: Its address.
    """

    def __init__(self, host: Namespace, number: int, address: str = "") -> None:
        self.host = host
        self.namespace = Namespace()
        self.port = f"vnet{number}"
        self.mac = f"52:54:00:00:00:{number:02x}"
        self.plug()
        if address:
            self.use(address)

    def plug(self) -> None:
        """Be plugged in, by a new device."""
        self.host.connect(self.port, self.namespace, "eth0")
        self.namespace.run("ip", "link", "set", "eth0", "address", self.mac)
        self.host.run("ip", "link", "set", self.port, "master", BRIDGE)

    def unplug(self) -> None:
        """Lose the device."""
        self.host.run("ip", "link", "delete", self.port)

    def use(self, address: str) -> None:
        """Use an address, whether it is the guest's or not, and no other."""
        self.namespace.run("ip", "address", "flush", "dev", "eth0")
        self.namespace.run("ip", "neighbour", "flush", "dev", "eth0")
        self.namespace.run("ip", "address", "add", f"{address}/24", "dev", "eth0")

    def pings(self, address: str = HOST, timeout: int = 1) -> bool:
        """Whether an address answers."""
        return self.namespace.pings(address, timeout=timeout)

    def reaches(self, address: str = HOST) -> bool:
        """Whether an address answers one of several pings: a busy machine loses the first ones of a new link."""
        return self.namespace.pings(address, times=5)

    def lease(self, folder: Path) -> bool:
        """Ask for an address by DHCP, and use it."""
        script = folder / "udhcpc.sh"
        script.write_text(UDHCPC)
        script.chmod(0o755)
        self.namespace.run("ip", "address", "flush", "dev", "eth0")
        client = ("busybox", "udhcpc", "-i", "eth0", "-s", str(script), "-n", "-q", "-f", "-t", "5", "-T", "1")
        return not self.namespace.run(*client, check=False).returncode

    @property
    def address(self) -> str:
        """The address it uses."""
        shown = self.namespace.run("ip", "-4", "-o", "address", "show", "dev", "eth0").stdout.split()
        return shown[3].partition("/")[0] if shown else ""


class Lab:
    """The host.

    Attributes:
        network: Its namespace, in which the thread of the test is.
        root: Folder of the root.
        uri: What opens it.
    """

    def __init__(self, network: Namespace, root: Path) -> None:
        self.network = network
        self.root = root
        self.uri = f"nwfilter:///embed?root={root}"
        self._guests: list[Guest] = []
        with Links() as links:
            links.add_bridge(BRIDGE, mac=None, stp=False, delay=0, mtu=None)
            links.add_address(BRIDGE, f"{HOST}/24")
            links.set_up(BRIDGE)

    def guest(self, address: str = "") -> Guest:
        """One more guest."""
        guest = Guest(self.network, len(self._guests), address)
        self._guests.append(guest)
        return guest

    def open(self) -> virtkit.Connection:
        """A connection."""
        return virtkit.open(self.uri)

    def status(self, device: str) -> Path:
        """The record of a binding."""
        return self.root / "run/nwfilter" / f"{device}.xml"

    @contextmanager
    def dhcp(self, *options: str) -> Iterator[None]:
        """A DHCP server on the bridge, for 10.0.0.50 and on."""
        command = [
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", f"--interface={BRIDGE}", "--bind-interfaces",
            "--no-ping", f"--dhcp-leasefile={self.root}/leases", "--pid-file=", "--user=root",
            *(options or ("--dhcp-range=10.0.0.50,10.0.0.60,1h",)),
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            try:
                for line in server.stderr:
                    if "sockets bound" in line:
                        break
                yield
            finally:
                server.terminate()

    @contextmanager
    def program(self, body: str) -> Iterator[subprocess.Popen[str]]:
        """Another process that has done something with its `connection` and holds it; ended with the context."""
        command = [sys.executable, "-c", PROGRAM.format(body=body), self.uri]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert "ready\n" == process.stdout.readline()
            yield process
            with suppress(BrokenPipeError):
                process.stdin.close()

    def killed(self, body: str) -> None:
        """Another process that kills itself while it does something with its `connection`."""
        command = [sys.executable, "-c", PROGRAM.format(body=body), self.uri]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert ended.returncode == -9, ended.stderr

    def close(self) -> None:
        for guest in self._guests:
            guest.namespace.close()


def devices() -> set[str]:
    """The devices that have rules."""
    return set(compiler.chains_by_device(nftables.chains("bridge", compiler.TABLE)))


def ruleset(device: str) -> list[object]:
    """The rules of a device, with their chains."""
    listed = nftables.listed("bridge", compiler.TABLE) or []
    rules = [item["rule"] for item in listed if "rule" in item]
    return [(each["chain"], each["expr"]) for each in rules if each["chain"].startswith(f"{device}/")]


def addresses(binding: virtkit.NWFilterBinding) -> list[str]:
    """The values of IP that a binding shows."""
    from virtkit.xml.nwfilterbinding import NWFilterBinding

    reference = NWFilterBinding.parse(binding.xml_desc()).filterref
    return [each.value or "" for each in reference.parameters if each.name == "IP"] if reference else []


def eventually(holds: Callable[[], object], what: str) -> None:
    """Return as soon as something holds; fail when it does not within a time."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS:g} s"
        time.sleep(0.02)
