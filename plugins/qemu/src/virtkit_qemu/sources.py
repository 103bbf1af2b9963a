"""The host's files that a guest cannot start without, looked at before QEMU is."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import SystemCallError
from virtkit_qemu.volumes import empty, key_of

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.disk import Disk
    from virtkit_qemu.volumes import Places


class Needed(NamedTuple):
    """A file: what it is for, its path, and whether the guest writes it."""

    role: str
    path: str
    written: bool = False


def needed(domain: Domain, volumes: Places) -> Iterator[Needed]:
    """The files a domain names; those that it may do without are not among them."""
    os_ = domain.os
    parts = (("kernel", os_.kernel), ("initrd", os_.initrd), ("device tree", os_.dtb))
    yield from (Needed(role, path) for role, path in parts if path)
    if os_.loader is not None and os_.loader.path:
        yield Needed("firmware", os_.loader.path)
    if os_.nvram is not None and os_.nvram.path:
        yield Needed("file of the firmware's variables", os_.nvram.path, written=True)
    for disk in domain.devices.disks:
        path = path_of(disk, volumes)
        if path:
            yield Needed(f"source of disk {_target(disk)}", path, written=not disk.readonly)


def path_of(disk: Disk, volumes: Places) -> str | None:
    """Path of the file or block device behind a disk; None where there is none."""
    source = disk.source
    if source is None:
        return None
    place = volumes.get(key_of(source)) if disk.type == "volume" else None
    return place.path if place else source.file or source.dev


def drop_missing(domain: Domain, volumes: Places) -> None:
    """Empty the drives whose medium is missing and optional."""
    for disk in domain.devices.disks:
        path = path_of(disk, volumes)
        if disk.source and disk.source.startup_policy == "optional" and path and not os.path.exists(path):
            empty(disk)


def make_variables(subject: str, domain: Domain) -> None:
    """Copy the template of the firmware's variables where they have no file yet.

    Raises:
        SystemCallError: It cannot be copied; `int1` is the errno.
    """
    nvram = domain.os.nvram
    if nvram is None or not nvram.template or not nvram.path or os.path.exists(nvram.path):
        return
    new = f"{nvram.path}.new"
    try:
        shutil.copyfile(nvram.template, new)
        os.rename(new, nvram.path)
    except OSError as cause:
        with suppress(OSError):
            os.unlink(new)
        raise SystemCallError(
            f"{subject} cannot start: its firmware's variables, {nvram.path}, cannot be made from {nvram.template}: "
            f"{cause.strerror}; correct <nvram>",
            domain=ErrorDomain.QEMU,
            int1=cause.errno or errno.EIO,
        ) from cause


def check(subject: str, domain: Domain, volumes: Places) -> None:
    """Refuse a domain whose files are missing or may not be used.

    Raises:
        SystemCallError: The first of them; `int1` is the errno.
    """
    for file in needed(domain, volumes):
        code = _flaw(file)
        if code:
            message = f"{subject} cannot start: the {file.role}, {file.path}: {os.strerror(code)}"
            step = "put it there or correct the definition" if code == errno.ENOENT else "correct its permissions"
            raise SystemCallError(f"{message}; {step}", domain=ErrorDomain.QEMU, int1=code)


def _flaw(file: Needed) -> int:
    """The errno of what is wrong; 0 for nothing."""
    try:
        os.stat(file.path)
    except OSError as error:
        return error.errno or errno.EIO
    return 0 if os.access(file.path, os.R_OK | (os.W_OK if file.written else 0)) else errno.EACCES


def _target(disk: Disk) -> str:
    return disk.target.dev or "?" if disk.target else "?"
