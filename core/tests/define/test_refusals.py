"""Definitions that contradict themselves get the code and domain that libvirt's test driver gave them."""

from __future__ import annotations

import pytest

from core.tests.xml.libvirt import Refused, printed
from virtkit.define import Profile, complete
from virtkit.errors import VirtError
from virtkit.xml.domain import Domain

BASE = "<name>x</name><memory>1024</memory><os><type>hvm</type></os>"
PROFILE = Profile(arch="i686")


def definition(inside: str, base: str = BASE) -> str:
    """A small domain with something more."""
    return f"<domain type='test'>{base}{inside}</domain>"


def with_devices(*devices: str) -> str:
    """A small domain with devices."""
    return definition(f"<devices>{''.join(devices)}</devices>")


def disk(target: str, more: str = "", source: str = "<source file='/{}'/>") -> str:
    """A disk."""
    return f"<disk>{source.format(target)}<target dev='{target}'/>{more}</disk>"


PLACE = "<address type='drive' controller='0' bus='0' target='0' unit='0'/>"
ORDER = "<boot order='1'/>"
VCPUPIN = "<vcpupin vcpu='0' cpuset='{}'/>"
CELL = "<cell id='0' cpus='{}' memory='5'/>"

REFUSED = {
    "a title of two lines": (definition("<title>a\nb</title>"), 27, 20),
    "an unknown type": (f"<domain type='foo'>{BASE}</domain>", 67, 20),
    "no vCPU": (definition("<vcpu>0</vcpu>"), 1, 20),
    "a zone without a name": (definition("<clock offset='timezone'/>"), 1, 20),
    "an unknown architecture": (definition("", BASE.replace("<type>", "<type arch='foo'>")), 67, 20),
    "no memory": (definition("", BASE.replace("1024", "0")), 27, 20),
    "less maximum memory than memory": (definition("<maxMemory slots='1'>1</maxMemory>"), 27, 20),
    "one vCPU pinned twice": (
        definition(f"<cputune>{VCPUPIN.format(0)}{VCPUPIN.format(1)}</cputune>"), 1, 20,
    ),
    "two threads of one number": (
        definition("<iothreadids><iothread id='1'/><iothread id='1'/></iothreadids>"), 27, 20,
    ),
    "two cells of one number": (
        definition(f"<vcpu>2</vcpu><cpu><numa>{CELL.format(0)}{CELL.format(1)}</numa></cpu>"), 27, 20,
    ),
    "a target that tells no bus": (with_devices(disk("foo")), 27, 20),
    "a disk without source": (with_devices("<disk><target dev='vda'/></disk>"), 19, 20),
    "a disk without target": (with_devices("<disk><source file='/a'/></disk>"), 20, 20),
    "two disks of one target": (with_devices(disk("vda"), disk("vda")), 27, 20),
    "two disks at one place": (with_devices(disk("sda"), disk("sdb", PLACE)), 67, 20),
    "two devices of one boot order": (with_devices(disk("vda", ORDER), disk("vdb", ORDER)), 67, 20),
    "boot order in two ways": (
        definition(f"<devices>{disk('vda', ORDER)}</devices>", BASE.replace("<os>", "<os><boot dev='hd'/>")), 67, 20,
    ),
    "two devices of one alias": (
        with_devices(disk("vda", "<alias name='ua-a'/>"), disk("vdb", "<alias name='ua-a'/>")), 67, 20,
    ),
    "two serial consoles": (with_devices("<console type='pty'/><console type='pty'/>"), 67, 20),
    "two controllers of one index": (with_devices("<controller type='scsi' index='0'/>" * 2), 27, 20),
    "two primary cards": (
        with_devices("<video><model type='vga' primary='yes'/></video>" * 2), 67, 20,
    ),
    "a redirected device without USB": (with_devices("<redirdev bus='usb' type='spicevmc'/>"), 67, 20),
    "an interface of no network": (with_devices("<interface type='network'/>"), 27, 20),
    "an interface on no bridge": (with_devices("<interface type='bridge'/>"), 27, 20),
    "an interface on no device": (with_devices("<interface type='direct'/>"), 27, 20),
    "a multicast address": (
        with_devices("<interface type='user'><mac address='01:00:00:00:00:00'/></interface>"), 27, 20,
    ),
    "no device of the host": (with_devices("<hostdev mode='subsystem' type='pci'/>"), 27, 20),
    "a file system for nobody": (with_devices("<filesystem><source dir='/s'/></filesystem>"), 20, 20),
    "a file system of nothing": (with_devices("<filesystem><target dir='/s'/></filesystem>"), 19, 20),
    "a watchdog of no model": (with_devices("<watchdog/>"), 1, 20),
    "graphics of no type": (with_devices("<graphics/>"), 27, 5),
    "a serial port into no file": (with_devices("<serial type='file'/>"), 1, 20),
    "a serial port to no host": (with_devices("<serial type='tcp'/>"), 1, 20),
    "a channel to nobody": (with_devices("<channel type='pty'/>"), 27, 20),
    "an input of no type": (with_devices("<input/>"), 1, 20),
    "random numbers from nowhere": (with_devices("<rng model='virtio'/>"), 27, 20),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_contradiction_is_refused(name: str) -> None:
    text, code, domain = REFUSED[name]
    with pytest.raises(VirtError) as caught:
        complete(Domain.parse(text), PROFILE)
    assert (caught.value.code, caught.value.domain) == (code, domain)
    assert "'x'" in caught.value.message or "foo" in caught.value.message


@pytest.mark.libvirt
@pytest.mark.parametrize("name", REFUSED)
def test_libvirt_refuses_it_in_the_same_way(name: str) -> None:
    text, code, domain = REFUSED[name]
    with pytest.raises(Refused) as caught:
        printed("domain", text)
    assert (caught.value.code, caught.value.domain) == (code, domain)


def test_names_with_slash_or_line_break_are_refused() -> None:
    for name in ("a/b", "a\nb"):
        with pytest.raises(VirtError, match="name") as caught:
            complete(Domain.parse(definition("", BASE.replace(">x<", f">{name}<"))), PROFILE)
        assert (caught.value.code, caught.value.domain) == (27, 20)
