"""Snapshots and checkpoints of one domain: trees of named moments, one of which may be the current one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import NoDomainCheckpointError, NoDomainSnapshotError, VirtError

if TYPE_CHECKING:
    from virtkit.xml.checkpoint import Checkpoint
    from virtkit.xml.snapshot import Snapshot

M = TypeVar("M", "Snapshot", "Checkpoint")


class Tree(Generic[M]):
    """Moments by name. Each knows its parent by name; the current one becomes the parent of the next."""

    noun: str
    missing: type[VirtError]

    def __init__(self) -> None:
        self.moments: dict[str, M] = {}
        self.current: str | None = None

    def __len__(self) -> int:
        return len(self.moments)

    def get(self, name: str) -> M:
        """A moment by name. Raises the kind's missing error."""
        try:
            return self.moments[name]
        except KeyError:
            raise self.missing(
                f"the domain has no {self.noun} {name!r}; list them to see which it has", domain=ErrorDomain.TEST
            ) from None

    def parent(self, name: str) -> M:
        """The parent of a moment. Raises the kind's missing error if it is a root."""
        above = parent_of(self.get(name))
        if above is None:
            raise self.missing(f"{self.noun} {name!r} has no parent", domain=ErrorDomain.TEST)
        return self.get(above)

    def children(self, name: str) -> list[str]:
        """Names of the moments right above whose parent is `name`."""
        return [child for child, moment in self.moments.items() if parent_of(moment) == name]

    def below(self, name: str) -> Iterator[str]:
        """Names of all moments under one, parents before their children."""
        for child in self.children(name):
            yield child
            yield from self.below(child)

    def topological(self) -> list[str]:
        """All names, parents before their children."""
        ordered: list[str] = []
        for name, moment in self.moments.items():
            if parent_of(moment) is None:
                ordered.append(name)
                ordered.extend(self.below(name))
        return ordered

    def listed(self, *, topological: bool) -> list[M]:
        """All moments: parents before their children, or by name."""
        return [self.moments[name] for name in (self.topological() if topological else sorted(self.moments))]

    def listed_under(self, name: str, *, descendants: bool, topological: bool) -> list[M]:
        """The children of a moment, or all moments under it, in order as for `listed`."""
        self.get(name)
        names = list(self.below(name)) if descendants else self.children(name)
        return [self.moments[each] for each in (names if topological else sorted(names))]

    def add(self, name: str, moment: M, *, current: bool) -> None:
        """Add a moment, or put another in the place of the one of that name."""
        self.moments[name] = moment
        if current:
            self.current = name

    def follow_current(self, moment: M) -> None:
        """Make a moment the child of the current one."""
        from virtkit.xml.checkpoint import Parent

        moment.parent = None if self.current is None else Parent(name=self.current)

    def drop(self, name: str) -> None:
        """Remove one moment; its children become its parent's, and the parent becomes current if it was."""
        gone = self.get(name)
        for child in self.children(name):
            self.moments[child].parent = gone.parent
        if self.current == name:
            self.current = parent_of(gone)
        del self.moments[name]

    def drop_below(self, name: str) -> None:
        """Remove all moments under one; it becomes current if one of them was."""
        below = list(self.below(name))
        if self.current in below:
            self.current = name
        for child in below:
            del self.moments[child]

    def clear(self) -> None:
        """Remove all moments."""
        self.moments.clear()
        self.current = None


class SnapshotTree(Tree["Snapshot"]):
    """The snapshots of a domain."""

    noun = "snapshot"
    missing = NoDomainSnapshotError


class CheckpointTree(Tree["Checkpoint"]):
    """The checkpoints of a domain."""

    noun = "checkpoint"
    missing = NoDomainCheckpointError


def parent_of(moment: Snapshot | Checkpoint) -> str | None:
    """Name of a moment's parent."""
    return None if moment.parent is None else moment.parent.name


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())
