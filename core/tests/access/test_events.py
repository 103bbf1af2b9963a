"""Events and what the daemon itself answers are under the same policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.tests.access.lab import ALICE, DB, WEB, Allowing, registered
from virtkit import access
from virtkit.access.events import PROCEDURES
from virtkit.discovery import functions
from virtkit.errors import AccessDeniedError

FACTS = json.loads((Path(__file__).parents[3] / "tools/facts/rpc.json").read_text())


def stated() -> dict[str, tuple[str, ...]]:
    """Procedure that is no function of a driver -> permissions, as the facts have them."""
    found = {}
    for program, prefix in (("remote", ""), ("qemu", "qemu_"), ("lxc", "lxc_")):
        for each in FACTS["programs"][program]["procedures"]:
            name = prefix + each["name"].lower().partition("_proc_")[2]
            if each.get("acl") and name not in functions():
                found[name] = tuple(f"{one['object']}:{one['permission']}" for one in each["acl"])
    return found


def test_what_the_daemon_answers_takes_the_permissions_of_the_facts() -> None:
    assert stated() == PROCEDURES


def test_the_permissions_are_those_of_the_facts() -> None:
    assert {kind: tuple(names) for kind, names in FACTS["acl_permissions"].items()} == access.PERMISSIONS


def test_a_procedure_is_refused_without_each_of_its_permissions() -> None:
    with (
        registered(Allowing("connect:search_domains")),
        pytest.raises(AccessDeniedError, match="connect:write on the host"),
    ):
        access.require_procedure(ALICE, "qemu_connect_domain_monitor_event_register")


def test_a_procedure_passes_with_its_permissions() -> None:
    plugin = Allowing("connect:getattr")
    with registered(plugin):
        access.require_procedure(ALICE, "connect_open")
    assert [("connect_open", "connect", None, "getattr")] == plugin.requests


def test_a_procedure_without_permissions_passes() -> None:
    plugin = Allowing()
    with registered(plugin):
        access.require_procedure(ALICE, "auth_list")
    assert [] == plugin.requests


@pytest.mark.parametrize("kind", ["domain", "qemu_monitor"])
def test_an_event_is_seen_by_who_may_see_its_object(kind: str) -> None:
    with registered(Allowing("domain:getattr", names=("web",))):
        assert (True, False) == (access.may_see(ALICE, kind, WEB), access.may_see(ALICE, kind, DB))


def test_without_a_plugin_every_event_is_seen() -> None:
    assert access.may_see(ALICE, "domain", WEB)
