"""TODO-DOC module domain_snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    description,
    destruction,
    enumeration,
    lifecycle,
    lookup,
    not_supported,
)

if TYPE_CHECKING:
    from virtkit.refs import DomainRef, SnapshotRef


class DomainSnapshotSpec(Spec[S]):
    """TODO-DOC class domain_snapshot."""

    error_domain = 35  # VIR_FROM_DOMAIN_SNAPSHOT

    @lookup(acl="domain:read", readonly=True, since="0.8.0", may_block=False)
    def domain_snapshot_lookup_by_name(self, conn: S, dom: DomainRef, name: str, flags: int) -> SnapshotRef:
        """TODO-DOC virDomainSnapshotLookupByName."""
        raise not_supported("domain_snapshot_lookup_by_name")

    @enumeration(acl="domain:read", readonly=True, since="0.8.0", may_block=False)
    def domain_snapshot_num(self, conn: S, dom: DomainRef, flags: int) -> int:
        """TODO-DOC virDomainSnapshotNum."""
        raise not_supported("domain_snapshot_num")

    @enumeration(acl="domain:read", readonly=True, since="0.8.0", may_block=False)
    def domain_snapshot_list_names(self, conn: S, dom: DomainRef, flags: int) -> list[str]:
        """TODO-DOC virDomainSnapshotListNames."""
        raise not_supported("domain_snapshot_list_names")

    @enumeration(acl="domain:read", readonly=True, since="0.9.7", may_block=False)
    def domain_snapshot_num_children(self, conn: S, snap: SnapshotRef, flags: int) -> int:
        """TODO-DOC virDomainSnapshotNumChildren."""
        raise not_supported("domain_snapshot_num_children")

    @enumeration(acl="domain:read", readonly=True, since="0.9.7", may_block=False)
    def domain_snapshot_list_children_names(self, conn: S, snap: SnapshotRef, flags: int) -> list[str]:
        """TODO-DOC virDomainSnapshotListChildrenNames."""
        raise not_supported("domain_snapshot_list_children_names")

    @enumeration(acl="domain:read", readonly=True, since="0.9.13", may_block=False)
    def domain_list_all_snapshots(self, conn: S, dom: DomainRef, flags: int) -> list[SnapshotRef]:
        """TODO-DOC virDomainListAllSnapshots."""
        raise not_supported("domain_list_all_snapshots")

    @enumeration(acl="domain:read", readonly=True, since="0.9.13", may_block=False)
    def domain_snapshot_list_all_children(self, conn: S, snapshot: SnapshotRef, flags: int) -> list[SnapshotRef]:
        """TODO-DOC virDomainSnapshotListAllChildren."""
        raise not_supported("domain_snapshot_list_all_children")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_SNAPSHOT_XML_SECURE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_SNAPSHOT_XML_SECURE",
        since="0.8.0",
        may_block=False,
    )
    def domain_snapshot_get_xml_desc(self, conn: S, snap: SnapshotRef, flags: int) -> str:
        """TODO-DOC virDomainSnapshotGetXMLDesc."""
        raise not_supported("domain_snapshot_get_xml_desc")

    @accessor(acl="domain:read", readonly=True, since="0.8.0")
    def domain_has_current_snapshot(self, conn: S, dom: DomainRef, flags: int) -> bool:
        """TODO-DOC virDomainHasCurrentSnapshot."""
        raise not_supported("domain_has_current_snapshot")

    @accessor(acl="domain:read", readonly=True, since="0.8.0")
    def domain_snapshot_current(self, conn: S, dom: DomainRef, flags: int) -> SnapshotRef:
        """TODO-DOC virDomainSnapshotCurrent."""
        raise not_supported("domain_snapshot_current")

    @accessor(acl="domain:read", readonly=True, since="0.9.7", may_block=False)
    def domain_snapshot_get_parent(self, conn: S, snap: SnapshotRef, flags: int) -> SnapshotRef:
        """TODO-DOC virDomainSnapshotGetParent."""
        raise not_supported("domain_snapshot_get_parent")

    @accessor(acl="domain:read", readonly=True, since="0.9.13")
    def domain_snapshot_is_current(self, conn: S, snap: SnapshotRef, flags: int) -> bool:
        """TODO-DOC virDomainSnapshotIsCurrent."""
        raise not_supported("domain_snapshot_is_current")

    @accessor(acl="domain:read", readonly=True, since="0.9.13")
    def domain_snapshot_has_metadata(self, conn: S, snap: SnapshotRef, flags: int) -> bool:
        """TODO-DOC virDomainSnapshotHasMetadata."""
        raise not_supported("domain_snapshot_has_metadata")

    @creation(acl=("domain:snapshot", "domain:fs_freeze:VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE"), since="0.8.0")
    def domain_snapshot_create_xml(self, conn: S, dom: DomainRef, xml_desc: str, flags: int) -> SnapshotRef:
        """TODO-DOC virDomainSnapshotCreateXML."""
        raise not_supported("domain_snapshot_create_xml")

    @lifecycle(acl="domain:snapshot", since="0.8.0")
    def domain_revert_to_snapshot(self, conn: S, snap: SnapshotRef, flags: int) -> None:
        """TODO-DOC virDomainRevertToSnapshot."""
        raise not_supported("domain_revert_to_snapshot")

    @destruction(acl="domain:snapshot", since="0.8.0")
    def domain_snapshot_delete(self, conn: S, snap: SnapshotRef, flags: int) -> None:
        """TODO-DOC virDomainSnapshotDelete."""
        raise not_supported("domain_snapshot_delete")
