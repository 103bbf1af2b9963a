"""TODO-DOC module qemu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef


class QemuSpec(Spec[S]):
    """TODO-DOC class qemu."""

    error_domain = 10  # VIR_FROM_QEMU

    @operation(acl="domain:write", since="0.8.3", program="qemu")
    def qemu_domain_monitor_command(self, conn: S, dom: DomainRef, cmd: str, flags: int) -> str:
        """TODO-DOC virDomainQemuMonitorCommand."""
        raise not_supported("qemu_domain_monitor_command")

    @operation(acl="domain:start domain:write", since="0.9.4", program="qemu")
    def qemu_domain_attach(self, conn: S, pid_value: int, flags: int) -> DomainRef:
        """TODO-DOC virDomainQemuAttach."""
        raise not_supported("qemu_domain_attach")

    @operation(acl="domain:write", since="0.10.0", program="qemu")
    def qemu_domain_agent_command(self, conn: S, dom: DomainRef, cmd: str, timeout: int, flags: int) -> str | None:
        """TODO-DOC virDomainQemuAgentCommand."""
        raise not_supported("qemu_domain_agent_command")

    @operation(acl="domain:write", since="8.2.0", program="qemu")
    def qemu_domain_monitor_command_with_files(
        self, conn: S, dom: DomainRef, cmd: str, flags: int, files: Sequence[int]
    ) -> tuple[str, list[int]]:
        """TODO-DOC virDomainQemuMonitorCommandWithFiles."""
        raise not_supported("qemu_domain_monitor_command_with_files")
