"""Values: encrypted on disk, told to nobody who may not know them, and what is told when they are of no use."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

import virtkit
from plugins.secret.tests.place import OTHER, UUID, VALUE, Place, document, full_disk
from virtkit.enums import SecretUsageType
from virtkit.errors import InvalidArgError, InvalidSecretError, NoSecretError, SystemCallError
from virtkit.opening import planned
from virtkit.refs import SecretRef
from virtkit_secret.storage import Definitions

LARGEST = 65536
INTERNAL_CALL = 1
"""libvirt's bit for calls of drivers."""


def peer_value(uri: str, secret: virtkit.Secret) -> bytes:
    """The value as another driver of the root gets it."""
    peers = planned(uri, readonly=False, authenticate=None).request.peers
    value: bytes = peers["secret_get_value"](secret.ref, 0)
    return value


def useless(secret: virtkit.Secret) -> str:
    """Why a value is of no use."""
    with pytest.raises(InvalidSecretError, match=UUID) as told:
        secret.value()
    return told.value.message


# Encryption


def test_no_file_has_the_value_in_any_form(place: Place, secret: virtkit.Secret) -> None:
    assert VALUE == secret.value()
    forms = (VALUE, VALUE[:8], VALUE[::-1], VALUE.hex().encode(), base64.b64encode(VALUE)[:10])
    assert [] == [name for name, contents in place.files().items() for form in forms if form in contents]


def test_values_and_key_are_their_owners_alone(place: Place, secret: virtkit.Secret) -> None:
    paths = [place.key, place.value_file(), place.definitions / f"{UUID}.xml"]
    assert [0o600] * 3 == [stat.S_IMODE(path.stat().st_mode) for path in paths]
    folders = [place.definitions, place.values, place.key.parent]
    assert [0o700] * 3 == [stat.S_IMODE(path.stat().st_mode) for path in folders]


def test_a_definition_alone_makes_no_key(place: Place, conn: virtkit.Connection) -> None:
    conn.define_secret(document())
    assert not place.key.exists()


def test_all_values_have_one_key(place: Place, conn: virtkit.Connection, secret: virtkit.Secret) -> None:
    key = place.key.read_bytes()
    conn.define_secret(document(OTHER, name="other")).set_value(b"other")
    assert (32, key) == (len(key), place.key.read_bytes())
    assert VALUE == secret.value()


@pytest.mark.parametrize("length", [0, 1, LARGEST])
def test_a_value_of_any_length_is_kept(secret: virtkit.Secret, length: int) -> None:
    secret.set_value(b"v" * length)
    assert b"v" * length == secret.value()


def test_a_value_that_is_too_long_is_refused(secret: virtkit.Secret) -> None:
    with pytest.raises(InvalidArgError, match=r"at most 65536 bytes, not 65537"):
        secret.set_value(b"v" * (LARGEST + 1))
    assert VALUE == secret.value()


# Values that are of no use


@pytest.mark.parametrize("position", [0, 20, 30, -1])
def test_a_value_that_was_tampered_with_is_told_of_and_can_be_set_again(
    place: Place, secret: virtkit.Secret, position: int
) -> None:
    contents = bytearray(place.value_file().read_bytes())
    contents[position] ^= 1
    place.value_file().write_bytes(contents)
    assert "set the value again" in useless(secret)
    assert document() == secret.xml_desc()
    secret.set_value(VALUE)
    assert VALUE == secret.value()


@pytest.mark.parametrize("contents", [b"", b"virtkit secret 1\n", b"open sesame"], ids=["empty", "header", "text"])
def test_a_file_that_is_no_value_is_told_of(place: Place, secret: virtkit.Secret, contents: bytes) -> None:
    place.value_file().write_bytes(contents)
    assert f"{place.value_file()} is damaged" in useless(secret)


def test_the_value_of_another_secret_does_not_pass(
    place: Place, conn: virtkit.Connection, secret: virtkit.Secret
) -> None:
    conn.define_secret(document(OTHER, name="other")).set_value(b"other")
    place.value_file(OTHER).replace(place.value_file())
    assert "another secret's" in useless(secret)


def test_a_lost_key_costs_values_only_until_it_is_put_back(
    place: Place, conn: virtkit.Connection, secret: virtkit.Secret, tmp_path: Path
) -> None:
    kept = place.key.rename(tmp_path / "kept")
    assert f"not in {place.key}: put that key back" in useless(secret)
    other = conn.define_secret(document(OTHER, name="other"))
    other.set_value(b"other")
    assert b"other" == other.value()
    assert f"not in {place.key}" in useless(secret)
    assert [UUID, OTHER] == [each.uuid_string for each in conn.list_secrets()]
    kept.replace(place.key)
    assert VALUE == secret.value()


def test_a_key_that_is_none_is_neither_used_nor_replaced(place: Place, secret: virtkit.Secret) -> None:
    place.key.write_bytes(b"short")
    with pytest.raises(InvalidSecretError, match="is not the key"):
        secret.value()
    with pytest.raises(InvalidSecretError, match="is not the key"):
        secret.set_value(b"new")
    assert b"short" == place.key.read_bytes()


# Disks that refuse


def test_a_full_disk_keeps_the_old_value(place: Place, secret: virtkit.Secret) -> None:
    before = place.files()
    with full_disk(), pytest.raises(SystemCallError, match=f"value of secret '{UUID}'"):
        secret.set_value(b"new")
    assert (before, VALUE) == (place.files(), secret.value())


def test_a_full_disk_leaves_no_part_of_a_key(place: Place, conn: virtkit.Connection) -> None:
    secret = conn.define_secret(document())
    with full_disk(), pytest.raises(SystemCallError, match="key of the secrets"):
        secret.set_value(VALUE)
    assert not place.key.exists()
    secret.set_value(VALUE)
    assert VALUE == secret.value()


def test_a_value_goes_before_its_definition(
    place: Place, secret: virtkit.Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise SystemCallError("the disk refuses")

    with monkeypatch.context() as patched:
        patched.setattr(Definitions, "delete", refused)
        with pytest.raises(SystemCallError):
            secret.undefine()
    assert not place.value_file().exists()
    assert document() == secret.xml_desc()
    secret.undefine()
    with pytest.raises(NoSecretError):
        secret.xml_desc()


# Private values


def test_a_private_value_is_told_to_drivers_and_to_no_caller(place: Place, conn: virtkit.Connection) -> None:
    secret = conn.define_secret(document(private="yes"))
    secret.set_value(VALUE)
    with pytest.raises(InvalidSecretError, match="is private"):
        secret.value()
    assert VALUE == peer_value(place.uri, secret)


def test_no_flag_makes_a_caller_a_driver(conn: virtkit.Connection) -> None:
    secret = conn.define_secret(document(private="yes"))
    secret.set_value(VALUE)
    for flags in (INTERNAL_CALL, 2, 1 << 31):
        with pytest.raises(InvalidArgError):
            secret.value(flags)


def test_a_driver_finds_a_secret_by_its_use(place: Place, secret: virtkit.Secret) -> None:
    peers = planned(place.uri, readonly=True, authenticate=None).request.peers
    found: SecretRef = peers["secret_lookup_by_usage"](SecretUsageType.CEPH, "rbd")
    assert (secret.ref, VALUE) == (found, peers["secret_get_value"](found, 0))


def test_a_driver_is_told_the_same_of_a_value_that_is_not_there(place: Place, conn: virtkit.Connection) -> None:
    secret = conn.define_secret(document(private="yes"))
    with pytest.raises(NoSecretError, match="has no value"):
        peer_value(place.uri, secret)


# Ephemeral secrets


def test_an_ephemeral_secret_is_in_no_file(place: Place, conn: virtkit.Connection) -> None:
    secret = conn.define_secret(document(ephemeral="yes"))
    secret.set_value(VALUE)
    assert VALUE == secret.value()
    assert ["run/owner.lock"] == list(place.files())


def test_an_ephemeral_secret_is_there_for_every_connection_of_its_process(
    place: Place, conn: virtkit.Connection
) -> None:
    conn.define_secret(document(ephemeral="yes")).set_value(VALUE)
    with place.open() as other:
        assert VALUE == other.lookup_secret_by_uuid(UUID).value()
    assert VALUE == conn.lookup_secret_by_uuid(UUID).value()


def test_an_ephemeral_secret_goes_with_the_last_connection_that_changed_secrets(
    place: Place, conn: virtkit.Connection
) -> None:
    with place.open() as other:
        other.define_secret(document(ephemeral="yes")).set_value(VALUE)
    assert [] == conn.list_secrets()
    again = conn.define_secret(document(ephemeral="yes"))
    with pytest.raises(NoSecretError):
        again.value()
