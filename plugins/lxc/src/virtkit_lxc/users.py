"""Users and groups of init by name: looked up in the container's own files, which nobody trusts."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit_lxc import roots

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

LARGEST = 1024 * 1024
"""Bytes of a passwd or group file that are read."""


def of_init(subject: str, domain: Domain, root: str | None) -> tuple[int | None, int | None]:
    """User and group of init as numbers; None: root's.

    Args:
        subject: What messages call the guest.
        domain: Its document.
        root: The folder that is its root; None: its root is an image, where no names are looked up.

    Raises:
        ConfigUnsupportedError: A name is not there.
    """
    user = _number(subject, "user", domain.os.init_user, root, "passwd")
    return user, _number(subject, "group", domain.os.init_group, root, "group")


class Account(NamedTuple):
    """Who a program runs as; None: root, and root's.

    Attributes:
        user: Number of the user.
        group: Number of the group.
        home: The user's folder.
    """

    user: int | None
    group: int | None
    home: str


def of_program(subject: str, root: str, user: str | None, group: str | None) -> Account:
    """Who a program is to run as, by name or number.

    Args:
        subject: What messages call the guest.
        root: Its root, as somebody sees it who is in it.
        user: The user; None: root.
        group: The group; None: the user's own, which is the one of his number where nobody knows him.

    Raises:
        ConfigUnsupportedError: A name is not there.
    """
    number = _number(subject, "user", user, root, "passwd")
    entries = (line.split(":") for line in lines_of(root, "passwd"))
    entry = next((each for each in entries if len(each) > 5 and each[2] == str(number or 0)), None)
    own = number if entry is None or not entry[3].isdigit() else int(entry[3])
    given = _number(subject, "group", group, root, "group")
    return Account(number, own if group is None else given, (entry[5] if entry else "") or "/")


def _number(subject: str, noun: str, name: str | None, root: str | None, file: str) -> int | None:
    if name is None:
        return None
    plain = name.removeprefix("+")
    if plain.isdigit():
        return int(plain)
    for line in lines_of(root, file) if root is not None else ():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
            return int(fields[2])
    raise ConfigUnsupportedError(
        f"{subject}: there is no {noun} {name!r} in /etc/{file} of its root: give its number", domain=ErrorDomain.LXC
    )


def lines_of(root: str, file: str) -> list[str]:
    """The lines of a file in /etc of a root; no link leads out of it."""
    with ExitStack() as held, suppress(OSError):
        folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        held.callback(os.close, folder)
        found = roots.open_inside(folder, f"etc/{file}")
        held.callback(os.close, found)
        if stat.S_ISREG(os.fstat(found).st_mode):
            with open(f"/proc/self/fd/{found}", "rb") as opened:
                return opened.read(LARGEST).decode(errors="replace").splitlines()
    return []
