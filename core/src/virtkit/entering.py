"""A process enters a container: its control groups, its security label, its namespaces, in that order.

    files = domain.lxc_open_namespace()
    if (child := os.fork()) == 0:
        domain.lxc_enter_cgroup(files)
        domain.lxc_enter_namespace(files)
        ...  # fork once more: a namespace of processes is entered by children only

All of it happens to the calling process and asks no daemon, so only whoever is on the container's host, and is root
there, can do it. It does not give up what the caller may do: to run a program with a container's own privileges, use
`Domain.execute`.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from virtkit.enums import ErrorDomain
from virtkit.errors import ArgumentUnsupportedError, OperationFailedError, SystemCallError
from virtkit.records import SecurityLabel, SecurityModel

KINDS = ("user", "ipc", "uts", "net", "pid", "mnt")
"""Of namespaces, in the order in which they are entered."""

UNLABELLED = ("", "none")
"""Security models in which there is nothing to enter."""

LXC = ErrorDomain.LXC

_libc = ctypes.CDLL(None, use_errno=True)


def enter_namespaces(files: Sequence[int]) -> list[int]:
    """Enter the namespaces of descriptors, in their order.

    Returns:
        Descriptors of the namespaces that were left, of the same kinds; the caller closes them.

    Raises:
        SystemCallError: One cannot be entered; `int1` is the errno. Those before it have been entered.
    """
    left = _own_namespaces({_kind(file) for file in files})
    try:
        for file in files:
            _enter(file)
    except BaseException:
        for file in left:
            os.close(file)
        raise
    return left


def _own_namespaces(kinds: set[str]) -> list[int]:
    return [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in KINDS if kind in kinds]


def _enter(file: int) -> None:
    if _libc.setns(file, 0) == 0:
        return
    number = ctypes.get_errno()
    raise SystemCallError(
        f"cannot enter namespace {_called(file)}: {os.strerror(number)}{_way_out(number)}", domain=LXC, int1=number
    )


def _way_out(number: int) -> str:
    threads = _threads()
    if threads > 1:
        return f"; this process has {threads} threads, and only one without others enters: fork, and enter in the child"
    return "; only root of the host may" if number == errno.EPERM else ""


def _threads() -> int:
    with suppress(OSError):  # where another mount namespace has been entered, our /proc is no longer in sight
        return len(os.listdir("/proc/self/task"))
    return 1


def _kind(file: int) -> str:
    return _called(file).partition(":")[0]


def _called(file: int) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/self/fd/{file}")
    return f"descriptor {file}"


def enter_cgroups(files: Sequence[int]) -> None:
    """Move the calling process into the control groups of a container's init, in every hierarchy, whatever its version.

    Args:
        files: Descriptors of the container's namespaces, by which its init is found.

    Raises:
        OperationFailedError: No process of this host is in these namespaces.
        SystemCallError: It may not be moved; `int1` is the errno. It is where it was in the hierarchies left.
    """
    init = _first_process(files)
    hierarchies = list(_hierarchies())
    for line in Path(f"/proc/{init}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for names, root, place in hierarchies:
            if names == frozenset(filter(None, controllers.split(","))):
                _move(place / os.path.relpath(path, root))


def _move(group: Path) -> None:
    try:
        (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        raise SystemCallError(
            f"cannot enter control group {group}: {error.strerror}", domain=LXC, int1=error.errno or -1
        ) from error


def _first_process(files: Sequence[int]) -> int:
    """The process of this host that has been in all of these namespaces for longest."""
    wanted = {_called(file) for file in files if _kind(file) in KINDS}
    inside = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if wanted and wanted <= _namespaces(pid)]
    if not inside:
        raise OperationFailedError("no process of this host is in these namespaces: has it ended?", domain=LXC)
    return int(min(inside, key=_age))


def _namespaces(pid: str) -> set[str]:
    found = set()
    for kind in KINDS:
        with suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
    return found


def _age(pid: str) -> tuple[int, int]:
    """What grows with the time that a process was started at, and then with its number."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]), int(pid)
    return 2**63, int(pid)


def _hierarchies() -> Iterator[tuple[frozenset[str], str, Path]]:
    """(controllers or name, the group that is mounted, where) of each hierarchy that this process sees.

    One of version 2 has no names, as in /proc/PID/cgroup.
    """
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, place = before.split(" ")[3:5]
        if kind == "cgroup2":
            yield frozenset(), root, Path(place)
        elif kind == "cgroup":
            yield frozenset(options.split(",")) - _OPTIONS, root, Path(place)


_OPTIONS = frozenset(("rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "favordynmods"))
"""Options of a hierarchy of version 1 that are no controllers."""


def enter_security_label(model: SecurityModel, label: SecurityLabel) -> SecurityLabel:
    """Take on a container's security label: SELinux's with the next `exec`, AppArmor's at once.

    Returns:
        The label until now.

    Raises:
        ArgumentUnsupportedError: The model is neither of the two, nor none.
        SystemCallError: The kernel refuses; `int1` is the errno.
    """
    if model.model in UNLABELLED:
        return SecurityLabel("", False)
    told = {"selinux": ("exec", label.label), "apparmor": ("current", f"changeprofile {label.label}")}.get(model.model)
    if told is None:
        raise ArgumentUnsupportedError(
            f"security model {model.model!r} cannot be entered: only selinux and apparmor can", domain=LXC
        )
    attributes = Path("/proc/thread-self/attr")
    try:
        before = (attributes / "current").read_text().rstrip("\0\n")
        (attributes / told[0]).write_text(told[1])
    except OSError as error:
        raise SystemCallError(
            f"cannot take on the {model.model} label {label.label!r}: {error.strerror}; does this host have"
            f" {model.model}?",
            domain=LXC,
            int1=error.errno or -1,
        ) from error
    return SecurityLabel(before, _is_enforced(model.model))


def _is_enforced(model: str) -> bool:
    with suppress(OSError):
        return model == "apparmor" or Path("/sys/fs/selinux/enforce").read_text().strip() == "1"
    return False
