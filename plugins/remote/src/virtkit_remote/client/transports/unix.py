"""Daemons of this host, at the sockets where virtkitd and libvirtd listen.

Facts from libvirt's remote protocol: names of sockets, who has a session of their own, what `mode=` means.
"""

from __future__ import annotations

import errno
import math
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, SystemCallError, VirtError
from virtkit.store import Root
from virtkit_remote.client.transports.transport import Transport, unreachable

if TYPE_CHECKING:
    from virtkit.driver import Authenticate
    from virtkit.uri import URI

REMOTE = ErrorDomain.REMOTE
SOCKET = "libvirt-sock"
READONLY = "-ro"
MODES = ("auto", "legacy", "direct")
LONGEST_PATH = 107
"""Bytes of a socket's path that the kernel takes."""

NEXT_STEPS = {
    errno.ENOENT: "start virtkitd or libvirtd, or name the socket with ?socket=PATH",
    errno.ECONNREFUSED: "the daemon that made it is gone: start it again, or name another socket with ?socket=PATH",
    errno.EACCES: "ask for membership of the group that owns it, open the connection read-only, or become root",
}


class UnixTransport(Transport):
    """A socket of this host."""

    name = "unix"
    secure = True
    passes_fds = True


def connect(uri: URI, *, readonly: bool, timeout: float, authenticate: Authenticate | None = None) -> UnixTransport:
    """Connect to the socket of the daemon that a URI means."""
    path = find(uri, readonly=readonly)
    peer = f"the socket {path}"
    sock = socket.socket(socket.AF_UNIX)
    try:
        # A blocking connect: with a timeout of Python's it would fail at once where the daemon's queue is full.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _seconds(timeout))
        sock.connect(os.fspath(path))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _seconds(0))
    except OSError as cause:
        sock.close()
        step = NEXT_STEPS.get(cause.errno or 0, "check the daemon that listens there")
        raise unreachable(uri, peer, cause, step) from cause
    return UnixTransport(sock, peer)


def find(uri: URI, *, readonly: bool, environment: Mapping[str, str] = os.environ, uid: int | None = None) -> Path:
    """The path of the socket to connect to.

    Args:
        uri: What to open.
        readonly: Prefer the socket for readers, which a system's daemon has.
        environment: Where a session's folders are named.
        uid: Whose session; None: this process's effective user.

    Raises:
        InvalidArgError: `socket` or `mode` of the URI is wrong.
        SystemCallError: None of the sockets exists; the message lists them.
    """
    given = uri.parameter("socket")
    if given:
        return _fitting(uri, Path(given))
    paths = candidates(uri, readonly=readonly, environment=environment, uid=os.geteuid() if uid is None else uid)
    for path in paths:
        if os.path.exists(path):  # unlike Path.exists(), False also where we may not look
            return _fitting(uri, path)
    raise _absent(uri, paths)


def candidates(uri: URI, *, readonly: bool, environment: Mapping[str, str], uid: int) -> list[Path]:
    """Where a daemon's socket may be, the preferred first: virtkitd's, then of libvirt's daemons.

    Of those, one daemon per driver (`virtqemud`) comes before the one of all (`libvirtd`), which `mode=` can settle.
    """
    mode = uri.parameter("mode", "auto")
    if mode not in MODES:
        raise InvalidArgError(f"URI {uri}: mode={mode} is none of {', '.join(MODES)}", domain=REMOTE)
    session = is_session(uri) and uid != 0
    root = Root.session(environment) if session else Root.system()
    libvirt = _runtime(environment) / "libvirt" if session else Path("/run/libvirt")
    ending = READONLY if readonly and not session else ""  # a session's daemon has no other
    direct = libvirt / f"virt{uri.driver}d-sock{ending}"
    return {
        "auto": [root.run / (SOCKET + ending), direct, libvirt / (SOCKET + ending)],
        "legacy": [root.run / (SOCKET + ending), libvirt / (SOCKET + ending)],
        "direct": [direct],
    }[mode]


def is_session(uri: URI) -> bool:
    """Whether a URI means the user's own daemon; for root that is the system's all the same."""
    return uri.path == "/session" or uri.driver == "test"


def _runtime(environment: Mapping[str, str]) -> Path:
    """Where libvirt's session daemons have their sockets."""
    home = Path(environment.get("HOME") or os.path.expanduser("~"))
    return Path(environment.get("XDG_RUNTIME_DIR") or environment.get("XDG_CACHE_HOME") or home / ".cache")


def _fitting(uri: URI, path: Path) -> Path:
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise InvalidArgError(
            f"URI {uri}: the socket's path is longer than {LONGEST_PATH} bytes; use a folder with a shorter name",
            domain=REMOTE,
        )
    return path


def _absent(uri: URI, paths: list[Path]) -> VirtError:
    tried = ", ".join(map(str, paths))
    return SystemCallError(
        f"cannot open {uri}: no daemon listens here (tried {tried}); {NEXT_STEPS[errno.ENOENT]}",
        domain=REMOTE,
        int1=errno.ENOENT,
    )


def _seconds(timeout: float) -> bytes:
    """A `struct timeval`; zero is no limit."""
    fraction, whole = math.modf(timeout)
    return struct.pack("@ll", int(whole), int(fraction * 1_000_000))
