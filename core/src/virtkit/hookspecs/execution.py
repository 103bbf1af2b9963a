"""Run programs in containers: virtkit's own program of the wire, for what libvirt's API lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from virtkit.refs import DomainRef


class ExecutionSpec(Spec[S]):
    """Programs that the container has not started itself."""

    error_domain = 17  # VIR_FROM_LXC

    @operation(acl="domain:open_namespace", since="", program="virtkit")
    def virtkit_domain_execute(
        self,
        conn: S,
        dom: DomainRef,
        command: Sequence[str],
        environment: Sequence[str],
        user: str | None,
        group: str | None,
        directory: str | None,
        flags: int,
        files: Sequence[int],
    ) -> int:
        """Start a program in a running container, under the container's limits and with no more than its privileges.

        Args:
            command: The program, which is looked for in the container, and its arguments.
            environment: `NAME=VALUE` each; what its init started with is the rest.
            user: Name or number of its user; None: root.
            group: Name or number of its group; None: that of the user.
            directory: The folder it starts in; None: the root.
            flags: `virtkit.execution.ExecuteFlags`.
            files: Its standard input, output and error: three open descriptors, which the caller closes after the call.
                They are no terminals, unless TERMINAL says that all are the same one. The program never gets a terminal
                of the host, but one of the container that is copied to and from it.

        Returns:
            A descriptor that belongs to the caller. Once the program has ended it brings its exit status as a decimal
            number (128 and the signal that ended it; 127: it is not there, 126: it cannot be run) and then ends.
            Closing it before ends the program, but not what that has started.

        Raises:
            OperationInvalidError: The container does not run, or is paused.
            InvalidArgError: The command is empty, a text is not as it has to be, or the descriptors are not.
            ConfigUnsupportedError: The container has no such user or group.
        """
        raise not_supported("virtkit_domain_execute")
