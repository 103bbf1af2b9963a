"""Where durable state lives: four folders under a root, and in each one folder per driver."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from virtkit.store.ownership import CLAIM_DEADLINE, Claim, Owner


class Folders(NamedTuple):
    """Four folders. They exist once `create` was called; reading what is not there finds nothing.

    Attributes:
        etc: Definitions of persistent objects.
        lib: Data that outlives a boot: saved memory, snapshots, NVRAM.
        run: State of running objects: status documents, sockets, pid files.
        log: Logs.
        shared: Users other than the owner may pass through `lib` and `run` (system).
    """

    etc: Path
    lib: Path
    run: Path
    log: Path
    shared: bool = False

    def create(self) -> Folders:
        """Make the folders that are missing.

        Raises:
            SystemCallError: A folder cannot be made; `int1` is the errno, the message names folder and next step.
        """
        raise NotImplementedError


class Root(Folders):
    """The folders of one instance of the drivers: a system, a session, or any folder."""

    __slots__ = ()

    @classmethod
    def system(cls) -> Root:
        """`/etc/virtkit`, `/var/lib/virtkit`, `/run/virtkit`, `/var/log/virtkit`."""
        raise NotImplementedError

    @classmethod
    def session(cls, environment: Mapping[str, str] = os.environ) -> Root:
        """The XDG folders of a user.

        Without `XDG_RUNTIME_DIR`, `run` lies below the cache folder: private and on every host, though not emptied
        at boot.
        """
        raise NotImplementedError

    @classmethod
    def under(cls, folder: str | os.PathLike[str]) -> Root:
        """All four under one folder: `DIR/etc`, `DIR/lib`, `DIR/run`, `DIR/log`."""
        raise NotImplementedError

    def driver(self, name: str) -> Folders:
        """The folders of one driver: `etc/NAME`, `lib/NAME`, `run/NAME`, `log/NAME`. Nothing is created."""
        raise NotImplementedError

    def claim(self, deadline: float = CLAIM_DEADLINE, *, program: str = "", socket: str = "") -> Claim:
        """Become the owner of the root: the one process that may change what is in it.

        Within a process claims are counted; the root is free when the last is released or the process ends, however
        it ends. Reading definitions needs no claim.

        Args:
            deadline: Seconds to wait for another owner to let go.
            program: What the owner calls itself; default: the name of the running program.
            socket: Path of the socket through which others reach the owner; empty: there is none.

        Raises:
            ResourceBusyError: Another process owns it; the message names its pid, program and socket.
            SystemCallError: The lock file cannot be made.
        """
        raise NotImplementedError

    def owner(self) -> Owner | None:
        """The process that owns the root now; None: nobody does."""
        raise NotImplementedError
