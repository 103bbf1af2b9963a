"""The policy file: rules that say who may do what on which objects.

    [[rule]]                                     # operators see everything and power guests on and off
    groups = ["operators"]
    permissions = ["getattr", "read", "search_domains", "start", "stop"]

    [[rule]]                                     # nobody touches what runs the billing
    users = ["*"]
    objects = ["domain:billing-*"]
    effect = "deny"

    [[rule]]                                     # Alice owns the lab
    users = ["alice", "sasl:alice", "x509:CN=alice,O=Lab"]
    objects = ["connect", "domain:lab-*", "storage_pool:lab", "storage_vol:lab/*"]
    permissions = ["*"]

The first rule that matches decides; what none matches is refused, unless another access plugin allows it. A rule needs
`users` or `groups` (who is in one of them is meant); without `objects` it is about every object, without `permissions`
about all of them, and its `effect` is `allow` if it does not say.

| `users` | who |
|---|---|
| `alice` | the UNIX user of that name, at a UNIX socket |
| `uid:1000` | the UNIX user of that number |
| `sasl:alice` | who proved to be alice by SASL |
| `x509:CN=*,O=Lab` | clients with such a certificate; `*` is any text |
| `*` | everybody |

An object is a kind (`domain`, or `*` for all) and perhaps a pattern of its name: `domain:lab-*`. A volume's name is
`POOL/VOLUME`, a network port's `NETWORK/UUID`, a secret's the id of its use and its UUID (either matches); snapshots
and checkpoints go by their domain. An object that nobody knows before the call matches no pattern that allows and every
pattern that denies.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from virtkit.access import PERMISSIONS, AccessSpec, Identity, Request
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfSyntaxError

ALL = "*"
KEYS = ("users", "groups", "objects", "permissions", "effect")
EFFECTS = {"allow": True, "deny": False}
IDENTITIES_KNOWN = 1024
"""Callers whose rules are remembered. Each connection is one."""

OTHERS_MAY_WRITE = 0o022


class Pattern(NamedTuple):
    """Objects that a rule is about.

    Attributes:
        kind: Their kind; `*` is any.
        name: What their name has to be like; None: any name, and none.
    """

    kind: str
    name: re.Pattern[str] | None


class Rule(NamedTuple):
    """One rule, in force.

    Attributes:
        users: As in the file.
        groups: Names of UNIX groups.
        objects: What it is about.
        permissions: Names; empty: all.
        allow: What it decides.
    """

    users: tuple[str, ...]
    groups: tuple[str, ...]
    objects: tuple[Pattern, ...]
    permissions: frozenset[str]
    allow: bool

    def covers(self, identity: Identity) -> bool:
        """Whether the rule is about a caller."""
        return any(_is_user(identity, user) for user in self.users) or any(
            group in identity.group_names for group in self.groups
        )

    def matches(self, request: Request) -> bool:
        """Whether the rule is about what is asked for."""
        if self.permissions and request.permission not in self.permissions:
            return False
        return any(
            pattern.kind in (ALL, request.kind) and self._named(pattern.name, request) for pattern in self.objects
        )

    def _named(self, name: re.Pattern[str] | None, request: Request) -> bool:
        if name is None:
            return True
        names = names_of(request)
        return any(map(name.fullmatch, names)) if names else not self.allow


def _is_user(identity: Identity, user: str) -> bool:
    kind, colon, name = user.partition(":")
    if not colon:
        return user == ALL or (identity.user_name is not None and user == identity.user_name)
    if kind == "uid":
        return identity.user_id is not None and name == str(identity.user_id)
    if kind == "sasl":
        return identity.sasl_user_name is not None and name in (ALL, identity.sasl_user_name)
    return identity.x509_dname is not None and _compiled(name).fullmatch(identity.x509_dname) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def names_of(request: Request) -> tuple[str, ...]:
    """The names that a pattern may be like; none for the host and for an object that nobody knows yet."""
    if request.ref is None:
        return ()
    named = NAMES.get(request.kind)
    return (request.ref.name,) if named is None else named(request.ref)


NAMES: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
    "storage_vol": lambda ref: (f"{ref.pool}/{ref.name}",),
    "network_port": lambda ref: (f"{ref.net.name}/{UUID(bytes=ref.uuid)}",),
    "nwfilter_binding": lambda ref: (ref.portdev,),
    "secret": lambda ref: (ref.usage_id, str(UUID(bytes=ref.uuid))),
}
"""Kind -> names of an object by its reference, where that is not its field `name`."""


class Policy(AccessSpec):
    """The access plugin that goes by a policy file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the file.

        Raises:
            ConfSyntaxError: The file cannot be read, may be changed by others than its owner, or has a mistake; the
                message names the first one, with the number and line of its rule.
        """
        self.path = Path(path)
        self.reload()

    def reload(self) -> None:
        """Read the file again; the calls that follow go by it. If it cannot be used, what was in force stays so.

        Raises:
            ConfSyntaxError: As in the constructor.
        """
        rules, problems = _read(self.path)
        if problems:
            raise ConfSyntaxError(problems[0], domain=int(ErrorDomain.CONF))
        self.rules = rules
        self._rules_of = lru_cache(maxsize=IDENTITIES_KNOWN)(
            lambda identity: tuple(rule for rule in rules if rule.covers(identity))
        )

    def access_check(self, identity: Identity, request: Request) -> bool | None:
        for rule in self._rules_of(identity):
            if rule.matches(request):
                return rule.allow
        return None


def problems_of(path: str | os.PathLike[str]) -> list[str]:
    """Everything that is wrong with a policy file, a sentence each."""
    return _read(Path(path))[1]


def _read(path: Path) -> tuple[tuple[Rule, ...], list[str]]:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_mode & OTHERS_MAY_WRITE:
                return (), [f"{path} can be changed by others than its owner: chmod go-w {path}"]
            text = file.read().decode()
        tables = tomllib.loads(text)
    except OSError as cause:
        return (), [f"cannot read {path}: {cause.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        return (), [f"{path} is not TOML: {cause}"]
    problems = [f"{path}: {key!r} is no part of a policy; write [[rule]]" for key in tables if key != "rule"]
    entries = tables.get("rule", [])
    if not (isinstance(entries, list) and all(isinstance(each, dict) for each in entries)):
        return (), [*problems, f"{path}: each rule begins with [[rule]], in two pairs of brackets"]
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
    rules = []
    for number, entry in enumerate(entries, 1):
        place = f"rule {number}" + (f" (line {lines[number - 1]})" if len(lines) == len(entries) else "")
        found = [f"{path}, {place}: {each}" for each in _wrong_in(entry)]
        problems += found
        if not found:
            rules.append(_rule(entry))
    return tuple(rules), problems


def _rule(entry: Mapping[str, Any]) -> Rule:
    objects = (text.partition(":") for text in entry.get("objects", [ALL]))
    permissions = entry.get("permissions", [ALL])
    return Rule(
        tuple(entry.get("users", ())),
        tuple(entry.get("groups", ())),
        tuple(Pattern(kind, _compiled(name) if colon and name != ALL else None) for kind, colon, name in objects),
        frozenset() if ALL in permissions else frozenset(permissions),
        EFFECTS[entry.get("effect", "allow")],
    )


def _wrong_in(entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a rule."""
    for key, value in entry.items():
        if key not in KEYS:
            yield f"{key} is no part of a rule{_near(key, KEYS)}"
        elif key == "effect":
            if value not in EFFECTS:
                yield f"effect must be allow or deny, not {value!r}"
        elif not (isinstance(value, list) and value and all(isinstance(each, str) and each for each in value)):
            yield f'{key} must be a list of texts such as ["a", "b"], and not empty'
        else:
            yield from WRONG[key](value, entry)
    if "users" not in entry and "groups" not in entry:
        yield f'it does not say for whom: add users or groups; users = ["{ALL}"] is everybody'


def _wrong_users(users: Iterable[str], _: Mapping[str, Any]) -> Iterator[str]:
    for user in users:
        kind, colon, name = user.partition(":")
        if colon and kind not in ("uid", "sasl", "x509"):
            yield f"user {user!r} is of no known kind; write a UNIX user's name, uid:NUMBER, sasl:NAME or x509:NAME"
        elif kind == "uid" and colon and not name.isdecimal():
            yield f"user {user!r}: behind uid: stands a number"
        elif colon and not name:
            yield f"user {user!r}: nothing stands behind the colon"


def _wrong_groups(groups: Iterable[str], _: Mapping[str, Any]) -> Iterator[str]:
    if ALL in groups:
        yield f'everybody is users = ["{ALL}"], not a group'


def _wrong_objects(objects: Iterable[str], _: Mapping[str, Any]) -> Iterator[str]:
    for text in objects:
        kind, colon, name = text.partition(":")
        if kind != ALL and kind not in PERMISSIONS:
            yield f"object {text!r} is of no known kind{_near(kind, PERMISSIONS)}"
        elif colon and not name:
            yield f"object {text!r}: no pattern stands behind the colon; all objects of the kind are {kind!r}"
        elif kind == "connect" and colon:
            yield f"object {text!r}: the host has no name; write 'connect'"


def _wrong_permissions(permissions: Iterable[str], entry: Mapping[str, Any]) -> Iterator[str]:
    objects = entry.get("objects")
    kinds = [str(each).partition(":")[0] for each in objects] if isinstance(objects, list) else [ALL]
    known = {name for kind in (PERMISSIONS if ALL in kinds else kinds) for name in PERMISSIONS.get(kind, ())}
    for name in permissions:
        if known and name != ALL and name not in known:
            yield f"there is no permission {name!r} on {' or '.join(kinds)}{_near(name, known)}"


WRONG: Mapping[str, Callable[[Iterable[str], Mapping[str, Any]], Iterator[str]]] = {
    "users": _wrong_users,
    "groups": _wrong_groups,
    "objects": _wrong_objects,
    "permissions": _wrong_permissions,
}
"""Key of a rule -> what is wrong with its list."""


def _near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), 1)
    return f"; did you mean {found[0]}?" if found else f"; there are {', '.join(sorted(known))}"
