"""TODO-DOC module domain_definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    definition,
    description,
    enumeration,
    lifecycle,
    lookup,
    not_supported,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef


class DomainDefinitionSpec(Spec[S]):
    """TODO-DOC class domain_definition."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @lookup(acl="domain:getattr", readonly=True, since="0.0.3", may_block=False)
    def domain_lookup_by_id(self, conn: S, id: int) -> DomainRef:
        """TODO-DOC virDomainLookupByID."""
        raise not_supported("domain_lookup_by_id")

    @lookup(acl="domain:getattr", readonly=True, since="0.0.3", may_block=False)
    def domain_lookup_by_name(self, conn: S, name: str) -> DomainRef:
        """TODO-DOC virDomainLookupByName."""
        raise not_supported("domain_lookup_by_name")

    @lookup(acl="domain:getattr", readonly=True, since="0.0.5", may_block=False)
    def domain_lookup_by_uuid(self, conn: S, uuid: bytes) -> DomainRef:
        """TODO-DOC virDomainLookupByUUID."""
        raise not_supported("domain_lookup_by_uuid")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.1.1", may_block=False)
    def connect_list_defined_domains(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListDefinedDomains."""
        raise not_supported("connect_list_defined_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.1.5", may_block=False)
    def connect_num_of_defined_domains(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfDefinedDomains."""
        raise not_supported("connect_num_of_defined_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.0.3", may_block=False)
    def connect_list_domains(self, conn: S) -> list[int]:
        """TODO-DOC virConnectListDomains."""
        raise not_supported("connect_list_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.0.3", may_block=False)
    def connect_num_of_domains(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfDomains."""
        raise not_supported("connect_num_of_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.9.13", may_block=False)
    def connect_list_all_domains(self, conn: S, flags: int) -> list[DomainRef]:
        """TODO-DOC virConnectListAllDomains."""
        raise not_supported("connect_list_all_domains")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_XML_SECURE", "domain:read_secure:VIR_DOMAIN_XML_MIGRATABLE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_XML_SECURE|VIR_DOMAIN_XML_MIGRATABLE",
        since="0.0.3",
    )
    def domain_get_xml_desc(self, conn: S, dom: DomainRef, flags: int) -> str:
        """TODO-DOC virDomainGetXMLDesc."""
        raise not_supported("domain_get_xml_desc")

    @description(acl="connect:write", since="0.6.4")
    def connect_domain_xml_from_native(self, conn: S, native_format: str, native_config: str, flags: int) -> str:
        """TODO-DOC virConnectDomainXMLFromNative."""
        raise not_supported("connect_domain_xml_from_native")

    @description(acl="connect:write", since="0.6.4")
    def connect_domain_xml_to_native(self, conn: S, native_format: str, domain_xml: str, flags: int) -> str:
        """TODO-DOC virConnectDomainXMLToNative."""
        raise not_supported("connect_domain_xml_to_native")

    @accessor(acl="domain:read", readonly=True, since="0.2.1", may_block=False)
    def domain_get_autostart(self, conn: S, dom: DomainRef) -> bool:
        """TODO-DOC virDomainGetAutostart."""
        raise not_supported("domain_get_autostart")

    @accessor(acl="domain:write", since="0.2.1", may_block=False)
    def domain_set_autostart(self, conn: S, dom: DomainRef, autostart: bool) -> None:
        """TODO-DOC virDomainSetAutostart."""
        raise not_supported("domain_set_autostart")

    @accessor(acl="domain:read", readonly=True, since="0.7.3", may_block=False)
    def domain_is_active(self, conn: S, dom: DomainRef) -> bool:
        """TODO-DOC virDomainIsActive."""
        raise not_supported("domain_is_active")

    @accessor(acl="domain:read", readonly=True, since="0.7.3", may_block=False)
    def domain_is_persistent(self, conn: S, dom: DomainRef) -> bool:
        """TODO-DOC virDomainIsPersistent."""
        raise not_supported("domain_is_persistent")

    @accessor(acl="domain:read", readonly=True, since="0.8.6", may_block=False)
    def domain_is_updated(self, conn: S, dom: DomainRef) -> bool:
        """TODO-DOC virDomainIsUpdated."""
        raise not_supported("domain_is_updated")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.10",
    )
    def domain_set_metadata(
        self, conn: S, dom: DomainRef, type: int, metadata: str | None, key: str | None, uri: str | None, flags: int
    ) -> None:
        """TODO-DOC virDomainSetMetadata."""
        raise not_supported("domain_set_metadata")

    @accessor(acl="domain:read", readonly=True, since="0.9.10")
    def domain_get_metadata(self, conn: S, dom: DomainRef, type: int, uri: str | None, flags: int) -> str:
        """TODO-DOC virDomainGetMetadata."""
        raise not_supported("domain_get_metadata")

    @definition(acl="domain:write domain:save", since="0.1.1", may_block=False)
    def domain_define_xml(self, conn: S, xml: str) -> DomainRef:
        """TODO-DOC virDomainDefineXML."""
        raise not_supported("domain_define_xml")

    @definition(acl="domain:delete", since="0.1.1", may_block=False)
    def domain_undefine(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainUndefine."""
        raise not_supported("domain_undefine")

    @definition(acl="domain:delete", since="0.9.4", may_block=False)
    def domain_undefine_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainUndefineFlags."""
        raise not_supported("domain_undefine_flags")

    @definition(acl="domain:write domain:save", since="1.2.12", may_block=False)
    def domain_define_xml_flags(self, conn: S, xml: str, flags: int) -> DomainRef:
        """TODO-DOC virDomainDefineXMLFlags."""
        raise not_supported("domain_define_xml_flags")

    @creation(acl="domain:write domain:start", since="0.5.0")
    def domain_create_xml(self, conn: S, xml_desc: str, flags: int) -> DomainRef:
        """TODO-DOC virDomainCreateXML."""
        raise not_supported("domain_create_xml")

    @creation(acl="domain:write domain:start", since="1.1.1")
    def domain_create_xml_with_files(self, conn: S, xml_desc: str, flags: int, files: Sequence[int]) -> DomainRef:
        """TODO-DOC virDomainCreateXMLWithFiles."""
        raise not_supported("domain_create_xml_with_files")

    @lifecycle(acl="domain:write domain:save", since="1.2.19")
    def domain_rename(self, conn: S, dom: DomainRef, new_name: str | None, flags: int) -> None:
        """TODO-DOC virDomainRename."""
        raise not_supported("domain_rename")
