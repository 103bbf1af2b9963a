"""Runs `iscsiadm`: discovery, login and logout. A server that does not answer is given up after a while."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from virtkit.errors import InvalidSecretError, OperationFailedError, OperationTimeoutError, VirtError
from virtkit.services.runner import ProgramError, run
from virtkit.storage.backend import STORAGE, Guard
from virtkit_storage_iscsi import commands
from virtkit_storage_iscsi.commands import Node

QUICK_SECONDS = 15.0
"""How long it may take to change a record, which is in a file."""

DISCOVERY_SECONDS = 30.0
"""How long a server may take to tell its targets."""

LOGIN_SECONDS = 60.0
"""How long login and logout may take; iscsid gives up earlier."""

NODES = ("/etc/iscsi/nodes", "/var/lib/iscsi/nodes")
"""Where the records of nodes may be, by distribution."""

NOT_FOUND, REFUSED, NO_DAEMON, NO_ANSWER = 21, 24, 20, (4, 8, 11)
"""Exit statuses: nothing to do it with; the server refuses us; iscsid does not run; the server does not answer."""


class Credentials:
    """What a node authenticates with; its text never shows what that is."""

    def __init__(self, username: str, password: bytes, subject: str) -> None:
        """Take a secret's value.

        Raises:
            InvalidSecretError: It is no password of CHAP.
        """
        self.username = username
        try:
            self.password = password.decode()
        except UnicodeDecodeError:
            self.password = ""
        if not self.password.isprintable() or self.password != self.password.strip() or not self.password:
            raise InvalidSecretError(
                f"{subject}: the value of its secret is no password: it must be text of one line, without spaces at "
                "its ends; set another",
                domain=STORAGE,
            )


def discover(host: str, port: int, initiator: str) -> list[str]:
    """The names of a server's targets.

    Raises:
        OperationFailedError: It does not answer, or refuses.
    """
    with _explained("find the targets", commands.portal(host, port)):
        _make_interface(initiator)
        return commands.discovered(
            run(
                commands.discover(host, port, initiator),
                timeout=DISCOVERY_SECONDS,
                accept=(0, NOT_FOUND),
                domain=STORAGE,
            ).stdout
        )


def login(subject: str, node: Node, credentials: Credentials | None, guard: Guard) -> None:
    """Log in to a target.

    Raises:
        OperationFailedError: The server does not answer, or refuses.
        OperationTimeoutError: It takes too long.
    """
    with _explained(f"start {subject}", f"{node.target} at {node.portal}"):
        _make_interface(node.initiator)
        _quick(commands.of_node(node, "--op=new"))
        try:
            for name, value in commands.settings(credentials.username if credentials else "").items():
                _quick(commands.update(node, name, value))
            if credentials is not None:
                _store_password(subject, node, credentials.password)
            run(commands.of_node(node, "--login"), timeout=LOGIN_SECONDS, guard=guard, domain=STORAGE)
        except BaseException:
            with suppress(VirtError):
                logout(subject, node)
            raise


def logout(subject: str, node: Node) -> None:
    """Log out of a target, and forget it unless the host logs in to it when it starts. Done already is no error.

    Raises:
        OperationFailedError: It fails.
        OperationTimeoutError: It takes too long.
    """
    with _explained(f"stop {subject}", f"{node.target} at {node.portal}"):
        gone = (0, NOT_FOUND)
        run(commands.of_node(node, "--logout"), timeout=LOGIN_SECONDS, accept=gone, domain=STORAGE)
        record = run(commands.of_node(node), timeout=QUICK_SECONDS, accept=gone, domain=STORAGE)
        if commands.is_manual(record.stdout):
            run(commands.of_node(node, "--op=delete"), timeout=QUICK_SECONDS, accept=gone, domain=STORAGE)


def rescan(session: int) -> None:
    """Have the kernel look for logical units that are new.

    Raises:
        OperationFailedError: It fails.
    """
    with _explained("rescan", f"iSCSI session {session}"):
        run(commands.rescan(session), timeout=LOGIN_SECONDS, domain=STORAGE)


def _make_interface(initiator: str) -> None:
    """Have the interface for an initiator; it stays, as nobody can tell who else uses it."""
    if initiator:
        for command in commands.new_interface(initiator):
            _quick(command)


def _quick(command: list[str]) -> None:
    run(command, timeout=QUICK_SECONDS, domain=STORAGE)


def _store_password(subject: str, node: Node, password: str) -> None:
    """Write a password into the record of a node: an argument of a program would be everybody's to read.

    Raises:
        OperationFailedError: The record is not found.
    """
    found = [path for folder in NODES for path in _records(folder, node)]
    for path in found:
        with open(path, "r+", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as file:
            record = commands.with_password(file.read(), password)
            file.seek(0)
            file.truncate()
            file.write(record)
    if not found:
        raise OperationFailedError(
            f"{subject}: iscsiadm keeps the record of {node.target} in none of {', '.join(NODES)}, so that the "
            "password cannot be stored: log in by hand, then start the pool",
            domain=STORAGE,
        )


def _records(folder: str, node: Node) -> list[str]:
    """The files in which a node's record may be: one for the portal, or one for each interface in a folder of it."""
    start = f"{glob.escape(f'{folder}/{node.target}/{node.host},{node.port}')}"
    found = [*glob.glob(start), *glob.glob(f"{start},*")]
    return [
        path
        for place in found
        for path in (place, os.path.join(place, node.interface))
        if os.path.isfile(path) and not os.path.islink(path)
    ]


@contextmanager
def _explained(action: str, where: str) -> Iterator[None]:
    """Say what could not be done, and what to do about it."""
    try:
        yield
    except OperationTimeoutError as error:
        raise OperationTimeoutError(
            f"cannot {action}: {where} does not answer; look whether its server runs and is reached",
            domain=STORAGE,
        ) from error
    except ProgramError as error:
        raise OperationFailedError(
            f"cannot {action}: {where}: {_reason(error.status)}{error.message}", domain=STORAGE
        ) from error


def _reason(status: int) -> str:
    if status == REFUSED:
        return "the server refuses the host or its password: check <auth>, its secret, and <initiator>; "
    if status == NO_DAEMON:
        return "iscsid does not run: systemctl start iscsid; "
    if status in NO_ANSWER:
        return "the server does not answer: look whether it runs and is reached; "
    return ""
