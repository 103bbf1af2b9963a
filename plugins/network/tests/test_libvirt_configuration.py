"""The real libvirt's configurations of dnsmasq beside ours: what differs is listed here, and nothing else does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.network.tests.documents import CORPUS, LIB, RUN, parsed
from tests.interop import libvirtd
from virtkit_network.dnsmasq.configuration import Paths, configuration

pytestmark = pytest.mark.libvirt

NAMES = ["default", "rich", "isolated", "routed"]

ELSEWHERE = ("pid-file", "addn-hosts", "dhcp-hostsfile", "dhcp-leasefile", "dhcp-lease-max", "host-record", "dhcp-host")
"""What libvirt has in other files, or counts in another way."""

OURS_ALONE = {
    "rich": {
        "dhcp-range=fd00:2::1,ra-only",  # libvirt advertises no prefix beside one with DHCP
        "srv-host=_plain._udp,t.test,1,0,0",
        "txt-record=example,one, \\two\\ \\\\ # three",  # quoted as one value
    },
    "isolated": {"dhcp-range=192.168.134.1,static,255.255.255.0"},
}

LIBVIRT_ALONE = {
    "rich": {"srv-host=_plain._udp,t.test", "txt-record=example,one, two \\ # three"},
    "isolated": {"dhcp-range=192.168.134.1,static"},
}


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of libvirt's dnsmasq, with the networks of the corpus running."""
    folder = tmp_path_factory.mktemp("libvirt")
    with libvirtd.running_system(folder) as path:
        for name in NAMES:
            (folder / f"{name}.xml").write_text(document(name))
            done = subprocess.run(
                ["virsh", "-c", f"qemu+unix:///system?socket={path}", "net-create", folder / f"{name}.xml"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        yield folder / "state/var/lib/libvirt/dnsmasq"


def document(name: str) -> str:
    """A network of the corpus, with a folder for TFTP that is there, and no MTU, which takes libvirt a dummy link."""
    return (CORPUS / f"{name}.xml").read_text().replace("/srv/boot, first", "/srv").replace("<mtu size='9000'/>", "")


def ours_of(name: str) -> str:
    """Our configuration for it."""
    return configuration(parsed(document(name)), Paths.of(LIB, RUN, name)) or ""


def options(text: str) -> set[str]:
    """The lines of a configuration that can be compared, without quotes."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.replace('"', "") for line in lines if line.partition("=")[0] not in ELSEWHERE}


def hosts(lines: list[str]) -> set[frozenset[str]]:
    """The values of each host, whose order means nothing to dnsmasq."""
    return {frozenset(line.split(",")) for line in lines}


@pytest.mark.parametrize("name", NAMES)
def test_options_are_those_of_libvirt(states: Path, name: str) -> None:
    ours, theirs = options(ours_of(name)), options((states / f"{name}.conf").read_text())
    assert OURS_ALONE.get(name, set()) == ours - theirs
    assert LIBVIRT_ALONE.get(name, set()) == theirs - ours


@pytest.mark.parametrize("name", NAMES)
def test_hosts_are_those_of_libvirt(states: Path, name: str) -> None:
    ours = [line.partition("=")[2] for line in ours_of(name).splitlines() if line.startswith("dhcp-host=")]
    theirs = (states / f"{name}.hostsfile").read_text().replace("52:54:0:0:0:A", "52:54:00:00:00:0a")  # the same
    assert hosts(theirs.splitlines()) == hosts(ours)
