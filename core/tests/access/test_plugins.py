"""Plugins decide; where none has a say the answer is no, and where there is none everything is allowed."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any, ClassVar

import pytest

from core.tests.access.lab import ALICE, WEB, Allowing, registered
from virtkit import access
from virtkit.access import AccessSpec, Identity, Request
from virtkit.errors import AccessDeniedError, DriverError

START = Request("domain_create", "domain", WEB, "start")


class Silent(AccessSpec):
    def access_check(self, identity: Identity, request: Request) -> bool | None:
        return None


class Installed(Silent):
    made: ClassVar[list[Installed]] = []

    def __init__(self) -> None:
        self.made.append(self)


class Refusing(AccessSpec):
    def access_check(self, identity: Identity, request: Request) -> bool | None:
        return False


class Failing(AccessSpec):
    def access_check(self, identity: Identity, request: Request) -> bool | None:
        raise RuntimeError("no database")


class Vague(AccessSpec):
    def access_check(self, identity: Identity, request: Request) -> Any:
        return "perhaps"


def announce(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    entries = EntryPoints([EntryPoint("lab", target, access.GROUP)])
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: entries.select(group=group))


def test_without_a_plugin_everything_is_allowed() -> None:
    assert (False, True) == (access.active(), access.may(ALICE, START))


def test_with_a_plugin_what_nobody_allows_is_refused() -> None:
    with registered(Silent()):
        assert (True, False) == (access.active(), access.may(ALICE, START))


def test_the_last_plugin_is_gone_with_its_refusals() -> None:
    with registered(Refusing()):
        pass
    assert (False, True) == (access.active(), access.may(ALICE, START))


def test_a_plugin_without_opinion_leaves_the_question_to_the_next() -> None:
    with registered(Allowing("domain:start"), Silent()):
        assert access.may(ALICE, START)


@pytest.mark.parametrize(("plugins", "allowed"), [
    ((Allowing("domain:start"), Refusing()), False),
    ((Refusing(), Allowing("domain:start")), True),
])  # fmt: skip
def test_the_opinion_of_the_plugin_registered_last_counts(plugins: tuple[AccessSpec, ...], allowed: bool) -> None:
    with registered(*plugins):
        assert allowed == access.may(ALICE, START)


def test_a_plugin_that_fails_has_refused_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with registered(Allowing("domain:start"), Failing()), caplog.at_level(logging.ERROR):
        assert not access.may(ALICE, START)
    (record,) = caplog.records
    assert "an access plugin failed: user 'alice' is refused domain:start for domain_create" == record.getMessage()


def test_only_true_allows() -> None:
    with registered(Vague()):
        assert not access.may(ALICE, START)


def test_a_refusal_names_function_caller_permission_and_object() -> None:
    with registered(Silent()), pytest.raises(AccessDeniedError) as raised:
        access.require(ALICE, "domain_create", "domain:start", WEB, "'web'")
    assert (88, 55, "domain:start") == (raised.value.code, raised.value.domain, raised.value.str2)
    assert raised.value.message.startswith(
        "domain_create is refused: user 'alice' lacks the permission domain:start on the domain 'web';"
    )


def test_a_plugin_that_overrides_nothing_is_not_taken() -> None:
    class Empty(AccessSpec):
        pass

    with pytest.raises(DriverError, match="Empty does not override"):
        access.register(Empty())
    assert not access.active()


def test_a_plugin_of_other_parameters_is_not_taken() -> None:
    class Other(AccessSpec):
        def access_check(self, identity: Identity, wish: Request) -> bool | None:
            return True

    with pytest.raises(DriverError, match="wish"):
        access.register(Other())
    assert not access.active()


def test_a_plugin_is_registered_once() -> None:
    plugin = Silent()
    with registered(plugin):
        with pytest.raises(DriverError, match="Silent cannot be registered"):
            access.register(plugin)
        assert access.active()


def test_an_installed_plugin_is_registered_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, f"{__name__}:Installed")
    try:
        assert (["lab"], []) == (access.load_installed(), access.load_installed())
        assert not access.may(ALICE, START)
    finally:
        access.unregister(Installed.made.pop())


@pytest.mark.parametrize(("target", "problem"), [
    ("virtkit.no_such_module:Plugin", "'lab' does not load: ModuleNotFoundError"),
    ("virtkit.access:Nothing", "'lab' does not load: AttributeError"),
    ("builtins:dict", "'lab': its entry point names <class 'dict'>"),
])  # fmt: skip
def test_an_installed_plugin_that_cannot_be_used_is_an_error(
    monkeypatch: pytest.MonkeyPatch, target: str, problem: str
) -> None:
    announce(monkeypatch, target)
    with pytest.raises(DriverError, match=problem):
        access.load_installed()


@pytest.mark.parametrize(("identity", "said"), [
    (Identity(user_name="alice", sasl_user_name="al", x509_dname="CN=a"), "SASL user 'al'"),
    (Identity(x509_dname="CN=web,O=Lab", address="127.0.0.1:7"), "certificate 'CN=web,O=Lab'"),
    (Identity(user_name="alice", user_id=7), "user 'alice'"),
    (Identity(user_id=7), "user number 7"),
    (Identity(transport="tcp", address="127.0.0.1:7"), "somebody at 127.0.0.1:7"),
    (Identity(), "somebody unknown"),
])  # fmt: skip
def test_a_caller_is_named_by_the_strongest_proof(identity: Identity, said: str) -> None:
    assert said == str(identity)
