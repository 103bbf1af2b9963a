"""What the folders of a root tell of its guests: definitions, autostart marks, and status documents of those that run.

Reading needs no ownership and finds out cheaply when there is nothing new: every change renames a file into a folder
and so changes the folder's time.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from virtkit.enums import DomainState
from virtkit.errors import VirtError
from virtkit.services.guests.guest import R
from virtkit.store import Collection, Folders
from virtkit.xml.domain import Domain

SETTLED_NS = 50_000_000
"""A folder that changed less than this ago may change again without its time showing it: clocks of files are coarse."""

# A definition as we write it; any other is parsed to learn what it defines.
_CANONICAL = re.compile(rb"<domain [^>]*>\n  <name>([^<&]+)</name>\n  <uuid>([0-9a-f-]{36})</uuid>\n")

_log = logging.getLogger(__name__)

T = TypeVar("T")
_Stamp = tuple[int, int, int]


class Definition(NamedTuple):
    """A stored definition."""

    uuid: bytes
    document: bytes


class Running(NamedTuple, Generic[R]):
    """What a status document tells."""

    uuid: bytes
    run: R
    state: DomainState
    reason: int


class Entry(NamedTuple, Generic[R]):
    """What is stored of a domain; at least one of definition and running is there."""

    name: str
    uuid: bytes
    definition: Definition | None
    autostart: bool
    running: Running[R] | None


class Catalog(Generic[R]):
    """The stored guests of a root.

    Attributes:
        definitions: The definitions, with autostart marks.
        statuses: The status documents.
    """

    def __init__(
        self, folders: Folders, read_status: Callable[[str, bytes], Running[R]], *, error_domain: int = 0
    ) -> None:
        """Read nothing yet.

        Args:
            folders: Where they are stored.
            read_status: Name and status document of a guest -> what it tells; raises ValueError or VirtError.
            error_domain: `virtkit.enums.ErrorDomain` of the driver.
        """
        self.definitions = Collection(folders.etc, "domain", domain=error_domain)
        self.statuses = Collection(folders.run, "running domain", domain=error_domain, lasting=False)
        self._read_status = read_status
        self._definitions = _Documents(self.definitions, read_definition)
        self._statuses = _Documents(self.statuses, read_status)
        self._watched = (folders.etc, folders.etc / "autostart", folders.run)
        self._times: tuple[int, ...] | None = None

    def changed(self) -> bool:
        """Whether `entries` may tell something else than it did last."""
        times = tuple(_time_of(folder) for folder in self._watched)
        return times != self._times or time.time_ns() - max(times) < SETTLED_NS

    def forget_runs(self) -> None:
        """Have status documents read again: each reading gives a run of its own."""
        self._statuses = _Documents(self.statuses, self._read_status)
        self._times = None

    def entries(self) -> list[Entry[R]]:
        """What is stored. What cannot be read is logged and left out; what has not changed is not read again.

        Raises:
            SystemCallError: A folder cannot be listed.
        """
        self._times = tuple(_time_of(folder) for folder in self._watched)
        marked = frozenset(self.definitions.autostarted())
        definitions, statuses = self._definitions.all(), self._statuses.all()
        entries: dict[bytes, Entry[R]] = {}
        for name in sorted(definitions.keys() | statuses.keys()):
            definition, running = definitions.get(name), statuses.get(name)
            found = definition or running
            assert found is not None  # the name comes from one of the two
            uuid = found.uuid
            if uuid in entries or (running and running.uuid != uuid):
                _log.error("domain %r is left out: another one has its UUID, or its status is another's", name)
                continue
            entries[uuid] = Entry(name, uuid, definition, name in marked, running)
        return list(entries.values())


class _Documents(Generic[T]):
    """The documents of a collection, each read again only when its file has changed."""

    def __init__(self, collection: Collection, read: Callable[[str, bytes], T]) -> None:
        self._collection = collection
        self._read = read
        self._known: dict[str, tuple[_Stamp, T]] = {}

    def all(self) -> dict[str, T]:
        known, self._known = self._known, {}
        for name in self._collection.names():
            try:
                stamp = _stamp(self._collection.file(name))
                unchanged = name in known and known[name][0] == stamp
                document = known[name][1] if unchanged else self._read(name, self._collection.load(name))
            except FileNotFoundError:
                continue  # removed since it was listed
            except (VirtError, ValueError) as error:
                _log.error("%s is left out: %s", self._collection.path(name), error)
                continue
            self._known[name] = stamp, document
        return {name: document for name, (_, document) in self._known.items()}


def read_definition(name: str, document: bytes) -> Definition:
    """What a stored definition defines; parsed only if it does not look as we write it.

    Raises:
        ValueError: It is a definition of something else.
        VirtError: It is no definition at all.
    """
    canonical = _CANONICAL.match(document) if document.endswith(b"</domain>\n") else None
    if canonical is not None:
        defined, uuid = canonical[1].decode(), bytes.fromhex(canonical[2].decode().replace("-", ""))
    else:
        parsed = Domain.parse(document)
        defined, uuid = parsed.name or "", parsed.uuid or b""
    if defined != name or len(uuid) != 16:
        raise ValueError(f"it defines {defined!r}" if len(uuid) == 16 else "it has no UUID")
    return Definition(uuid, document)


def _stamp(file: str) -> _Stamp:
    status = os.stat(file)
    return status.st_ino, status.st_mtime_ns, status.st_size


def _time_of(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0  # listing it tells what is wrong, if anything
