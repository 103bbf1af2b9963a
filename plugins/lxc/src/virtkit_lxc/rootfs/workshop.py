"""Where a root file system is made: beside the folder that it becomes, hidden, and closed to everybody but root.

It is renamed when it is complete. What fails is removed, and what was killed is by the next one for the same folder: a
lock tells whether somebody still works there. Programs of the tree that belong to root run for nobody meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, OperationInvalidError, SystemCallError

LXC = ErrorDomain.LXC

ROOT = "root"
"""Folder in the workshop that becomes the one that is wanted."""


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A new folder, which has the wanted path when the block has been left without an exception.

    Raises:
        InvalidArgError: There is something at the path already.
        OperationInvalidError: Somebody else is making it, or may interfere.
        SystemCallError: The folder around it is missing or cannot be written; `int1` is the errno.
    """
    _refuse_existing(folder)
    workshop = folder.with_name(f".{folder.name}.virtkit-part")
    try:
        lock = _occupied(workshop, folder)
    except OSError as error:
        raise _failed(folder, error) from error
    try:
        root = workshop / ROOT
        root.mkdir(mode=0o755)
        os.chmod(root, 0o755)  # whatever the umask
        yield root
        _refuse_existing(folder)
        try:
            os.rename(root, folder)
        except OSError as error:
            raise _failed(folder, error) from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
        os.close(lock)


def _occupied(workshop: Path, folder: Path) -> int:
    """A descriptor of the workshop, empty and locked for us."""
    while True:
        with suppress(FileExistsError):
            workshop.mkdir(mode=0o700)
        lock = os.open(workshop, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _refuse_foreign(lock, workshop)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(lock, workshop):
                with suppress(FileNotFoundError):
                    shutil.rmtree(ROOT, dir_fd=lock)
                return lock
        except BlockingIOError as error:
            raise OperationInvalidError(f"{folder} is being made by somebody else: wait for it", domain=LXC) from error
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # whoever had it has removed it meanwhile


def _refuse_foreign(descriptor: int, workshop: Path) -> None:
    """Refuse a workshop that somebody else has put there, who could change under our hands what is made in it."""
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise OperationInvalidError(
            f"{workshop} is somebody else's, who may change what is in it: remove it", domain=LXC
        )


def _is_at(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    return False


def _refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise InvalidArgError(f"{folder} is there already: choose another folder, or remove it", domain=LXC)


def _failed(folder: Path, error: OSError) -> SystemCallError:
    step = f": make {folder.parent}, such that only root may enter it" if isinstance(error, FileNotFoundError) else ""
    return SystemCallError(f"{folder} cannot be made: {error.strerror}{step}", domain=LXC, int1=error.errno or -1)
