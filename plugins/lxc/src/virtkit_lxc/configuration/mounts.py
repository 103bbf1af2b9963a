"""What a container sees of files: its root, what is mounted into it, and /proc, /sys and /dev made safe.

Paths in the container come without symbolic links (`plan.paths`), and liblxc mounts onto none, so a tree that somebody
else made leads nowhere. Nothing that the container mounts comes out. What the host mounts later comes in where it lies
below the root of the container (liblxc has its root be a slave mount), and not elsewhere.

A system that reboots by itself has its mounts made again by liblxc, in a tree that it could change before: where a
source lies in that tree, liblxc has to end instead (`GUARD`).
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.filesystem import Filesystem
    from virtkit_lxc.plan import Plan

MASKED_FILES = ("proc/kcore", "proc/keys", "proc/latency_stats", "proc/sched_debug", "proc/timer_list")
"""What tells of the host, or of its memory."""

MASKED_FOLDERS = ("proc/acpi", "proc/scsi", "sys/firmware")

READ_ONLY = ("proc/bus", "proc/fs", "proc/irq")
"""Besides /proc/sys and /proc/sysrq-trigger, which liblxc mounts so."""

SHM_SIZE = "64m"

ESCAPES = {ord(sign): f"\\{ord(sign):03o}" for sign in " \t\n\\#"}
"""How fstab(5) writes signs that mean something there."""

GUARD = "guard"
"""Folder in the folder of a container: liblxc makes it before a start and, where it is, does not start anew."""


def lines(domain: Domain, plan: Plan) -> Iterator[tuple[str, object]]:
    """Root, special file systems, and the others in the order of the document."""
    for each in domain.devices.filesystems:
        if each.target == "/":
            yield from _root(each, plan)
    foreign = domain.idmap is not None and (plan.network == "host" or "net" in plan.shared)
    # Nobody mounts /sys who does not own the network that it shows; control groups are mounted in it.
    yield "lxc.mount.auto", "proc:mixed" if foreign else "proc:mixed sys:ro cgroup:mixed"
    yield "lxc.autodev", 1
    for path in MASKED_FILES:
        yield _entry("/dev/null", path, "none", "bind,ro,optional")
    for path in MASKED_FOLDERS:
        yield _entry("tmpfs", path, "tmpfs", "ro,nosuid,nodev,noexec,size=4k,optional")
    if any(each.type == "bind" for each in domain.devices.filesystems):
        yield "lxc.hook.version", 1
        yield "lxc.hook.pre-start", f"/bin/mkdir {shlex.quote(str(plan.folder / GUARD))}"
    for path in READ_ONLY:
        yield _entry(path, path, "none", "bind,ro,relative,optional")
    yield _entry("tmpfs", "dev/shm", "tmpfs", f"nosuid,nodev,mode=1777,size={SHM_SIZE},create=dir")
    for each in domain.devices.filesystems:
        if each.target != "/":
            yield _mount(each, domain, plan)
    for node in plan.nodes:
        if posixpath.dirname(posixpath.normpath(node.target)).split("/")[:2] != ["", "dev"]:
            raise ConfigUnsupportedError(f"{node.path} cannot be {node.target} in a container: devices are below /dev")
        access = "bind" if node.writable else "bind,ro"
        yield _entry(node.path, posixpath.normpath(node.target).lstrip("/"), "none", f"{access},create=file")


def _root(root: Filesystem, plan: Plan) -> Iterator[tuple[str, object]]:
    if root.type in ("file", "block", "mount", "template"):
        yield "lxc.rootfs.path", f"dir:{folder_of(root, plan)}"
    else:
        raise ConfigUnsupportedError(
            f"a file system of type {root.type!r} cannot be the root of a container: make it a mount, a file or a block"
        )
    if root.readonly:
        yield "lxc.rootfs.options", "ro"


def _mount(mounted: Filesystem, domain: Domain, plan: Plan) -> tuple[str, object]:
    target = _inside(mounted.target, plan)
    access = f"{',ro' if mounted.readonly else ''}{',create=dir' if _is_in_memory(mounted, domain) else ''}"
    match mounted.type:
        case "mount" | "file" | "block":
            return _entry(folder_of(mounted, plan), target, "none", f"bind,rprivate{access}")
        case "bind":
            return _entry(
                _inside(mounted.source.dir if mounted.source else "", plan), target, "none", f"bind,relative{access}"
            )
        case "ram":
            usage = mounted.source.usage if mounted.source else None
            return _entry("tmpfs", target, "tmpfs", f"nosuid,nodev,size={usage or 0}k{access}")
        case _:
            raise ConfigUnsupportedError(f"containers have no file systems of type {mounted.type!r}")


def _inside(path: str | None, plan: Plan) -> str:
    """A path in the container as liblxc takes it: without links, from the root."""
    return plan.paths.get(path or "", path or "").lstrip("/")


def _is_in_memory(mounted: Filesystem, domain: Domain) -> bool:
    """Whether the target of a mount lies in a file system that is made at the start, so that it is not there yet."""
    target = mounted.target or ""
    around = [each for each in domain.devices.filesystems if target.startswith(f"{(each.target or '').rstrip('/')}/")]
    return bool(around) and max(around, key=lambda each: len(each.target or "")).type == "ram"


def folder_of(mounted: Filesystem, plan: Plan) -> str:
    """The folder of the host, or the file, that a file system is."""
    source = mounted.source
    if source is None:
        return ""
    return plan.folders.get(mounted.target or "") or source.dir or ""


def _entry(source: str, target: str, kind: str, options: str) -> tuple[str, object]:
    """A line in the form of fstab(5)."""
    return "lxc.mount.entry", f"{source.translate(ESCAPES)} {target.translate(ESCAPES)} {kind} {options} 0 0"
