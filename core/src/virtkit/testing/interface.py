"""Tests of host interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

import pytest

from virtkit import Connection, Interface
from virtkit.errors import NoInterfaceError, VirtError
from virtkit.testing.kinds import INTERFACE, Can
from virtkit.testing.lifecycle import Activity, Refusing
from virtkit.testing.objects import Definition, Description, Enumeration, NameLists, NameLookup
from virtkit.testing.suite import Workshop, requires


class BaseInterfaceLookup(NameLookup):
    """Finding interfaces by name and MAC address."""

    kind = INTERFACE

    def test_an_interface_is_found_by_its_address(self, conn: Connection, obj: Interface) -> None:
        if not obj.mac_string:
            pytest.skip(f"interface {obj.name} has no address")
        assert obj == conn.lookup_interface_by_mac_string(obj.mac_string.upper())

    def test_an_unknown_address_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(NoInterfaceError):
            conn.lookup_interface_by_mac_string("52:54:00:ff:ff:fe")


class BaseInterfaceEnumeration(Enumeration, NameLists):
    """Listing interfaces."""

    kind = INTERFACE
    parts: ClassVar[tuple[tuple[str, str], ...]] = (("ACTIVE", "INACTIVE"),)


class BaseInterfaceDescription(Description):
    """Interfaces as XML."""

    kind = INTERFACE
    identity: ClassVar[dict[str, str]] = {"name": "name"}


class BaseInterfaceDefinition(Definition):
    """Defining interfaces."""

    kind = INTERFACE
    described: ClassVar[int] = 1  # InterfaceXMLFlags.INACTIVE


class BaseInterfaceActivity(Activity):
    """Bringing interfaces up and down."""

    kind = INTERFACE


class BaseInterfaceChanges(Refusing):
    """Changes that can be taken back."""

    kind = INTERFACE
    needs = Can.LIST | Can.CHANGES

    @pytest.fixture(autouse=True)
    def _settled(self, conn: Connection) -> Iterator[None]:
        """Leave no changes open."""
        yield
        with suppress(VirtError):
            conn.interface_change_rollback()

    def test_changes_are_begun_once(self, conn: Connection) -> None:
        conn.interface_change_begin()
        with self.refused("begin"):
            conn.interface_change_begin()

    def test_nothing_is_kept_that_was_not_begun(self, conn: Connection) -> None:
        with self.refused("commit"):
            conn.interface_change_commit()

    def test_nothing_is_taken_back_that_was_not_begun(self, conn: Connection) -> None:
        with self.refused("rollback"):
            conn.interface_change_rollback()

    @requires(Can.DEFINE)
    def test_what_is_taken_back_is_gone(self, conn: Connection, workshop: Workshop) -> None:
        conn.interface_change_begin()
        interface = workshop.define(INTERFACE)
        conn.interface_change_rollback()
        assert interface.name not in INTERFACE.keys(conn)

    @requires(Can.DEFINE)
    def test_what_was_there_is_back_after_a_rollback(self, conn: Connection, workshop: Workshop) -> None:
        interface = workshop.define(INTERFACE)
        conn.interface_change_begin()
        interface.undefine()
        conn.interface_change_rollback()
        assert interface.name in INTERFACE.keys(conn)

    @requires(Can.DEFINE)
    def test_what_is_kept_stays(self, conn: Connection, workshop: Workshop) -> None:
        conn.interface_change_begin()
        interface = workshop.define(INTERFACE)
        conn.interface_change_commit()
        assert interface.name in INTERFACE.keys(conn)
