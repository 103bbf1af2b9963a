"""What `virtkit doctor` tells a plain user who wants containers."""

from __future__ import annotations

from collections.abc import Iterator

from virtkit.driver import Finding
from virtkit.services.runner import find_program
from virtkit_lxc import rootless, subids
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.subids import User

LIMITS = ("memory", "cpu", "pids")
"""Controllers that most limits need."""


def plain_user() -> list[Finding]:
    """What this user may do without root, and what is missing for the rest."""
    user = User.current()
    reason = rootless.without_namespaces()
    found = [Finding("user", reason is None, reason or f"{user}: containers are in user namespaces")]
    for kind in subids.PROGRAMS:
        found += _ids(kind, user)
    return [*found, _groups(Layout.read())]


def _ids(kind: str, user: User) -> Iterator[Finding]:
    program, place = subids.PROGRAMS[kind], subids.PLACES[kind]
    path = find_program(program)
    alone = f"containers have one {kind}, that of the user"
    if path:
        yield Finding(program, True, path)
    else:
        yield Finding(program, False, f"not installed: {alone}", rootless.INSTALL_HELPERS)
    owned = subids.given(kind, user)
    if owned:
        yield Finding(str(place), True, f"{user} has {', '.join(map(str, owned))}")
    else:
        yield Finding(
            str(place), False, f"{user} has no {kind}s: {alone}", f"usermod --add-sub{kind}s 100000-165535 {user}"
        )


def _groups(layout: Layout) -> Finding:
    missing = [name for name in LIMITS if not layout.version(name)]
    if layout.second is None:
        return Finding(
            "control groups",
            False,
            "none are delegated: containers cannot be limited or suspended",
            "systemd-run --user --scope -p Delegate=yes virtkitd",
        )
    if missing:
        return Finding("control groups", False, f"{layout.second} lacks {', '.join(missing)}: no such limits")
    return Finding("control groups", True, f"{layout.second}")
