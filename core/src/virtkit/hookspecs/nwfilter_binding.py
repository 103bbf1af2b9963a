"""Filter bindings: which network filter is in force on which device.

A binding ties the device on the host that is the other end of a guest's interface (the *port device*, such as `vnet0`)
to a filter, with values for the filter's variables and the guest's MAC address. From creation to deletion the rules are
in force. The name of the port device identifies it: a device has one binding at most.

The callers are mostly drivers of domains, through `OpenRequest.peers`: before a guest starts, its driver makes the
device and binds the filter that the interface names; a guest must not run where that failed. It deletes the binding
before the device. Bindings outlive the driver's process with the guests they protect: a driver that starts finds those
that its last run recorded and brings their rules up to date; a binding whose device is gone is dropped.

The wire calls a binding `nwfilter` in two places; hooks call it `binding`. There are no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, creation, description, destruction, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import NWFilterBindingRef


class NWFilterBindingSpec(Spec[S]):
    """Filter bindings: identity, lists, XML, creation and deletion."""

    error_domain = 33  # VIR_FROM_NWFILTER

    # Lookup

    @lookup(acl="nwfilter_binding:getattr", readonly=True, since="4.5.0", may_block=False)
    def nwfilter_binding_lookup_by_port_dev(self, conn: S, name: str) -> NWFilterBindingRef:
        """Find the binding of a port device. Derived from `connect_list_all_nwfilter_bindings`.

        Args:
            name: Name of the device.

        Raises:
            NoNWFilterBindingError: The device has no binding.
        """
        raise not_supported("nwfilter_binding_lookup_by_port_dev")

    # Enumeration

    @enumeration(
        acl="connect:search_nwfilter_bindings",
        readonly=True,
        filters="nwfilter_binding:getattr",
        since="4.5.0",
        may_block=False,
    )
    def connect_list_all_nwfilter_bindings(self, conn: S, flags: int) -> list[NWFilterBindingRef]:
        """List all bindings. Those that the caller may not see are removed by the core."""
        raise not_supported("connect_list_all_nwfilter_bindings")

    # Description

    @description(acl="nwfilter_binding:read", readonly=True, since="4.5.0", may_block=False)
    def nwfilter_binding_get_xml_desc(self, conn: S, binding: NWFilterBindingRef, flags: int) -> str:
        """Describe a binding in XML: its owner, device, MAC address, filter and the values of variables.

        Returns:
            A `<filterbinding>` document, ending in a newline.

        Raises:
            NoNWFilterBindingError: The binding is gone.
        """
        raise not_supported("nwfilter_binding_get_xml_desc")

    # Creation

    @creation(acl="nwfilter_binding:create", since="4.5.0")
    def nwfilter_binding_create_xml(self, conn: S, xml: str, flags: int) -> NWFilterBindingRef:
        """Put a filter in force on a port device.

        When this returns the rules are complete; before, either none or all traffic of the device is blocked, never let
        through unchecked. A filter that needs the guest's address and is not given one may begin with rules that let
        through only what is needed to learn it.

        Args:
            xml: A `<filterbinding>` document: `<owner>`, `<portdev>`, `<mac>` and a `<filterref>` with parameters.
            flags: `virtkit.enums.NWFilterBindingCreateFlags`. VALIDATE checks the document against the schema first.

        Returns:
            Its reference.

        Raises:
            XMLError: The document is no binding.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            OperationFailedError: The device has a binding already.
            InternalError: The filter, or one it refers to, does not exist, or a variable has no value; the message
                names it.
            BuildFirewallError: The rules could not be made; none of them is left.
        """
        raise not_supported("nwfilter_binding_create_xml")

    # Destruction

    @destruction(acl="nwfilter_binding:delete", since="4.5.0")
    def nwfilter_binding_delete(self, conn: S, binding: NWFilterBindingRef) -> None:
        """Take the rules of a device away and forget its binding. A device that is gone is no error.

        Raises:
            NoNWFilterBindingError: There is no such binding.
        """
        raise not_supported("nwfilter_binding_delete")
