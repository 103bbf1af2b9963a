"""How a client proves who it is: by its socket, by polkit, or by name and password."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError

if TYPE_CHECKING:
    from virtkit_remote.daemon.client import Client

NONE, SASL, POLKIT = range(3)
"""What a client may be asked for, as numbers of the wire."""

MONITOR, MANAGE = "org.libvirt.unix.monitor", "org.libvirt.unix.manage"
"""polkit's actions for a read-only socket and for a read-write one."""

POLKIT_SECONDS = 60.0
"""How long a person may take to answer polkit's question."""


class Authentication:
    """Nothing is asked: who reaches the socket may use it. Base of the other ways."""

    def methods(self, client: Client) -> Sequence[int]:
        """What the client has to do; one method, as libvirt's clients expect.

        Raises:
            AuthFailedError: It cannot be let in whatever it does.
        """
        client.settle()
        return [NONE]

    def mechanisms(self, client: Client) -> str:
        """The SASL mechanisms on offer, with commas between.

        Raises:
            AuthFailedError: SASL is not asked for here.
        """
        raise _not_asked("SASL")

    def start(self, client: Client, mechanism: str, data: bytes | None) -> tuple[bool, bytes | None]:
        """Begin a SASL exchange: whether it is complete, and what to send to the client."""
        raise _not_asked("SASL")

    def step(self, client: Client, data: bytes | None) -> tuple[bool, bytes | None]:
        """Go on with a SASL exchange."""
        raise _not_asked("SASL")

    def polkit(self, client: Client) -> None:
        """Ask polkit about the client.

        Raises:
            AuthFailedError: It refuses, or is not asked here.
        """
        raise _not_asked("polkit")


class Peer(Authentication):
    """The kernel says which user is at the other end of the socket, and these are let in."""

    def __init__(self, users: Sequence[str], groups: Sequence[str], owner: int) -> None:
        """State who is let in.

        Args:
            users: Names or numbers of users; `*` is everybody.
            groups: Names or numbers of groups.
            owner: Number of the user that the daemon runs as, who is always let in, as root is.
        """
        self._users, self._groups, self._owners = frozenset(users), frozenset(groups), {0, owner}

    def methods(self, client: Client) -> Sequence[int]:
        who = client.identity
        users = {who.user_name, str(who.user_id), "*"}
        groups = {*who.group_names, who.group_name, str(who.group_id)}
        if who.user_id not in self._owners and not users & self._users and not groups & self._groups:
            raise AuthFailedError(
                f"{who} is not let in here: the administrator adds users and groups to the daemon's configuration",
                domain=ErrorDomain.RPC,
            )
        return super().methods(client)


class Polkit(Authentication):
    """polkit decides, and may ask the person at the desk; root is not asked."""

    def methods(self, client: Client) -> Sequence[int]:
        return super().methods(client) if client.identity.user_id == 0 else [POLKIT]

    def polkit(self, client: Client) -> None:
        who = client.identity
        action = MONITOR if client.service.readonly else MANAGE
        process = f"{who.process_id},{who.process_time},{who.user_id}"
        command = ["pkcheck", "--action-id", action, "--process", process, "--allow-user-interaction"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=POLKIT_SECONDS, check=False, text=True)
        except (OSError, subprocess.TimeoutExpired) as cause:
            raise AuthFailedError(
                f"polkit cannot be asked about {who}: {cause}; install polkit, or configure another way to "
                "authenticate on this socket",
                domain=ErrorDomain.RPC,
            ) from cause
        if done.returncode != 0:
            raise AuthFailedError(f"polkit refuses {action} to {who}", domain=ErrorDomain.RPC)
        client.settle()


def _not_asked(what: str) -> AuthFailedError:
    return AuthFailedError(f"{what} is not asked for on this socket", domain=ErrorDomain.RPC)
