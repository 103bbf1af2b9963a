"""What a domain must have and what it must not contradict, apart from its devices (`virtkit.define.plugs`)."""

from __future__ import annotations

from collections.abc import Iterable

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError, NoNameError, XMLError
from virtkit.xml.capabilities import ARCHITECTURES
from virtkit.xml.domain import Domain

DOMAIN = ErrorDomain.DOMAIN

TYPES = (
    "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv", "vbox", "phyp", "vz", "bhyve",
    "hvf",
)  # fmt: skip
"""Virtualisation types that libvirt knows. A driver that runs another one names it in its profile."""

OS_TYPES = ("hvm", "xen", "linux", "exe", "uml", "xenpvh")


def identity(document: Domain, types: Iterable[str] = TYPES) -> None:
    """Refuse a definition whose type is missing or not among `types`, or with an unusable name or title."""
    if not document.name:
        raise NoNameError("the domain has no <name>: give it one", domain=DOMAIN)
    if document.type is None:
        raise InternalError(f"domain {document.name!r} has no type: give it type='qemu' or another", domain=DOMAIN)
    if document.type not in (allowed := tuple(types)):
        raise unsupported(document, f"has type {document.type!r}; possible are {', '.join(allowed)}")
    if "/" in document.name or "\n" in document.name:
        raise wrong(document, f"has {'/' if '/' in document.name else 'a line break'!r} in its name: choose another")
    if document.title is not None and "\n" in document.title:
        raise wrong(document, "has a line break in its <title>: use the <description> for longer text")


def machine(document: Domain, os_types: Iterable[str] | None = None) -> None:
    """Refuse a definition whose guest interface is missing or not among `os_types` (None: those that are known)."""
    kind = document.os.type
    if kind is None or not kind.type:
        raise wrong(document, "has no <os><type>: give it one, such as <type>hvm</type>")
    allowed = tuple(OS_TYPES if os_types is None else os_types)
    if kind.type not in allowed:
        raise unsupported(document, f"has os type {kind.type!r}; possible are {', '.join(allowed)}")
    if kind.arch not in ARCHITECTURES:
        raise unsupported(document, f"has the architecture {kind.arch!r}, which nobody knows")


def resources(document: Domain) -> None:
    """Refuse impossible memory, vCPUs, threads, NUMA nodes and clocks."""
    memory = document.memory.size if document.memory is not None else None
    if not memory:
        raise wrong(document, "has no <memory>: give it a size")
    if document.max_memory is not None and (document.max_memory.size or 0) < memory:
        raise wrong(document, "has a <maxMemory> below its <memory>: raise it")
    _vcpus(document)
    pins = document.cpu_tune.vcpu_pins
    if pins and (repeated := first_repeated(pin.vcpu for pin in pins)):
        raise InternalError(f"domain {document.name!r} has two <vcpupin> for vCPU {repeated[0]}", domain=DOMAIN)
    threads = document.iothread_ids.iothreads if document.iothread_ids is not None else []
    if threads and (repeated := first_repeated(thread.id for thread in threads)):
        raise wrong(document, f"has two I/O threads {repeated[0]}: number them differently")
    cells = document.cpu.numa.cells if document.cpu.numa is not None else []
    if cells and (repeated := first_repeated(cell.id for cell in cells if cell.id is not None)):
        raise wrong(document, f"has two NUMA cells {repeated[0]}: number them differently")
    if document.clock.offset == "timezone" and not document.clock.timezone:
        raise InternalError(
            f"domain {document.name!r} has a clock with offset='timezone' and no timezone: name one", domain=DOMAIN
        )


def _vcpus(document: Domain) -> None:
    vcpu = document.vcpu
    if vcpu is None or vcpu.maximum is None:
        return
    if not vcpu.maximum:
        raise InternalError(f"domain {document.name!r} has 0 vCPUs: it needs at least 1", domain=DOMAIN)
    if vcpu.current is not None and vcpu.current > vcpu.maximum:
        raise unsupported(document, f"starts with {vcpu.current} vCPUs and can have {vcpu.maximum}: raise <vcpu>")


def first_repeated(values: Iterable[object]) -> tuple[object, ...]:
    """The first value that stood there before, alone in a tuple; empty if none did."""
    seen: set[object] = set()
    for value in values:
        if value in seen:
            return (value,)
        seen.add(value)
    return ()


def wrong(document: Domain, problem: str) -> XMLError:
    """The error of a definition that contradicts itself."""
    return XMLError(f"domain {document.name!r} {problem}", domain=DOMAIN)


def unsupported(document: Domain, problem: str) -> ConfigUnsupportedError:
    """The error of a definition that asks for what does not exist."""
    return ConfigUnsupportedError(f"domain {document.name!r} {problem}", domain=DOMAIN)
