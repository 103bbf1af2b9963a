"""Network filters and what they are bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import Handle, NamedUUIDHandle, uuid_bytes
from virtkit.api.methods import Methods
from virtkit.refs import NWFilterBindingRef, NWFilterRef

if TYPE_CHECKING:
    import uuid as uuids

FROM_NWFILTER = 33


class NWFilterMethods(Methods):
    """What a connection does with network filters and their bindings."""

    __slots__ = ()

    def list_nwfilters(self, flags: int = 0) -> list[NWFilter]:
        """All filters."""
        return [NWFilter(self, ref) for ref in self.ops["connect_list_all_nwfilters"](flags)]

    def list_nwfilter_names(self) -> list[str]:
        """Names of all filters."""
        return self.ops["connect_list_nwfilters"]()

    def num_of_nwfilters(self) -> int:
        """How many filters there are."""
        return self.ops["connect_num_of_nwfilters"]()

    def lookup_nwfilter_by_name(self, name: str) -> NWFilter:
        """The filter of a name.

        Raises:
            NoNWFilterError: There is none.
        """
        return NWFilter(self, self.ops["nwfilter_lookup_by_name"](name))

    def lookup_nwfilter_by_uuid(self, uuid: uuids.UUID | bytes | str) -> NWFilter:
        """The filter of a UUID.

        Raises:
            NoNWFilterError: There is none.
        """
        return NWFilter(self, self.ops["nwfilter_lookup_by_uuid"](uuid_bytes(uuid, FROM_NWFILTER)))

    def define_nwfilter(self, xml: str, flags: int = 0) -> NWFilter:
        """Store a filter, or change it where it is used as well; `virtkit.enums.NWFilterDefineFlags`."""
        return NWFilter(self, self.ops["nwfilter_define_xml_flags"](xml, flags))

    def list_nwfilter_bindings(self, flags: int = 0) -> list[NWFilterBinding]:
        """All bindings of filters to port devices."""
        return [NWFilterBinding(self, ref) for ref in self.ops["connect_list_all_nwfilter_bindings"](flags)]

    def lookup_nwfilter_binding_by_port_dev(self, port_dev: str) -> NWFilterBinding:
        """The binding of a port device such as `vnet0`.

        Raises:
            NoNWFilterBindingError: No filter is bound to it.
        """
        return NWFilterBinding(self, self.ops["nwfilter_binding_lookup_by_port_dev"](port_dev))

    def create_nwfilter_binding(self, xml: str, flags: int = 0) -> NWFilterBinding:
        """Bind a filter to a port device; `virtkit.enums.NWFilterBindingCreateFlags`."""
        return NWFilterBinding(self, self.ops["nwfilter_binding_create_xml"](xml, flags))


class NWFilter(NamedUUIDHandle[NWFilterRef]):
    """A network filter."""

    __slots__ = ()

    def xml_desc(self, flags: int = 0) -> str:
        """The description."""
        return self.connection.ops["nwfilter_get_xml_desc"](self.ref, flags)

    def undefine(self) -> None:
        """Remove it.

        Raises:
            OperationInvalidError: A guest or another filter uses it.
        """
        self.connection.ops["nwfilter_undefine"](self.ref)


class NWFilterBinding(Handle[NWFilterBindingRef]):
    """A filter bound to a port device."""

    __slots__ = ()

    @property
    def port_dev(self) -> str:
        """The port device."""
        return self.ref.portdev

    @property
    def filter_name(self) -> str:
        """The name of the filter."""
        return self.ref.filtername

    @property
    def identity(self) -> str:
        """The port device: it has one binding."""
        return self.ref.portdev

    def xml_desc(self, flags: int = 0) -> str:
        """The description."""
        return self.connection.ops["nwfilter_binding_get_xml_desc"](self.ref, flags)

    def delete(self) -> None:
        """Take the filter off the device."""
        self.connection.ops["nwfilter_binding_delete"](self.ref)
