"""Enter containers. Hooks of libvirt's LXC program, for drivers whose guests share the host's kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from virtkit.refs import DomainRef


class LxcSpec(Spec[S]):
    """Namespaces of containers."""

    error_domain = 17  # VIR_FROM_LXC

    @operation(acl="domain:open_namespace", since="1.0.2", program="lxc")
    def lxc_domain_open_namespace(self, conn: S, dom: DomainRef, flags: int) -> list[int]:
        """Open the namespaces of a running container, so that the caller can enter them.

        Returns:
            One descriptor per namespace, of those the container has for itself; they belong to the caller.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("lxc_domain_open_namespace")
