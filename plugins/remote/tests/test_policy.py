"""Rules of a policy file, in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from virtkit import access
from virtkit.access import Identity, Request
from virtkit.errors import ConfSyntaxError
from virtkit.refs import (
    DomainRef,
    NetworkPortRef,
    NetworkRef,
    NWFilterBindingRef,
    SecretRef,
    StorageVolRef,
)
from virtkit_remote.daemon import policy
from virtkit_remote.daemon.policy import Policy

ALICE = Identity(user_name="alice", user_id=1000, group_names=("alice", "operators"), transport="unix")
ALICE_BY_SASL = Identity(sasl_user_name="alice", transport="tls")
WEB = Identity(x509_dname="C=GB,O=Lab,CN=web", transport="tls")
NOBODY = Identity(transport="tcp", address="127.0.0.1:7")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def decided(path: Path, rules: str, identity: Identity, kind: str, ref: Any, permission: str) -> bool | None:
    found = Policy(written(path, rules))
    return found.access_check(identity, Request("any_function", kind, ref, permission))


def domain(name: str) -> DomainRef:
    return DomainRef(name, bytes(16))


def test_the_example_of_the_manual_means_what_it_says(path: Path) -> None:
    example = "\n".join(line for line in (policy.__doc__ or "").splitlines() if line.startswith("    "))
    found = Policy(written(path, example.replace("\n    ", "\n").lstrip()))
    operator = Identity(user_name="bob", group_names=("operators",))
    alice = Identity(user_name="alice")

    def may(identity: Identity, kind: str, ref: Any, permission: str) -> bool | None:
        return found.access_check(identity, Request("f", kind, ref, permission))

    assert (True, None) == (
        may(operator, "domain", domain("web"), "start"),
        may(operator, "domain", domain("web"), "delete"),
    )
    assert False is may(alice, "domain", domain("billing-1"), "delete")
    assert (True, None) == (
        may(alice, "domain", domain("lab-1"), "delete"),
        may(alice, "domain", domain("web"), "read"),
    )
    assert True is may(alice, "storage_vol", StorageVolRef("lab", "a.img", ""), "delete")


def test_without_a_rule_there_is_no_opinion(path: Path) -> None:
    assert None is decided(path, "", ALICE, "domain", domain("web"), "read")


@pytest.mark.parametrize(("who", "identity", "covered"), [
    ('users = ["alice"]', ALICE, True),
    ('users = ["alice"]', ALICE_BY_SASL, False),
    ('users = ["sasl:alice"]', ALICE_BY_SASL, True),
    ('users = ["sasl:alice"]', ALICE, False),
    ('users = ["sasl:*"]', ALICE_BY_SASL, True),
    ('users = ["sasl:*"]', NOBODY, False),
    ('users = ["uid:1000"]', ALICE, True),
    ('users = ["uid:1001"]', ALICE, False),
    ('users = ["uid:1000"]', NOBODY, False),
    ('users = ["x509:C=GB,O=Lab,CN=*"]', WEB, True),
    ('users = ["x509:C=GB,O=Lab"]', WEB, False),
    ('users = ["x509:*"]', ALICE, False),
    ('groups = ["operators"]', ALICE, True),
    ('groups = ["wheel"]', ALICE, False),
    ('users = ["bob"]\ngroups = ["operators"]', ALICE, True),
    ('users = ["*"]', NOBODY, True),
    ('users = ["a*"]', ALICE, False),
])  # fmt: skip
def test_a_rule_is_about_its_users_and_groups(path: Path, who: str, identity: Identity, covered: bool) -> None:
    assert (True if covered else None) is decided(path, f"[[rule]]\n{who}", identity, "domain", domain("web"), "read")


@pytest.mark.parametrize(("objects", "kind", "ref", "matched"), [
    ('["domain"]', "domain", domain("web"), True),
    ('["domain"]', "network", NetworkRef("web", bytes(16)), False),
    ('["*"]', "network", NetworkRef("web", bytes(16)), True),
    ('["*:lab-*"]', "network", NetworkRef("lab-1", bytes(16)), True),
    ('["domain:lab-*"]', "domain", domain("lab-1"), True),
    ('["domain:lab-*"]', "domain", domain("my-lab-1"), False),
    ('["domain:lab-*"]', "domain", domain("LAB-1"), False),
    ('["domain:lab-?", "domain:web"]', "domain", domain("web"), True),
    ('["storage_vol:images/*"]', "storage_vol", StorageVolRef("images", "a", "/a"), True),
    ('["storage_vol:images/*"]', "storage_vol", StorageVolRef("iso", "images/a", "/a"), False),
    ('["network_port:lan/*"]', "network_port", NetworkPortRef(NetworkRef("lan", bytes(16)), bytes(16)), True),
    ('["nwfilter_binding:vnet*"]', "nwfilter_binding", NWFilterBindingRef("vnet0", "clean"), True),
    ('["secret:ceph*"]', "secret", SecretRef(bytes(16), 2, "ceph-1"), True),
    ('["secret:00000000-*"]', "secret", SecretRef(UUID(int=1).bytes, 2, "ceph-1"), True),
    ('["connect"]', "connect", None, True),
    ('["domain"]', "domain", None, True),
    ('["domain:*"]', "domain", None, True),
    ('["domain:lab-*"]', "domain", None, False),
])  # fmt: skip
def test_a_rule_is_about_its_objects(path: Path, objects: str, kind: str, ref: Any, matched: bool) -> None:
    rule = f'[[rule]]\nusers = ["*"]\nobjects = {objects}'
    assert (True if matched else None) is decided(path, rule, ALICE, kind, ref, "getattr")


def test_a_denial_by_name_covers_an_object_that_nobody_knows_yet(path: Path) -> None:
    rules = '[[rule]]\nusers = ["*"]\nobjects = ["domain:billing-*"]\neffect = "deny"\n[[rule]]\nusers = ["*"]\n'
    assert False is decided(path, rules, ALICE, "domain", None, "start")
    assert True is decided(path, rules, ALICE, "domain", domain("web"), "start")


@pytest.mark.parametrize(
    ("permissions", "matched"), [('["start", "read"]', True), ('["stop"]', False), ('["*"]', True)]
)
def test_a_rule_is_about_its_permissions(path: Path, permissions: str, matched: bool) -> None:
    rule = f'[[rule]]\nusers = ["*"]\npermissions = {permissions}'
    assert (True if matched else None) is decided(path, rule, ALICE, "domain", domain("web"), "start")


@pytest.mark.parametrize(("first", "second", "allowed"), [("allow", "deny", True), ("deny", "allow", False)])
def test_the_first_rule_that_matches_decides(path: Path, first: str, second: str, allowed: bool) -> None:
    rules = "".join(f'[[rule]]\nusers = ["*"]\neffect = "{effect}"\n' for effect in (first, second))
    assert allowed is decided(path, rules, ALICE, "domain", domain("web"), "start")


def test_a_policy_is_an_access_plugin(path: Path) -> None:
    found = Policy(written(path, '[[rule]]\nusers = ["alice"]\n'))
    access.register(found)
    try:
        request = Request("domain_create", "domain", domain("web"), "start")
        assert (True, False) == (access.may(ALICE, request), access.may(NOBODY, request))
    finally:
        access.unregister(found)


def test_a_policy_read_again_holds_for_callers_it_has_seen(path: Path) -> None:
    found = Policy(written(path, '[[rule]]\nusers = ["alice"]\n'))
    request = Request("domain_create", "domain", domain("web"), "start")
    assert True is found.access_check(ALICE, request)
    written(path, '[[rule]]\nusers = ["bob"]\n')
    found.reload()
    assert None is found.access_check(ALICE, request)


def test_a_policy_with_a_mistake_leaves_the_one_in_force(path: Path) -> None:
    found = Policy(written(path, '[[rule]]\nusers = ["alice"]\n'))
    written(path, "[[rule]]\n")
    with pytest.raises(ConfSyntaxError):
        found.reload()
    assert True is found.access_check(ALICE, Request("domain_create", "domain", domain("web"), "start"))


@pytest.mark.parametrize(("rule", "problem"), [
    ('usres = ["a"]\nusers = ["a"]', "usres is no part of a rule; did you mean users?"),
    ("", "it does not say for whom"),
    ('users = "alice"', 'users must be a list of texts such as ["a", "b"], and not empty'),
    ("users = []", "users must be a list of texts"),
    ('users = [""]', "users must be a list of texts"),
    ('users = ["ldap:alice"]', "user 'ldap:alice' is of no known kind"),
    ('users = ["uid:alice"]', "user 'uid:alice': behind uid: stands a number"),
    ('users = ["sasl:"]', "user 'sasl:': nothing stands behind the colon"),
    ('groups = ["*"]', "everybody is users"),
    ('users = ["a"]\nobjects = ["domains"]', "object 'domains' is of no known kind; did you mean domain?"),
    ('users = ["a"]\nobjects = ["domain:"]', "object 'domain:': no pattern stands behind the colon"),
    ('users = ["a"]\nobjects = ["connect:x"]', "object 'connect:x': the host has no name"),
    ('users = ["a"]\npermissions = ["strat"]', "there is no permission 'strat' on *; did you mean start?"),
    ('users = ["a"]\nobjects = ["secret"]\npermissions = ["start"]', "there is no permission 'start' on secret"),
    ('users = ["a"]\neffect = "forbid"', "effect must be allow or deny, not 'forbid'"),
])  # fmt: skip
def test_a_mistake_is_told_with_the_number_and_line_of_its_rule(path: Path, rule: str, problem: str) -> None:
    with pytest.raises(ConfSyntaxError) as raised:
        Policy(written(path, f'[[rule]]\nusers = ["bob"]\n\n[[rule]]\n{rule}\n'))
    assert raised.value.message.startswith(f"{path}, rule 2 (line 4): {problem}")


@pytest.mark.parametrize(("text", "problem"), [
    ("[rule]\nusers = ['a']", "each rule begins with [[rule]]"),
    ("[[rules]]\nusers = ['a']", "'rules' is no part of a policy"),
    ("[[rule]", "is not TOML"),
])  # fmt: skip
def test_what_is_no_list_of_rules_is_told(path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfSyntaxError) as raised:
        Policy(written(path, text))
    assert problem in raised.value.message


def test_all_mistakes_are_told_at_once_where_asked(path: Path) -> None:
    assert 2 == len(policy.problems_of(written(path, "[[rule]]\nfoo = 1\n")))
    assert [] == policy.problems_of(written(path, '[[rule]]\nusers = ["*"]\n'))


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_policy_that_others_can_change_is_not_used(path: Path, mode: int) -> None:
    written(path, '[[rule]]\nusers = ["*"]\n').chmod(mode)
    with pytest.raises(ConfSyntaxError, match=f"chmod go-w {path}"):
        Policy(path)


def test_a_missing_policy_is_told(path: Path) -> None:
    with pytest.raises(ConfSyntaxError, match=f"cannot read {path}"):
        Policy(path)
