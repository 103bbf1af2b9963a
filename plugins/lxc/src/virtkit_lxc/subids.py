"""Ids of the host that a plain user may give to its containers: its own, and its ranges in /etc/subuid and /etc/subgid.

Each line there is `USER:FIRST:COUNT`, the user by name or by number; see subuid(5). newuidmap(1) and newgidmap(1) map
them. What a directory service adds (`subid:` in nsswitch.conf) is not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PROGRAMS = {"uid": "newuidmap", "gid": "newgidmap"}
"""What maps more than the user itself, by kind of id; Debian's uidmap has both."""

PLACES = {"uid": Path("/etc/subuid"), "gid": Path("/etc/subgid")}


class Range(NamedTuple):
    """Ids of the host that follow each other."""

    first: int
    length: int

    @property
    def end(self) -> int:
        """The id after the last one."""
        return self.first + self.length

    def __str__(self) -> str:
        return f"{self.first}-{self.end - 1}"


class User(NamedTuple):
    """A user of this host.

    Attributes:
        uid: Its number.
        gid: That of its group.
        name: Its name; empty: it has none.
    """

    uid: int
    gid: int
    name: str

    @classmethod
    def current(cls) -> User:
        """Whoever runs this process."""
        import pwd

        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = ""
        return cls(uid, os.getegid(), name)

    def own(self, kind: str) -> Range:
        """The user itself, as `uid` or as `gid`."""
        return Range(self.uid if kind == "uid" else self.gid, 1)

    def __str__(self) -> str:
        return self.name or str(self.uid)


def ranges(text: str, user: User) -> list[Range]:
    """The ranges of a user in a file as /etc/subuid; what cannot be read there is passed over."""
    found = []
    for line in text.splitlines():
        fields = line.strip().split(":")
        if len(fields) == 3 and fields[0] in (user.name or str(user.uid), str(user.uid)):
            first, count = fields[1:]
            if first.isdigit() and count.isdigit() and int(count):
                found.append(Range(int(first), int(count)))
    return found


def given(kind: str, user: User) -> list[Range]:
    """The ranges of a user on this host.

    Args:
        kind: `uid` or `gid`.
        user: Whose.
    """
    try:
        return ranges(PLACES[kind].read_text(errors="replace"), user)
    except OSError:
        return []


def cover(owned: Iterable[Range], wanted: Range) -> bool:
    """Whether all ids of a range lie in others, several of which may follow each other."""
    first = wanted.first
    for each in sorted(owned):
        if each.first <= first < each.end:
            first = each.end
    return first >= wanted.end
