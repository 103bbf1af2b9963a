"""Volumes that are the files of a folder: what `dir`, `fs`, `netfs` and other types of pools are made of.

    class LabBackend(DirectoryBackend):
        name = "lab"
        hook_api = 1

        def pool_start(self, pool, *, guard, secret):
            mount(pool.source, pool.target.path)
            super().pool_start(pool, guard=guard, secret=secret)

Nothing outside the folder is touched: every file is opened relative to it and links are not followed, except one to
another file of the same folder. A name on disk that is no UTF-8, or that XML cannot have, is no volume.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

from virtkit.enums import StorageVolType
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationInvalidError,
    OperationUnsupportedError,
    StorageVolExistsError,
    VirtError,
    XMLError,
)
from virtkit.storage.backend import STORAGE, Figures, Formats, Guard, Secret, StorageBackend, Volume
from virtkit.storage.image import HEAD_SIZE, Image, identify
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.xml.pool import StoragePool
    from virtkit.xml.storage import Permissions, Timestamps
    from virtkit.xml.volume import StorageVolume, VolumeBacking

KNOWN = (
    *("none", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "vhdx", "fat", "vhd", "ploop", "cow", "qcow"),
    *("qcow2", "qed", "vmdk"),
)
"""Formats that a file can have."""

MADE = ("raw", "iso", "dir", "qcow", "qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc")
"""Formats that a new volume can have; qemu-img makes all but the first three."""

STACKED = ("qcow", "qcow2", "qed")
"""Formats that can stand on a backing image."""

FILE_MODE, FOLDER_MODE, POOL_MODE = 0o600, 0o700, 0o711
"""Modes of what is made where the document says none."""

RESERVED_AT_ONCE = 1 << 30
"""Bytes reserved by one system call, between two looks at whether to go on."""

NAME_BYTES = 255
"""Bytes that a file's name can have."""

_LOOK = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GET_FLAGS, _SET_FLAGS, _NO_COW = 0x80086601, 0x40086602, 0x00800000  # FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_NOCOW_FL

_log = logging.getLogger(__name__)


class DirectoryBackend(StorageBackend):
    """A pool whose volumes are the files of its target; a type of pools says how the target comes to be there."""

    formats = Formats(volumes=KNOWN, volume="raw")
    holds_images = True

    # Pools

    def pool_active(self, pool: StoragePool) -> bool:
        return os.path.isdir(target(pool))

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        if overwrite is not None:
            raise OperationInvalidError(
                f"storage pool {pool.name!r} of type {pool.type!r} has no device to format: build it without overwrite",
                domain=STORAGE,
            )
        make_target(pool)

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        with self.opened(pool):
            pass

    def pool_delete(self, pool: StoragePool, *, zeroed: bool) -> None:
        if zeroed:
            raise InvalidArgError(
                f"a storage pool of type {pool.type!r} cannot be overwritten as a whole: wipe its volumes",
                domain=STORAGE,
            )
        try:
            os.rmdir(target(pool))
        except OSError as error:
            raise refusal(f"delete storage pool {pool.name!r}", target(pool), error, domain=STORAGE) from error

    def pool_figures(self, pool: StoragePool) -> Figures:
        with self.opened(pool) as folder, refused("measure", pool, ""):
            found = os.fstatvfs(folder)
        capacity, available = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
        return Figures(capacity, capacity - available, available)

    def pool_describe(self, pool: StoragePool) -> None:
        with self.opened(pool) as folder:
            pool.target.permissions = permissions_of(os.fstat(folder))

    # Volumes: finding

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        start = os.path.join(target(pool), "")
        with self.opened(pool) as folder:
            for name in os.listdir(folder):
                volume = _look(folder, start, name, known.get(name))
                if volume is not None:
                    yield volume

    def volume_find(self, pool: StoragePool, name: str, known: Volume | None = None) -> Volume | None:
        if not name or "/" in name or name in (".", ".."):
            return None
        with self.opened(pool) as folder:
            return _look(folder, os.path.join(target(pool), ""), name, known)

    def volume_describe(self, pool: StoragePool, volume: Volume) -> StorageVolume:
        from virtkit.xml.volume import StorageVolume

        document = StorageVolume()
        with self.opened(pool) as folder:
            status = _status(pool, folder, volume.name)
            backing = _backing(pool, folder, volume)
        place = document.target
        place.format = volume.format
        place.permissions, place.timestamps = permissions_of(status), timestamps_of(status)
        if isinstance(volume.details, Image):
            _describe_image(document, volume.details)
        document.backing_store = backing
        return document

    # Volumes: changing

    def volume_check(self, pool: StoragePool, document: StorageVolume) -> None:
        name = document.name or ""
        check_name(name)
        document.target.path = document.key = os.path.join(target(pool), name)
        format_ = document.target.format
        document.type = "dir" if format_ == "dir" else "file"
        if format_ not in MADE:
            raise ConfigUnsupportedError(
                f"volume {name!r}: no image of format {format_!r} can be made here: choose {', '.join(MADE)}",
                domain=STORAGE,
            )
        if document.backing_store is not None and format_ not in STACKED:
            raise ConfigUnsupportedError(
                f"volume {name!r} of format {format_!r} cannot stand on another image: choose {', '.join(STACKED)}",
                domain=STORAGE,
            )
        _own(pool, document)

    def volume_create(self, pool: StoragePool, document: StorageVolume, *, guard: Guard) -> None:
        name = document.name or ""
        with self.opened(pool) as folder, refused(f"create volume {name!r}", pool, name):
            if document.type == "dir":
                self.make_folder(folder, name)
                made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            else:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                made = os.open(name, flags, FILE_MODE, dir_fd=folder)
            try:
                give(made, document.target.permissions)
                if document.type != "dir":
                    _fill(made, document, guard)
                os.fsync(folder)
            except BaseException:
                self._remove(folder, name, whole=document.type == "dir")
                raise
            finally:
                os.close(made)

    def volume_delete(self, pool: StoragePool, volume: Volume, flags: int) -> None:
        if flags:
            raise InvalidArgError(
                f"volume {volume.name!r} is a file and has no snapshots of its own: delete it without flags",
                domain=STORAGE,
            )
        with self.opened(pool) as folder, refused(f"delete volume {volume.name!r}", pool, volume.name):
            with suppress(FileNotFoundError):
                self._remove(folder, volume.name, whole=volume.type == StorageVolType.DIR)
            os.fsync(folder)

    def volume_resize(self, pool: StoragePool, volume: Volume, capacity: int, *, allocate: bool, guard: Guard) -> None:
        file = self.volume_open(pool, volume, write=True)
        try:
            with refused(f"resize volume {volume.name!r}", pool, volume.name):
                if allocate:
                    _reserve(file, volume.capacity, capacity, guard)
                os.ftruncate(file, capacity)
                os.fsync(file)
        finally:
            os.close(file)

    def volume_open(self, pool: StoragePool, volume: Volume, *, write: bool) -> int:
        if volume.type == StorageVolType.DIR:
            raise OperationUnsupportedError(f"volume {volume.name!r} is a folder and has no contents", domain=STORAGE)
        with self.opened(pool) as folder, refused(f"open volume {volume.name!r}", pool, volume.name):
            name, status = _followed(folder, volume.name)
            if not stat.S_ISREG(status.st_mode) and not stat.S_ISBLK(status.st_mode):
                raise OSError(errno.EINVAL, "it is neither a file nor a block device")
            return os.open(name, _LOOK | (os.O_RDWR if write else 0), dir_fd=folder)

    # For subclasses

    def opened(self, pool: StoragePool) -> AbstractContextManager[int]:
        """The open folder of a pool; every method of volumes begins with it. Errors as from `opened`."""
        return opened(pool)

    def make_folder(self, folder: int, name: str) -> None:
        """Make the folder that a volume of format `dir` is; `OSError` where the system refuses.

        Args:
            folder: The open folder of the pool.
            name: The volume.
        """
        os.mkdir(name, FOLDER_MODE, dir_fd=folder)

    def remove_folder(self, folder: int, name: str) -> None:
        """Remove the folder that a volume of format `dir` is; arguments and errors as of `make_folder`."""
        os.rmdir(name, dir_fd=folder)

    def _remove(self, folder: int, name: str, *, whole: bool) -> None:
        if whole:
            self.remove_folder(folder, name)
        else:
            os.unlink(name, dir_fd=folder)


# The folder


def target(pool: StoragePool) -> str:
    """The folder of a pool."""
    return pool.target.path or ""


class _Opened:
    """An open folder: a context, which is entered for every look at a volume, and so is no generator."""

    __slots__ = ("_folder",)

    def __init__(self, folder: int) -> None:
        self._folder = folder

    def __enter__(self) -> int:
        return self._folder

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)


def opened(pool: StoragePool) -> AbstractContextManager[int]:
    """The open folder of a pool, to be entered at once.

    Raises:
        SystemCallError: It is not there, is no folder, or may not be read.
    """
    try:
        return _Opened(os.open(target(pool), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        with refused("use", pool, ""):
            raise error


def make_target(pool: StoragePool) -> None:
    """Make the folder of a pool as its definition says; those above it too, which get the usual mode.

    Raises:
        SystemCallError: It cannot be made.
    """
    wanted = pool.target.permissions
    mode = POOL_MODE if wanted is None or wanted.mode is None else wanted.mode
    with refused("build", pool, ""):
        with suppress(FileExistsError):
            os.makedirs(target(pool), mode)
        if not os.path.isdir(target(pool)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if wanted is not None:
            folder = os.open(target(pool), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                give(folder, wanted)
            finally:
                os.close(folder)


def check_name(name: str) -> None:
    """Refuse a name that no file of a pool can have.

    Raises:
        OperationInvalidError: It has a slash, which is libvirt's answer.
        XMLError: Any other reason.
    """
    if "/" in name:
        raise OperationInvalidError(f"volume name {name!r} has a '/': choose another", domain=STORAGE)
    flaw = ""
    if name in ("", ".", ".."):
        flaw = "is no name of a file"
    elif _NOT_IN_XML.search(name) or "\n" in name:
        flaw = "has a line break or a control character"
    elif len(name.encode()) > NAME_BYTES:
        flaw = f"is longer than {NAME_BYTES} bytes"
    if flaw:
        raise XMLError(f"volume name {name[:80]!r} {flaw}: choose another", domain=STORAGE)


@contextmanager
def refused(action: str, pool: StoragePool, name: str) -> Iterator[None]:
    """Turn what the system refuses into the error that a caller is told.

    Args:
        action: What is done: `create volume 'a'`, or what is done to the pool: `build`.
        pool: The pool.
        name: The volume; empty where it is about the pool.

    Raises:
        StorageVolExistsError: Something is there already.
        SystemCallError: Any other refusal.
    """
    path = os.path.join(target(pool), name) if name else target(pool)
    what = f"{action} in storage pool {pool.name!r}" if name else f"{action} storage pool {pool.name!r}"
    try:
        yield
    except FileExistsError as error:
        raise StorageVolExistsError(
            f"cannot {what}: {path} is there already; choose another", domain=STORAGE
        ) from error
    except VirtError:
        raise
    except OSError as error:
        raise refusal(what, path, error, domain=STORAGE) from error


# What is there


def _look(folder: int, start: str, name: str, known: Volume | None) -> Volume | None:
    """A file of the folder as a volume; None where it is none, or is gone."""
    if not name.isprintable() and _NOT_IN_XML.search(name):
        _log.debug("%s%s is no volume: its name cannot be told", start, ascii(name))
        return None
    try:
        real, status = _followed(folder, name)
        stamp = (status.st_ino, status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_blocks)
        if known is not None and known.stamp == stamp:
            return known
        path = start + name
        if stat.S_ISDIR(status.st_mode):
            return Volume(name, path, path, StorageVolType.DIR, 0, 0, 0, "dir", None, stamp)
        if not stat.S_ISREG(status.st_mode):
            return None
        image = _identified(folder, real)
    except OSError as error:
        _log.debug("%s%s is no volume: %s", start, name, error.strerror)
        return None
    size, taken = status.st_size, status.st_blocks * 512
    capacity = image.capacity_in(size)
    return Volume(
        name, path, path, StorageVolType.FILE, capacity, taken, size, image.format, image.backing, stamp, image
    )


def _followed(folder: int, name: str) -> tuple[str, os.stat_result]:
    """A name and what it is; for a link to a file beside it the name of that.

    Raises:
        OSError: It is not there, or a link to somewhere else.
    """
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        return name, status
    aim = os.readlink(name, dir_fd=folder)
    status = os.stat(aim, dir_fd=folder, follow_symlinks=False) if "/" not in aim else status
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, f"it is a link to {aim}, which is no file of this folder")
    return aim, status


def _identified(folder: int, name: str) -> Image:
    file = os.open(name, _LOOK, dir_fd=folder)
    try:
        return identify(os.pread(file, HEAD_SIZE, 0), lambda offset, size: os.pread(file, size, offset))
    finally:
        os.close(file)


def _status(pool: StoragePool, folder: int, name: str) -> os.stat_result:
    with refused(f"describe volume {name!r}", pool, name):
        return _followed(folder, name)[1]


# Documents


def permissions_of(status: os.stat_result) -> Permissions:
    """Owner and mode as a document tells them."""
    from virtkit.xml.storage import Permissions

    return Permissions(mode=stat.S_IMODE(status.st_mode), owner=status.st_uid, group=status.st_gid)


def timestamps_of(status: os.stat_result) -> Timestamps:
    """Times as a document tells them; when it was made is not known."""
    from virtkit.xml.storage import Timestamps

    times = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    accessed, changed, moved = (f"{time // 10**9}.{time % 10**9:09}".removesuffix(".000000000") for time in times)
    return Timestamps(atime=accessed, mtime=changed, ctime=moved, btime="0")


def _describe_image(document: StorageVolume, image: Image) -> None:
    from virtkit.xml.storage import Encryption
    from virtkit.xml.volume import Features

    place = document.target
    if image.encryption is not None:
        place.encryption = Encryption(format=image.encryption)
    place.compat = image.compat if image.compat != "0.10" else None
    place.cluster_size = image.cluster_size
    if place.compat is not None:
        place.features = Features(lazy_refcounts=image.lazy_refcounts, extended_l2=image.extended_l2)


def _backing(pool: StoragePool, folder: int, volume: Volume) -> VolumeBacking | None:
    """What a volume stands on. Only a file of the same folder is looked at: what a header names may be anything."""
    from virtkit.xml.volume import VolumeBacking

    if volume.backing is None:
        return None
    path = os.path.normpath(os.path.join(target(pool), volume.backing))
    format_ = volume.details.backing_format if isinstance(volume.details, Image) else None
    backing = VolumeBacking(path=path, format=format_ or "raw")
    start = os.path.join(target(pool), "")
    name = path.removeprefix(start)
    if path.startswith(start) and "/" not in name:
        with suppress(OSError):
            status = _followed(folder, name)[1]
            backing.permissions, backing.timestamps = permissions_of(status), timestamps_of(status)
    return backing


# Making


def _own(pool: StoragePool, document: StorageVolume) -> None:
    """Say in the document to whom a new volume belongs: as the pool's, where it says nothing."""
    from virtkit.xml.storage import Permissions

    given, usual = document.target.permissions or Permissions(), pool.target.permissions or Permissions()
    given.mode = (FOLDER_MODE if document.type == "dir" else FILE_MODE) if given.mode is None else given.mode
    if os.geteuid() == 0:
        given.owner = usual.owner if given.owner is None else given.owner
        given.group = usual.group if given.group is None else given.group
    document.target.permissions = given


def give(file: int, permissions: Permissions | None) -> None:
    """Have an open file or folder belong to whom a document says.

    Raises:
        OSError: The system refuses.
    """
    if permissions is None:
        return
    if permissions.owner is not None or permissions.group is not None:
        os.fchown(file, *(-1 if number is None else number for number in (permissions.owner, permissions.group)))
    if permissions.mode is not None:
        os.fchmod(file, permissions.mode)


def _fill(file: int, document: StorageVolume, guard: Guard) -> None:
    if document.target.nocow:
        _forbid_copying(file)
    if document.target.format in ("raw", "iso") and document.target.encryption is None:
        capacity = document.capacity or 0
        os.ftruncate(file, capacity)
        _reserve(file, 0, min(document.allocation or 0, capacity), guard)
        os.fsync(file)


def _reserve(file: int, start: int, end: int, guard: Guard) -> None:
    """Reserve room from one byte to another; it reads as zeros where nothing was."""
    for offset in range(start, end, RESERVED_AT_ONCE):
        guard()
        os.posix_fallocate(file, offset, min(RESERVED_AT_ONCE, end - offset))


def _forbid_copying(file: int) -> None:
    """Switch copy-on-write off for an empty file; only btrfs has it, others refuse the flag."""
    with suppress(OSError):
        flags = int.from_bytes(fcntl.ioctl(file, _GET_FLAGS, bytes(8)), sys.byteorder)
        fcntl.ioctl(file, _SET_FLAGS, (flags | _NO_COW).to_bytes(8, sys.byteorder))
