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

NO_NAMELESS_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR})
"""What a file system, or a kernel, says that knows no files without a name."""


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
    if os.path.lexists(path) or not _add(path, content, mode, lasting=lasting):
        _exchange(path, content, mode, lasting=lasting)


def _add(path: str | Path, content: bytes, mode: int, *, lasting: bool) -> bool:
    """Write a file without a name, then give it one, which nobody may have yet; False: that cannot be done there.

    `src_dir_fd` is of no use to the kernel, which gets a full path, but has CPython follow the link in it.
    """
    try:
        file = os.open(os.path.dirname(path) or ".", os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno in NO_NAMELESS_FILES:
            return False
        raise
    try:
        write_all(file, content)
        if lasting:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)  # Linux begins to write it, while it gets its name
        try:
            os.link(f"/proc/self/fd/{file}", path, src_dir_fd=file, follow_symlinks=True)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOENT):  # a file, or no /proc
                return False
            raise
        if lasting:
            try:
                os.fsync(file)  # its name too: the file systems of Linux sync a file with its latest name
            except BaseException:
                os.unlink(path)
                raise
    finally:
        os.close(file)
    return True


def _exchange(path: str | Path, content: bytes, mode: int, *, lasting: bool) -> None:
    """Write a file under another name, then give it the name of the one that is there."""
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            write_all(file, content)
            if lasting:
                os.fsync(file)
        finally:
            os.close(file)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if lasting:
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
