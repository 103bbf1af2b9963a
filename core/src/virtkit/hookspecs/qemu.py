"""Reach past the API into QEMU. Hooks of libvirt's QEMU program, for drivers that run QEMU.

What is done here the driver neither checks nor understands: it may break what the driver believes of the guest. They
are for debugging and for what the API lacks; a domain on which one was used counts as tainted (`domain_get_messages`).
QEMU's own events are subscribed at the driver's event hub, not through a hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef


class QemuSpec(Spec[S]):
    """Commands to QEMU's monitor and guest agent, and adoption of foreign processes."""

    error_domain = 0  # VIR_FROM_NONE: what libvirt answers where there is no such function

    @operation(acl="domain:write", since="0.8.3", program="qemu")
    def qemu_domain_monitor_command(self, conn: S, dom: DomainRef, cmd: str, flags: int) -> str:
        """Send a command to a running domain's QEMU. Derived from `qemu_domain_monitor_command_with_files`.

        Args:
            cmd: QMP as JSON text, or with HMP a line for the human monitor. A QMP command without `id` gets one.
            flags: `virtkit.enums.DomainQemuMonitorCommandFlags`: HMP.

        Returns:
            The answer: the whole JSON object, be it `return` or `error`, or the monitor's text.

        Raises:
            OperationInvalidError: The domain does not run.
            InternalError: `cmd` is no JSON: libvirt's code for it.
            OperationTimeoutError: Another job holds the domain.
        """
        raise not_supported("qemu_domain_monitor_command")

    @operation(acl="domain:write", since="8.2.0", program="qemu")
    def qemu_domain_monitor_command_with_files(
        self, conn: S, dom: DomainRef, cmd: str, flags: int, files: Sequence[int]
    ) -> tuple[str, list[int]]:
        """Send a command to a running domain's QEMU, with descriptors, and take back those it sends.

        Args:
            cmd: As in `qemu_domain_monitor_command`.
            flags: `virtkit.enums.DomainQemuMonitorCommandFlags`: HMP.
            files: Descriptors to send along. The caller closes them after the call.

        Returns:
            The answer, and the descriptors that came with it, which belong to the caller.

        Raises:
            OperationInvalidError: The domain does not run.
            InternalError: `cmd` is no JSON: libvirt's code for it.
            InvalidArgError: Descriptors with HMP, which cannot take them.
        """
        raise not_supported("qemu_domain_monitor_command_with_files")

    @operation(acl="domain:start domain:write", since="0.9.4", program="qemu")
    def qemu_domain_attach(self, conn: S, pid_value: int, flags: int) -> DomainRef:
        """Adopt a QEMU process that was started by other means as a transient domain.

        Args:
            pid_value: Its process id. It must have a monitor socket that can be reached.

        Raises:
            OperationUnsupportedError: The driver does not adopt processes.
            OperationFailedError: A domain of its name or UUID exists.
            InternalError: There is no such process, or no reachable monitor.
        """
        raise not_supported("qemu_domain_attach")

    @operation(acl="domain:write", since="0.10.0", program="qemu")
    def qemu_domain_agent_command(self, conn: S, dom: DomainRef, cmd: str, timeout: int, flags: int) -> str | None:
        """Send a command to the guest agent of a running domain.

        Args:
            cmd: The command as JSON text.
            timeout: Seconds, or of `virtkit.enums.DomainQemuAgentCommandTimeoutValues`: BLOCK waits for ever, DEFAULT
                is the driver's choice, NOWAIT does not wait.

        Returns:
            The answer as JSON text; None if none was waited for.

        Raises:
            OperationInvalidError: The domain does not run.
            ArgumentUnsupportedError: It has no channel for an agent.
            AgentUnresponsiveError: Nobody answered in time.
            InvalidArgError: A timeout below BLOCK.
        """
        raise not_supported("qemu_domain_agent_command")
