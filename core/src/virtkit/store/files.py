"""Files and folders, with errors that say what to do next."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from virtkit.errors import SystemCallError

TEMPORARY = ".tmp-"
"""Start of the names of files that are being written; a name of an object never starts with a dot."""

NEXT_STEP = {
    errno.ENOSPC: "free some space there and try again",
    errno.EDQUOT: "free some of the quota there and try again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and try again",
    errno.EROFS: "make that file system writable, or use another root",
    errno.EACCES: "run as the owner of that folder, or use a session connection",
    errno.EPERM: "run as the owner of that folder, or use a session connection",
    errno.ENOTDIR: "a folder is needed there: move the file that is in its place",
    errno.EIO: "check that disk",
}
"""errno -> what a person can do about it."""


def refusal(action: str, path: str | Path, error: OSError, *, domain: int = 0) -> SystemCallError:
    """The error for a refused system call.

    Args:
        action: What was attempted: `save domain 'web'`.
        path: Where.
        error: The refusal.
        domain: Error domain.
    """
    step = NEXT_STEP.get(error.errno or 0, "look at what is there and try again")
    message = f"cannot {action}: {path}: {error.strerror or error}; {step}"
    return SystemCallError(message, domain=domain, int1=error.errno or -1)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """Make a folder and those above it, if missing.

    Raises:
        SystemCallError: It cannot be made.
    """
    if os.path.isdir(path):  # a fifth of the time in which `makedirs` finds that out
        return
    try:
        os.makedirs(path, mode, exist_ok=True)
    except OSError as error:
        raise refusal("make a folder", path, error) from error


def sync_folder(path: str | Path) -> None:
    """Put the names in a folder on disk.

    Raises:
        OSError: The disk refuses.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that knows no such thing
            raise
    finally:
        os.close(folder)


def replace(path: str | Path, content: bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """Put a file in place of another, or where none is, in one step; it is on disk when this returns.

    After a crash there is the old file or the new one. Where there was none there may be an empty one after a crash in
    the middle: a file that was never reported as stored (docs/adr/0021).

    Args:
        path: The file.
        content: What is to be in it.
        mode: Its mode, less the umask.
        lasting: False for what means nothing once the host is down (docs/adr/0024): it is left to the system when it
            comes to the disk. A program that dies costs nothing; a host that does may leave an empty file.

    Raises:
        OSError: The system refuses; the old file is as it was and nothing else is left. Only when the very last step of
            a replacement fails, putting the new name on disk, the new file stands there already.
    """
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    made, new = temporary, not os.path.lexists(path)
    try:
        try:
            write_all(file, content)
            if lasting and not new:
                os.fsync(file)
            os.rename(temporary, path)
            if lasting and new:
                made = os.fspath(path)
                os.fsync(file)  # its name too: the file systems of Linux sync a file with its latest name
        finally:
            os.close(file)
    except BaseException:
        os.unlink(made)
        raise
    if lasting and not new:
        sync_folder(folder)


def write_all(file: int, content: bytes) -> None:
    """Write everything to a descriptor.

    Raises:
        OSError: The system refuses.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def sweep(folder: Path, *, lasting: bool = True) -> None:
    """Remove what processes that were killed while writing left in a folder; that of this process stays.

    With `lasting=False` also the empty files, which a host that died has left; see `replace`.
    """
    own = f"{TEMPORARY}{os.getpid()}-"
    with os.scandir(folder) as entries:
        for entry in entries:
            left = entry.name.startswith(TEMPORARY) and not entry.name.startswith(own)
            if left or (not lasting and entry.is_file(follow_symlinks=False) and not entry.stat().st_size):
                Path(entry).unlink(missing_ok=True)
