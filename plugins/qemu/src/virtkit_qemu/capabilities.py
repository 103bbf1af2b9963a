"""What the host can do, as libvirt's two capabilities documents say it.

They list what this driver runs, not all that QEMU has: programs choose from them what to put into a domain.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.services.guests.capabilities import describe
from virtkit.xml import capabilities as host_xml
from virtkit.xml import domaincaps as domain_xml
from virtkit.xml.domaincaps import Enumeration, Support
from virtkit_qemu import binary
from virtkit_qemu.command import display
from virtkit_qemu.define.machine import architecture

if TYPE_CHECKING:
    from virtkit_qemu.binary import Binaries
    from virtkit_qemu.facts import Facts, Machine

QEMU = ErrorDomain.QEMU

ARCHITECTURES = {"i686": 32, "x86_64": 64}
"""Architectures that domains can have, with their word size."""

MACHINES = ("pc-i440fx", "pc-q35")
"""Families of machine types that domains can have."""

TOGGLED, FIXED = host_xml.Toggle(default="on", toggle="yes"), host_xml.Toggle(default="on", toggle="no")

DISK_BUSES = {
    "ide": "ide-hd",
    "fdc": "floppy",
    "scsi": "scsi-hd",
    "virtio": "virtio-blk-pci",
    "usb": "usb-storage",
    "sata": "ich9-ahci",
}
"""Bus of disks -> the QEMU device that shows it can be had."""


class Question(NamedTuple):
    """What domain capabilities are asked of; None is chosen."""

    emulator: str | None
    arch: str | None
    machine: str | None
    type: str | None


def of_host(binaries: Binaries) -> host_xml.Capabilities:
    """The host, and the kinds of guests it runs."""
    document = host_xml.Capabilities()
    describe(document.host)
    found = ((arch, binary.find(arch)) for arch in ARCHITECTURES)
    document.guests = [_guest(binaries, arch, emulator) for arch, emulator in found if emulator is not None]
    return document


def of_domains(binaries: Binaries, asked: Question) -> domain_xml.DomainCapabilities:
    """What domains of one emulator, architecture, machine and type can have.

    Raises:
        InvalidArgError: One of the four is not known, or they do not fit each other.
        SystemCallError: The emulator is not there.
    """
    arch = asked.arch or os.uname().machine
    emulator = Path(asked.emulator) if asked.emulator else binary.find(arch)
    if emulator is None:
        raise InvalidArgError(f"no emulator for {arch!r} is installed here: choose another architecture", domain=QEMU)
    facts = binaries.facts(emulator)
    serves = architecture(facts)
    if arch != serves and (asked.arch or not asked.emulator):
        raise InvalidArgError(f"{emulator} emulates {serves}, not {arch!r}: choose another emulator", domain=QEMU)
    machine = facts.machine(asked.machine) if asked.machine else facts.default_machine
    if machine is None or not _is_offered(machine):
        raise InvalidArgError(f"{emulator} has no machine {asked.machine!r} for domains: try pc or q35", domain=QEMU)
    return _described(facts, emulator, machine, _type(binaries, emulator, asked.type))


def _type(binaries: Binaries, emulator: Path, asked: str | None) -> str:
    if asked not in (None, "qemu", "kvm"):
        raise InvalidArgError(f"domains here are of type qemu or kvm, not {asked!r}", domain=QEMU)
    if asked == "qemu":
        return asked
    verdict = binaries.kvm(emulator)
    if asked == "kvm" and not verdict.works:
        raise InvalidArgError(f"domains of type kvm cannot be run: {verdict.reason}", domain=QEMU)
    return "kvm" if verdict.works else "qemu"


# Kinds of guests


def _guest(binaries: Binaries, arch: str, emulator: Path) -> host_xml.Guest:
    facts = binaries.facts(emulator)
    types = ["qemu", *(["kvm"] if binaries.kvm(emulator).works else [])]
    described = host_xml.GuestArch(name=arch, wordsize=ARCHITECTURES[arch], emulator=str(emulator))
    described.machines = [each for machine in _offered(facts) for each in _names(machine)]
    described.domains = [host_xml.GuestDomain(type=name) for name in types]
    features = host_xml.GuestFeatures(acpi=TOGGLED, apic=FIXED, cpu_selection=True, device_boot=True)
    features.pae = features.nonpae = arch == "i686"
    return host_xml.Guest(os_type="hvm", arch=described, features=features)


def _is_offered(machine: Machine) -> bool:
    return machine.name.startswith(MACHINES)


def _offered(facts: Facts) -> list[Machine]:
    """The machine types that domains can have, the default one first."""
    offered = [machine for machine in facts.machines if _is_offered(machine)]
    return sorted(offered, key=lambda machine: (not machine.is_default, machine.name))


def _names(machine: Machine) -> list[host_xml.Machine]:
    flagged = {"max_cpus": machine.cpu_max, "deprecated": machine.deprecated or None}
    names = [host_xml.Machine(name=machine.name, **flagged)]
    if machine.alias:
        names.append(host_xml.Machine(name=machine.alias, canonical=machine.name, **flagged))
    return names


# Domains


def _described(facts: Facts, emulator: Path, machine: Machine, type: str) -> domain_xml.DomainCapabilities:
    document = domain_xml.DomainCapabilities(path=str(emulator), domain=type, machine=machine.name)
    document.arch, document.vcpu_max = architecture(facts), machine.cpu_max
    document.iothreads = _support("iothread" in facts.objects)
    loader = domain_xml.LoaderSupport(supported=True, enums=[_words("type", ["rom"])])
    document.os = domain_xml.OsSupport(supported=True, enums=[_words("firmware", [])], loader=loader)
    document.cpu = domain_xml.CpuSupport(modes=_cpu_modes(facts, type))
    document.memory_backing = _support(False)
    document.devices = _devices(facts, machine)
    names = ("gic", "vmcoreinfo", "genid", "backing_store_input", "backup", "hyperv")
    document.features = domain_xml.FeatureSupport(**{name: _support(False) for name in names})
    return document


def _support(supported: bool, **words: list[str]) -> Support:
    if not supported:
        return Support(supported=False)
    return Support(supported=True, enums=[_words(name, values) for name, values in words.items()])


def _words(name: str, values: list[str]) -> Enumeration:
    return Enumeration(name=name, values=values)


def _cpu_modes(facts: Facts, type: str) -> list[domain_xml.CpuMode]:
    models = [
        domain_xml.SupportedModel(
            name=model.name, usable=_usable(model.missing, type), deprecated=model.deprecated or None
        )
        for model in facts.cpu_models
        if model.name not in ("host", "max", "base")
    ]
    return [
        domain_xml.CpuMode(name="host-passthrough", supported=type == "kvm"),
        domain_xml.CpuMode(name="maximum", supported=True),
        domain_xml.CpuMode(name="host-model", supported=False),
        domain_xml.CpuMode(name="custom", supported=True, models=models),
    ]


def _usable(missing: tuple[str, ...], type: str) -> str:
    """Whether a model runs; what it lacks is known without KVM only."""
    if type == "kvm":
        return "unknown"
    return "no" if missing else "yes"


def _devices(facts: Facts, machine: Machine) -> domain_xml.DeviceSupport:
    has = facts.devices.__contains__
    express = machine.name.startswith("pc-q35")
    buses = [bus for bus, device in DISK_BUSES.items() if has(device) and not (express and bus == "ide")]
    videos = [name for name, device in display.PRIMARY_VIDEO.items() if has(device)]
    devices = domain_xml.DeviceSupport()
    devices.disk = _support(True, diskDevice=["disk", "cdrom", "floppy"], bus=buses, model=["virtio"])
    devices.graphics = _support("vnc" in facts.options, type=["vnc"])
    devices.video = _support(True, modelType=[*videos, "none"])
    devices.hostdev = _support(False)
    devices.rng = _support(has("virtio-rng-pci"), model=["virtio"], backendModel=["random", "builtin"])
    devices.filesystem = devices.tpm = devices.redirdev = _support(False)
    devices.channel = _support(has("virtserialport"), type=["pty", "unix"])
    return devices
