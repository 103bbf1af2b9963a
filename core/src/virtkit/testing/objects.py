"""Tests that hold for objects of any kind; the modules of the kinds say which of them a kind has."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

import virtkit
from virtkit import Connection
from virtkit.errors import InvalidArgError, OperationFailedError, VirtError, XMLDetailError, XMLError
from virtkit.testing.kinds import Can
from virtkit.testing.profile import Profile, fresh_name, fresh_uuid
from virtkit.testing.suite import Conformance, Workshop, eventually, requires, with_stranger, without

UNKNOWN_FLAG = 1 << 29
"""No enumeration of flags that a test passes has it."""

STATE_PARTS = (("ACTIVE", "INACTIVE"), ("PERSISTENT", "TRANSIENT"), ("AUTOSTART", "NO_AUTOSTART"))
"""Pairs of filters of what is active or not, persistent or transient."""

VALIDATE = 1  # of the flags of every define function


class NameLookup(Conformance):
    """Finding objects by name."""

    needs = Can.LIST

    def test_an_object_is_found_by_its_name(self, conn: Connection, obj: Any) -> None:
        assert obj == self.kind.by_name(conn, obj.name)

    def test_a_lookup_answers_what_the_list_has(self, conn: Connection, obj: Any) -> None:
        [listed] = [each.ref for each in self.kind.list(conn) if each == obj]
        assert listed == self.kind.by_name(conn, obj.name).ref

    def test_an_unknown_name_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(self.kind.missing):
            self.kind.by_name(conn, fresh_name())

    def test_an_empty_name_is_the_name_of_nothing(self, conn: Connection) -> None:
        with pytest.raises(VirtError):
            self.kind.by_name(conn, "")

    def test_another_connection_finds_it_too(self, profile: Profile, obj: Any) -> None:
        if not profile.shared:
            pytest.skip(f"{profile.uri}: each connection has objects of its own")
        with virtkit.open(profile.uri) as other:
            assert obj.ref == self.kind.by_name(other, obj.name).ref


class UUIDLookup(Conformance):
    """Finding objects by UUID."""

    needs = Can.LIST

    def test_an_object_is_found_by_its_uuid(self, conn: Connection, obj: Any) -> None:
        assert obj.ref == self.kind.by_uuid(conn, obj.uuid_string).ref

    def test_an_unknown_uuid_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(self.kind.missing):
            self.kind.by_uuid(conn, fresh_uuid())


class Enumeration(Conformance):
    """Listing objects.

    Attributes:
        parts: Pairs of filters of which each object passes exactly one.
    """

    needs = Can.LIST
    parts: ClassVar[tuple[tuple[str, str], ...]] = ()

    def test_an_object_is_listed_once(self, conn: Connection, obj: Any) -> None:
        assert [obj] == [each for each in self.kind.list(conn) if each == obj]

    def test_what_identifies_an_object_is_unique(self, conn: Connection, obj: Any) -> None:
        keys = [self.kind.key_of(each) for each in self.kind.list(conn)]
        assert sorted(set(keys)) == sorted(keys)

    def test_pairs_of_filters_part_the_objects(self, conn: Connection, obj: Any) -> None:
        everything = self.kind.keys(conn)
        wrong = []
        for one, other in self.parts:
            left, right = self.kind.keys(conn, one), self.kind.keys(conn, other)
            if left & right or left | right != everything:
                wrong.append((one, left, other, right))
        assert [] == wrong

    def test_both_filters_of_a_pair_admit_everything(self, conn: Connection, obj: Any) -> None:
        everything = self.kind.keys(conn)
        assert [everything] * len(self.parts) == [self.kind.keys(conn, *pair) for pair in self.parts]

    def test_unknown_flags_are_refused(self, conn: Connection) -> None:
        with pytest.raises(InvalidArgError):
            getattr(conn, f"list_{self.kind.plural}")(UNKNOWN_FLAG)


class NameLists(Conformance):
    """The older lists of names, and counts, which agree with the list of all objects."""

    needs = Can.LIST

    def test_names_of_active_objects_agree_with_the_list(self, conn: Connection, obj: Any) -> None:
        names = getattr(conn, f"list_{self.kind.name}_names")()
        assert sorted(each.name for each in self.kind.list(conn, "ACTIVE")) == sorted(names)

    def test_names_of_inactive_objects_agree_with_the_list(self, conn: Connection, obj: Any) -> None:
        names = getattr(conn, f"list_defined_{self.kind.name}_names")()
        assert sorted(each.name for each in self.kind.list(conn, "INACTIVE")) == sorted(names)

    def test_counts_agree_with_the_list(self, conn: Connection, obj: Any) -> None:
        counts = (
            getattr(conn, f"num_of_{self.kind.plural}")(),
            getattr(conn, f"num_of_defined_{self.kind.plural}")(),
        )
        assert (len(self.kind.list(conn, "ACTIVE")), len(self.kind.list(conn, "INACTIVE"))) == counts


class Description(Conformance):
    """Objects as XML.

    Attributes:
        identity: Fields of the document that repeat fields of the reference, by name there.
    """

    needs = Can.LIST | Can.DESCRIBE
    identity: ClassVar[dict[str, str]] = {"name": "name", "uuid": "uuid"}

    def test_the_description_names_its_object(self, obj: Any) -> None:
        document = self.kind.model.parse(obj.xml_desc())
        said = {field: getattr(document, field) for field in self.identity}
        assert {field: getattr(obj.ref, of_ref) for field, of_ref in self.identity.items()} == said

    def test_the_description_has_nothing_that_the_model_does_not_know(self, obj: Any) -> None:
        assert () == self.kind.model.parse(obj.xml_desc()).notices

    def test_the_description_is_laid_out_as_the_model_prints_it(self, obj: Any) -> None:
        text = obj.xml_desc()
        assert self.kind.model.parse(text).format() == text

    def test_unknown_flags_are_refused(self, obj: Any) -> None:
        with pytest.raises(InvalidArgError):
            obj.xml_desc(UNKNOWN_FLAG)


class Definition(Conformance):
    """Storing, replacing and removing definitions.

    Attributes:
        nameless: Error of a document without a name.
        described: Flags under which the description is the definition.
    """

    needs = Can.LIST | Can.DEFINE
    nameless: ClassVar[type[VirtError]] = XMLError
    described: ClassVar[int] = 0

    def test_a_definition_keeps_its_name(self, workshop: Workshop) -> None:
        name = fresh_name()
        assert name == workshop.define(self.kind, workshop.text(self.kind, name)).name

    def test_the_same_document_again_changes_nothing(self, conn: Connection, workshop: Workshop) -> None:
        text = workshop.text(self.kind)
        first = workshop.define(self.kind, text)
        before = self.kind.keys(conn)
        assert (first, before) == (self.kind.define(conn, text), self.kind.keys(conn))

    @requires(Can.DESCRIBE)
    def test_a_description_can_be_defined_again(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        text = obj.xml_desc(self.described)
        self.kind.define(conn, text)
        assert text == obj.xml_desc(self.described)

    def test_text_that_is_no_xml_is_refused(self, conn: Connection) -> None:
        with pytest.raises(XMLDetailError):
            self.kind.define(conn, "<nothing that ends")

    def test_a_document_of_another_kind_is_refused(self, conn: Connection) -> None:
        with pytest.raises(XMLError):
            self.kind.define(conn, "<conformance/>")

    def test_a_document_without_a_name_is_refused(self, conn: Connection, workshop: Workshop) -> None:
        with pytest.raises(self.nameless):
            self.kind.define(conn, without(workshop.text(self.kind), "name"))

    def test_a_refused_document_leaves_nothing(self, conn: Connection, workshop: Workshop) -> None:
        before = self.kind.keys(conn)
        with pytest.raises(VirtError):
            self.kind.define(conn, without(workshop.text(self.kind), "name"))
        assert before == self.kind.keys(conn)

    def test_what_nobody_knows_is_refused_when_validation_is_asked_for(
        self, conn: Connection, workshop: Workshop
    ) -> None:
        with pytest.raises(VirtError, match="conformance"):
            workshop.keep(self.kind, self.kind.define(conn, with_stranger(workshop.text(self.kind)), VALIDATE))

    def test_unknown_flags_are_refused(self, conn: Connection, workshop: Workshop) -> None:
        with pytest.raises(InvalidArgError):
            workshop.keep(self.kind, self.kind.define(conn, workshop.text(self.kind), UNKNOWN_FLAG))

    def test_what_is_undefined_is_gone(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.undefine()
        assert self.kind.key_of(obj) not in self.kind.keys(conn)

    def test_what_is_gone_is_the_error_of_the_kind(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.undefine()
        with pytest.raises(self.kind.missing):
            obj.undefine()

    def test_a_definition_outlives_its_connection(self, workshop: Workshop, profile: Profile) -> None:
        obj = workshop.define(self.kind)
        if not profile.shared:
            pytest.skip(f"{profile.uri}: each connection has objects of its own")
        with virtkit.open(profile.uri) as other:
            [seen] = [each for each in self.kind.list(other) if each.ref == obj.ref]
            seen.undefine()
        assert self.kind.key_of(obj) not in self.kind.keys(workshop.conn)


class UUIDDefinition(Definition):
    """Definitions of what has a name and a UUID, each of them unique."""

    def test_a_definition_keeps_its_uuid(self, workshop: Workshop) -> None:
        uuid = fresh_uuid()
        assert uuid == workshop.define(self.kind, workshop.text(self.kind, uuid=uuid)).uuid_string

    def test_a_definition_without_uuid_gets_one(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.define(self.kind, without(workshop.text(self.kind), "uuid"))
        assert obj == self.kind.by_uuid(conn, obj.uuid_string)

    def test_a_name_of_another_uuid_is_refused(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        before = self.kind.keys(conn)
        with pytest.raises(OperationFailedError):
            self.kind.define(conn, workshop.text(self.kind, obj.name))
        assert before == self.kind.keys(conn)

    def test_a_uuid_of_another_name_is_refused(self, conn: Connection, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        before = self.kind.keys(conn)
        with pytest.raises(OperationFailedError):
            self.kind.define(conn, workshop.text(self.kind, uuid=obj.uuid_string))
        assert before == self.kind.keys(conn)


class Autostart(Conformance):
    """The mark that an object is started with its driver.

    Attributes:
        transient_refusal: Error of marking a transient object.
    """

    needs = Can.LIST | Can.DEFINE | Can.AUTOSTART
    transient_refusal: ClassVar[type[VirtError]] = VirtError

    def test_it_is_off_at_first(self, workshop: Workshop) -> None:
        assert workshop.define(self.kind).autostart() is False

    def test_it_is_on_once_set(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.set_autostart(True)
        assert obj.autostart() is True

    def test_setting_it_twice_is_no_error(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.set_autostart(True)
        obj.set_autostart(True)
        assert obj.autostart() is True

    def test_it_can_be_taken_back(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.set_autostart(True)
        obj.set_autostart(False)
        assert obj.autostart() is False

    def test_it_starts_nothing_now(self, workshop: Workshop) -> None:
        obj = workshop.define(self.kind)
        obj.set_autostart(True)
        assert obj.is_active() is False

    def test_filters_tell_those_that_are_marked(self, conn: Connection, workshop: Workshop) -> None:
        marked, other = workshop.define(self.kind), workshop.define(self.kind)
        marked.set_autostart(True)
        names = {marked.name, other.name}
        assert {marked.name} == names & self.kind.keys(conn, "AUTOSTART")
        assert {other.name} == names & self.kind.keys(conn, "NO_AUTOSTART")

    def test_a_new_definition_keeps_it(self, conn: Connection, workshop: Workshop) -> None:
        text = workshop.text(self.kind)
        obj = workshop.define(self.kind, text)
        obj.set_autostart(True)
        self.kind.define(conn, text)
        assert obj.autostart() is True

    def test_undefining_forgets_it(self, workshop: Workshop) -> None:
        text = workshop.text(self.kind)
        obj = workshop.define(self.kind, text)
        obj.set_autostart(True)
        obj.undefine()
        assert workshop.define(self.kind, text).autostart() is False

    @requires(Can.CREATE)
    def test_a_transient_object_refuses_it(self, workshop: Workshop) -> None:
        with pytest.raises(self.transient_refusal):
            workshop.create(self.kind).set_autostart(True)


def gone(kind: Any, conn: Connection, obj: Any, seconds: float) -> None:
    """Wait until an object is no longer listed."""
    key = kind.key_of(obj)
    eventually(lambda: key not in kind.keys(conn), f"{kind.noun} {key} ceases to exist", seconds)
