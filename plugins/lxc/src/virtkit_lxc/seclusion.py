"""Where the monitors of root's containers are: in a network namespace of their own, with nothing in it.

liblxc's command socket has an abstract name, which belongs to a network namespace, and it serves everybody there whose
user is root. Containers without an id map have such users, and may be in the network of the host. So no monitor is.

    keep_home(folder)                       # for a monitor, which finds the network of the host there
    secluded(start)                         # what that starts is secluded
    beside(monitor, connect)                # reaches the socket

Root asks for a socket nowhere else: in the network of the host a container could listen under the same name. Monitors
of a plain user stay in the network that they are started from: no container of his is in that.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import SystemCallError
from virtkit_lxc.apart import Crew, apart
from virtkit_lxc.processes import Identity

HOME = "host.net"
"""File in the folder of a container: the network namespace that it was started from, as long as it runs."""

MS_BIND, MNT_DETACH, UMOUNT_NOFOLLOW = 0x1000, 2, 8
CLONE_NEWNET = 0x40000000
"""From sys/mount.h and linux/sched.h."""

T = TypeVar("T")

_libc = ctypes.CDLL(None, use_errno=True)

_last: tuple[int, Crew] | None = None
"""Inode of the network namespace that was last started from, and the threads in that of its monitors."""

_choosing = threading.Lock()


def keep_home(folder: Path) -> None:
    """Keep the network namespace that we are in for the monitor of a container; harmless when it is kept.

    Raises:
        SystemCallError: The kernel refuses; `int1` is the errno.
    """
    if os.geteuid():
        return
    let_home_go(folder)
    place = folder / HOME
    place.touch(mode=0o600)
    if _libc.mount(b"/proc/thread-self/ns/net", os.fsencode(place), None, MS_BIND, None):
        raise _refused(f"cannot mount the network namespace of the host on {place}")


def let_home_go(folder: Path) -> None:
    """Undo `keep_home`; harmless when there is nothing.

    Raises:
        SystemCallError: It cannot be removed; `int1` is the errno.
    """
    place = folder / HOME
    # Where this fails, nothing is mounted, or in another mount namespace: from there it goes with the file.
    _libc.umount2(os.fsencode(place), MNT_DETACH | UMOUNT_NOFOLLOW)
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot remove {place}: {error.strerror}; unmount it"
        raise SystemCallError(message, domain=ErrorDomain.LXC, int1=error.errno or -1) from error


def secluded(do: Callable[[], T]) -> T:
    """Do something that starts a monitor, in the network namespace of monitors.

    Raises:
        SystemCallError: The kernel makes none, or does not let us enter it; `int1` is the errno.
    """
    return do() if os.geteuid() else _crew().do(do)


def _crew() -> Crew:
    """Threads among the monitors that this process starts from the network that it is in."""
    global _last
    home = os.stat("/proc/thread-self/ns/net").st_ino
    with _choosing:
        if _last is None or _last[0] != home:
            place = apart(_made)
            crew = Crew(partial(_enter, place))
            weakref.finalize(crew, os.close, place)
            _last = home, crew
        return _last[1]


def _forget() -> None:
    """A process that was forked has none of the threads."""
    global _last
    _last = None


os.register_at_fork(after_in_child=_forget)


def _enter(place: int) -> None:
    if _libc.setns(place, CLONE_NEWNET):
        raise _refused("cannot enter the network namespace of the monitors of containers")


def _made() -> int:
    """A descriptor of a new network namespace: to make one takes 1 ms."""
    if _libc.unshare(CLONE_NEWNET):
        raise _refused("cannot make a network namespace for the monitors of containers")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def beside(monitor: Identity | None, do: Callable[[], T]) -> T:
    """Do something in the network namespace of a monitor.

    Raises:
        ProcessLookupError: It has ended; None: there is none.
        SystemCallError: The kernel does not let us enter it; `int1` is the errno.
    """
    if monitor is None:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    if os.geteuid():
        return do()
    with _network(monitor) as network:

        def enter() -> T:
            if _libc.setns(network, CLONE_NEWNET):
                raise _refused(f"cannot enter the network namespace of the monitor {monitor.pid}")
            return do()

        return apart(enter)


@contextmanager
def _network(process: Identity) -> Iterator[int]:
    """A descriptor of the network namespace of a process."""
    try:
        network = os.open(f"/proc/{process.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from error
    try:
        if not process.alive:  # else it may be that of another with the same number
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        yield network
    finally:
        os.close(network)


def _refused(what: str) -> SystemCallError:
    number = ctypes.get_errno()
    return SystemCallError(f"{what}: {os.strerror(number)}", domain=ErrorDomain.LXC, int1=number)
