"""Record states of domains and return to them.

A snapshot is a point in the life of a domain: the contents of its disks, with a running guest usually the memory, and
the configuration at that time. It is kept *internally*, inside disk images that can hold several states, or
*externally*, by putting a new image on top of each disk and leaving the old one as it was. What the driver remembers of
it, its *metadata*, is an XML document (`<domainsnapshot>`); a snapshot can exist without.

The snapshots of a domain form a forest: the parent of a new one is the one that was current, and the new one becomes
current. Returning to a snapshot makes that one current. Names are unique within a domain.

Snapshots belong to their domain. They prevent its definition from being removed without SNAPSHOTS_METADATA, and they go
with a transient domain when it stops. Taking, reverting and deleting are jobs (`domain_statistics`).

At the least a driver implements `domain_list_all_snapshots`, `domain_snapshot_get_xml_desc`,
`domain_snapshot_get_parent`, `domain_snapshot_current`, `domain_snapshot_create_xml`, `domain_snapshot_delete` and
`domain_revert_to_snapshot`. The rest is derived. A driver that knows nothing of snapshots implements none.
"""

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
    """Snapshots of domains: their tree, taking, reverting and deleting them."""

    error_domain = 35  # VIR_FROM_DOMAIN_SNAPSHOT

    # Lookup and lists

    @lookup(acl="domain:read", readonly=True, since="0.8.0", may_block=False)
    def domain_snapshot_lookup_by_name(self, conn: S, dom: DomainRef, name: str, flags: int) -> SnapshotRef:
        """Find a snapshot of a domain by its name. Derived from `domain_list_all_snapshots`.

        Args:
            name: The snapshot's name.

        Raises:
            NoDomainSnapshotError: The domain has no snapshot of that name.
        """
        raise not_supported("domain_snapshot_lookup_by_name")

    @enumeration(acl="domain:read", readonly=True, since="0.9.13", may_block=False)
    def domain_list_all_snapshots(self, conn: S, dom: DomainRef, flags: int) -> list[SnapshotRef]:
        """List the snapshots of a domain that match a set of filters.

        Groups of `virtkit.enums.DomainSnapshotListFlags` work as in `connect_list_all_domains`: METADATA, NO_METADATA;
        LEAVES, NO_LEAVES (with and without children); ACTIVE, INACTIVE, DISK_ONLY (taken of a running guest with
        memory, of one that was off, of disks alone); INTERNAL, EXTERNAL.

        Args:
            flags: The filters; ROOTS lists only those without parent; TOPOLOGICAL puts every parent before its
                children.

        Returns:
            References, without TOPOLOGICAL in no particular order.
        """
        raise not_supported("domain_list_all_snapshots")

    @enumeration(acl="domain:read", readonly=True, since="0.9.13", may_block=False)
    def domain_snapshot_list_all_children(self, conn: S, snapshot: SnapshotRef, flags: int) -> list[SnapshotRef]:
        """List the snapshots below one. Derived from `domain_list_all_snapshots`, with `get_parent`.

        Args:
            flags: As in `domain_list_all_snapshots`, but its lowest bit is DESCENDANTS: children of children too.

        Raises:
            NoDomainSnapshotError: The snapshot is gone.
        """
        raise not_supported("domain_snapshot_list_all_children")

    @enumeration(acl="domain:read", readonly=True, since="0.8.0", may_block=False)
    def domain_snapshot_num(self, conn: S, dom: DomainRef, flags: int) -> int:
        """Count snapshots. Derived from `domain_list_all_snapshots`.

        Args:
            flags: As there.
        """
        raise not_supported("domain_snapshot_num")

    @enumeration(acl="domain:read", readonly=True, since="0.8.0", may_block=False)
    def domain_snapshot_list_names(self, conn: S, dom: DomainRef, flags: int) -> list[str]:
        """List the names of snapshots. Derived from `domain_list_all_snapshots`.

        Args:
            flags: As there.
        """
        raise not_supported("domain_snapshot_list_names")

    @enumeration(acl="domain:read", readonly=True, since="0.9.7", may_block=False)
    def domain_snapshot_num_children(self, conn: S, snap: SnapshotRef, flags: int) -> int:
        """Count the snapshots below a snapshot. Derived from `domain_snapshot_list_all_children`.

        Args:
            flags: As there.
        """
        raise not_supported("domain_snapshot_num_children")

    @enumeration(acl="domain:read", readonly=True, since="0.9.7", may_block=False)
    def domain_snapshot_list_children_names(self, conn: S, snap: SnapshotRef, flags: int) -> list[str]:
        """List the names of the snapshots below a snapshot. Derived from `domain_snapshot_list_all_children`.

        Args:
            flags: As there.
        """
        raise not_supported("domain_snapshot_list_children_names")

    # The tree

    @accessor(acl="domain:read", readonly=True, since="0.9.7", may_block=False)
    def domain_snapshot_get_parent(self, conn: S, snap: SnapshotRef, flags: int) -> SnapshotRef:
        """Find the parent of a snapshot.

        Raises:
            NoDomainSnapshotError: It has none, or is itself gone.
        """
        raise not_supported("domain_snapshot_get_parent")

    @accessor(acl="domain:read", readonly=True, since="0.8.0")
    def domain_snapshot_current(self, conn: S, dom: DomainRef, flags: int) -> SnapshotRef:
        """Find a domain's current snapshot: the one last taken or reverted to.

        Raises:
            NoDomainSnapshotError: The domain has no current snapshot.
        """
        raise not_supported("domain_snapshot_current")

    @accessor(acl="domain:read", readonly=True, since="0.8.0")
    def domain_has_current_snapshot(self, conn: S, dom: DomainRef, flags: int) -> bool:
        """Tell whether a domain has a current snapshot. Derived from `domain_snapshot_current`."""
        raise not_supported("domain_has_current_snapshot")

    @accessor(acl="domain:read", readonly=True, since="0.9.13")
    def domain_snapshot_is_current(self, conn: S, snap: SnapshotRef, flags: int) -> bool:
        """Tell whether a snapshot is its domain's current one. Derived from `domain_snapshot_current`.

        Raises:
            NoDomainSnapshotError: The snapshot is gone.
        """
        raise not_supported("domain_snapshot_is_current")

    @accessor(acl="domain:read", readonly=True, since="0.9.13")
    def domain_snapshot_has_metadata(self, conn: S, snap: SnapshotRef, flags: int) -> bool:
        """Tell whether the driver keeps a document of a snapshot. Derived from `domain_list_all_snapshots`.

        Only snapshots found in disk images and not taken through the driver have none.
        """
        raise not_supported("domain_snapshot_has_metadata")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_SNAPSHOT_XML_SECURE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_SNAPSHOT_XML_SECURE",
        since="0.8.0",
        may_block=False,
    )
    def domain_snapshot_get_xml_desc(self, conn: S, snap: SnapshotRef, flags: int) -> str:
        """Describe a snapshot in XML.

        Args:
            flags: `virtkit.enums.DomainSnapshotXMLFlags`: SECURE includes secrets of the domain's configuration;
                refused on a read-only connection.

        Returns:
            Name, description, state, time of creation (seconds since 1970), parent, how memory and each disk were kept,
            and the domain's configuration at that time.
        """
        raise not_supported("domain_snapshot_get_xml_desc")

    # Take, return, delete

    @creation(acl=("domain:snapshot", "domain:fs_freeze:VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE"), since="0.8.0")
    def domain_snapshot_create_xml(self, conn: S, dom: DomainRef, xml_desc: str, flags: int) -> SnapshotRef:
        """Take a snapshot of a domain, or record one that exists already.

        By default a running guest's snapshot has its memory, and the guest is paused while it is taken; that of an
        inactive domain has its disks alone. Disks are taken as the XML says for each (`internal`, `external`, `no`),
        those it does not name as the driver prefers. External ones leave the domain writing to new images, in its live
        and its persistent configuration. The new snapshot becomes current, with the former current one as its parent.

        If it fails nothing remains: no image, no metadata, and the domain goes on as before.

        Args:
            xml_desc: A `<domainsnapshot>` document. All parts are optional: the name is made up from the time in
                seconds.
            flags: `virtkit.enums.DomainSnapshotCreateFlags`. DISK_ONLY leaves out the memory, as a power failure would.
                HALT stops the domain afterwards. LIVE lets the guest run while memory goes to an external file. QUIESCE
                freezes its filesystems through the agent meanwhile, needs DISK_ONLY. ATOMIC promises all disks or none.
                REUSE_EXT uses image files that exist for the external disks. NO_METADATA takes it and forgets it.
                REDEFINE takes nothing: it restores the metadata of a snapshot from a complete document, or changes it,
                and with CURRENT makes it current. VALIDATE checks the document against the schema.

        Returns:
            The snapshot's reference.

        Raises:
            XMLError: The document is no valid snapshot; a disk the domain has not.
            OperationFailedError: The domain has a snapshot of that name; an image cannot be written, or exists without
                REUSE_EXT.
            InternalError: REDEFINE, and the document lacks what only a complete one has: libvirt's code for it.
            InvalidArgError: Flags that exclude each other: QUIESCE without DISK_ONLY, CURRENT without REDEFINE, HALT or
                DISK_ONLY with it; or a parent that would make a circle.
            ConfigUnsupportedError: A disk cannot be kept the way asked for; memory and disks do not go together.
            OperationInvalidError: QUIESCE or LIVE, and the domain does not run; a disk has a block job.
            OperationAbortedError: `domain_abort_job_flags` ended it.
        """
        raise not_supported("domain_snapshot_create_xml")

    @lifecycle(acl="domain:snapshot", since="0.8.0")
    def domain_revert_to_snapshot(self, conn: S, snap: SnapshotRef, flags: int) -> None:
        """Return a domain to the state a snapshot recorded.

        Disks, configuration and, where it was recorded, memory are as they were; what happened since is lost, unless
        another snapshot has it. The domain then is in the state recorded: running, paused or off. The snapshot becomes
        current. Events tell the way: STOPPED, STARTED, SUSPENDED, RESUMED, DEFINED, each with detail FROM_SNAPSHOT.

        Args:
            flags: `virtkit.enums.DomainSnapshotRevertFlags`. RUNNING and PAUSED overrule the state recorded: one that
                was off is started, one that ran is paused. FORCE does what is refused as risky. RESET_NVRAM starts with
                fresh firmware variables.

        Raises:
            NoDomainSnapshotError: The snapshot is gone.
            SnapshotRevertRiskyError: It may destroy something: the snapshot does not record the configuration, or a
                running hypervisor would have to be replaced. FORCE does it all the same.
            InvalidArgError: RUNNING with PAUSED.
            OperationInvalidError: A transient domain cannot be returned to a snapshot in which it was off.
            OperationUnsupportedError: The driver cannot return to a snapshot of that kind (external, for many).
        """
        raise not_supported("domain_revert_to_snapshot")

    @destruction(acl="domain:snapshot", since="0.8.0")
    def domain_snapshot_delete(self, conn: S, snap: SnapshotRef, flags: int) -> None:
        """Delete a snapshot.

        The domain's present state does not change. Children are attached to the parent of what is deleted, and if it
        was current so is that parent. External data is merged into the image above or below, so that what other
        snapshots need stays.

        Args:
            flags: `virtkit.enums.DomainSnapshotDeleteFlags`. CHILDREN deletes all below it too, CHILDREN_ONLY only
                those below it. METADATA_ONLY forgets it and leaves the data in the images.

        Raises:
            NoDomainSnapshotError: The snapshot is gone.
            InvalidArgError: CHILDREN with CHILDREN_ONLY.
            OperationUnsupportedError: The driver cannot delete a snapshot of that kind; METADATA_ONLY can.
            OperationInvalidError: A disk of it is in use by a block job.
        """
        raise not_supported("domain_snapshot_delete")
