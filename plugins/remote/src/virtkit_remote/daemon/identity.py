"""Who is at the other end of a socket."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any

from virtkit import constants
from virtkit.access import Identity

_CREDENTIALS = struct.Struct("3i")

FIELDS = {
    constants.CONNECT_IDENTITY_USER_NAME: "user_name",
    constants.CONNECT_IDENTITY_UNIX_USER_ID: "user_id",
    constants.CONNECT_IDENTITY_GROUP_NAME: "group_name",
    constants.CONNECT_IDENTITY_UNIX_GROUP_ID: "group_id",
    constants.CONNECT_IDENTITY_PROCESS_ID: "process_id",
    constants.CONNECT_IDENTITY_PROCESS_TIME: "process_time",
    constants.CONNECT_IDENTITY_SASL_USER_NAME: "sasl_user_name",
    constants.CONNECT_IDENTITY_X509_DISTINGUISHED_NAME: "x509_dname",
    constants.CONNECT_IDENTITY_SELINUX_CONTEXT: "selinux_context",
}
"""libvirt's name of a part of an identity -> ours."""


def identity_of(sock: socket.socket, transport: str) -> Identity:
    """Who is at the other end, as far as the kernel knows."""
    if transport != "unix":
        host, port = sock.getpeername()[:2]
        return Identity(transport=transport, address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    pid, uid, gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    user_name, group_name, group_names = _names(uid, gid)
    return Identity(
        user_name=user_name,
        user_id=uid,
        group_name=group_name,
        group_id=gid,
        group_names=group_names,
        process_id=pid,
        process_time=_started(pid),
        transport=transport,
    )


def acted(identity: Identity, params: Any) -> Identity:
    """Somebody that a client acts for, from libvirt's parameters; how the client came stays."""
    given = {FIELDS[name]: value for name, value in params.items() if name in FIELDS}
    return Identity(transport=identity.transport, address=identity.address, **given)


def _names(uid: int, gid: int) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Name of a user, of the group, and of all the user's groups, as far as they have any."""
    import grp
    import pwd

    def group(number: int) -> str | None:
        try:
            return grp.getgrgid(number).gr_name
        except KeyError:
            return None

    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        return None, group(gid), ()
    names = (group(number) for number in os.getgrouplist(user, gid))
    return user, group(gid), tuple(name for name in names if name is not None)


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since the machine did; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])
