"""What a container sees of files: its root, what is mounted into it, and /proc, /sys and /dev made safe.

liblxc opens each target, and the sources that lie in the container, inside the root without following symbolic
links, so a tree that somebody else made leads nowhere. Mounts of the host made later do not come in.
"""

from __future__ import annotations

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


def lines(domain: Domain, plan: Plan) -> Iterator[tuple[str, object]]:
    """Root, special file systems, and the others in the order of the document."""
    for each in domain.devices.filesystems:
        if each.target == "/":
            yield from _root(each, plan)
    yield "lxc.mount.auto", "proc:mixed sys:ro cgroup:mixed"
    yield "lxc.autodev", 1
    for path in MASKED_FILES:
        yield _entry("/dev/null", path, "none", "bind,ro,optional")
    for path in MASKED_FOLDERS:
        yield _entry("tmpfs", path, "tmpfs", "ro,nosuid,nodev,noexec,size=4k,optional")
    for path in READ_ONLY:
        yield _entry(path, path, "none", "bind,ro,relative,optional")
    yield _entry("tmpfs", "dev/shm", "tmpfs", f"nosuid,nodev,mode=1777,size={SHM_SIZE},create=dir")
    for each in domain.devices.filesystems:
        if each.target != "/":
            yield _mount(each, plan)
    for node in plan.nodes:
        access = "bind" if node.writable else "bind,ro"
        yield _entry(node.path, node.target.lstrip("/"), "none", f"{access},create=file")


def _root(root: Filesystem, plan: Plan) -> Iterator[tuple[str, object]]:
    if root.type in ("file", "block"):
        yield "lxc.rootfs.path", plan.images[_source(root)].device
    elif root.type == "mount":
        yield "lxc.rootfs.path", f"dir:{_source(root)}"
    else:
        raise ConfigUnsupportedError(
            f"a file system of type {root.type!r} cannot be the root of a container: make it a mount, a file or a block"
        )
    if root.readonly:
        yield "lxc.rootfs.options", "ro"


def _mount(mounted: Filesystem, plan: Plan) -> tuple[str, object]:
    target = (mounted.target or "").lstrip("/")
    access = ",ro" if mounted.readonly else ""
    match mounted.type:
        case "mount":
            source = _source(mounted)
            created = "file" if source in plan.files else "dir"
            return _entry(source, target, "none", f"bind{access},create={created}")
        case "bind":
            return _entry(_source(mounted).lstrip("/"), target, "none", f"bind{access},relative,create=dir")
        case "file" | "block":
            image = plan.images[_source(mounted)]
            return _entry(image.device, target, image.format, f"nosuid,nodev{access or ',rw'},create=dir")
        case "ram":
            usage = mounted.source.usage if mounted.source else None
            return _entry("tmpfs", target, "tmpfs", f"nosuid,nodev,size={usage or 0}k{access},create=dir")
        case _:
            raise ConfigUnsupportedError(f"containers have no file systems of type {mounted.type!r}")


def _source(mounted: Filesystem) -> str:
    source = mounted.source
    return (source and (source.dir or source.file or source.dev)) or ""


def _entry(source: str, target: str, kind: str, options: str) -> tuple[str, object]:
    """A line in the form of fstab(5)."""
    return "lxc.mount.entry", f"{_escaped(source)} {_escaped(target)} {kind} {options} 0 0"


def _escaped(path: str) -> str:
    return "".join(f"\\{ord(sign):03o}" if sign in " \t\n\\#" else sign for sign in path)
