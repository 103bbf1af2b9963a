"""TODO-DOC module nwfilter_binding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, creation, description, destruction, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import NWFilterBindingRef


class NWFilterBindingSpec(Spec[S]):
    """TODO-DOC class nwfilter_binding."""

    error_domain = 33  # VIR_FROM_NWFILTER

    @lookup(acl="nwfilter_binding:getattr", readonly=True, since="4.5.0", may_block=False)
    def nwfilter_binding_lookup_by_port_dev(self, conn: S, name: str) -> NWFilterBindingRef:
        """TODO-DOC virNWFilterBindingLookupByPortDev."""
        raise not_supported("nwfilter_binding_lookup_by_port_dev")

    @enumeration(
        acl="connect:search_nwfilter_bindings",
        readonly=True,
        filters="nwfilter_binding:getattr",
        since="4.5.0",
        may_block=False,
    )
    def connect_list_all_nwfilter_bindings(self, conn: S, flags: int) -> list[NWFilterBindingRef]:
        """TODO-DOC virConnectListAllNWFilterBindings."""
        raise not_supported("connect_list_all_nwfilter_bindings")

    @description(acl="nwfilter_binding:read", readonly=True, since="4.5.0", may_block=False)
    def nwfilter_binding_get_xml_desc(self, conn: S, binding: NWFilterBindingRef, flags: int) -> str:
        """TODO-DOC virNWFilterBindingGetXMLDesc."""
        raise not_supported("nwfilter_binding_get_xml_desc")

    @creation(acl="nwfilter_binding:create", since="4.5.0", may_block=False)
    def nwfilter_binding_create_xml(self, conn: S, xml: str, flags: int) -> NWFilterBindingRef:
        """TODO-DOC virNWFilterBindingCreateXML."""
        raise not_supported("nwfilter_binding_create_xml")

    @destruction(acl="nwfilter_binding:delete", since="4.5.0", may_block=False)
    def nwfilter_binding_delete(self, conn: S, binding: NWFilterBindingRef) -> None:
        """TODO-DOC virNWFilterBindingDelete."""
        raise not_supported("nwfilter_binding_delete")
