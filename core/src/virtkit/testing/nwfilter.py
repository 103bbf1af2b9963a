"""Tests of network filters and their bindings."""

from __future__ import annotations

import re
from typing import ClassVar

import pytest

import virtkit
from virtkit import Connection, NWFilter, NWFilterBinding
from virtkit.errors import (
    BuildFirewallError,
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    NoNWFilterBindingError,
    OperationFailedError,
    OperationInvalidError,
    VirtError,
    XMLError,
)
from virtkit.testing.kinds import NWFILTER, NWFILTER_BINDING, Can
from virtkit.testing.objects import (
    UNKNOWN_FLAG,
    VALIDATE,
    Description,
    Enumeration,
    NameLookup,
    UUIDDefinition,
    UUIDLookup,
)
from virtkit.testing.profile import Profile, fresh_name
from virtkit.testing.suite import Conformance, Workshop, binding_xml, requires, with_stranger, without


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

    def test_a_name_without_uuid_is_that_of_the_filter_there_is(self, conn: Connection, workshop: Workshop) -> None:
        first = workshop.define(NWFILTER)
        again = workshop.define(NWFILTER, without(workshop.text(NWFILTER, first.name), "uuid"))
        assert first.ref == again.ref

    def test_a_filter_may_refer_to_one_that_does_not_exist(self, workshop: Workshop) -> None:
        name = fresh_name()
        assert name == workshop.define(NWFILTER, referring(name, fresh_name())).name

    def test_a_filter_that_includes_itself_is_refused(self, conn: Connection, workshop: Workshop) -> None:
        one, other = fresh_name(), fresh_name()
        workshop.define(NWFILTER, referring(one, other))
        for to in (one, other):
            with pytest.raises(OperationFailedError):
                workshop.define(NWFILTER, referring(other, other, to))
        assert other not in conn.list_nwfilter_names()

    @requires(Can.DESCRIBE)
    def test_references_are_described_with_their_parameters(self, workshop: Workshop) -> None:
        text = referring(fresh_name(), fresh_name()).replace("/></filter>", "><parameter name='A' value='1'/>")
        shown = workshop.define(NWFILTER, f"{text}<parameter name='A' value='2'/></filterref></filter>").xml_desc()
        assert shown.index("<parameter name='A' value='1'/>") < shown.index("<parameter name='A' value='2'/>")

    def test_a_rule_without_action_or_direction_is_refused(self, workshop: Workshop) -> None:
        for rule in ("<rule direction='in'/>", "<rule action='drop'/>"):
            with pytest.raises(XMLError):
                workshop.define(NWFILTER, f"<filter name='{fresh_name()}'>{rule}</filter>")

    def test_an_unknown_action_or_direction_is_refused(self, workshop: Workshop) -> None:
        for rule in ("<rule action='stop' direction='in'/>", "<rule action='drop' direction='up'/>"):
            with pytest.raises(ConfigUnsupportedError):
                workshop.define(NWFILTER, f"<filter name='{fresh_name()}'>{rule}</filter>")

    def test_the_name_of_a_chain_starts_like_a_known_one(self, workshop: Workshop) -> None:
        with pytest.raises(InvalidArgError):
            workshop.define(NWFILTER, f"<filter name='{fresh_name()}' chain='other'/>")


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

    @requires(Can.CREATE)
    def test_the_values_of_variables_are_described(self, conn: Connection, workshop: Workshop) -> None:
        values = "<parameter name='VK' value='10.0.0.2'/><parameter name='VK' value='10.0.0.1'/>"
        text = workshop.text(NWFILTER_BINDING)
        name = _filter_of(text)
        given = text.replace(f"<filterref filter='{name}'/>", f"<filterref filter='{name}'>{values}</filterref>")
        shown = workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(given)).xml_desc()
        assert shown.index("10.0.0.2") < shown.index("10.0.0.1")


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

    @pytest.mark.parametrize("part", ["owner", "portdev", "mac", "filterref"])
    def test_a_document_that_lacks_a_part_is_refused(self, conn: Connection, workshop: Workshop, part: str) -> None:
        before = NWFILTER_BINDING.keys(conn)
        text = re.sub(rf"<{part}\b([^>]*/>|.*</{part}>)", "", workshop.text(NWFILTER_BINDING))
        with pytest.raises(XMLError):
            workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(text))
        assert before == NWFILTER_BINDING.keys(conn)

    def test_what_nobody_knows_is_refused_when_validation_is_asked_for(
        self, conn: Connection, workshop: Workshop
    ) -> None:
        with pytest.raises(VirtError, match="conformance"):
            workshop.keep(
                NWFILTER_BINDING,
                conn.create_nwfilter_binding(with_stranger(workshop.text(NWFILTER_BINDING)), VALIDATE),
            )

    def test_unknown_flags_are_refused(self, conn: Connection, workshop: Workshop) -> None:
        with pytest.raises(InvalidArgError):
            workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(workshop.text(NWFILTER_BINDING), UNKNOWN_FLAG))

    def test_a_filter_is_bound_to_any_number_of_devices(self, conn: Connection, workshop: Workshop) -> None:
        one = workshop.create(NWFILTER_BINDING)
        text = binding_xml(fresh_name(), one.filter_name)
        other = workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(text))
        one.delete()
        assert {other.port_dev} == {one.port_dev, other.port_dev} & NWFILTER_BINDING.keys(conn)

    def test_a_binding_outlives_the_connection_that_made_it(self, workshop: Workshop, profile: Profile) -> None:
        if not profile.shared:
            pytest.skip(f"{profile.uri}: each connection has objects of its own")
        text = workshop.text(NWFILTER_BINDING)
        with virtkit.open(profile.uri) as other:
            ref = other.create_nwfilter_binding(text).ref
        found = workshop.conn.lookup_nwfilter_binding_by_port_dev(ref.portdev)
        assert ref == workshop.keep(NWFILTER_BINDING, found).ref

    def test_a_deleted_binding_is_gone(self, conn: Connection, workshop: Workshop) -> None:
        binding = workshop.create(NWFILTER_BINDING)
        binding.delete()
        assert binding.port_dev not in NWFILTER_BINDING.keys(conn)

    def test_deleting_what_is_gone_is_the_error_of_the_kind(self, workshop: Workshop) -> None:
        binding = workshop.create(NWFILTER_BINDING)
        binding.delete()
        with pytest.raises(NoNWFilterBindingError):
            binding.delete()

    def test_a_filter_in_use_stays(self, conn: Connection, workshop: Workshop, profile: Profile) -> None:
        profile.require(NWFILTER, Can.DEFINE)
        binding = workshop.create(NWFILTER_BINDING)
        with pytest.raises(OperationInvalidError):
            conn.lookup_nwfilter_by_name(binding.filter_name).undefine()

    def test_a_filter_in_use_through_another_stays_until_it_is_not(
        self, conn: Connection, workshop: Workshop, profile: Profile
    ) -> None:
        profile.require(NWFILTER, Can.DEFINE)
        inner = workshop.define(NWFILTER)
        outer = workshop.define(NWFILTER, referring(fresh_name(), inner.name))
        text = binding_xml(fresh_name(), outer.name)
        binding = workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(text))
        with pytest.raises(OperationInvalidError):
            inner.undefine()
        binding.delete()
        inner.undefine()

    def test_a_filter_that_refers_to_none_there_is_cannot_be_bound(
        self, conn: Connection, workshop: Workshop, profile: Profile
    ) -> None:
        profile.require(NWFILTER, Can.DEFINE)
        missing = fresh_name()
        outer = workshop.define(NWFILTER, referring(fresh_name(), missing))
        device = fresh_name()
        with pytest.raises(InternalError, match=missing):
            workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(binding_xml(device, outer.name)))
        assert device not in NWFILTER_BINDING.keys(conn)

    def test_a_variable_without_value_cannot_be_bound(
        self, conn: Connection, workshop: Workshop, profile: Profile
    ) -> None:
        profile.require(NWFILTER, Can.DEFINE)
        needs = workshop.define(NWFILTER, _needing(fresh_name()))
        device = fresh_name()
        with pytest.raises(InternalError, match="VK_PORT"):
            workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(binding_xml(device, needs.name)))
        assert device not in NWFILTER_BINDING.keys(conn)

    def test_a_change_that_a_binding_cannot_follow_is_refused_and_the_filter_stays(
        self, conn: Connection, workshop: Workshop, profile: Profile
    ) -> None:
        profile.require(NWFILTER, Can.DEFINE | Can.DESCRIBE)
        nwfilter = workshop.define(NWFILTER)
        text = binding_xml(fresh_name(), nwfilter.name)
        workshop.keep(NWFILTER_BINDING, conn.create_nwfilter_binding(text))
        before = nwfilter.xml_desc()
        with pytest.raises(BuildFirewallError, match="VK_PORT"):
            conn.define_nwfilter(_needing(nwfilter.name))
        assert before == nwfilter.xml_desc()


def referring(name: str, *others: str) -> str:
    """The document of a filter that refers to others."""
    references = "".join(f"<filterref filter='{other}'/>" for other in others)
    return f"<filter name='{name}'>{references}</filter>"


def _needing(name: str) -> str:
    """The document of a filter with a variable that nobody states."""
    match = "<tcp dstportstart='$VK_PORT'/>"
    return f"<filter name='{name}'><rule action='drop' direction='in'>{match}</rule></filter>"


def _filter_of(binding: str) -> str:
    """The filter that the document of a binding names."""
    found = re.search(r"<filterref filter='([^']*)'", binding)
    assert found
    return found[1]
