"""Mounting filesystems, and what is mounted where; `MountedBackend` is a pool whose folder is mounted.

    class LabBackend(MountedBackend):
        name = "lab"
        hook_api = 1

        def source_of(self, pool: StoragePool) -> str:
            return f"lab:{pool.source.name}"

What is not mounted any more, whoever unmounted it, is not used: its files would land in the folder underneath.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from virtkit.errors import OperationFailedError, OperationTimeoutError, SystemCallError, VirtError
from virtkit.services.runner import ProgramError, find_program, run
from virtkit.storage.backend import STORAGE, Guard, Secret
from virtkit.storage.directory import DirectoryBackend, target
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.storage.backend import Volume
    from virtkit.xml.pool import StoragePool

MOUNTS = "/proc/self/mountinfo"

MOUNT_TIMEOUT = 300.0
"""Seconds a mount may take: a journal that is replayed takes minutes."""

UNMOUNT_TIMEOUT = 300.0
"""Seconds an unmount may take: what was written is brought to the disk first."""

SAFE = ("nodev", "nosuid", "noexec")
"""Options of every mount, unless a pool's own say otherwise: what is on it was perhaps not made by this host."""

_ESCAPED = re.compile(rb"\\([0-7]{3})")


# What is mounted


class Mount(NamedTuple):
    """Something that is mounted.

    Attributes:
        target: Where it is mounted.
        type: Type of the filesystem.
        source: What is mounted, as it was given: a device, `host:/export`.
    """

    target: str
    type: str
    source: str


def parse(text: bytes) -> list[Mount]:
    """Read `/proc/self/mountinfo`, see proc_pid_mountinfo(5). Lines that are cut short are left out."""
    return [mount for mount in map(_parsed, text.splitlines()) if mount is not None]


def mounted_at(path: str) -> Mount | None:
    """What is mounted at a path; the topmost, where there are several. What is mounted is not touched: it may hang.

    Raises:
        SystemCallError: What is mounted cannot be told.
    """
    found = {mount.target: mount for mount in _all()}
    for candidate in _candidates(path):
        if candidate in found:
            return found[candidate]
    return None


def users_of(device: str) -> list[str]:
    """Where a device is mounted.

    Raises:
        SystemCallError: What is mounted cannot be told.
    """
    return [mount.target for mount in _all() if is_device(mount.source, device)]


def is_device(source: str, device: str) -> bool:
    """Whether a mount's source is a device, or the file behind a loop device; links lead where they lead now."""
    if not source.startswith("/"):
        return False
    if source == device:
        return True
    source, device = os.path.realpath(source), os.path.realpath(device)
    return device in (source, _file_behind(source))


def is_mounted(folder: int) -> bool:
    """Whether an open folder is the root of something mounted, told by its device number."""
    return os.fstat(folder).st_dev != os.stat("..", dir_fd=folder).st_dev


def _all() -> list[Mount]:
    try:
        with open(MOUNTS, "rb") as file:
            return parse(file.read())
    except OSError as error:
        raise refusal("tell what is mounted", MOUNTS, error, domain=STORAGE) from error


def _parsed(line: bytes) -> Mount | None:
    before, separator, behind = line.partition(b" - ")
    fields, source = before.split(b" "), behind.split(b" ")
    if not separator or len(fields) < 6 or len(source) < 2:
        return None
    where, kind, what = (
        os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), field))
        for field in (fields[4], source[0], source[1])
    )
    return Mount(where, kind, what)


def _candidates(path: str) -> Iterator[str]:
    """What a path may be called where mounts are listed; the last one looks at the file itself."""
    path = os.path.normpath(path)
    yield path
    yield os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    yield os.path.realpath(path)


def _file_behind(device: str) -> str | None:
    if not device.startswith("/dev/loop"):
        return None
    try:
        with open(f"/sys/class/block/{os.path.basename(device)}/loop/backing_file", "rb") as file:
            return os.fsdecode(file.read().removesuffix(b"\n"))
    except OSError:
        return None


# Mounting


def arguments_of_mount(source: str, where: str, kind: str = "", options: Sequence[str] = ()) -> list[str]:
    """The command that mounts; options given later override earlier ones."""
    arguments = ["mount"]
    if kind:
        arguments += ["-t", kind]
    if options:
        arguments += ["-o", ",".join(options)]
    return [*arguments, "--", source, where]


def mount(
    source: str,
    where: str,
    *,
    subject: str,
    kind: str = "",
    options: Sequence[str] = (),
    timeout: float = MOUNT_TIMEOUT,
    guard: Guard | None = None,
) -> None:
    """Mount a filesystem.

    Args:
        source: A device, or what a server offers.
        where: The folder.
        subject: What errors call it.
        kind: Type of the filesystem; empty leaves it to be found out.
        options: Options.
        timeout: Seconds it may take.
        guard: Called now and then; what it raises ends it.

    Raises:
        OperationTimeoutError: It took too long.
        OperationFailedError: It was refused; the message says what was said.
        SystemCallError: The program is not installed.
    """
    what = f"{subject}: {source} cannot be mounted at {where}"
    try:
        run(arguments_of_mount(source, where, kind, options), timeout=timeout, guard=guard, domain=STORAGE)
    except OperationTimeoutError as error:
        raise OperationTimeoutError(f"{what}: {error.message}; check that it answers", domain=STORAGE) from error
    except ProgramError as error:
        said = f"{what}: {error.message}; correct what it complains of"
        raise OperationFailedError(said, domain=STORAGE) from error


def unmount(where: str, *, subject: str, timeout: float = UNMOUNT_TIMEOUT) -> None:
    """Unmount what is mounted at a folder; it may have been unmounted meanwhile.

    Args:
        where: The folder.
        subject: What errors call it.
        timeout: Seconds it may take.

    Raises:
        OperationTimeoutError: It took too long.
        SystemCallError: It is busy, and `int1` EBUSY; or the program is not installed.
        OperationFailedError: It was refused for another reason.
    """
    what = f"{subject} stays active: {where} cannot be unmounted"
    try:
        run(["umount", "--", where], timeout=timeout, domain=STORAGE)
    except OperationTimeoutError as error:
        step = f"wait until its storage answers, or give it up with `umount --force --lazy {where}`"
        raise OperationTimeoutError(f"{what}: {error.message}; {step}", domain=STORAGE) from error
    except ProgramError as error:
        if mounted_at(where) is None:
            return
        if b"busy" in error.stderr:
            step = f"`fuser -vm {where}` tells who uses it"
            raise SystemCallError(f"{what}, for it is busy; {step}", domain=STORAGE, int1=errno.EBUSY) from error
        raise OperationFailedError(f"{what}: {error.message}", domain=STORAGE) from error


# Pools


class MountedBackend(DirectoryBackend):
    """A pool whose volumes are the files of something that is mounted at its target.

    Attributes:
        mount_timeout: Seconds its mounts may take.
        unmount_timeout: Seconds its unmounts may take.
    """

    mount_timeout: ClassVar[float] = MOUNT_TIMEOUT
    unmount_timeout: ClassVar[float] = UNMOUNT_TIMEOUT

    # What a type of pools says

    def source_of(self, pool: StoragePool) -> str:
        """What is mounted, as `mount` takes it."""
        raise NotImplementedError

    def kind_of(self, pool: StoragePool) -> str:
        """Type of the filesystem; empty leaves it to be found out."""
        kind = pool.source.format.type if pool.source.format else None
        return "" if kind in (None, "auto") else kind

    def options_of(self, pool: StoragePool) -> Sequence[str]:
        """Options that this type of pools adds."""
        return ()

    def is_source(self, pool: StoragePool, found: Mount) -> bool:
        """Whether something that is mounted is what this pool mounts."""
        return is_device(found.source, self.source_of(pool))

    # Pools

    def backend_probe(self) -> str | None:
        return None if find_program("mount") else "mount is not installed: install the package mount"

    def pool_active(self, pool: StoragePool) -> bool:
        found = mounted_at(target(pool))
        return found is not None and self.is_source(pool, found)

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        where, source = target(pool), self.source_of(pool)
        found = mounted_at(where)
        if found is None:
            _require_folder(pool)
            options = [*SAFE, *self.options_of(pool), *_given(pool)]
            mount(
                source,
                where,
                subject=_subject(pool),
                kind=self.kind_of(pool),
                options=options,
                timeout=self.mount_timeout,
                guard=guard,
            )
        elif not self.is_source(pool, found):
            raise OperationFailedError(
                f"{_subject(pool)}: {found.source} is mounted at {where}, not {source}; unmount it, or choose another "
                "target",
                domain=STORAGE,
            )

    def pool_stop(self, pool: StoragePool) -> None:
        if self.pool_active(pool):
            unmount(target(pool), subject=_subject(pool), timeout=self.unmount_timeout)

    # Volumes

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        if not self.pool_active(pool):
            raise self._gone(pool)
        return super().volume_list(pool, known)

    @contextmanager
    def opened(self, pool: StoragePool) -> Iterator[int]:
        with super().opened(pool) as folder:
            if not is_mounted(folder):
                raise self._gone(pool)
            yield folder

    def _gone(self, pool: StoragePool) -> VirtError:
        return SystemCallError(
            f"{_subject(pool)}: {self.source_of(pool)} is not mounted at {target(pool)} any more; stop the pool and "
            "start it again",
            domain=STORAGE,
            int1=errno.ENODEV,
        )


def _subject(pool: StoragePool) -> str:
    return f"storage pool {pool.name!r}"


def _require_folder(pool: StoragePool) -> None:
    """Refuse to mount where there is no folder.

    Raises:
        SystemCallError: There is none; `int1` is the errno.
    """
    where = target(pool)
    if not os.path.isdir(where):
        code = errno.ENOTDIR if os.path.lexists(where) else errno.ENOENT
        message = f"{_subject(pool)}: {where}: {os.strerror(code)}; build the pool first"
        raise SystemCallError(message, domain=STORAGE, int1=code)


def _given(pool: StoragePool) -> list[str]:
    """The options that a definition has."""
    return list(pool.mount_options.options) if pool.mount_options else []
