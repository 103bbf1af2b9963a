"""The real dnsmasq on a bridge, asked by real clients."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from plugins.network.tests.documents import parsed
from plugins.network.tests.lab import Lab
from tests.namespaces import Namespace
from virtkit.errors import ConfigUnsupportedError
from virtkit.records import DHCPLease
from virtkit.services.runner import ProgramError, find_program
from virtkit.xml.network import Network
from virtkit_network.dnsmasq import process
from virtkit_network.dnsmasq.configuration import Paths, configuration
from virtkit_network.dnsmasq.leases import LeaseFile

pytestmark = pytest.mark.skipif(
    not find_program("dnsmasq") or not find_program("busybox"), reason="needs dnsmasq and busybox"
)

MAC, ROUTER = "52:54:00:00:00:01", "10.11.0.1"
RANGE = "<range start='10.11.0.20' end='10.11.0.29'/>"
HOST = f"<host mac='{MAC}' name='web' ip='10.11.0.50'/>"
NO_PING = "no-ping"

DEADLINE = 20.0


def document_of(
    dhcp: str = RANGE + HOST, more: str = "", tftp: str = "", options: tuple[str, ...] = (NO_PING,)
) -> Network:
    lines = "".join(f"<d:option value='{each}'/>" for each in options)
    return parsed(
        "<network xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>n</name><forward mode='nat'/>"
        f"<bridge name='vb11'/><domain name='lab.test' localOnly='yes'/>{more}"
        f"<ip address='{ROUTER}' prefix='24'>{tftp}<dhcp>{dhcp}</dhcp></ip>"
        f"<d:options>{lines}</d:options></network>"
    )


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    """Files of a network in a folder that only root may enter, with a name that configuration files do not like."""
    folder = tmp_path / 'a, "private" #root'
    folder.mkdir(mode=0o700)
    made = Paths.of(folder / "lib", folder / "run", "n, # 'x'")
    yield made
    process.stop(made)


def text_of(document: Network, paths: Paths) -> str:
    text = configuration(document, paths)
    assert text is not None
    return text


def asks(guest: Namespace, tmp_path: Path, *more: str) -> dict[str, str]:
    """What a guest is told by DHCP; nothing if it gets no lease."""
    told, script = tmp_path / "told", tmp_path / "script"
    told.unlink(missing_ok=True)
    script.write_text(f'#!/bin/sh\n[ "$1" = bound ] && env > {told}\nexit 0\n')
    script.chmod(0o755)
    guest.run(
        "busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "5", "-T", "2", "-s", script, *more, check=False
    )
    return dict(line.partition("=")[::2] for line in told.read_text().splitlines()) if told.exists() else {}


def looked_up(guest: Namespace, name: str, *more: str) -> str:
    return guest.run("busybox", "nslookup", *more, name, ROUTER, check=False).stdout


def leased(paths: Paths, document: Network, *addresses: str) -> dict[str, DHCPLease]:
    """Leases by address, once these are among them: dnsmasq writes them down after it has answered."""
    found: dict[str, DHCPLease] = {}
    file = LeaseFile(paths.leases)

    def are_there() -> bool:
        found.update({each.ipaddr: each for each in file.read(document, time.time())})
        return found.keys() >= set(addresses)

    until(are_there)
    return found


def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes."""
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_guests_get_addresses_and_names(network: Namespace, paths: Paths, tmp_path: Path) -> None:
    document = document_of(more="<mtu size='1400'/>")
    with Lab(network, document) as lab:
        process.start(paths, text_of(document, paths))
        web, other = lab.guest(document, mac=MAC), lab.guest(document)
        told = asks(web, tmp_path, "-O", "mtu")
        assert ("10.11.0.50", "255.255.255.0", ROUTER, ROUTER, "lab.test", "web", "1400") == tuple(
            told[key] for key in ("ip", "subnet", "router", "dns", "domain", "hostname", "mtu")
        )
        address = asks(other, tmp_path, "-x", "hostname:other")["ip"]
        assert address.startswith("10.11.0.2")
        leases = leased(paths, document, "10.11.0.50", address)
        lease = leases["10.11.0.50"]
        assert (MAC, "web", 24, "vb11") == (lease.mac, lease.hostname, lease.prefix, lease.iface)
        assert leases[address].expirytime > time.time()
        other.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        assert "10.11.0.50" in looked_up(other, "web.lab.test")
        assert address in looked_up(other, "other.lab.test")


def test_records_of_the_document_are_answered(network: Namespace, paths: Paths) -> None:
    document = document_of(
        more="<dns><txt name='t.lab.test' value='one, \"two\" # three'/>"
        "<srv service='ldap' protocol='tcp' domain='lab.test' target='h.lab.test' port='389'/>"
        "<host ip='10.11.0.77'><hostname>h</hostname><hostname>else.test</hostname></host></dns>"
    )
    with Lab(network, document) as lab:
        process.start(paths, text_of(document, paths))
        guest = lab.guest(document, "10.11.0.9/24")
        assert "10.11.0.77" in looked_up(guest, "h.lab.test")
        assert "10.11.0.77" in looked_up(guest, "else.test")
        assert "h" in looked_up(guest, "10.11.0.77")
        assert "one, " in looked_up(guest, "t.lab.test", "-type=txt")
        assert "389 h.lab.test" in looked_up(guest, "_ldap._tcp.lab.test", "-type=srv")


def asks_v6(guest: Namespace, duid: bytes) -> str:
    """The address that a guest gets by DHCPv6, in one exchange (rapid commit); see RFC 8415."""

    def option(number: int, value: bytes) -> bytes:
        return struct.pack(">HH", number, len(value)) + value

    def options(data: bytes) -> Iterator[tuple[int, bytes]]:
        while data:
            number, length = struct.unpack_from(">HH", data)
            yield number, data[4 : 4 + length]
            data = data[4 + length :]

    identity = option(3, struct.pack(">III", 7, 0, 0))
    message = b"\x01abc" + option(1, duid) + identity + option(14, b"") + option(8, b"\0\0")
    with guest.entered():
        asking = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        scope = socket.if_nametoindex("eth0")
    with asking:
        asking.settimeout(2)
        asking.bind(("::", 546))
        for _ in range(5):
            asking.sendto(message, ("ff02::1:2", 547, 0, scope))
            with suppress(TimeoutError):
                answer = asking.recv(2000)
                association = dict(options(answer[4:]))[3]
                return str(IPv6Address(dict(options(association[12:]))[5][:16]))
    raise AssertionError("no answer")


def test_ipv6_guests_get_addresses(network: Namespace, paths: Paths) -> None:
    duid = bytes.fromhex("000100012c000000") + bytes.fromhex(MAC.replace(":", ""))
    document = parsed(
        "<network><name>n</name><forward mode='nat'/><bridge name='vb11'/>"
        "<ip family='ipv6' address='fd00:11::1' prefix='64'><dhcp><range start='fd00:11::20' end='fd00:11::29'/>"
        "<host id='0:3:0:1:52:54:0:0:0:7' name='fixed' ip='fd00:11::70'/></dhcp></ip></network>"
    )
    with Lab(network, document) as lab:
        process.start(paths, text_of(document, paths))
        guest = lab.guest(document)
        until(lambda: "fe80" in guest.run("ip", "-6", "address", "show", "dev", "eth0").stdout)
        address = asks_v6(guest, duid)
        assert IPv6Address("fd00:11::20") <= IPv6Address(address) <= IPv6Address("fd00:11::29")
        assert asks_v6(guest, bytes.fromhex("00030001525400000007")) == "fd00:11::70"
        leases = leased(paths, document, address, "fd00:11::70")
        assert (MAC, "7", 64, duid.hex(":")) == (
            leases[address].mac,
            leases[address].iaid,
            leases[address].prefix,
            leases[address].clientid,
        )
        assert ("52:54:00:00:00:07", "fixed") == (leases["fd00:11::70"].mac, leases["fd00:11::70"].hostname)


def test_ipv6_without_dhcp_is_advertised(network: Namespace, paths: Paths) -> None:
    document = parsed(
        "<network><name>n</name><forward mode='nat'/><bridge name='vb11'/>"
        "<ip family='ipv6' address='fd00:11::1' prefix='64'/></network>"
    )
    with Lab(network, document) as lab:
        process.start(paths, text_of(document, paths))
        guest = lab.guest(document)
        until(lambda: "fd00:11:" in guest.run("ip", "-6", "address", "show", "dev", "eth0").stdout)


def test_files_are_served_for_booting(network: Namespace, paths: Paths, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        Path(folder, "pxe, # 0").write_text("boot me")
        document = document_of(HOST + "<bootp file='pxe, # 0'/>", tftp=f"<tftp root='{folder}'/>")
        with Lab(network, document) as lab:
            process.start(paths, text_of(document, paths))
            guest = lab.guest(document, "10.11.0.50/24", mac=MAC)
            assert asks(guest, tmp_path)["boot_file"] == "pxe, # 0"
            guest.run("busybox", "tftp", "-g", "-r", "pxe, # 0", "-l", tmp_path / "got", ROUTER)
            assert (tmp_path / "got").read_text() == "boot me"


def test_an_update_keeps_leases_and_serves_what_is_new(network: Namespace, paths: Paths, tmp_path: Path) -> None:
    before, after = document_of(RANGE), document_of(f"{RANGE}<host mac='{MAC}' name='web' ip='10.11.0.51'/>")
    with Lab(network, before) as lab:
        first = process.start(paths, text_of(before, paths))
        guest = lab.guest(before)
        address = asks(guest, tmp_path)["ip"]
        assert first == process.update(paths, text_of(before, paths))
        second = process.update(paths, text_of(after, paths))
        assert (second, False) == (process.find(paths), first == second)
        assert asks(guest, tmp_path)["ip"] == address
        assert asks(lab.guest(before, mac=MAC), tmp_path)["ip"] == "10.11.0.51"


def test_an_option_that_dnsmasq_refuses_is_told_and_leaves_all_as_it_was(network: Namespace, paths: Paths) -> None:
    document = document_of()
    with Lab(network, document):
        pid = process.start(paths, text_of(document, paths))
        wrong = text_of(document_of(options=("no-such-option",)), paths)
        with pytest.raises(ProgramError, match=r"dnsmasq failed with status 1: .*bad option at line"):
            process.update(paths, wrong)
        assert pid == process.find(paths)
        assert text_of(document, paths) == paths.configuration.read_text()
        assert {"leases", "conf"} == {path.suffix[1:] for path in paths.configuration.parent.iterdir()}


def test_an_update_that_cannot_start_serves_on_as_before(network: Namespace, paths: Paths, tmp_path: Path) -> None:
    """The configuration is well formed, and dnsmasq ends when it meets the folder that is not there."""
    document = document_of()
    with Lab(network, document) as lab:
        process.start(paths, text_of(document, paths))
        with pytest.raises(ProgramError, match="TFTP directory"):
            process.update(paths, text_of(document_of(tftp="<tftp root='/nowhere'/>"), paths))
        assert process.find(paths) is not None
        assert asks(lab.guest(document, mac=MAC), tmp_path)["ip"] == "10.11.0.50"


def test_a_port_that_is_given_back_in_a_moment_is_waited_for(network: Namespace, paths: Paths) -> None:
    document = document_of()
    with Lab(network, document), socket.socket() as taken:
        taken.bind((ROUTER, 53))
        taken.listen()
        closing = threading.Timer(0.2, taken.close)
        closing.start()
        try:
            assert process.start(paths, text_of(document, paths)) == process.find(paths)
        finally:
            closing.join()


def test_a_port_that_is_taken_is_told(network: Namespace, paths: Paths) -> None:
    document = document_of()
    with Lab(network, document), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((ROUTER, 53))
        with pytest.raises(ProgramError, match=f"dnsmasq failed .*{ROUTER}.*Address already in use"):
            process.start(paths, text_of(document, paths))
        assert process.find(paths) is None


def test_a_dnsmasq_that_is_not_installed_is_told(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "find_program", lambda name: None)
    with pytest.raises(ConfigUnsupportedError, match="not installed: install Debian's dnsmasq-base"):
        process.start(paths, "")
    assert not paths.configuration.exists()


def test_stopping_ends_it_and_keeps_the_leases(network: Namespace, paths: Paths, tmp_path: Path) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        pid = process.start(paths, text_of(document, paths))
        leased(paths, document, asks(lab.guest(document, mac=MAC), tmp_path)["ip"])
        process.stop(paths)
        assert not is_alive(pid)
        assert (False, True) == (paths.pid.exists(), paths.leases.exists())
        process.stop(paths)
        process.forget(paths)
        assert [] == list(paths.configuration.parent.iterdir())


def test_starting_again_takes_the_place_of_what_runs(network: Namespace, paths: Paths) -> None:
    document = document_of()
    with Lab(network, document):
        first = process.start(paths, text_of(document, paths))
        second = process.start(paths, text_of(document, paths))
        assert (False, second) == (is_alive(first), process.find(paths))


def test_one_that_was_killed_is_not_found_and_can_be_started(network: Namespace, paths: Paths) -> None:
    document = document_of()
    with Lab(network, document):
        pid = process.start(paths, text_of(document, paths))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid))
        assert process.find(paths) is None
        assert process.start(paths, text_of(document, paths)) == process.find(paths)


@pytest.mark.parametrize("written", ["{stranger}", "{stranger}\n", "", "x", "0", "-1", "999999999999999999999"])
def test_a_stranger_is_neither_found_nor_killed(paths: Paths, written: str) -> None:
    paths.pid.parent.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            paths.pid.write_text(written.format(stranger=stranger.pid))
            assert process.find(paths) is None
            process.stop(paths)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_the_dnsmasq_of_another_network_is_a_stranger(network: Namespace, paths: Paths, tmp_path: Path) -> None:
    document = document_of()
    other = Paths.of(tmp_path / "other", tmp_path / "other", "o")
    with Lab(network, document):
        pid = process.start(paths, text_of(document, paths))
        other.pid.parent.mkdir()
        other.pid.write_text(str(pid))
        assert process.find(other) is None
        process.stop(other)
        assert pid == process.find(paths)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
