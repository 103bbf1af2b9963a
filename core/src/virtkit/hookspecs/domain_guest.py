"""TODO-DOC module domain_guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.params import TypedParams
    from virtkit.records import DomainInterface, FilesystemInfo, GuestTime
    from virtkit.refs import DomainRef


class DomainGuestSpec(Spec[S]):
    """TODO-DOC class domain_guest."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @operation(acl="domain:write", since="0.10.0")
    def domain_get_hostname(self, conn: S, dom: DomainRef, flags: int) -> str:
        """TODO-DOC virDomainGetHostname."""
        raise not_supported("domain_get_hostname")

    @operation(acl="domain:fs_trim", since="1.0.1")
    def domain_fstrim(self, conn: S, dom: DomainRef, mount_point: str | None, minimum: int, flags: int) -> None:
        """TODO-DOC virDomainFSTrim."""
        raise not_supported("domain_fstrim")

    @operation(acl="domain:send_signal", since="1.0.1")
    def domain_send_process_signal(self, conn: S, dom: DomainRef, pid_value: int, signum: int, flags: int) -> None:
        """TODO-DOC virDomainSendProcessSignal."""
        raise not_supported("domain_send_process_signal")

    @operation(acl="domain:fs_freeze", since="1.2.5")
    def domain_fsfreeze(self, conn: S, dom: DomainRef, mountpoints: Sequence[str], flags: int) -> int:
        """TODO-DOC virDomainFSFreeze."""
        raise not_supported("domain_fsfreeze")

    @operation(acl="domain:fs_freeze", since="1.2.5")
    def domain_fsthaw(self, conn: S, dom: DomainRef, mountpoints: Sequence[str], flags: int) -> int:
        """TODO-DOC virDomainFSThaw."""
        raise not_supported("domain_fsthaw")

    @operation(acl="domain:write", since="1.2.5")
    def domain_get_time(self, conn: S, dom: DomainRef, flags: int) -> GuestTime:
        """TODO-DOC virDomainGetTime."""
        raise not_supported("domain_get_time")

    @operation(acl="domain:set_time", since="1.2.5")
    def domain_set_time(self, conn: S, dom: DomainRef, seconds: int, nseconds: int, flags: int) -> None:
        """TODO-DOC virDomainSetTime."""
        raise not_supported("domain_set_time")

    @operation(acl="domain:fs_freeze", since="1.2.11")
    def domain_get_fsinfo(self, conn: S, dom: DomainRef, flags: int) -> list[FilesystemInfo]:
        """TODO-DOC virDomainGetFSInfo."""
        raise not_supported("domain_get_fsinfo")

    @operation(
        acl=("domain:read", "domain:write:?source=VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT"),
        readonly=True,
        refused_flags="VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT",
        since="1.2.14",
    )
    def domain_interface_addresses(self, conn: S, dom: DomainRef, source: int, flags: int) -> list[DomainInterface]:
        """TODO-DOC virDomainInterfaceAddresses."""
        raise not_supported("domain_interface_addresses")

    @operation(acl="domain:set_password", since="1.2.16")
    def domain_set_user_password(
        self, conn: S, dom: DomainRef, user: str | None, password: str | None, flags: int
    ) -> None:
        """TODO-DOC virDomainSetUserPassword."""
        raise not_supported("domain_set_user_password")

    @operation(acl="domain:write", since="2.0.0")
    def domain_get_guest_vcpus(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetGuestVcpus."""
        raise not_supported("domain_get_guest_vcpus")

    @operation(acl="domain:write", since="2.0.0")
    def domain_set_guest_vcpus(self, conn: S, dom: DomainRef, cpumap: str, state: bool, flags: int) -> None:
        """TODO-DOC virDomainSetGuestVcpus."""
        raise not_supported("domain_set_guest_vcpus")

    @operation(acl="domain:write", since="5.7.0")
    def domain_get_guest_info(self, conn: S, dom: DomainRef, types: int, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetGuestInfo."""
        raise not_supported("domain_get_guest_info")

    @operation(acl="domain:write", since="5.10.0")
    def domain_agent_set_response_timeout(self, conn: S, dom: DomainRef, timeout: int, flags: int) -> None:
        """TODO-DOC virDomainAgentSetResponseTimeout."""
        raise not_supported("domain_agent_set_response_timeout")

    @operation(acl="domain:write", since="6.10.0")
    def domain_authorized_ssh_keys_get(self, conn: S, dom: DomainRef, user: str, flags: int) -> list[str]:
        """TODO-DOC virDomainAuthorizedSSHKeysGet."""
        raise not_supported("domain_authorized_ssh_keys_get")

    @operation(acl="domain:write", since="6.10.0")
    def domain_authorized_ssh_keys_set(
        self, conn: S, dom: DomainRef, user: str, keys: Sequence[str], flags: int
    ) -> None:
        """TODO-DOC virDomainAuthorizedSSHKeysSet."""
        raise not_supported("domain_authorized_ssh_keys_set")
