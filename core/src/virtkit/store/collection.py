"""Named documents in a folder, written so that neither a crash nor a full disk costs one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from virtkit.errors import NoNameError, VirtError, XMLError
from virtkit.store.files import make_folder, refusal, replace, sweep, sync_folder

NAME_LIMIT = 240
"""Bytes of a name: file systems take 255, and a driver adds a suffix."""

DOCUMENT_LIMIT = 16 * 1024 * 1024
"""Bytes of a document. libvirt's largest string is 4 MiB; what is larger than this is no document of ours."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

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
    if not name:
        raise NoNameError(f"the {noun} has an empty name; give it one", domain=domain)
    wrong = _flaw(name)
    if wrong:
        raise XMLError(f"the {noun} name {name[:80]!r} {wrong}; choose another", domain=domain)


def _flaw(name: str) -> str:
    if "/" in name:
        return "has a slash"
    if _CONTROL.search(name):
        return "has a line end or another control character"
    if name.startswith("."):
        return "starts with a dot"
    try:
        return f"is longer than {NAME_LIMIT} bytes" if len(name.encode()) > NAME_LIMIT else ""
    except UnicodeEncodeError:
        return "is no UTF-8"


def _read(path: str) -> tuple[bool, bytes]:
    """Whether a file is a regular one, and what is in it, or a little more than any document has."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not hold us up
    try:
        status, document = os.fstat(file), b""
        regular = stat.S_ISREG(status.st_mode)
        while regular and len(document) <= DOCUMENT_LIMIT and (piece := os.read(file, max(status.st_size, 1))):
            document += piece
        return regular, document
    finally:
        os.close(file)


def _size(file: str) -> int:
    try:
        return os.lstat(file).st_size
    except OSError:
        return 0


class Collection:
    """The documents of one kind of object: `FOLDER/NAME.xml`, and autostart marks as links in `FOLDER/autostart/`.

    The folder is made by the first write. Reading is safe at any time and in any process; writing belongs to the
    owner of the root. Every method but `scan` raises `SystemCallError` when the system refuses (`int1` is the errno),
    with the path and the next step in its message; what was stored before is then still intact.
    """

    def __init__(
        self, folder: Path, noun: str = "object", *, domain: int = 0, suffix: str = ".xml", lasting: bool = True
    ) -> None:
        """Make a view of a folder.

        Args:
            folder: Where the files lie; it need not exist.
            noun: What the documents describe, for messages.
            domain: Error domain of the driver.
            suffix: Ending of the file names.
            lasting: False for what means nothing once the host is down: nothing waits for the disk then.
        """
        self.folder = folder
        self.noun = noun
        self.domain = domain
        self.suffix = suffix
        self.lasting = lasting
        self._marks = folder / "autostart"
        self._start = os.path.join(folder, "")
        self._swept = False

    def path(self, name: str) -> Path:
        """The file of a name; refuses unsafe names as `check_name` does."""
        return Path(self.file(name))

    def file(self, name: str) -> str:
        """The same as a string, which costs a tenth."""
        check_name(name, self.noun, domain=self.domain)
        return f"{self._start}{name}{self.suffix}"

    def save(self, name: str, document: bytes) -> None:
        """Store a document, replacing the one of that name. If it is lasting, it is on disk when this returns."""
        file = self.file(name)
        try:
            if not self._swept:
                make_folder(self.folder)
                sweep(self.folder, lasting=self.lasting)
                self._swept = True
            try:
                replace(file, document, lasting=self.lasting)
            except FileNotFoundError:  # somebody removed the folder
                make_folder(self.folder)
                replace(file, document, lasting=self.lasting)
        except OSError as error:
            raise self._refusal("save", name, file, error) from error

    def load(self, name: str) -> bytes:
        """A stored document.

        Raises:
            SystemCallError: It cannot be read; `int1` is ENOENT when there is none.
            XMLError: The file is empty, no regular file, or larger than any document.
        """
        path = self.file(name)
        try:
            regular, document = _read(path)
        except OSError as error:
            raise self._refusal("load", name, path, error) from error
        if not 0 < len(document) <= DOCUMENT_LIMIT:
            what = "is no regular file" if not regular else "is too large" if document else "is empty"
            message = f"the {self.noun} {name!r} cannot be loaded: {path} {what}; remove the file and define it again"
            raise XMLError(message, domain=self.domain)
        return document

    def delete(self, name: str) -> None:
        """Remove a document and its autostart mark; what is not there is no error."""
        path = self.path(name)
        self.set_autostart(name, False)
        self._unlink(name, path)

    def rename(self, old: str, new: str, document: bytes) -> None:
        """Store a document under its new name and remove the old one; the autostart mark follows.

        A crash in between leaves both; the object then has two documents with one UUID.
        """
        marked = self.autostart(old)
        self.save(new, document)
        self.set_autostart(new, marked)
        self.delete(old)

    def names(self) -> list[str]:
        """Names of the stored documents, sorted; empty when there is no folder."""
        return [name for name in self._stored() if not _flaw(name)]

    def __contains__(self, name: str) -> bool:
        return not _flaw(name) and self.path(name).exists()

    def scan(self, parse: Callable[[str, bytes], T], faults: list[Fault] | None = None) -> Iterator[T]:
        """Read the documents one at a time, in the order of their names.

        A document that cannot be read, or that `parse` refuses with a `VirtError` or `ValueError`, is logged, added to
        `faults` and left alone; the rest goes on. So is a folder that cannot be listed.

        Args:
            parse: Turns (name, document) into what is wanted of it.
            faults: Receives what could not be read.
        """
        faults = [] if faults is None else faults
        try:
            names = self._stored()
        except VirtError as error:
            self._report(Fault(self.folder, error), faults)
            return
        for name in names:
            try:
                found = parse(name, self.load(name))
            except VirtError as error:
                self._report(Fault(self.folder / f"{name}{self.suffix}", error), faults)
            except ValueError as error:
                broken = XMLError(f"the {self.noun} {name!r} cannot be loaded: {error}", domain=self.domain)
                broken.__cause__ = error
                self._report(Fault(self.folder / f"{name}{self.suffix}", broken), faults)
            else:
                yield found

    def autostart(self, name: str) -> bool:
        """Whether the object is marked to start by itself."""
        return os.path.lexists(self._mark(name))

    def set_autostart(self, name: str, wanted: bool) -> None:
        """Set or remove the autostart mark; both are fine when done before."""
        mark = self._mark(name)
        if not wanted:
            self._unlink(name, mark)
            return
        make_folder(self._marks)
        try:
            mark.symlink_to(Path("..", mark.name))
            sync_folder(self._marks)
        except FileExistsError:
            pass
        except OSError as error:
            raise self._refusal("mark for autostart", name, mark, error) from error

    def autostarted(self) -> list[str]:
        """Names of the stored documents with an autostart mark, sorted."""
        return [name for name in self._stems(self._marks) if name in self]

    def _mark(self, name: str) -> Path:
        return self._marks / self.path(name).name

    def _stored(self) -> list[str]:
        """Names of the files, whatever is in them; but an empty one that was not to last has gone with the host."""
        names = self._stems(self.folder)
        return names if self.lasting else [name for name in names if _size(f"{self._start}{name}{self.suffix}")]

    def _stems(self, folder: Path) -> list[str]:
        try:
            files = os.listdir(folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise refusal(f"list the {self.noun} definitions", folder, error, domain=self.domain) from error
        return sorted(file.removesuffix(self.suffix) for file in files if file.endswith(self.suffix) and file[0] != ".")

    def _unlink(self, name: str, path: Path) -> None:
        try:
            path.unlink()
            if self.lasting:
                sync_folder(path.parent)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._refusal("remove", name, path, error) from error

    def _refusal(self, action: str, name: str, path: str | Path, error: OSError) -> VirtError:
        return refusal(f"{action} {self.noun} {name!r}", path, error, domain=self.domain)

    def _report(self, fault: Fault, faults: list[Fault]) -> None:
        import logging  # 8 ms that a healthy start saves

        shown = os.fsencode(fault.path).decode(errors="backslashreplace")
        logging.getLogger(__name__).error("%s is left out: %s", shown, fault.error)
        faults.append(fault)
