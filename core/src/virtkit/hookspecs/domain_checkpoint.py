"""TODO-DOC module domain_checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, creation, description, destruction, enumeration, job, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import CheckpointRef, DomainRef


class DomainCheckpointSpec(Spec[S]):
    """TODO-DOC class domain_checkpoint."""

    error_domain = 69  # VIR_FROM_DOMAIN_CHECKPOINT

    @lookup(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_checkpoint_lookup_by_name(self, conn: S, dom: DomainRef, name: str, flags: int) -> CheckpointRef:
        """TODO-DOC virDomainCheckpointLookupByName."""
        raise not_supported("domain_checkpoint_lookup_by_name")

    @enumeration(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_list_all_checkpoints(self, conn: S, dom: DomainRef, flags: int) -> list[CheckpointRef]:
        """TODO-DOC virDomainListAllCheckpoints."""
        raise not_supported("domain_list_all_checkpoints")

    @enumeration(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_checkpoint_list_all_children(
        self, conn: S, checkpoint: CheckpointRef, flags: int
    ) -> list[CheckpointRef]:
        """TODO-DOC virDomainCheckpointListAllChildren."""
        raise not_supported("domain_checkpoint_list_all_children")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_CHECKPOINT_XML_SECURE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_CHECKPOINT_XML_SECURE",
        since="5.6.0",
    )
    def domain_checkpoint_get_xml_desc(self, conn: S, checkpoint: CheckpointRef, flags: int) -> str:
        """TODO-DOC virDomainCheckpointGetXMLDesc."""
        raise not_supported("domain_checkpoint_get_xml_desc")

    @accessor(acl="domain:read", readonly=True, since="5.6.0", may_block=False)
    def domain_checkpoint_get_parent(self, conn: S, checkpoint: CheckpointRef, flags: int) -> CheckpointRef:
        """TODO-DOC virDomainCheckpointGetParent."""
        raise not_supported("domain_checkpoint_get_parent")

    @creation(acl=("domain:checkpoint", "domain:fs_freeze:VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE"), since="5.6.0")
    def domain_checkpoint_create_xml(self, conn: S, dom: DomainRef, xml_desc: str, flags: int) -> CheckpointRef:
        """TODO-DOC virDomainCheckpointCreateXML."""
        raise not_supported("domain_checkpoint_create_xml")

    @job(acl="domain:checkpoint domain:block_write", since="6.0.0")
    def domain_backup_begin(
        self, conn: S, dom: DomainRef, backup_xml: str, checkpoint_xml: str | None, flags: int
    ) -> None:
        """TODO-DOC virDomainBackupBegin."""
        raise not_supported("domain_backup_begin")

    @job(acl="domain:read", readonly=True, since="6.0.0", may_block=False)
    def domain_backup_get_xml_desc(self, conn: S, dom: DomainRef, flags: int) -> str:
        """TODO-DOC virDomainBackupGetXMLDesc."""
        raise not_supported("domain_backup_get_xml_desc")

    @destruction(acl="domain:checkpoint", since="5.6.0")
    def domain_checkpoint_delete(self, conn: S, checkpoint: CheckpointRef, flags: int) -> None:
        """TODO-DOC virDomainCheckpointDelete."""
        raise not_supported("domain_checkpoint_delete")
