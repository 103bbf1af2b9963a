"""Defaults of a domain itself: identity, memory, vCPUs, boot, CPU, clock, reactions."""

from __future__ import annotations

import os

from virtkit.xml.domain import Domain
from virtkit.xml.domain.boot import OsType
from virtkit.xml.domain.cpu import Cpu
from virtkit.xml.domain.tune import IoThread, VcpuCount


def machine(document: Domain, arch: str) -> None:
    """Fill in UUID, guest interface and architecture, and what to boot."""
    document.uuid = document.uuid or os.urandom(16)
    if document.os.type is None and document.bootloader:
        document.os.type = OsType(type="xen")
    kind = document.os.type
    if kind is None:
        return
    kind.arch = kind.arch or arch
    if kind.type == "hvm" and not document.os.boot and not _boots_by_order(document):
        document.os.boot = ["hd"]


def _boots_by_order(document: Domain) -> bool:
    devices = document.devices
    bootable = (devices.disks, devices.interfaces, devices.hostdevs, devices.redirdevs, devices.filesystems)
    return any(device.boot is not None for group in bootable for device in group)


def resources(document: Domain) -> None:
    """Fill in memory, vCPUs, threads, CPU, clock, reactions and security labels."""
    _memory(document)
    _vcpus(document)
    _iothreads(document)
    _cpu(document.cpu)
    if document.numa_tune.memory is not None:
        document.numa_tune.memory.mode = document.numa_tune.memory.mode or "strict"
    document.cpu_tune.vcpu_pins.sort(key=lambda pin: pin.vcpu or 0)
    if document.features.hyperv is not None:
        document.features.hyperv.mode = document.features.hyperv.mode or "custom"
    _clock(document)
    document.on_poweroff = document.on_poweroff or "destroy"
    document.on_reboot = document.on_reboot or "restart"
    document.on_crash = document.on_crash or "destroy"
    for label in document.seclabels:
        label.type = label.type or "dynamic"
        if label.relabel is None and label.type != "none":
            label.relabel = label.type == "dynamic"


def _memory(document: Domain) -> None:
    if document.memory is None:
        return
    total = document.memory.size or 0
    if not document.current_memory or document.current_memory > total:
        document.current_memory = total


def _vcpus(document: Domain) -> None:
    document.vcpu = document.vcpu or VcpuCount()
    vcpu = document.vcpu
    vcpu.placement = vcpu.placement or "static"
    vcpu.maximum = 1 if vcpu.maximum is None else vcpu.maximum
    if document.vcpus is not None and vcpu.current is None:
        vcpu.current = sum(bool(one.enabled) for one in document.vcpus.vcpus)
    if vcpu.current == vcpu.maximum:
        vcpu.current = None


def _iothreads(document: Domain) -> None:
    """Number the threads that the definition counts but does not list."""
    if document.iothread_ids is None:
        return
    listed = document.iothread_ids.iothreads
    taken = {thread.id for thread in listed}
    free = (number for number in range(1, len(taken) + (document.iothreads or 0) + 1) if number not in taken)
    while len(listed) < (document.iothreads or 0):
        listed.append(IoThread(id=next(free)))
    document.iothreads = len(listed) or None


def _cpu(cpu: Cpu) -> None:
    if cpu.topology is not None:
        cpu.topology.dies = cpu.topology.dies or 1
    if cpu.model is not None and cpu.mode in (None, "custom"):
        cpu.mode, cpu.match = "custom", cpu.match or "exact"
        cpu.model.fallback = cpu.model.fallback or "allow"
    for feature in cpu.features:
        feature.policy = feature.policy or "require"
    if cpu.numa is not None:
        for number, cell in enumerate(cpu.numa.cells):
            cell.id = number if cell.id is None else cell.id


def _clock(document: Domain) -> None:
    clock = document.clock
    clock.offset = clock.offset or "utc"
    if clock.offset == "variable":
        clock.adjustment = clock.adjustment or "0"
        clock.basis = clock.basis or "utc"
