"""What only containers can."""

from __future__ import annotations

from collections.abc import Sequence

from virtkit.api.handle import NamedUUIDHandle
from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.records import SecurityLabel, SecurityModel
from virtkit.refs import DomainRef


class DomainLxc(NamedUUIDHandle[DomainRef]):
    """Containers. How a process enters one is in `virtkit.entering`."""

    __slots__ = ()

    def lxc_open_namespace(self, flags: int = 0) -> list[int]:
        """Descriptors of the container's namespaces, for `lxc_enter_namespace`; the caller closes them."""
        return self.connection.ops["lxc_domain_open_namespace"](self.ref, flags)

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
