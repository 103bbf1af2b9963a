"""Architecture, machine type, emulator and CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.cpu import CpuModel

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_qemu.facts import Facts

DEFAULT_CPU = {"x86_64": "qemu64", "i686": "qemu32"}
ARCHITECTURES = {"i386": "i686"}
"""QEMU's name of an architecture -> libvirt's, where they differ."""


def architecture(facts: Facts) -> str:
    """Libvirt's name of the architecture a binary emulates."""
    return ARCHITECTURES.get(facts.target, facts.target)


def choose(document: Domain, facts: Facts, emulator: str) -> None:
    """Fill in the machine type by its full name, and the emulator.

    Raises:
        ConfigUnsupportedError: The binary has no such machine type, or not that many CPUs, or the domain's type is
            not QEMU's.
    """
    kind = document.os.type
    assert kind is not None, "checked before"
    if document.type not in ("qemu", "kvm"):
        raise _unsupported(document, f"has type {document.type!r}: QEMU runs type='qemu', or 'kvm' where KVM works")
    machine = facts.machine(kind.machine) if kind.machine else facts.default_machine
    if machine is None:
        known = ", ".join(found.name for found in facts.machines if found.alias) or "none"
        raise _unsupported(document, f"has machine {kind.machine!r}, which {emulator} does not: it has {known}")
    kind.machine = machine.name
    if not is_pc(document) and not is_q35(document):
        raise _unsupported(document, f"has machine {machine.name!r}, which is not supported yet: use pc or q35")
    document.devices.emulator = document.devices.emulator or emulator
    wanted = document.vcpu.maximum if document.vcpu and document.vcpu.maximum else 1
    if wanted > machine.cpu_max:
        raise _unsupported(document, f"can have {wanted} vCPUs, machine {machine.name} {machine.cpu_max} at most")


def is_pc(document: Domain) -> bool:
    """Whether the machine is an i440FX."""
    return _name(document).startswith("pc-i440fx")


def is_q35(document: Domain) -> bool:
    """Whether the machine is a Q35."""
    return _name(document).startswith("pc-q35")


def _name(document: Domain) -> str:
    return (document.os.type.machine if document.os.type else None) or ""


def choose_cpu(document: Domain) -> None:
    """Fill in the CPU model of a definition that names none, and how strictly it is checked."""
    cpu = document.cpu
    if cpu.mode is None and cpu.model is None:
        assert document.os.type is not None, "checked before"
        name = DEFAULT_CPU.get(document.os.type.arch or "")
        cpu.model = CpuModel(name=name, fallback="forbid")
        cpu.mode, cpu.match, cpu.check = "custom", "exact", cpu.check or "none"
        return
    if cpu.mode == "host-passthrough" and cpu.migratable is None:
        cpu.migratable = True
    compared = cpu.mode == "host-model" or (cpu.mode == "custom" and document.type == "kvm")
    cpu.check = cpu.check or ("partial" if compared else "none")


def _unsupported(document: Domain, problem: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(f"domain {document.name!r} {problem}", domain=ErrorDomain.QEMU)
