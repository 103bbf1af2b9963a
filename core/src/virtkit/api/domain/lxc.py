"""What only containers can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.records import SecurityLabel, SecurityModel
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from virtkit.execution import Execution


class DomainLxc(NamedUUIDHandle[DomainRef]):
    """Containers. How a process enters one is in `virtkit.entering`."""

    __slots__ = ()

    def lxc_open_namespace(self, flags: int = 0) -> list[int]:
        """Descriptors of the container's namespaces, for `lxc_enter_namespace`; the caller closes them."""
        return self.connection.ops["lxc_domain_open_namespace"](self.ref, flags)

    def execute(
        self,
        command: Sequence[str],
        files: Sequence[int],
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        group: str | None = None,
        directory: str | None = None,
        flags: int = 0,
    ) -> Execution:
        """Start a program in a running container, with the container's limits and privileges.

        Args:
            command: The program, which is looked for in the container, and its arguments.
            files: Its standard input, output and error; they may be closed after the call.
            environment: Variables beside those that init has.
            user: Name or number of its user; None: root.
            group: Name or number of its group; None: that of the user.
            directory: The folder it starts in; None: the root.
            flags: `virtkit.execution.ExecuteFlags`. With TERMINAL `files` are one terminal, else none is a terminal.

        Raises:
            OperationInvalidError: The container does not run, or is paused.
            InvalidArgError: The command is empty, or a descriptor is not as it has to be.
            ConfigUnsupportedError: The container has no such user or group.
            NotSupportedError: The driver or the daemon cannot run programs in guests.
            VirtError: The connection to the daemon cannot carry descriptors; only a unix socket can.
        """
        from virtkit.execution import Execution

        pairs = [f"{name}={value}" for name, value in (environment or {}).items()]
        descriptor = self.connection.ops["virtkit_domain_execute"](
            self.ref, command, pairs, user, group, directory, flags, files
        )
        return Execution(descriptor, f"domain {self.name!r}: {' '.join(command)}")

    def lxc_enter_namespace(self, files: Sequence[int], flags: int = 0) -> list[int]:
        """Enter namespaces with the calling process, which has one thread; returns descriptors of those it leaves.

        Its children are in the namespace of processes, not itself. The driver is not asked.
        """
        from virtkit.entering import enter_namespaces

        self._refuse(flags)
        return enter_namespaces(files)

    def lxc_enter_security_label(self, model: SecurityModel, label: SecurityLabel, flags: int = 0) -> SecurityLabel:
        """Take on a security label with the calling process; returns the one until now. The driver is not asked."""
        from virtkit.entering import enter_security_label

        self._refuse(flags)
        return enter_security_label(model, label)

    def lxc_enter_cgroup(self, files: Sequence[int], flags: int = 0) -> None:
        """Enter the control groups of the container whose namespaces are open as `files`; the driver is not asked.

        Namespaces are entered afterwards, since the groups are no longer in sight then.
        """
        from virtkit.entering import enter_cgroups

        self._refuse(flags)
        enter_cgroups(files)

    def _refuse(self, flags: int) -> None:
        if flags:
            raise InvalidArgError(
                f"domain {self.name!r}: there are no flags for entering: pass 0, not {flags:#x}", domain=ErrorDomain.LXC
            )
