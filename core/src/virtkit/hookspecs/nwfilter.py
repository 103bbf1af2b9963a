"""Network filters: rules that decide which packets an interface of a guest may send and receive.

A filter is a named list of rules and of references to other filters, with variables (`$IP`, `$MAC`) that are filled in
where it is used. It does nothing by itself: `nwfilter_binding` ties one to the device of an interface, and from then on
the rules are in force. A filter exists or does not; there is no active or transient state and no event.

Filters refer to one another by name, and may refer to one that does not exist yet; binding fails then. Changing a
filter changes the rules of every binding that uses it, directly or through others, at once.

The name and the UUID are each unique. A driver implements `connect_list_all_nwfilters`, `nwfilter_get_xml_desc`,
`nwfilter_define_xml_flags` and `nwfilter_undefine`, and the hooks of `nwfilter_binding`, since a filter is of no use
without; the rest is derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, definition, description, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import NWFilterRef


class NWFilterSpec(Spec[S]):
    """Network filters: identity, lists, XML and definitions."""

    error_domain = 33  # VIR_FROM_NWFILTER

    # Lookup

    @lookup(acl="nwfilter:getattr", readonly=True, since="0.8.0", may_block=False)
    def nwfilter_lookup_by_name(self, conn: S, name: str) -> NWFilterRef:
        """Find a filter by its name. Derived from `connect_list_all_nwfilters`.

        Raises:
            NoNWFilterError: No filter has that name.
        """
        raise not_supported("nwfilter_lookup_by_name")

    @lookup(acl="nwfilter:getattr", readonly=True, since="0.8.0", may_block=False)
    def nwfilter_lookup_by_uuid(self, conn: S, uuid: bytes) -> NWFilterRef:
        """Find a filter by its UUID. Derived from `connect_list_all_nwfilters`.

        Args:
            uuid: 16 raw bytes.

        Raises:
            NoNWFilterError: No filter has that UUID.
        """
        raise not_supported("nwfilter_lookup_by_uuid")

    # Enumeration

    @enumeration(
        acl="connect:search_nwfilters", readonly=True, filters="nwfilter:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_nwfilters(self, conn: S, flags: int) -> list[NWFilterRef]:
        """List all filters. Those that the caller may not see are removed by the core."""
        raise not_supported("connect_list_all_nwfilters")

    @enumeration(
        acl="connect:search_nwfilters", readonly=True, filters="nwfilter:getattr", since="0.8.0", may_block=False
    )
    def connect_list_nwfilters(self, conn: S) -> list[str]:
        """List the names of all filters. Derived from `connect_list_all_nwfilters`."""
        raise not_supported("connect_list_nwfilters")

    @enumeration(
        acl="connect:search_nwfilters", readonly=True, filters="nwfilter:getattr", since="0.8.0", may_block=False
    )
    def connect_num_of_nwfilters(self, conn: S) -> int:
        """Count all filters. Derived from `connect_list_all_nwfilters`."""
        raise not_supported("connect_num_of_nwfilters")

    # Description

    @description(acl="nwfilter:read", readonly=True, since="0.8.0", may_block=False)
    def nwfilter_get_xml_desc(self, conn: S, nwfilter: NWFilterRef, flags: int) -> str:
        """Describe a filter in XML, with its variables and references as they were written.

        Returns:
            A `<filter>` document, ending in a newline. Feeding it back to `nwfilter_define_xml_flags` changes nothing.
        """
        raise not_supported("nwfilter_get_xml_desc")

    # Definition

    @definition(acl="nwfilter:write nwfilter:save", since="7.7.0")
    def nwfilter_define_xml_flags(self, conn: S, xml: str, flags: int) -> NWFilterRef:
        """Store a filter, new or in place of the one with the same UUID, and bring the rules that use it up to date.

        If the rules of one binding cannot be made with the new filter, those of all are put back and the old filter
        stays. No moment of the change leaves an interface without rules.

        Args:
            xml: A `<filter>` document. Without a UUID it gets one, or that of the filter of the same name.
            flags: `virtkit.enums.NWFilterDefineFlags`. VALIDATE checks the document against the schema first.

        Returns:
            Its reference.

        Raises:
            XMLDetailError: The text is no XML.
            XMLError: The document is no filter: no name, a rule without action or direction, a value out of range.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            InvalidArgError: The name of a chain does not start like one of the known ones.
            ConfigUnsupportedError: An unknown action, direction or protocol.
            OperationFailedError: The filter would include itself, directly or through others; or the name belongs to a
                filter of another UUID, or the UUID to one of another name.
            BuildFirewallError: The rules of a binding could not be made.
        """
        raise not_supported("nwfilter_define_xml_flags")

    @definition(acl="nwfilter:write nwfilter:save", since="0.8.0")
    def nwfilter_define_xml(self, conn: S, xml: str) -> NWFilterRef:
        """Store a filter. Derived from `nwfilter_define_xml_flags`, with no flags."""
        raise not_supported("nwfilter_define_xml")

    @definition(acl="nwfilter:delete", since="0.8.0")
    def nwfilter_undefine(self, conn: S, nwfilter: NWFilterRef) -> None:
        """Remove a filter that nothing uses.

        Raises:
            OperationInvalidError: A binding uses it, directly or through another filter; the message names one.
            NoNWFilterError: The filter is gone already.
        """
        raise not_supported("nwfilter_undefine")
