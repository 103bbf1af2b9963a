"""Named documents in a folder, written so that neither a crash nor a full disk costs one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from virtkit.errors import VirtError

T = TypeVar("T")


class Fault(NamedTuple):
    """A document that could not be read: its file and why."""

    path: Path
    error: VirtError


def check_name(name: str, noun: str = "object", *, domain: int = 0) -> None:
    """Refuse a name that cannot be a file's.

    Args:
        name: Name of an object.
        noun: What the object is, for the message.
        domain: Error domain.

    Raises:
        NoNameError: It is empty.
        XMLError: It has a slash, a control character, a leading dot, more than 240 bytes, or is no UTF-8.
    """
    raise NotImplementedError


class Collection:
    """The documents of one kind of object: `FOLDER/NAME.xml`, and autostart marks as links in `FOLDER/autostart/`.

    The folder is made by the first write. Reading is safe at any time and in any process; writing belongs to the
    owner of the root. Every method but `scan` raises `SystemCallError` when the system refuses (`int1` is the errno),
    with the path and the next step in its message; what was stored before is then still intact.
    """

    def __init__(self, folder: Path, noun: str = "object", *, domain: int = 0, suffix: str = ".xml") -> None:
        """Make a view of a folder.

        Args:
            folder: Where the files lie; it need not exist.
            noun: What the documents describe, for messages.
            domain: Error domain of the driver.
            suffix: Ending of the file names.
        """

    def path(self, name: str) -> Path:
        """The file of a name; refuses unsafe names as `check_name` does."""
        raise NotImplementedError

    def save(self, name: str, document: bytes) -> None:
        """Store a document, replacing the one of that name. It is on disk when this returns."""
        raise NotImplementedError

    def load(self, name: str) -> bytes:
        """A stored document; `int1` of the error is ENOENT when there is none."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Remove a document and its autostart mark; what is not there is no error."""
        raise NotImplementedError

    def rename(self, old: str, new: str, document: bytes) -> None:
        """Store a document under its new name and remove the old one, autostart mark included.

        A crash in between leaves both; the object then has two documents with one UUID.
        """
        raise NotImplementedError

    def names(self) -> list[str]:
        """Names of the stored documents, sorted; empty when there is no folder."""
        raise NotImplementedError

    def __contains__(self, name: str) -> bool:
        raise NotImplementedError

    def scan(self, parse: Callable[[str, bytes], T], faults: list[Fault] | None = None) -> Iterator[T]:
        """Read the documents one at a time, in the order of their names.

        A document that cannot be read, or that `parse` refuses with a `VirtError` or `ValueError`, is logged, added to
        `faults` and left alone; the rest goes on. So is a folder that cannot be listed.

        Args:
            parse: Turns (name, document) into what is wanted of it.
            faults: Receives what could not be read.
        """
        raise NotImplementedError

    def autostart(self, name: str) -> bool:
        """Whether the object is marked to start by itself."""
        raise NotImplementedError

    def set_autostart(self, name: str, wanted: bool) -> None:
        """Set or remove the autostart mark; both are fine when done before."""
        raise NotImplementedError

    def autostarted(self) -> list[str]:
        """Names of the stored documents with an autostart mark, sorted."""
        raise NotImplementedError
