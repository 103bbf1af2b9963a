"""What only QEMU's domains can: its monitor and its guest agent, spoken to directly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Sequence


class DomainQemu(NamedUUIDHandle[DomainRef]):
    """QEMU's monitor and guest agent. What is changed behind the driver's back may confuse it."""

    __slots__ = ()

    def qemu_monitor_command(self, cmd: str, flags: int = 0) -> str:
        """Send a command to QEMU's monitor and return its answer; `virtkit.enums.DomainQemuMonitorCommandFlags`."""
        return self.connection.ops["qemu_domain_monitor_command"](self.ref, cmd, flags)

    def qemu_monitor_command_with_files(
        self, cmd: str, files: Sequence[int] = (), flags: int = 0
    ) -> tuple[str, list[int]]:
        """As `qemu_monitor_command`, with descriptors both ways; the caller closes those returned."""
        return self.connection.ops["qemu_domain_monitor_command_with_files"](self.ref, cmd, flags, files)

    def qemu_agent_command(self, cmd: str, timeout: int, flags: int = 0) -> str | None:
        """Send a command, as JSON, to the guest agent and return its answer.

        `timeout` in seconds, or a `virtkit.enums.DomainQemuAgentCommandTimeoutValues`; None where it does not wait.
        """
        return self.connection.ops["qemu_domain_agent_command"](self.ref, cmd, timeout, flags)
