"""Definitions: what is refused, what stays, what other readers see of it."""

from __future__ import annotations

import pytest

import virtkit
from plugins.secret.tests.place import OTHER, UUID, VALUE, Place, document, full_disk
from virtkit.enums import ConnectListAllSecretsFlags as Listed
from virtkit.enums import SecretDefineFlags, SecretEventLifecycleType, SecretUsageType
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    NoSecretError,
    OperationDeniedError,
    SystemCallError,
    VirtError,
    XMLError,
    XMLInvalidSchemaError,
)
from virtkit.events import SecretLifecycleEvent, SecretValueChangedEvent

SECRET_DOMAIN = 30

REFUSED: dict[str, tuple[str, type[VirtError]]] = {
    "a property that is neither yes nor no": ("<secret private='maybe'/>", XMLError),
    "a UUID that is none": ("<secret><uuid>xx</uuid></secret>", InternalError),
    "a use without a type": ("<secret><usage><name>x</name></usage></secret>", XMLError),
    "a type that nobody knows": ("<secret><usage type='toaster'/></secret>", ConfigUnsupportedError),
    "a use without its id": ("<secret><usage type='volume'/></secret>", InternalError),
    "a use with an empty id": ("<secret><usage type='ceph'><name/></usage></secret>", InternalError),
    "a use with the id of another type": (
        "<secret><usage type='tls'><target>x</target></usage></secret>",
        InternalError,
    ),
}


# Documents


@pytest.mark.parametrize("flaw", REFUSED)
def test_a_flawed_definition_is_refused_as_libvirt_does(conn: virtkit.Connection, flaw: str) -> None:
    xml, error = REFUSED[flaw]
    with pytest.raises(error) as told:
        conn.define_secret(xml)
    assert (error.code, SECRET_DOMAIN) == (told.value.code, told.value.domain)
    assert [] == conn.list_secrets()


def test_validation_refuses_names_that_nobody_knows(conn: virtkit.Connection) -> None:
    with pytest.raises(XMLInvalidSchemaError):
        conn.define_secret("<secret><toaster/></secret>", SecretDefineFlags.VALIDATE)


def test_what_a_document_leaves_out_is_filled_in(conn: virtkit.Connection) -> None:
    secret = conn.define_secret("<secret/>")
    assert (
        f"<secret ephemeral='no' private='no'>\n  <uuid>{secret.uuid_string}</uuid>\n</secret>\n" == secret.xml_desc()
    )


@pytest.mark.parametrize("use", ["volume", "ceph", "iscsi", "tls", "vtpm"])
def test_a_secret_of_any_use_is_found_by_it(conn: virtkit.Connection, use: str) -> None:
    secret = conn.define_secret(document(use=use, name="/x"))
    assert secret == conn.lookup_secret_by_usage(SecretUsageType[use.upper()], "/x")
    assert document(use=use, name="/x") == secret.xml_desc()


def test_a_use_of_none_is_no_use(conn: virtkit.Connection) -> None:
    first = conn.define_secret("<secret><usage type='none'/></secret>")
    second = conn.define_secret("<secret/>")
    assert [(0, ""), (0, "")] == [(each.usage_type, each.usage_id) for each in (first, second)]
    with pytest.raises(NoSecretError):
        conn.lookup_secret_by_usage(SecretUsageType.NONE, "")


# Beside other secrets


def test_a_use_belongs_to_one_secret(conn: virtkit.Connection) -> None:
    conn.define_secret(document())
    with pytest.raises(InternalError, match=f"secret {UUID} is for ceph 'rbd' already"):
        conn.define_secret(document(OTHER))
    assert "rbd" == conn.define_secret(document(OTHER, use="tls")).usage_id


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (document(name="other"), "the use of secret .* ceph 'rbd', not ceph 'other'"),
        (document(private="yes"), "being private of secret .* no, not yes"),
        (document(ephemeral="yes"), "being ephemeral of secret .* no, not yes"),
    ],
    ids=["use", "private", "ephemeral"],
)
def test_what_never_changes_is_refused(
    conn: virtkit.Connection, secret: virtkit.Secret, changed: str, told: str
) -> None:
    with pytest.raises(InternalError, match=told):
        conn.define_secret(changed)
    assert document() == secret.xml_desc()


def test_the_description_changes_and_the_value_stays(conn: virtkit.Connection, secret: virtkit.Secret) -> None:
    changed = document().replace("</uuid>", "</uuid>\n  <description>of the cluster</description>")
    conn.define_secret(changed)
    assert (changed, VALUE) == (secret.xml_desc(), secret.value())


def test_filters_are_combined(conn: virtkit.Connection) -> None:
    uuids = [f"{number}{UUID[1:]}" for number in range(4)]
    for number, uuid in enumerate(uuids):
        properties = {"ephemeral": "yes" if number & 1 else "no", "private": "yes" if number & 2 else "no"}
        conn.define_secret(document(uuid, name=uuid, **properties))

    def listed(flags: int) -> list[int]:
        return [uuids.index(secret.uuid_string) for secret in conn.list_secrets(flags)]

    assert [0, 1, 2, 3] == listed(0)
    assert [1, 3] == listed(Listed.EPHEMERAL)
    assert [2] == listed(Listed.NO_EPHEMERAL | Listed.PRIVATE)
    assert [0, 1] == listed(Listed.NO_PRIVATE | Listed.EPHEMERAL | Listed.NO_EPHEMERAL)
    with pytest.raises(InvalidArgError):
        listed(64)


# Storage


def test_definitions_and_values_are_there_for_the_next_process(place: Place) -> None:
    with place.program(f"connection.define_secret({document()!r}).set_value({VALUE!r})"):
        pass
    with place.open() as conn:
        secret = conn.lookup_secret_by_uuid(UUID)
        assert (document(), VALUE) == (secret.xml_desc(), secret.value())


def test_what_is_undefined_leaves_no_file(place: Place, secret: virtkit.Secret) -> None:
    secret.undefine()
    assert {"lib/secret/key", "run/owner.lock"} == set(place.files())


def test_a_definition_that_cannot_be_stored_changes_nothing(conn: virtkit.Connection, secret: virtkit.Secret) -> None:
    changed = document().replace("</uuid>", "</uuid>\n  <description>new</description>")
    with full_disk(), pytest.raises(SystemCallError, match=UUID):
        conn.define_secret(changed)
    with full_disk(), pytest.raises(SystemCallError, match=OTHER):
        conn.define_secret(document(OTHER, name="other"))
    assert ([UUID], document()) == ([each.uuid_string for each in conn.list_secrets()], secret.xml_desc())


def test_a_stored_definition_that_is_broken_harms_no_other(place: Place, secret: virtkit.Secret) -> None:
    secret.connection.close()
    (place.definitions / f"{OTHER}.xml").write_text("<secret")
    (place.definitions / f"{OTHER[:-1]}3.xml").write_text(document())  # another one's
    with place.open() as conn:
        assert [UUID] == [each.uuid_string for each in conn.list_secrets()]


def test_a_definition_that_is_written_by_hand_is_seen_by_readers(place: Place, secret: virtkit.Secret) -> None:
    secret.connection.close()
    with place.open() as conn:
        assert [UUID] == [each.uuid_string for each in conn.list_secrets()]
        (place.definitions / f"{OTHER}.xml").write_text(document(OTHER, name="other"))
        assert [UUID, OTHER] == [each.uuid_string for each in conn.list_secrets()]
        (place.definitions / f"{UUID}.xml").unlink()
        assert [OTHER] == [each.uuid_string for each in conn.list_secrets()]


# Events and rights


def test_events_come_in_order(conn: virtkit.Connection) -> None:
    seen: list[object] = []
    watch = conn.subscribe(SecretLifecycleEvent, lambda subject, event: seen.append((subject.uuid_string, event)))
    conn.subscribe(SecretValueChangedEvent, lambda subject, event: seen.append((subject.uuid_string, event)))
    secret = conn.define_secret(document())
    secret.set_value(VALUE)
    secret.undefine()
    assert watch.hub.drain()
    told = [SecretLifecycleEvent(SecretEventLifecycleType.DEFINED), SecretValueChangedEvent()]
    told.append(SecretLifecycleEvent(SecretEventLifecycleType.UNDEFINED))
    assert [(UUID, event) for event in told] == seen


def test_a_read_only_connection_describes_and_does_nothing_else(place: Place, secret: virtkit.Secret) -> None:
    with place.open(readonly=True) as reader:
        seen = reader.lookup_secret_by_uuid(UUID)
        assert document() == seen.xml_desc()
        for refused in (
            seen.value,
            seen.undefine,
            lambda: seen.set_value(b"x"),
            lambda: reader.define_secret("<secret/>"),
        ):
            with pytest.raises(OperationDeniedError):
                refused()
    assert VALUE == secret.value()
