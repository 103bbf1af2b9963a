"""TODO-DOC module lxc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from virtkit.refs import DomainRef


class LxcSpec(Spec[S]):
    """TODO-DOC class lxc."""

    error_domain = 17  # VIR_FROM_LXC

    @operation(acl="domain:open_namespace", since="1.0.2", program="lxc")
    def lxc_domain_open_namespace(self, conn: S, dom: DomainRef, flags: int) -> list[int]:
        """TODO-DOC virDomainLxcOpenNamespace."""
        raise not_supported("lxc_domain_open_namespace")
