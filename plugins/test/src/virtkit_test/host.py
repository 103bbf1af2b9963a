"""The simulated host: what the connection tells of itself and of the machine. The figures never change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.enums import ConnectBaselineCPUFlags, ErrorDomain
from virtkit.errors import InvalidArgError, NotSupportedError
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.node import NodeSpec
from virtkit.params import ULLONG, TypedParams
from virtkit.records import NodeCpuMap, NodeInfo, SecurityModel
from virtkit.spec import quick
from virtkit_test.cpus import MODELS, baseline
from virtkit_test.filters import refuse

if TYPE_CHECKING:
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

MAX_VCPUS = 32
HYPERVISOR_VERSION = 2
LIBRARY_VERSION = 9_000_000
"""The release of libvirt whose test driver this one follows."""

NODE = NodeInfo("i686", 3145728, 16, 1400, 2, 2, 2, 2)
CELLS = (2097152, 4194304)
"""Free memory of each NUMA cell."""

FREE_MEMORY = 3145728

CPU_MAP = NodeCpuMap(b"\x15", 3, 8)
CPU_STATS = {"user": 9797400000, "kernel": 34678723400000, "idle": 87264900000, "iowait": 763600000}
FEATURES = frozenset({9, 16})
"""Features by number: strings in typed parameters, the order of the arguments of `network_update`."""


class HostPart(ConnectSpec["TestState"], NodeSpec["TestState"]):
    """The functions of the driver about connection and host."""

    @quick
    def connect_get_type(self, conn: TestState) -> str:
        return "TEST"

    @quick
    def connect_get_version(self, conn: TestState) -> int:
        return HYPERVISOR_VERSION

    @quick
    def connect_get_lib_version(self, conn: TestState) -> int:
        return LIBRARY_VERSION

    @quick
    def connect_get_hostname(self, conn: TestState) -> str:
        import socket

        return socket.gethostname()

    @quick
    def connect_is_secure(self, conn: TestState) -> bool:
        return True

    @quick
    def connect_supports_feature(self, conn: TestState, feature: int) -> bool:
        return feature in FEATURES

    @quick
    def connect_get_max_vcpus(self, conn: TestState, type: str | None) -> int:
        return MAX_VCPUS

    @quick
    def connect_get_capabilities(self, conn: TestState) -> str:
        return conn.capabilities

    @quick
    def connect_get_sysinfo(self, conn: TestState, flags: int) -> str:
        refuse("connect_get_sysinfo", flags)
        return conn.sysinfo

    @quick
    def connect_get_cpu_model_names(self, conn: TestState, arch: str, flags: int) -> list[str]:
        from virtkit.xml.capabilities import ARCHITECTURES

        refuse("connect_get_cpu_model_names", flags)
        if arch not in ARCHITECTURES:
            raise InvalidArgError(f"there is no architecture {arch!r}", domain=TEST)
        if arch not in MODELS:
            raise NotSupportedError(
                f"no CPU models are known for {arch!r}; known architectures: {', '.join(MODELS)}",
                domain=ErrorDomain.CPU,
            )
        return list(MODELS[arch])

    @quick
    def connect_baseline_cpu(self, conn: TestState, xml_cpus: Sequence[str], flags: int) -> str:
        refuse("connect_baseline_cpu", flags & ~ConnectBaselineCPUFlags.EXPAND_FEATURES)
        return baseline(xml_cpus, expand=bool(flags & ConnectBaselineCPUFlags.EXPAND_FEATURES))

    @quick
    def node_get_info(self, conn: TestState) -> NodeInfo:
        return conn.node

    @quick
    def node_get_cpu_map(self, conn: TestState, flags: int) -> NodeCpuMap:
        refuse("node_get_cpu_map", flags)
        return CPU_MAP

    @quick
    def node_get_cpu_stats(self, conn: TestState, cpu_num: int, flags: int) -> TypedParams:
        refuse("node_get_cpu_stats", flags)
        return TypedParams.all_of(ULLONG, CPU_STATS)

    @quick
    def node_get_free_memory(self, conn: TestState) -> int:
        return FREE_MEMORY

    @quick
    def node_get_cells_free_memory(self, conn: TestState, start_cell: int, maxcells: int) -> list[int]:
        if not 0 <= start_cell < len(CELLS):
            raise InvalidArgError(f"the host has NUMA cells 0 to {len(CELLS) - 1}, not {start_cell}", domain=TEST)
        return list(CELLS[start_cell : start_cell + maxcells])

    @quick
    def node_get_free_pages(
        self, conn: TestState, pages: Sequence[int], start_cell: int, cell_count: int, flags: int
    ) -> list[int]:
        refuse("node_get_free_pages", flags)
        counts, count = [], 6
        for _ in range(len(pages) * cell_count):
            count = 2 * count + 7  # the sequence libvirt's simulator answers, whatever the sizes
            counts.append(count)
        return counts

    @quick
    def node_get_security_model(self, conn: TestState) -> SecurityModel:
        return SecurityModel("testSecurity", "")
