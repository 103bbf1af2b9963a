"""TODO-DOC module connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, description, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.enums import CPUCompareResult


class ConnectSpec(Spec[S]):
    """TODO-DOC class connect."""

    error_domain = 0  # VIR_FROM_NONE

    @description(acl="connect:read", readonly=True, since="0.2.1")
    def connect_get_capabilities(self, conn: S) -> str:
        """TODO-DOC virConnectGetCapabilities."""
        raise not_supported("connect_get_capabilities")

    @description(acl="connect:read", readonly=True, since="0.7.5", may_block=False)
    def connect_compare_cpu(self, conn: S, xml: str, flags: int) -> CPUCompareResult:
        """TODO-DOC virConnectCompareCPU."""
        raise not_supported("connect_compare_cpu")

    @description(acl="connect:read", readonly=True, since="0.7.7")
    def connect_baseline_cpu(self, conn: S, xml_cp_us: Sequence[str], flags: int) -> str:
        """TODO-DOC virConnectBaselineCPU."""
        raise not_supported("connect_baseline_cpu")

    @description(acl="connect:read", readonly=True, since="0.8.8", may_block=False)
    def connect_get_sysinfo(self, conn: S, flags: int) -> str:
        """TODO-DOC virConnectGetSysinfo."""
        raise not_supported("connect_get_sysinfo")

    @description(acl="connect:write", since="1.2.7")
    def connect_get_domain_capabilities(
        self, conn: S, emulatorbin: str | None, arch: str | None, machine: str | None, virttype: str | None, flags: int
    ) -> str:
        """TODO-DOC virConnectGetDomainCapabilities."""
        raise not_supported("connect_get_domain_capabilities")

    @description(acl="connect:write", since="4.4.0")
    def connect_compare_hypervisor_cpu(
        self,
        conn: S,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpu: str,
        flags: int,
    ) -> CPUCompareResult:
        """TODO-DOC virConnectCompareHypervisorCPU."""
        raise not_supported("connect_compare_hypervisor_cpu")

    @description(acl="connect:write", since="4.4.0")
    def connect_baseline_hypervisor_cpu(
        self,
        conn: S,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cp_us: Sequence[str],
        flags: int,
    ) -> str:
        """TODO-DOC virConnectBaselineHypervisorCPU."""
        raise not_supported("connect_baseline_hypervisor_cpu")

    @accessor(acl="connect:getattr", readonly=True, since="0.0.3", may_block=False)
    def connect_get_type(self, conn: S) -> str:
        """TODO-DOC virConnectGetType."""
        raise not_supported("connect_get_type")

    @accessor(acl="connect:getattr", readonly=True, since="0.0.3", may_block=False)
    def connect_get_version(self, conn: S) -> int:
        """TODO-DOC virConnectGetVersion."""
        raise not_supported("connect_get_version")

    @accessor(acl="connect:read", readonly=True, since="0.2.1", may_block=False)
    def connect_get_max_vcpus(self, conn: S, type: str | None) -> int:
        """TODO-DOC virConnectGetMaxVcpus."""
        raise not_supported("connect_get_max_vcpus")

    @accessor(acl="connect:getattr", readonly=True, since="0.3.2", may_block=False)
    def connect_supports_feature(self, conn: S, feature: int) -> bool:
        """TODO-DOC virConnectSupportsFeature."""
        raise not_supported("connect_supports_feature")

    @accessor(readonly=True, since="0.7.3", may_block=False)
    def connect_is_secure(self, conn: S) -> bool:
        """TODO-DOC virConnectIsEncrypted."""
        raise not_supported("connect_is_secure")

    @accessor(acl="connect:getattr", readonly=True, since="0.7.3", may_block=False)
    def connect_get_lib_version(self, conn: S) -> int:
        """TODO-DOC virConnectGetLibVersion."""
        raise not_supported("connect_get_lib_version")

    @accessor(acl="connect:read", readonly=True, since="1.1.3")
    def connect_get_cpu_model_names(self, conn: S, arch: str, flags: int) -> list[str]:
        """TODO-DOC virConnectGetCPUModelNames."""
        raise not_supported("connect_get_cpu_model_names")

    @operation(acl="connect:getattr", readonly=True, since="0.3.0", may_block=False)
    def connect_get_hostname(self, conn: S) -> str:
        """TODO-DOC virConnectGetHostname."""
        raise not_supported("connect_get_hostname")
