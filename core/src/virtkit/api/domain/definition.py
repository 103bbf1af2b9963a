"""What a domain is: its description, its definition, its properties."""

from __future__ import annotations

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef


class DomainDefinition(NamedUUIDHandle[DomainRef]):
    """What a domain is."""

    __slots__ = ()

    def xml_desc(self, flags: int = 0) -> str:
        """The description, live while it runs; `virtkit.enums.DomainXMLFlags`.

        SECURE, for passwords, and MIGRATABLE are refused on a read-only connection.
        """
        return self.connection.ops["domain_get_xml_desc"](self.ref, flags)

    def is_active(self) -> bool:
        """Whether it runs, paused or not."""
        return self.connection.ops["domain_is_active"](self.ref)

    def is_persistent(self) -> bool:
        """Whether it has a stored definition; without one it vanishes when it stops."""
        return self.connection.ops["domain_is_persistent"](self.ref)

    def is_updated(self) -> bool:
        """Whether its definition changed since it was started."""
        return self.connection.ops["domain_is_updated"](self.ref)

    def autostart(self) -> bool:
        """Whether it is started with the host."""
        return self.connection.ops["domain_get_autostart"](self.ref)

    def set_autostart(self, autostart: bool) -> None:
        """Say whether it is started with the host; it must be persistent."""
        self.connection.ops["domain_set_autostart"](self.ref, autostart)

    def metadata(self, type: int, uri: str | None = None, flags: int = 0) -> str:
        """Its title, its description or an application's element.

        Args:
            type: `virtkit.enums.DomainMetadataType`.
            uri: The element's XML namespace; None for title and description.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            NoDomainMetadataError: It has no such thing.
        """
        return self.connection.ops["domain_get_metadata"](self.ref, type, uri, flags)

    def set_metadata(
        self, type: int, metadata: str | None, key: str | None = None, uri: str | None = None, flags: int = 0
    ) -> None:
        """Set its title, its description or an application's element; `metadata` None removes it.

        Args:
            type: `virtkit.enums.DomainMetadataType`.
            metadata: The text, or the XML of the element.
            key: Prefix for the element's namespace; None for title and description.
            uri: The element's namespace; None for title and description.
            flags: `virtkit.enums.DomainModificationImpact`.
        """
        self.connection.ops["domain_set_metadata"](self.ref, type, metadata, key, uri, flags)

    def undefine(self, flags: int = 0) -> None:
        """Remove its definition; if it runs it goes on until it stops.

        Raises:
            OperationInvalidError: It has a saved state, snapshots, checkpoints or firmware variables and no flag of
                `virtkit.enums.DomainUndefineFlags` says what becomes of them.
        """
        self.connection.ops["domain_undefine_flags"](self.ref, flags)

    def rename(self, new_name: str, flags: int = 0) -> None:
        """Give it another name while it does not run."""
        self.connection.ops["domain_rename"](self.ref, new_name, flags)
        self.ref = self.ref._replace(name=new_name)
