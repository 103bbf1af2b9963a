"""Checkpoints of domains, and the backups that begin at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedHandle, NamedUUIDHandle
from virtkit.refs import CheckpointRef, DomainRef

if TYPE_CHECKING:
    from virtkit.api.domain import Domain


class DomainCheckpoints(NamedUUIDHandle[DomainRef]):
    """What a domain does with its checkpoints, and its backups."""

    __slots__ = ()

    def create_checkpoint(self, xml: str, flags: int = 0) -> DomainCheckpoint:
        """Begin to note what is written to its disks; `virtkit.enums.DomainCheckpointCreateFlags`."""
        conn = self.connection
        return DomainCheckpoint(conn, conn.ops["domain_checkpoint_create_xml"](self.ref, xml, flags))

    def list_checkpoints(self, flags: int = 0) -> list[DomainCheckpoint]:
        """Its checkpoints that match `virtkit.enums.DomainCheckpointListFlags`; 0 lists every one."""
        conn = self.connection
        return [DomainCheckpoint(conn, ref) for ref in conn.ops["domain_list_all_checkpoints"](self.ref, flags)]

    def lookup_checkpoint_by_name(self, name: str, flags: int = 0) -> DomainCheckpoint:
        """Its checkpoint of a name.

        Raises:
            NoDomainCheckpointError: There is none.
        """
        conn = self.connection
        return DomainCheckpoint(conn, conn.ops["domain_checkpoint_lookup_by_name"](self.ref, name, flags))

    def backup_begin(self, backup_xml: str, checkpoint_xml: str | None = None, flags: int = 0) -> None:
        """Start copying its disks, or what changed since a checkpoint; `virtkit.enums.DomainBackupBeginFlags`.

        It is a job: `job_info` tells its progress, `abort_job` ends one that waits to be read.

        Args:
            backup_xml: A `<domainbackup>` element: which disks, since when, where to.
            checkpoint_xml: A checkpoint to create at the same moment; None creates none.
            flags: Whether files to write to are there already.
        """
        self.connection.ops["domain_backup_begin"](self.ref, backup_xml, checkpoint_xml, flags)

    def backup_xml_desc(self, flags: int = 0) -> str:
        """The description of the backup that runs.

        Raises:
            NoDomainBackupError: None does.
        """
        return self.connection.ops["domain_backup_get_xml_desc"](self.ref, flags)


class DomainCheckpoint(NamedHandle[CheckpointRef]):
    """A checkpoint of a domain: a moment since when what is written to its disks is noted."""

    __slots__ = ()

    @property
    def domain(self) -> Domain:
        """The domain it belongs to."""
        from virtkit.api.domain import Domain

        return Domain(self.connection, self.ref.dom)

    @property
    def identity(self) -> tuple[bytes, str]:
        """The domain's UUID and the name."""
        return self.ref.dom.uuid, self.ref.name

    def xml_desc(self, flags: int = 0) -> str:
        """The description; `virtkit.enums.DomainCheckpointXMLFlags`: SIZE tells how much was written since."""
        return self.connection.ops["domain_checkpoint_get_xml_desc"](self.ref, flags)

    def parent(self, flags: int = 0) -> DomainCheckpoint:
        """The checkpoint it followed.

        Raises:
            NoDomainCheckpointError: It is a root.
        """
        return DomainCheckpoint(self.connection, self.connection.ops["domain_checkpoint_get_parent"](self.ref, flags))

    def list_children(self, flags: int = 0) -> list[DomainCheckpoint]:
        """The checkpoints that followed it; `virtkit.enums.DomainCheckpointListFlags`."""
        conn = self.connection
        refs = conn.ops["domain_checkpoint_list_all_children"](self.ref, flags)
        return [DomainCheckpoint(conn, ref) for ref in refs]

    def delete(self, flags: int = 0) -> None:
        """Remove it; its notes go to its parent. `virtkit.enums.DomainCheckpointDeleteFlags`."""
        self.connection.ops["domain_checkpoint_delete"](self.ref, flags)
