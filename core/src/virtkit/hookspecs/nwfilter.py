"""TODO-DOC module nwfilter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, definition, description, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import NWFilterRef


class NWFilterSpec(Spec[S]):
    """TODO-DOC class nwfilter."""

    error_domain = 33  # VIR_FROM_NWFILTER

    @lookup(acl="nwfilter:getattr", readonly=True, since="0.8.0", may_block=False)
    def nwfilter_lookup_by_name(self, conn: S, name: str) -> NWFilterRef:
        """TODO-DOC virNWFilterLookupByName."""
        raise not_supported("nwfilter_lookup_by_name")

    @lookup(acl="nwfilter:getattr", readonly=True, since="0.8.0", may_block=False)
    def nwfilter_lookup_by_uuid(self, conn: S, uuid: bytes) -> NWFilterRef:
        """TODO-DOC virNWFilterLookupByUUID."""
        raise not_supported("nwfilter_lookup_by_uuid")

    @enumeration(
        acl="connect:search_nwfilters", readonly=True, filters="nwfilter:getattr", since="0.8.0", may_block=False
    )
    def connect_num_of_nwfilters(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfNWFilters."""
        raise not_supported("connect_num_of_nwfilters")

    @enumeration(
        acl="connect:search_nwfilters", readonly=True, filters="nwfilter:getattr", since="0.8.0", may_block=False
    )
    def connect_list_nwfilters(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListNWFilters."""
        raise not_supported("connect_list_nwfilters")

    @enumeration(
        acl="connect:search_nwfilters", readonly=True, filters="nwfilter:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_nwfilters(self, conn: S, flags: int) -> list[NWFilterRef]:
        """TODO-DOC virConnectListAllNWFilters."""
        raise not_supported("connect_list_all_nwfilters")

    @description(acl="nwfilter:read", readonly=True, since="0.8.0", may_block=False)
    def nwfilter_get_xml_desc(self, conn: S, nwfilter: NWFilterRef, flags: int) -> str:
        """TODO-DOC virNWFilterGetXMLDesc."""
        raise not_supported("nwfilter_get_xml_desc")

    @definition(acl="nwfilter:write nwfilter:save", since="0.8.0", may_block=False)
    def nwfilter_define_xml(self, conn: S, xml: str) -> NWFilterRef:
        """TODO-DOC virNWFilterDefineXML."""
        raise not_supported("nwfilter_define_xml")

    @definition(acl="nwfilter:delete", since="0.8.0", may_block=False)
    def nwfilter_undefine(self, conn: S, nwfilter: NWFilterRef) -> None:
        """TODO-DOC virNWFilterUndefine."""
        raise not_supported("nwfilter_undefine")

    @definition(acl="nwfilter:write nwfilter:save", since="7.7.0", may_block=False)
    def nwfilter_define_xml_flags(self, conn: S, xml: str, flags: int) -> NWFilterRef:
        """TODO-DOC virNWFilterDefineXMLFlags."""
        raise not_supported("nwfilter_define_xml_flags")
