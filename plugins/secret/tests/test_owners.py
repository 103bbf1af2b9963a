"""One root and several processes, a daemon among them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import virtkit
from plugins.secret.tests.place import OTHER, UUID, VALUE, Place, document
from tests.interop.virtkitd import Virtkitd
from virtkit.errors import InvalidArgError, InvalidSecretError, NoSecretError, ResourceBusyError
from virtkit.store import ownership


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path, configuration="[log]\nlevel = 'info'\n") as running:
        yield running


def test_a_root_that_another_process_owns_is_read_and_not_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_lock", partial(_impatient, ownership._lock))
    body = f"""
s = connection.define_secret({document()!r})
s.set_value({VALUE!r})
connection.define_secret({document(OTHER, name="other", ephemeral="yes")!r})
"""
    with place.program(body), place.open() as conn:
        [secret] = conn.list_secrets()
        assert (document(), VALUE) == (secret.xml_desc(), secret.value())
        for change in (secret.undefine, lambda: secret.set_value(b"x"), lambda: conn.define_secret("<secret/>")):
            with pytest.raises(ResourceBusyError):
                change()
    with place.open() as conn:
        conn.lookup_secret_by_uuid(UUID).set_value(b"ours now")


def _impatient(lock: object, folder: Path, end: float) -> int:
    return lock(folder, 0)  # type: ignore[no-any-return, operator]


def test_what_another_process_changes_is_seen_once_it_lets_go(place: Place, conn: virtkit.Connection) -> None:
    assert [] == conn.list_secrets()
    with place.program(f"connection.define_secret({document()!r}).set_value({VALUE!r})"):
        assert [UUID] == conn.list_secret_uuids()
    secret = conn.lookup_secret_by_uuid(UUID)
    assert VALUE == secret.value()
    secret.undefine()
    assert [] == conn.list_secrets()


def test_a_process_that_is_killed_leaves_its_secrets_and_no_ephemeral_one(place: Place) -> None:
    ephemeral = document(OTHER, name="other", ephemeral="yes")
    body = f"connection.define_secret({document()!r}).set_value({VALUE!r}); connection.define_secret({ephemeral!r})"
    with place.program(body) as process:
        process.kill()
        process.wait()
    with place.open() as conn:
        assert [UUID] == conn.list_secret_uuids()
        assert VALUE == conn.lookup_secret_by_uuid(UUID).value()


def test_secrets_join_the_connections_of_hypervisors(place: Place, secret: virtkit.Secret) -> None:
    with virtkit.open(place.uri.replace("secret:", "qemu:")) as conn:
        assert VALUE == conn.lookup_secret_by_uuid(UUID).value()


# A daemon


def test_a_daemon_keeps_ephemeral_secrets_until_it_ends(daemon: Virtkitd) -> None:
    uri = daemon.uri("qemu:///system")
    with virtkit.open(uri) as conn:
        conn.define_secret(document(ephemeral="yes")).set_value(VALUE)
        conn.define_secret(document(OTHER, name="other")).set_value(b"stays")
    with virtkit.open(uri) as conn:
        assert VALUE == conn.lookup_secret_by_uuid(UUID).value()
    daemon.stop()
    daemon.start()
    with virtkit.open(uri) as conn:
        assert b"stays" == conn.lookup_secret_by_uuid(OTHER).value()
        with pytest.raises(NoSecretError):
            conn.lookup_secret_by_uuid(UUID)


def test_a_daemon_tells_a_client_no_private_value_whatever_its_flags(daemon: Virtkitd) -> None:
    with virtkit.open(daemon.uri("secret:///system")) as conn:
        secret = conn.define_secret(document(private="yes"))
        secret.set_value(VALUE)
        with pytest.raises(InvalidSecretError):
            secret.value()
        for flags in (1, 2, 1 << 31):
            with pytest.raises(InvalidArgError):
                secret.value(flags)


def test_a_program_reaches_the_secrets_of_a_daemon_through_its_socket(daemon: Virtkitd) -> None:
    with virtkit.open(f"secret:///embed?root={daemon.root}") as conn:
        conn.define_secret(document(ephemeral="yes")).set_value(VALUE)
    with virtkit.open(daemon.uri("secret:///system")) as conn:
        assert VALUE == conn.lookup_secret_by_uuid(UUID).value()
