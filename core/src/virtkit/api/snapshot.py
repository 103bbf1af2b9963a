"""Snapshots of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedHandle, NamedUUIDHandle
from virtkit.refs import DomainRef, SnapshotRef

if TYPE_CHECKING:
    from virtkit.api.domain import Domain


class DomainSnapshots(NamedUUIDHandle[DomainRef]):
    """What a domain does with its snapshots.

    Flags of lists and counts are `virtkit.enums.DomainSnapshotListFlags`; 0 is all, of a whole tree.
    """

    __slots__ = ()

    def create_snapshot(self, xml: str, flags: int = 0) -> DomainSnapshot:
        """Take a snapshot as a `<domainsnapshot>` says; `virtkit.enums.DomainSnapshotCreateFlags`."""
        conn = self.connection
        return DomainSnapshot(conn, conn.ops["domain_snapshot_create_xml"](self.ref, xml, flags))

    def list_snapshots(self, flags: int = 0) -> list[DomainSnapshot]:
        """Its snapshots."""
        conn = self.connection
        return [DomainSnapshot(conn, ref) for ref in conn.ops["domain_list_all_snapshots"](self.ref, flags)]

    def list_snapshot_names(self, flags: int = 0) -> list[str]:
        """Names of its snapshots."""
        return self.connection.ops["domain_snapshot_list_names"](self.ref, flags)

    def num_of_snapshots(self, flags: int = 0) -> int:
        """How many snapshots it has."""
        return self.connection.ops["domain_snapshot_num"](self.ref, flags)

    def lookup_snapshot_by_name(self, name: str, flags: int = 0) -> DomainSnapshot:
        """Its snapshot of a name.

        Raises:
            NoDomainSnapshotError: There is none.
        """
        conn = self.connection
        return DomainSnapshot(conn, conn.ops["domain_snapshot_lookup_by_name"](self.ref, name, flags))

    def has_current_snapshot(self, flags: int = 0) -> bool:
        """Whether `current_snapshot` has an answer."""
        return self.connection.ops["domain_has_current_snapshot"](self.ref, flags)

    def current_snapshot(self, flags: int = 0) -> DomainSnapshot:
        """The snapshot last taken or reverted to.

        Raises:
            NoDomainSnapshotError: There is none.
        """
        return DomainSnapshot(self.connection, self.connection.ops["domain_snapshot_current"](self.ref, flags))


class DomainSnapshot(NamedHandle[SnapshotRef]):
    """A snapshot of a domain."""

    __slots__ = ()

    @property
    def domain(self) -> Domain:
        """The domain it was taken of."""
        from virtkit.api.domain import Domain

        return Domain(self.connection, self.ref.dom)

    @property
    def identity(self) -> tuple[bytes, str]:
        """The domain's UUID and the name."""
        return self.ref.dom.uuid, self.ref.name

    def xml_desc(self, flags: int = 0) -> str:
        """The description; `virtkit.enums.DomainSnapshotXMLFlags`."""
        return self.connection.ops["domain_snapshot_get_xml_desc"](self.ref, flags)

    def parent(self, flags: int = 0) -> DomainSnapshot:
        """The snapshot it followed.

        Raises:
            NoDomainSnapshotError: It is a root.
        """
        return DomainSnapshot(self.connection, self.connection.ops["domain_snapshot_get_parent"](self.ref, flags))

    def list_children(self, flags: int = 0) -> list[DomainSnapshot]:
        """The snapshots that followed it, with DESCENDANTS all below; flags as for a domain's list."""
        conn = self.connection
        return [DomainSnapshot(conn, ref) for ref in conn.ops["domain_snapshot_list_all_children"](self.ref, flags)]

    def list_children_names(self, flags: int = 0) -> list[str]:
        """Names of `list_children`."""
        return self.connection.ops["domain_snapshot_list_children_names"](self.ref, flags)

    def num_of_children(self, flags: int = 0) -> int:
        """How many `list_children` has."""
        return self.connection.ops["domain_snapshot_num_children"](self.ref, flags)

    def is_current(self, flags: int = 0) -> bool:
        """Whether it is the one last taken or reverted to."""
        return self.connection.ops["domain_snapshot_is_current"](self.ref, flags)

    def has_metadata(self, flags: int = 0) -> bool:
        """Whether the driver keeps data about it which would be lost with the domain's definition."""
        return self.connection.ops["domain_snapshot_has_metadata"](self.ref, flags)

    def revert(self, flags: int = 0) -> None:
        """Take the domain back to it; `virtkit.enums.DomainSnapshotRevertFlags`.

        Raises:
            SnapshotRevertRiskyError: The running guest would be replaced and FORCE was not given.
        """
        self.connection.ops["domain_revert_to_snapshot"](self.ref, flags)

    def delete(self, flags: int = 0) -> None:
        """Remove it and keep its data within its children; `virtkit.enums.DomainSnapshotDeleteFlags`."""
        self.connection.ops["domain_snapshot_delete"](self.ref, flags)
