"""The host as the driver sees it: what it is, what it offers, how it is doing."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.node import NodeSpec
from virtkit.params import ULLONG, TypedParams
from virtkit.records import NodeCpuMap, NodeInfo, SecurityModel
from virtkit.spec import quick
from virtkit_qemu import binary, capabilities, node
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU

MAX_VCPUS = 255
"""Of the machine types that every QEMU has."""

ALL = -1
"""Stands for all CPUs, or all cells."""


class HostPart(ConnectSpec["Session"], NodeSpec["Session"]):
    """The functions of the driver about connection and host."""

    @quick
    def connect_get_type(self, conn: Session) -> str:
        return "QEMU"

    def connect_get_version(self, conn: Session) -> int:
        emulator = binary.find(os.uname().machine)
        if emulator is None:
            package = binary.package(os.uname().machine)
            raise InternalError(f"no QEMU is installed: apt-get install {package}", domain=QEMU)
        major, minor, micro = conn.state.binaries.facts(emulator).version
        return major * 1_000_000 + minor * 1000 + micro

    @quick
    def connect_get_hostname(self, conn: Session) -> str:
        return socket.getfqdn() if not socket.getfqdn().startswith("localhost") else socket.gethostname()

    @quick
    def connect_is_secure(self, conn: Session) -> bool:
        return True

    def connect_get_max_vcpus(self, conn: Session, type: str | None) -> int:
        if type is not None and type.lower() not in ("qemu", "kvm"):
            raise InvalidArgError(f"this driver runs domains of type qemu and kvm, not {type!r}", domain=QEMU)
        return MAX_VCPUS

    def connect_get_capabilities(self, conn: Session) -> str:
        return capabilities.of_host(conn.state.binaries).format()

    def connect_get_domain_capabilities(
        self,
        conn: Session,
        emulatorbin: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        flags: int,
    ) -> str:
        refuse("connect_get_domain_capabilities", flags)
        asked = capabilities.Question(emulatorbin, arch, machine, virttype)
        return capabilities.of_domains(conn.state.binaries, asked).format()

    @quick
    def node_get_info(self, conn: Session) -> NodeInfo:
        return node.info()

    @quick
    def node_get_cpu_map(self, conn: Session, flags: int) -> NodeCpuMap:
        refuse("node_get_cpu_map", flags)
        return node.cpu_map()

    @quick
    def node_get_cpu_stats(self, conn: Session, cpu_num: int, flags: int) -> TypedParams:
        refuse("node_get_cpu_stats", flags)
        times = node.cpu_times(None if cpu_num == ALL else cpu_num)
        if times is None:
            raise InvalidArgError(
                f"the host has no CPU {cpu_num} online", domain=QEMU, str1="node_get_cpu_stats", str2="cpuNum"
            )
        return TypedParams.all_of(ULLONG, times)

    @quick
    def node_get_free_memory(self, conn: Session) -> int:
        return node.memory()["MemFree"] * 1024

    @quick
    def node_get_cells_free_memory(self, conn: Session, start_cell: int, maxcells: int) -> list[int]:
        free = {cell: node.cell_memory(cell)["MemFree"] * 1024 for cell in node.cells()}
        if start_cell not in free:
            raise InvalidArgError(f"the host has no NUMA cell {start_cell}; it has {sorted(free)}", domain=QEMU)
        return [free.get(cell, 0) for cell in range(start_cell, min(start_cell + maxcells, max(free) + 1))]

    @quick
    def node_get_memory_stats(self, conn: Session, cell_num: int, flags: int) -> TypedParams:
        refuse("node_get_memory_stats", flags)
        if cell_num != ALL and cell_num not in node.cells():
            raise InvalidArgError(
                f"the host has no NUMA cell {cell_num}", domain=QEMU, str1="node_get_memory_stats", str2="cellNum"
            )
        sizes = node.memory() if cell_num == ALL else node.cell_memory(cell_num)
        names = {"total": "MemTotal", "free": "MemFree", "buffers": "Buffers", "cached": "Cached"}
        return TypedParams.all_of(ULLONG, {name: sizes[field] for name, field in names.items() if field in sizes})

    @quick
    def node_get_security_model(self, conn: Session) -> SecurityModel:
        return SecurityModel("", "")
