"""Tests of network filters and their bindings."""

from __future__ import annotations

from typing import ClassVar

import pytest

from virtkit import Connection, NWFilter, NWFilterBinding
from virtkit.errors import InternalError, NoNWFilterBindingError, OperationFailedError, OperationInvalidError, XMLError
from virtkit.testing.kinds import NWFILTER, NWFILTER_BINDING, Can
from virtkit.testing.objects import Description, Enumeration, NameLookup, UUIDDefinition, UUIDLookup
from virtkit.testing.profile import Profile, fresh_name
from virtkit.testing.suite import Conformance, Workshop, binding_xml, requires


class BaseNWFilterLookup(NameLookup, UUIDLookup):
    """Finding filters by name and UUID."""

    kind = NWFILTER


class BaseNWFilterEnumeration(Enumeration):
    """Listing filters."""

    kind = NWFILTER

    def test_names_and_count_agree_with_the_list(self, conn: Connection, obj: NWFilter) -> None:
        names = sorted(each.name for each in conn.list_nwfilters())
        assert (names, len(names)) == (sorted(conn.list_nwfilter_names()), conn.num_of_nwfilters())


class BaseNWFilterDescription(Description):
    """Filters as XML."""

    kind = NWFILTER


class BaseNWFilterDefinition(UUIDDefinition):
    """Defining filters."""

    kind = NWFILTER


class BaseNWFilterBindingLookup(Conformance):
    """Finding and listing bindings."""

    kind = NWFILTER_BINDING
    needs = Can.LIST

    def test_a_binding_is_found_by_its_device(self, conn: Connection, obj: NWFilterBinding) -> None:
        assert obj.ref == conn.lookup_nwfilter_binding_by_port_dev(obj.port_dev).ref

    def test_a_binding_is_listed_once(self, conn: Connection, obj: NWFilterBinding) -> None:
        assert [obj] == [each for each in conn.list_nwfilter_bindings() if each == obj]

    def test_a_device_without_binding_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(NoNWFilterBindingError):
            conn.lookup_nwfilter_binding_by_port_dev(fresh_name())


class BaseNWFilterBindingDescription(Description):
    """Bindings as XML."""

    kind = NWFILTER_BINDING
    identity: ClassVar[dict[str, str]] = {}

    def test_the_description_names_device_and_filter(self, obj: NWFilterBinding) -> None:
        text = obj.xml_desc()
        assert f"'{obj.port_dev}'" in text
        assert f"'{obj.filter_name}'" in text


class BaseNWFilterBindingCreation(Conformance):
    """Binding filters to devices."""

    kind = NWFILTER_BINDING
    needs = Can.LIST | Can.CREATE

    def test_a_binding_names_its_filter(self, conn: Connection, workshop: Workshop) -> None:
        binding = workshop.create(NWFILTER_BINDING)
        assert binding.filter_name in conn.list_nwfilter_names()

    def test_a_device_has_one_binding(self, conn: Connection, workshop: Workshop) -> None:
        binding = workshop.create(NWFILTER_BINDING)
        with pytest.raises(OperationFailedError):
            conn.create_nwfilter_binding(workshop.text(NWFILTER_BINDING, binding.port_dev))

    def test_a_filter_that_does_not_exist_is_refused(self, conn: Connection) -> None:
        device = fresh_name()
        with pytest.raises(InternalError):
            conn.create_nwfilter_binding(binding_xml(device, fresh_name()))
        assert device not in NWFILTER_BINDING.keys(conn)

    def test_a_document_of_another_kind_is_refused(self, conn: Connection) -> None:
        with pytest.raises(XMLError):
            conn.create_nwfilter_binding("<conformance/>")

    def test_a_deleted_binding_is_gone(self, conn: Connection, workshop: Workshop) -> None:
        binding = workshop.create(NWFILTER_BINDING)
        binding.delete()
        assert binding.port_dev not in NWFILTER_BINDING.keys(conn)

    def test_deleting_what_is_gone_is_the_error_of_the_kind(self, workshop: Workshop) -> None:
        binding = workshop.create(NWFILTER_BINDING)
        binding.delete()
        with pytest.raises(NoNWFilterBindingError):
            binding.delete()

    @requires(Can.DESCRIBE)
    def test_a_filter_in_use_stays(self, conn: Connection, workshop: Workshop, profile: Profile) -> None:
        profile.require(NWFILTER, Can.DEFINE)
        binding = workshop.create(NWFILTER_BINDING)
        with pytest.raises(OperationInvalidError):
            conn.lookup_nwfilter_by_name(binding.filter_name).undefine()
