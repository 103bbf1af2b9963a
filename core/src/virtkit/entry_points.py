"""What was found installed, remembered between processes.

Finding entry points takes longer than everything else a program does before its first call (`docs/adr/0010-*.md`). So
what stevedore found is kept in a file in the user's cache folder, together with what it holds for: the entry point
files on the module path, each with the identity that the file system gives it. While those are the same, so is what
they announce, and neither stevedore nor the metadata of a distribution is read.

The file is only a memory: where it is missing, foreign, damaged or cannot be written, drivers are searched for again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

METADATA = (".dist-info", ".egg-info")
FILE = "entry_points.txt"
END = "end"
"""Last line of a file that was written in full."""


class Entry(NamedTuple):
    """An entry point: group, name, and the object it names as `module:attribute`."""

    group: str
    name: str
    target: str


def state(groups: Sequence[str], path: Iterable[str] | None = None) -> str:
    """What the entry points of these groups depend on, as one line.

    Args:
        groups: The groups of interest.
        path: Folders and archives with modules; None takes `sys.path`.
    """
    return repr((*groups, *(seen for place in (sys.path if path is None else path) for seen in _seen(place))))


def _seen(place: str) -> Iterator[tuple[str, int, int, int]]:
    """Path, time, size and number of each entry point file in a folder; those of an archive are its own."""
    folder = os.path.abspath(place)  # an empty one is the present folder
    try:
        with os.scandir(folder) as inside:
            names = sorted(each.name for each in inside if each.name.endswith(METADATA))
        files = [os.path.join(folder, name, FILE) for name in names]
    except NotADirectoryError:
        files = [folder]
    except OSError:
        return
    for file in files:
        try:
            found = os.stat(file)
        except OSError:
            continue  # most distributions announce nothing
        yield file, found.st_mtime_ns, found.st_size, found.st_ino


def recall(state: str) -> tuple[Entry, ...] | None:
    """The entry points remembered for a state; None where they have to be searched for."""
    try:
        with open(_file(), encoding="utf-8") as file:
            found = os.fstat(file.fileno())
            if found.st_uid != os.geteuid() or found.st_mode & 0o022:
                return None  # somebody else could choose what this process imports
            valid_for, *lines, last = file.read().splitlines()
    except (OSError, ValueError):
        return None
    rows = [tuple(line.split("\t")) for line in lines]
    if valid_for != state or last != END or any(len(row) != len(Entry._fields) for row in rows):
        return None
    return tuple(Entry(*row) for row in rows)


def remember(state: str, entries: Iterable[Entry]) -> None:
    """Keep the entry points found for a state; where that is not possible nothing happens."""
    import contextlib
    import tempfile

    lines = [state, *("\t".join(entry) for entry in entries), END]
    with contextlib.suppress(OSError, UnicodeError):  # a read-only home only costs the next process time
        path = _file()
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        number, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix="drivers-")
        try:
            with open(number, "w", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
            os.replace(draft, path)
        except (OSError, UnicodeError):
            os.unlink(draft)
            raise


def _file() -> str:
    """One file for each environment of Python, so that they do not overwrite each other's.

    Raises:
        FileNotFoundError: There is no cache folder, as for a service without a home.
    """
    folder = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(folder):
        home = os.environ.get("HOME", "")
        if not os.path.isabs(home):
            raise FileNotFoundError("neither XDG_CACHE_HOME nor HOME is set")
        folder = os.path.join(home, ".cache")
    return os.path.join(folder, "virtkit", f"drivers-{crc32(sys.prefix.encode()):08x}")
