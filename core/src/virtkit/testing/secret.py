"""Tests of secrets."""

from __future__ import annotations

from typing import ClassVar

import pytest

import virtkit
from virtkit import Connection, Secret
from virtkit.enums import SecretUsageType
from virtkit.errors import (
    InternalError,
    InvalidSecretError,
    NoSecretError,
    OperationDeniedError,
    XMLDetailError,
    XMLError,
)
from virtkit.events import SecretValueChangedEvent
from virtkit.testing.kinds import SECRET, Can
from virtkit.testing.lifecycle import DefinitionEvents
from virtkit.testing.objects import Description, Enumeration, UUIDLookup
from virtkit.testing.profile import Profile, fresh_name, fresh_uuid
from virtkit.testing.suite import Conformance, Recorder, Workshop, eventually, requires, without


class BaseSecretLookup(UUIDLookup):
    """Finding secrets by UUID and use."""

    kind = SECRET

    def test_a_secret_is_found_by_its_use(self, conn: Connection, obj: Secret) -> None:
        if obj.usage_type == SecretUsageType.NONE:
            pytest.skip("the secret is of no particular use")
        assert obj == conn.lookup_secret_by_usage(obj.usage_type, obj.usage_id)

    def test_an_unknown_use_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(NoSecretError):
            conn.lookup_secret_by_usage(SecretUsageType.VOLUME, f"/conformance/{fresh_name()}")


class BaseSecretEnumeration(Enumeration):
    """Listing secrets."""

    kind = SECRET
    parts = (("EPHEMERAL", "NO_EPHEMERAL"), ("PRIVATE", "NO_PRIVATE"))

    def test_uuids_and_count_agree_with_the_list(self, conn: Connection, obj: Secret) -> None:
        uuids = sorted(each.uuid_string for each in conn.list_secrets())
        assert (uuids, len(uuids)) == (sorted(conn.list_secret_uuids()), conn.num_of_secrets())


class BaseSecretDescription(Description):
    """Secrets as XML."""

    kind = SECRET
    identity: ClassVar[dict[str, str]] = {"uuid": "uuid"}

    @requires(Can.VALUE, Can.DEFINE)
    def test_the_value_is_not_described(self, workshop: Workshop) -> None:
        secret = workshop.define(SECRET)
        secret.set_value(b"open sesame")
        assert "sesame" not in secret.xml_desc()


class BaseSecretDefinition(Conformance):
    """Defining secrets."""

    kind = SECRET
    needs = Can.LIST | Can.DEFINE

    def test_a_definition_keeps_its_uuid(self, workshop: Workshop) -> None:
        uuid = fresh_uuid()
        assert uuid == workshop.define(SECRET, workshop.text(SECRET, uuid=uuid)).uuid_string

    def test_a_definition_without_uuid_gets_one(self, conn: Connection, workshop: Workshop) -> None:
        secret = workshop.define(SECRET, without(workshop.text(SECRET), "uuid"))
        assert secret in conn.list_secrets()

    def test_the_same_document_again_changes_nothing(self, conn: Connection, workshop: Workshop) -> None:
        text = workshop.text(SECRET)
        assert workshop.define(SECRET, text) == conn.define_secret(text)

    def test_two_secrets_of_one_use_are_refused(self, conn: Connection, workshop: Workshop) -> None:
        name = fresh_name()
        workshop.define(SECRET, workshop.text(SECRET, name))
        with pytest.raises(InternalError):
            workshop.keep(SECRET, conn.define_secret(workshop.text(SECRET, name)))

    def test_text_that_is_no_xml_is_refused(self, conn: Connection) -> None:
        with pytest.raises(XMLDetailError):
            conn.define_secret("<nothing that ends")

    def test_a_document_of_another_kind_is_refused(self, conn: Connection) -> None:
        with pytest.raises(XMLError):
            conn.define_secret("<conformance/>")

    def test_what_is_undefined_is_gone(self, conn: Connection, workshop: Workshop) -> None:
        secret = workshop.define(SECRET)
        secret.undefine()
        assert secret not in conn.list_secrets()

    def test_what_is_gone_is_the_error_of_the_kind(self, workshop: Workshop) -> None:
        secret = workshop.define(SECRET)
        secret.undefine()
        with pytest.raises(NoSecretError):
            secret.undefine()


class BaseSecretValue(Conformance):
    """Values of secrets."""

    kind = SECRET
    needs = Can.LIST | Can.DEFINE | Can.VALUE

    @pytest.mark.parametrize("value", [b"text", b"", bytes(range(256))])
    def test_a_value_is_kept_as_it_was_set(self, workshop: Workshop, value: bytes) -> None:
        secret = workshop.define(SECRET)
        secret.set_value(value)
        assert value == secret.value()

    def test_a_value_is_replaced(self, workshop: Workshop) -> None:
        secret = workshop.define(SECRET)
        secret.set_value(b"old")
        secret.set_value(b"new")
        assert b"new" == secret.value()

    def test_a_new_definition_keeps_the_value(self, conn: Connection, workshop: Workshop) -> None:
        text = workshop.text(SECRET)
        secret = workshop.define(SECRET, text)
        secret.set_value(b"kept")
        conn.define_secret(text)
        assert b"kept" == secret.value()

    def test_a_value_that_was_never_set_is_an_error(self, workshop: Workshop) -> None:
        with pytest.raises((InvalidSecretError, NoSecretError)):
            workshop.define(SECRET).value()

    def test_a_private_value_is_not_told(self, workshop: Workshop) -> None:
        text = workshop.text(SECRET)
        if "private='no'" not in text:
            pytest.skip("the profile's secret does not say private='no'")
        secret = workshop.define(SECRET, text.replace("private='no'", "private='yes'"))
        secret.set_value(b"hidden")
        with pytest.raises(InvalidSecretError):
            secret.value()

    def test_a_read_only_connection_reads_no_value(self, workshop: Workshop, profile: Profile) -> None:
        secret = workshop.define(SECRET)
        secret.set_value(b"hidden")
        with virtkit.open(profile.uri, readonly=True) as reader, pytest.raises(OperationDeniedError):
            Secret(reader, secret.ref).value()


class BaseSecretEvents(DefinitionEvents):
    """Events of secrets."""

    kind = SECRET

    @requires(Can.VALUE)
    def test_a_new_value_is_told(self, conn: Connection, workshop: Workshop, profile: Profile) -> None:
        secret = workshop.define(SECRET)
        events = Recorder(conn, SecretValueChangedEvent, profile.deadline, secret)
        secret.set_value(b"new")
        eventually(lambda: events.of(secret), "a new value is told", profile.deadline)
        assert [SecretValueChangedEvent()] == events.of(secret)
