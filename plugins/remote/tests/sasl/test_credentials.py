"""The file of users."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.errors import ConfSyntaxError, InvalidArgError
from virtkit_remote.sasl import Credentials, Verifier, asked_password


@pytest.fixture
def store(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path / "users")


def test_nobody_comes_in_where_there_is_no_file(store: Credentials) -> None:
    assert ({}, False) == (store.users(), store.verifier("alice").accepts("x"))


def test_a_user_who_was_added_comes_in_with_the_password(store: Credentials) -> None:
    store.add("alice", "wonderland")
    verifier = store.verifier("alice")
    assert (True, False) == (verifier.accepts("wonderland"), verifier.accepts("Wonderland"))


def test_the_file_belongs_to_its_owner_alone_and_has_no_password(store: Credentials) -> None:
    store.add("alice", "wonderland")
    assert 0o600 == stat.S_IMODE(store.path.stat().st_mode)
    assert "wonderland" not in store.path.read_text()
    assert [store.path] == list(store.path.parent.iterdir())


def test_equal_passwords_do_not_show(store: Credentials) -> None:
    store.add("alice", "wonderland")
    store.add("bob", "wonderland")
    assert store.verifier("alice").stored_key != store.verifier("bob").stored_key


def test_adding_a_user_again_changes_the_password_and_no_other_user(store: Credentials) -> None:
    store.add("bob", "builder")
    store.add("alice", "wonderland")
    store.add("alice", "looking glass")
    assert ["bob", "alice"] == list(store.users())
    assert (True, True) == (store.verifier("alice").accepts("looking glass"), store.verifier("bob").accepts("builder"))


def test_a_removed_user_is_gone(store: Credentials) -> None:
    store.add("alice", "wonderland")
    store.remove("alice")
    assert {} == store.users()
    with pytest.raises(InvalidArgError, match="has no user 'alice'; it has none"):
        store.remove("alice")


def test_users_added_at_the_same_time_are_all_there(store: Credentials) -> None:
    names = [f"user{number}" for number in range(8)]
    threads = [threading.Thread(target=store.add, args=(name, "secret")) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == sorted(store.users())


@pytest.mark.parametrize("name", ["", " alice", "al:ice", "#alice", "al\nice", "e\u0301ve"])
def test_a_name_that_the_file_cannot_hold_is_refused(store: Credentials, name: str) -> None:
    with pytest.raises(InvalidArgError, match="cannot be a user name"):
        store.add(name, "x")
    assert not store.path.exists()


@pytest.mark.parametrize("password", ["", "bell\a"])
def test_a_password_that_sasl_cannot_carry_is_refused(store: Credentials, password: str) -> None:
    with pytest.raises(InvalidArgError, match="the password cannot be used"):
        store.add("alice", password)


def test_a_new_password_is_asked_for_twice() -> None:
    assert "wonderland" == asked_password(lambda prompt: "wonderland")
    answers = iter(["wonderland", "wunderland"])
    with pytest.raises(InvalidArgError, match="the two passwords differ"):
        asked_password(lambda prompt: next(answers))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_not_used(store: Credentials, mode: int) -> None:
    store.add("alice", "wonderland")
    store.path.chmod(mode)
    with pytest.raises(ConfSyntaxError, match=f"chmod 600 {store.path}"):
        store.verifier("alice")


def test_comments_and_empty_lines_are_skipped(store: Credentials) -> None:
    store.add("alice", "wonderland")
    store.path.write_text(f"# users of the lab\n\n{store.path.read_text()}")
    assert ["alice"] == list(store.users())


@pytest.mark.parametrize("line", [
    "alice", "alice:", "alice:secret", "alice:SCRAM-SHA-1$4096:c2FsdA==$YQ==:YQ==",
    "alice:SCRAM-SHA-256$many:c2FsdA==$YQ==:YQ==", "alice:SCRAM-SHA-256$4096:c2F!$YQ==:YQ==",
    "alice:SCRAM-SHA-256$4096:c2FsdA==$YQ==",
])  # fmt: skip
def test_a_wrong_line_is_told_with_its_number(store: Credentials, line: str) -> None:
    store.path.write_text(f"\n{line}\n")
    os.chmod(store.path, 0o600)
    with pytest.raises(ConfSyntaxError, match=r"line 2: the verifier of 'alice' cannot be read .* --add-user alice"):
        store.users()


@given(st.builds(
    Verifier, st.binary(min_size=12), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32),
    st.integers(4096, 10**7),
))  # fmt: skip
def test_a_verifier_is_read_as_it_was_written(verifier: Verifier) -> None:
    assert verifier == Verifier.parse(str(verifier))
