"""Users and groups of init by name: looked up in the container's own files, which nobody trusts."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError

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


def _number(subject: str, noun: str, name: str | None, root: str | None, file: str) -> int | None:
    if name is None:
        return None
    plain = name.removeprefix("+")
    if plain.isdigit():
        return int(plain)
    for line in _lines(root, file) if root is not None else ():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
            return int(fields[2])
    raise ConfigUnsupportedError(
        f"{subject}: there is no {noun} {name!r} in /etc/{file} of its root: give its number", domain=ErrorDomain.LXC
    )


def _lines(root: str, file: str) -> list[str]:
    """The lines of a file in /etc of a root; no link leads out of it, since none is followed."""
    opened: list[int] = []
    with suppress(OSError):
        opened.append(os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        opened.append(os.open("etc", os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=opened[-1]))
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        opened.append(os.open(file, flags, dir_fd=opened[-1]))
    try:
        return os.read(opened[-1], LARGEST).decode(errors="replace").splitlines() if len(opened) == 3 else []
    finally:
        for descriptor in opened:
            os.close(descriptor)
