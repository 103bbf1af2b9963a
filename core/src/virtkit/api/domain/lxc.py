"""What only containers can."""

from __future__ import annotations

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef


class DomainLxc(NamedUUIDHandle[DomainRef]):
    """Containers."""

    __slots__ = ()

    def lxc_open_namespace(self, flags: int = 0) -> list[int]:
        """Descriptors of the container's namespaces, for `setns`; the caller closes them."""
        return self.connection.ops["lxc_domain_open_namespace"](self.ref, flags)
