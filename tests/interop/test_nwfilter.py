"""The real virsh on network filters: virtkitd answers as libvirtd does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace
from virtkit_netfilter import standard

pytestmark = [pytest.mark.libvirt, pytest.mark.usefixtures("network")]

Virsh = Callable[..., str]

CHAINS = ("root", "mac", "stp-x", "vlan", "arp", "rarp-all", "ipv4", "ipv6-no")

BINDING = """
<filterbinding>
  <owner><name>guest</name><uuid>0d6bd8f3-6f0c-4f26-8b5c-2a6c3a4d7e01</uuid></owner>
  <portdev name='vnet0'/>
  <mac address='52:54:00:00:00:01'/>
  <filterref filter='no-ip-spoofing'>
    <parameter name='Z' value='1'/>
    <parameter name='IP' value='10.0.0.9'/>
    <parameter name='A' value='1'/>
    <parameter name='IP' value='10.0.0.8'/>
  </filterref>
</filterbinding>
"""

NO_LEARNING = "<parameter name='CTRL_IP_LEARNING' value='none'/>"


def of(uri: str, folder: Path) -> Virsh:
    """The virsh of a URI; what it prints, or its status where it fails. `xml` goes into a file, its first argument."""
    folder.mkdir()

    def call(command: str, *words: str, xml: str = "") -> str:
        if xml:
            (folder / "document").write_text(xml)
            words = (str(folder / "document"), *words)
        done = subprocess.run(
            ["virsh", "-q", "-c", uri, command, *words], capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout.replace(str(folder), "") if not done.returncode else f"status {done.returncode}"

    return call


def process_of(socket: Path) -> str:
    """Number of the libvirtd that serves a socket."""
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"libvirtd" and os.fsencode(f"{socket.parent}/libvirtd.conf") in words:
            return process.name
    raise LookupError(f"no libvirtd serves {socket}")


@pytest.fixture
def both(tmp_path: Path, network: Namespace) -> Iterator[tuple[Virsh, Virsh]]:
    """The real virsh through libvirtd and through virtkitd; both have the device vnet0."""
    add = ("ip", "link", "add", "vnet0", "type", "veth", "peer", "name", "guest0")
    network.run(*add)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    with libvirtd.running_system(tmp_path / "theirs") as socket, Virtkitd(tmp_path / "ours") as daemon:
        subprocess.run(["nsenter", "-t", process_of(socket), "-n", *add], check=True)
        yield (
            of(f"qemu+unix:///system?socket={socket}", tmp_path / "a"),
            of(daemon.uri("qemu:///system"), tmp_path / "b"),
        )


def same(both: tuple[Virsh, Virsh], command: str, *words: str, xml: str = "") -> str:
    """What both answer, which is the same."""
    theirs, ours = (virsh(command, *words, xml=xml) for virsh in both)
    assert theirs == ours
    return ours


def test_filters_are_described_and_listed_as_libvirt_does(both: tuple[Virsh, Virsh]) -> None:
    for text in standard.documents().values():
        both[0]("nwfilter-define", xml=text)
    assert len(same(both, "nwfilter-list").splitlines()) == len(standard.documents())
    for name in standard.documents():
        assert "status" not in same(both, "nwfilter-dumpxml", name)


def test_chains_have_libvirts_priorities(both: tuple[Virsh, Virsh]) -> None:
    for number, chain in enumerate(CHAINS):
        uuid = f"<uuid>6e1b2c7a-0d8f-4f25-9a3c-1f2e3d4c5b{number:02}</uuid>"
        rule = "<rule action='accept' direction='in'/>"
        same(both, "nwfilter-define", xml=f"<filter name='vk-{chain}' chain='{chain}'>{uuid}{rule}</filter>")
        same(both, "nwfilter-dumpxml", f"vk-{chain}")


def test_what_libvirt_refuses_is_refused(both: tuple[Virsh, Virsh]) -> None:
    uuid = "<uuid>6e1b2c7a-0d8f-4f25-9a3c-1f2e3d4c5b6a</uuid>"
    for text in (
        f"<filter name='a'>{uuid}<filterref filter='b'/></filter>",
        "<filter name='b'><filterref filter='a'/></filter>",
        "<filter name='c'><filterref filter='c'/></filter>",
        f"<filter name='d'>{uuid}</filter>",
        "<filter name='a'><uuid>6e1b2c7a-0d8f-4f25-9a3c-1f2e3d4c5b6b</uuid></filter>",
        "<filter/>",
        "<filter name='d' chain='other'/>",
        "<filter name='d'><rule action='stop' direction='in'/></filter>",
        "<filter name='d'><rule action='drop' direction='up'/></filter>",
    ):
        same(both, "nwfilter-define", xml=text)
    same(both, "nwfilter-undefine", "b")
    same(both, "nwfilter-undefine", "a")


def test_bindings_are_described_and_refused_as_libvirt_does(both: tuple[Virsh, Virsh]) -> None:
    both[0]("nwfilter-define", xml=standard.documents()["no-ip-spoofing"])
    assert "status" not in same(both, "nwfilter-binding-create", xml=BINDING)
    assert "10.0.0.8" in same(both, "nwfilter-binding-dumpxml", "vnet0")
    same(both, "nwfilter-binding-list")
    assert "status 1" == same(both, "nwfilter-binding-create", xml=BINDING)
    assert "status 1" == same(both, "nwfilter-undefine", "no-ip-spoofing")
    same(both, "nwfilter-binding-delete", "vnet0")
    assert "status 1" == same(both, "nwfilter-binding-delete", "vnet0")
    lacking = BINDING.replace("name='IP'", "name='OTHER'").replace("</filterref>", f"{NO_LEARNING}</filterref>")
    assert "status 1" == same(both, "nwfilter-binding-create", xml=lacking)
    assert "status 1" == same(both, "nwfilter-binding-dumpxml", "vnet0")
