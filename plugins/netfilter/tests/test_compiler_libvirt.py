"""The same documents stop the same frames under the real libvirt, whose rules are those of ebtables and iptables.

Where we differ on purpose, docs/adr/0019 says so.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.frames import GUEST, GUEST_IP, OTHER_IP, PEER, PEER_IP, arp, ethernet, ipv4, udp
from plugins.netfilter.tests.lan import DEVICE, STANDARD, Lan, lan, reference
from plugins.netfilter.tests.test_compiler_standard import CASES, arrives
from tests.namespaces import Namespace
from virtkit.network.nftables import apply
from virtkit.xml.nwfilter import NWFilter
from virtkit_netfilter.compiler import TABLE, Device, install
from virtkit_netfilter.probing import probe

pytestmark = pytest.mark.libvirt

START_SECONDS = 60.0

SERVE = """
set -e
mount --make-rprivate /
mkdir "$1/nwfilter" && cp /etc/libvirt/nwfilter/* "$1/nwfilter"
mount -t tmpfs none /run
for folder in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
    mkdir -p $folder && mount -t tmpfs none $folder
done
cp -r "$1/nwfilter" /etc/libvirt
printf 'unix_sock_dir = "%s"\\nauth_unix_rw = "none"\\n' "$1" > "$1/conf"
exec libvirtd -f "$1/conf" -p "$1/pid" 2> "$1/log"
"""
"""Runs the daemon with folders of its own, and the standard filters of this machine."""

BINDING = """<filterbinding><owner><name>guest</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid></owner>
<portdev name='{device}'/><mac address='{mac}'/><filterref filter='outer'>
<parameter name='IP' value='{ip}'/><parameter name='A' value='{ip}'/></filterref></filterbinding>"""

DOCUMENTS = {
    "the usual one": "<filterref filter='clean-traffic'/>",
    "no other MAC address": "<filterref filter='no-mac-spoofing'/>",
    "a variable that both give": "<filterref filter='inner'><parameter name='A' value='10.7.0.3'/></filterref>",
    "two elements": "<rule action='drop' direction='out'><arp opcode='Request'/>"
    "<arp match='no' arpdstipaddr='10.7.0.2'/></rule>",
    "negated attributes": "<rule action='drop' direction='out'>"
    "<ip match='no' srcipaddr='10.7.0.1' protocol='tcp'/></rule>",
    "both ways": "<rule action='drop' direction='inout'><ip srcipaddr='10.7.0.2'/></rule>",
    "a drop of traffic in": "<rule action='drop' direction='in'><udp dstportstart='2000'/></rule>",
    "a drop of traffic out": "<rule action='drop' direction='out'><udp srcipaddr='10.7.0.3'/></rule>",
    "a drop by MAC address": "<rule action='drop' direction='out'><all srcmacaddr='52:54:00:00:00:03'/></rule>",
    "an acceptance out": "<rule action='accept' direction='out'><udp dstportstart='2000'/></rule>"
    "<rule action='drop' direction='inout' priority='900'><all/></rule>",
    "an acceptance without states": "<rule action='accept' direction='in' statematch='false'><udp/></rule>"
    "<rule action='drop' direction='inout' priority='900'><all/></rule>",
    "no states": "<rule action='accept' direction='in'><udp state='NONE'/></rule>"
    "<rule action='drop' direction='inout' priority='900'><all/></rule>",
    "priorities": "<rule action='accept' direction='out' priority='-600'><mac protocolid='arp'/></rule>"
    "<rule action='drop' direction='out' priority='-800'><ip srcipaddr='10.7.0.3'/></rule><filterref filter='inner'/>"
    "<filterref filter='allow-arp'/><filterref filter='no-arp-spoofing'/>",
}

INNER = "<filter name='inner' chain='ipv4'><rule action='drop' direction='out'><ip srcipaddr='$A'/></rule></filter>"

KNOWN = ("from none, another port",)
"""Frames that we stop and libvirt does not, on purpose."""

USUAL = CASES["clean-traffic"]
GOING = {
    **USUAL.out_passes,
    **{name: frame for name, frame in USUAL.out_dropped.items() if not name.endswith(KNOWN)},
    "UDP": ethernet(ipv4(udp(source=1000, target=2000))),
    "UDP from 2000": ethernet(ipv4(udp(source=2000, target=1000))),
    "UDP of another": ethernet(ipv4(udp(source=1000, target=2001), source=OTHER_IP)),
    "UDP of the peer": ethernet(ipv4(udp(source=1001, target=2001), target=OTHER_IP)),
    "ARP for another": ethernet(arp(target_ip=OTHER_IP), target=frames.BROADCAST),
}
COMING = {
    **USUAL.in_passes,
    **USUAL.in_dropped,
    "UDP": ethernet(ipv4(udp(source=1003, target=2000), source=PEER_IP, target=GUEST_IP), source=PEER, target=GUEST),
    "UDP from 2000": ethernet(
        ipv4(udp(source=2000, target=1004), source=PEER_IP, target=GUEST_IP), source=PEER, target=GUEST
    ),
    "UDP of another": ethernet(
        ipv4(udp(source=1005, target=2002), source=OTHER_IP, target=GUEST_IP), source=PEER, target=GUEST
    ),
}


class Libvirt:
    """The daemon, in the namespace with the bridge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def virsh(self, *arguments: str, check: bool = True) -> bool:
        uri = f"qemu+unix:///system?socket={self.folder}/libvirt-sock"
        done = subprocess.run(
            ["virsh", "-c", uri, *arguments], capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        assert not (check and done.returncode), done.stderr
        return not done.returncode

    @contextmanager
    def filtering(self, document: str) -> Iterator[None]:
        """Have a filter in force for the guest's device."""
        binding = BINDING.format(device=DEVICE, mac=GUEST, ip=GUEST_IP)
        for name, text in {"inner": INNER, "outer": document}.items():
            (self.folder / name).write_text(text)
            self.virsh("nwfilter-undefine", name, check=False)
            self.virsh("nwfilter-define", str(self.folder / name))
        (self.folder / "binding").write_text(binding)
        self.virsh("nwfilter-binding-create", str(self.folder / "binding"))
        yield
        self.virsh("nwfilter-binding-delete", DEVICE)


@contextmanager
def running(host: Namespace, folder: Path) -> Iterator[Libvirt]:
    alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", SERVE, "serve")
    daemon = subprocess.Popen(host.command(*alone, str(folder)), stdin=subprocess.DEVNULL)
    try:
        found = Libvirt(folder)
        deadline = monotonic() + START_SECONDS
        while not found.virsh("uri", check=False):
            assert daemon.poll() is None, (folder / "log").read_text()
            assert monotonic() < deadline, "libvirtd does not answer"
            sleep(0.1)
        yield found
    finally:
        daemon.kill()  # of unshare, which heeds nothing else; the daemon goes with it
        daemon.wait(START_SECONDS)


def passing(lan: Lan) -> set[str]:
    """Names of the frames that arrive at guests: what libvirt stops in rules of IP, the host's link has seen before."""
    out = {f"out: {name}" for name, frame in GOING.items() if lan.sent("guest", frame) - {"host"}}
    return out | {f"in: {name}" for name, frame in COMING.items() if arrives(lan, frame)}


def test_the_real_libvirt_stops_the_same_frames(network: Namespace, tmp_path: Path) -> None:
    missing = [name for name in ("libvirtd", "virsh", "ebtables", "iptables") if not shutil.which(name)]
    if missing or not Path("/etc/libvirt/nwfilter").is_dir():
        pytest.skip(f"not installed: {', '.join(missing) or 'the standard filters of libvirt'}")
    differences = []
    with lan(network) as made, running(network, tmp_path) as libvirt:
        everything = passing(made)
        for name, text in DOCUMENTS.items():
            document = f"<filter name='outer'>{text}</filter>"
            with libvirt.filtering(document):
                theirs = passing(made)
            filters = {**STANDARD, "inner": NWFilter.parse(INNER), "outer": NWFilter.parse(document)}
            device = Device(DEVICE, GUEST, reference("outer", {"IP": GUEST_IP, "A": GUEST_IP}))
            apply(install(device, filters, probe()))
            ours = passing(made)
            apply([{"delete": {"table": {"family": "bridge", "name": TABLE}}}])
            assert ours < everything, f"{name} stops nothing"
            differences += [f"{name}: passes here, not in libvirt: {frame}" for frame in sorted(ours - theirs)]
            differences += [f"{name}: passes in libvirt, not here: {frame}" for frame in sorted(theirs - ours)]
    assert [] == differences
