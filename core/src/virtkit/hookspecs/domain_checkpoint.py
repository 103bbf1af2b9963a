"""Mark points in time of domains' disks, and back them up from there on.

A checkpoint remembers which blocks of a disk have changed since it was made. It holds no data, which makes it cheap,
and cannot be returned to. A *backup* copies disks while the guest runs, whole or only what changed since a checkpoint,
as they were at one moment: the hypervisor writes the copy itself (push), or serves it to a backup program (pull).

Backups and checkpoints are made together: `domain_backup_begin` takes the document of a new checkpoint, made at the
very moment the backup shows, from which the next, incremental one starts.

Checkpoints form a tree as snapshots do, in practice a chain, with names unique in the domain. Domains cannot have both
snapshots and checkpoints where the driver says so. They keep a definition from being removed without
CHECKPOINTS_METADATA.

At the least a driver implements `domain_list_all_checkpoints`, `domain_checkpoint_get_parent`,
`domain_checkpoint_get_xml_desc`, `domain_checkpoint_create_xml` and `domain_checkpoint_delete`. The three hooks of
backups stand on them, the rest is derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, creation, description, destruction, enumeration, job, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import CheckpointRef, DomainRef


class DomainCheckpointSpec(Spec[S]):
    """Checkpoints of domains' disks, and backups."""

    error_domain = 69  # VIR_FROM_DOMAIN_CHECKPOINT

    # Checkpoints

    @lookup(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_checkpoint_lookup_by_name(self, conn: S, dom: DomainRef, name: str, flags: int) -> CheckpointRef:
        """Find a checkpoint of a domain by its name. Derived from `domain_list_all_checkpoints`.

        Args:
            name: The checkpoint's name.

        Raises:
            NoDomainCheckpointError: The domain has no checkpoint of that name.
        """
        raise not_supported("domain_checkpoint_lookup_by_name")

    @enumeration(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_list_all_checkpoints(self, conn: S, dom: DomainRef, flags: int) -> list[CheckpointRef]:
        """List the checkpoints of a domain that match a set of filters.

        Args:
            flags: `virtkit.enums.DomainCheckpointListFlags`, as in `domain_list_all_snapshots`: ROOTS, those without
                parent; LEAVES, NO_LEAVES, with and without children; TOPOLOGICAL, every parent before its children.
        """
        raise not_supported("domain_list_all_checkpoints")

    @enumeration(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_checkpoint_list_all_children(
        self, conn: S, checkpoint: CheckpointRef, flags: int
    ) -> list[CheckpointRef]:
        """List the checkpoints below one. Derived from `domain_list_all_checkpoints`, with `get_parent`.

        Args:
            flags: As in `domain_list_all_checkpoints`, but its lowest bit is DESCENDANTS: children of children too.

        Raises:
            NoDomainCheckpointError: The checkpoint is gone.
        """
        raise not_supported("domain_checkpoint_list_all_children")

    @accessor(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_checkpoint_get_parent(self, conn: S, checkpoint: CheckpointRef, flags: int) -> CheckpointRef:
        """Find the parent of a checkpoint.

        Raises:
            NoDomainCheckpointError: It has none, or is itself gone.
        """
        raise not_supported("domain_checkpoint_get_parent")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_CHECKPOINT_XML_SECURE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_CHECKPOINT_XML_SECURE",
        since="5.6.0",
    )
    def domain_checkpoint_get_xml_desc(self, conn: S, checkpoint: CheckpointRef, flags: int) -> str:
        """Describe a checkpoint in XML.

        Args:
            flags: `virtkit.enums.DomainCheckpointXMLFlags`. SECURE includes secrets of the domain's configuration;
                refused on a read-only connection. NO_DOMAIN leaves the configuration out. SIZE adds to each disk how
                many bytes changed since, which asks the running hypervisor.

        Raises:
            OperationInvalidError: SIZE, and the domain does not run.
            CheckpointInconsistentError: SIZE, and a disk's record of changes is gone or damaged.
        """
        raise not_supported("domain_checkpoint_get_xml_desc")

    @creation(acl=("domain:checkpoint", "domain:fs_freeze:VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE"), since="5.6.0")
    def domain_checkpoint_create_xml(self, conn: S, dom: DomainRef, xml_desc: str, flags: int) -> CheckpointRef:
        """Start to remember which blocks of a domain's disks change, or record a checkpoint that exists already.

        The checkpoint becomes the child of the former latest one. All disks or none are marked, at one moment.

        Args:
            xml_desc: A `<domaincheckpoint>` document; a name is made up from the time in seconds, and all disks whose
                format can are marked, unless it says otherwise.
            flags: `virtkit.enums.DomainCheckpointCreateFlags`. REDEFINE makes nothing: it restores metadata from a
                complete document; REDEFINE_VALIDATE with it checks that the disks hold its records. QUIESCE freezes the
                guest's filesystems through the agent at that moment.

        Returns:
            The checkpoint's reference.

        Raises:
            XMLError: The document is no valid checkpoint; a disk the domain has not.
            OperationFailedError: The domain has a checkpoint of that name.
            OperationUnsupportedError: The domain does not run, unless REDEFINE is set: libvirt's code for it; it has
                snapshots; the hypervisor has no such records.
            ConfigUnsupportedError: A disk's format cannot remember changes.
            CheckpointInconsistentError: REDEFINE_VALIDATE, and a disk does not hold the records.
        """
        raise not_supported("domain_checkpoint_create_xml")

    @destruction(acl="domain:checkpoint", since="5.6.0")
    def domain_checkpoint_delete(self, conn: S, checkpoint: CheckpointRef, flags: int) -> None:
        """Delete a checkpoint.

        What its record says is merged into that of its parent, so that backups from there stay right.

        Args:
            flags: `virtkit.enums.DomainCheckpointDeleteFlags`. CHILDREN deletes all below it too, CHILDREN_ONLY only
                those below it. METADATA_ONLY forgets it and leaves the records in the images.

        Raises:
            NoDomainCheckpointError: The checkpoint is gone.
            InvalidArgError: CHILDREN with CHILDREN_ONLY.
            OperationUnsupportedError: The domain does not run, unless METADATA_ONLY is set: libvirt's code for it.
        """
        raise not_supported("domain_checkpoint_delete")

    # Backups

    @job(acl="domain:checkpoint domain:block_write", since="6.0.0")
    def domain_backup_begin(
        self, conn: S, dom: DomainRef, backup_xml: str, checkpoint_xml: str | None, flags: int
    ) -> None:
        """Start to back up disks of a running domain.

        Returns when the backup has begun. It is a job of the domain as a whole (`domain_get_job_stats`, operation
        BACKUP) and runs until all is written (push) or until `domain_abort_job_flags` ends it: for pull that is its
        normal end. A push that is aborted leaves a useless file. The event is JOB_COMPLETED.

        Args:
            backup_xml: A `<domainbackup>` document: mode, target or server of each disk, and for an incremental one the
                checkpoint to start from.
            checkpoint_xml: A `<domaincheckpoint>` document of a checkpoint to make at the same moment; None: none.
            flags: `virtkit.enums.DomainBackupBeginFlags`: REUSE_EXTERNAL writes to files that exist, made with format
                and size that fit.

        Raises:
            OperationUnsupportedError: The domain does not run: libvirt's code for it; or the hypervisor cannot back up.
            OperationInvalidError: Another job is on the domain, or a block job on one of the disks.
            XMLError: A document is not valid; a disk the domain has not.
            OperationFailedError: A target exists and REUSE_EXTERNAL is not set, or cannot be created.
            NoDomainCheckpointError: The checkpoint to start from does not exist.
            CheckpointInconsistentError: Its record is gone or damaged: only a full backup is possible.
        """
        raise not_supported("domain_backup_begin")

    @job(acl="domain:read", readonly=True, since="6.0.0", may_block=False)
    def domain_backup_get_xml_desc(self, conn: S, dom: DomainRef, flags: int) -> str:
        """Describe the backup that runs: the document it was begun with, completed with what the driver chose.

        Raises:
            NoDomainBackupError: None runs.
        """
        raise not_supported("domain_backup_get_xml_desc")
