"""Network interfaces of the simulated host, and changes to them that can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllInterfacesFlags as Listed
from virtkit.enums import ErrorDomain, InterfaceDefineFlags
from virtkit.errors import OperationInvalidError, XMLError
from virtkit.hookspecs.interface import InterfaceSpec
from virtkit.refs import InterfaceRef
from virtkit.spec import quick
from virtkit_test.filters import Filter, matching, refuse
from virtkit_test.reading import read

if TYPE_CHECKING:
    from virtkit.xml.interface import Interface as InterfaceXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST


class Interface:
    """An interface: its definition and whether it is up."""

    def __init__(self, name: str, document: InterfaceXML, active: bool = False) -> None:
        self.name = name
        self.document = document
        self.active = active

    @property
    def ref(self) -> InterfaceRef:
        """What names it."""
        return InterfaceRef(self.name, self.document.mac or "")


FILTERS = (Filter[Interface](Listed.ACTIVE, Listed.INACTIVE, lambda interface: interface.active),)


def parse(xml: str, *, validate: bool = False) -> InterfaceXML:
    """Read a definition.

    Raises:
        XMLError: It has no name or no type.
        VirtError: As for parsing.
    """
    from virtkit.xml.interface import Interface as InterfaceXML

    document = read(InterfaceXML, xml, validate=validate)
    if document.type is None:
        raise XMLError("the interface has no type: give it type='ethernet'", domain=ErrorDomain.XML)
    if not document.name:
        raise XMLError("the interface has no name: give it one", domain=ErrorDomain.INTERFACE)
    return document


class InterfacePart(InterfaceSpec["TestState"]):
    """The interface functions of the driver."""

    @quick
    def connect_list_all_interfaces(self, conn: TestState, flags: int) -> list[InterfaceRef]:
        found = matching(conn.interfaces, FILTERS, flags, "connect_list_all_interfaces")
        return [interface.ref for interface in found]

    @quick
    def interface_lookup_by_name(self, conn: TestState, name: str) -> InterfaceRef:
        return conn.interfaces.by_name(name).ref

    @quick
    def interface_is_active(self, conn: TestState, iface: InterfaceRef) -> bool:
        return conn.interfaces.by_name(iface.name).active

    @quick
    def interface_get_xml_desc(self, conn: TestState, iface: InterfaceRef, flags: int) -> str:
        refuse("interface_get_xml_desc", flags)
        return conn.interfaces.by_name(iface.name).document.format()

    @quick
    def interface_define_xml(self, conn: TestState, xml: str, flags: int) -> InterfaceRef:
        refuse("interface_define_xml", flags & ~InterfaceDefineFlags.VALIDATE)
        document = parse(xml, validate=bool(flags & InterfaceDefineFlags.VALIDATE))
        name = document.name or ""
        interface = conn.interfaces.obtain(name, b"", lambda: Interface(name, document))
        interface.document = document
        return interface.ref

    @quick
    def interface_undefine(self, conn: TestState, iface: InterfaceRef) -> None:
        conn.interfaces.remove(conn.interfaces.by_name(iface.name))

    @quick
    def interface_create(self, conn: TestState, iface: InterfaceRef, flags: int) -> None:
        refuse("interface_create", flags)
        _switch(conn, iface, active=True)

    @quick
    def interface_destroy(self, conn: TestState, iface: InterfaceRef, flags: int) -> None:
        refuse("interface_destroy", flags)
        _switch(conn, iface, active=False)

    @quick
    def interface_change_begin(self, conn: TestState, flags: int) -> None:
        refuse("interface_change_begin", flags)
        if conn.remembered is not None:
            raise OperationInvalidError("interface changes are open already: commit or roll them back", domain=TEST)
        conn.remembered = [Interface(each.name, each.document) for each in conn.interfaces]

    @quick
    def interface_change_commit(self, conn: TestState, flags: int) -> None:
        refuse("interface_change_commit", flags)
        _remembered(conn, "commit")
        conn.remembered = None

    @quick
    def interface_change_rollback(self, conn: TestState, flags: int) -> None:
        refuse("interface_change_rollback", flags)
        remembered = _remembered(conn, "roll back")
        for interface in conn.interfaces:
            conn.interfaces.remove(interface)
        for interface in remembered:
            conn.interfaces.add(interface)
        conn.remembered = None


def _switch(conn: TestState, ref: InterfaceRef, *, active: bool) -> None:
    interface = conn.interfaces.by_name(ref.name)
    with conn.interfaces.lock_of(interface).hold("interface_create" if active else "interface_destroy"):
        if interface.active == active:
            state = "active" if active else "not active"
            raise OperationInvalidError(f"interface {ref.name!r} is {state} already", domain=TEST)
        interface.active = active


def _remembered(conn: TestState, what: str) -> list[Interface]:
    if conn.remembered is None:
        raise OperationInvalidError(f"no interface changes are open to {what}: begin them first", domain=TEST)
    return conn.remembered
