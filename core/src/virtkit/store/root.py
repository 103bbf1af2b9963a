"""Where durable state lives: four folders under a root, and in each one folder per driver."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from virtkit.errors import OpenFailedError
from virtkit.store import ownership
from virtkit.store.files import make_folder
from virtkit.store.ownership import CLAIM_DEADLINE, Claim, Owner

PRIVATE = 0o700
SHARED_MODES = (PRIVATE, 0o711, 0o755, PRIVATE)
"""Modes of etc, lib, run and log of a system: programs that run as other users reach files in `lib` by their names."""


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
        """Make the folders that are missing; those that exist keep their modes.

        Raises:
            SystemCallError: A folder cannot be made; `int1` is the errno, the message names folder and next step.
        """
        for folder, mode in zip(self[:4], SHARED_MODES, strict=True):
            make_folder(folder, mode if self.shared else PRIVATE)
        return self


class Root(Folders):
    """The folders of one instance of the drivers: a system, a session, or any folder."""

    __slots__ = ()

    @classmethod
    def system(cls) -> Root:
        """`/etc/virtkit`, `/var/lib/virtkit`, `/run/virtkit`, `/var/log/virtkit`."""
        return cls(
            Path("/etc/virtkit"), Path("/var/lib/virtkit"), Path("/run/virtkit"), Path("/var/log/virtkit"), shared=True
        )

    @classmethod
    def session(cls, environment: Mapping[str, str] = os.environ) -> Root:
        """The XDG folders of a user: config for `etc`, data for `lib`, runtime for `run`, state for `log`.

        Without `XDG_RUNTIME_DIR`, `run` lies below the cache folder: private and on every host, though not emptied
        at boot.

        Raises:
            OpenFailedError: The user has no home folder.
        """
        home = Path(environment.get("HOME") or os.path.expanduser("~"))
        if not home.is_absolute():
            raise OpenFailedError("the user has no home folder for a session; set HOME, or use a root of your own")

        def folder(variable: str) -> Path | None:
            # The XDG specification has relative paths ignored.
            value = environment.get(variable, "")
            return Path(value) / "virtkit" if value.startswith("/") else None

        cache = folder("XDG_CACHE_HOME") or home / ".cache/virtkit"
        return cls(
            etc=folder("XDG_CONFIG_HOME") or home / ".config/virtkit",
            lib=folder("XDG_DATA_HOME") or home / ".local/share/virtkit",
            run=folder("XDG_RUNTIME_DIR") or cache / "run",
            log=(folder("XDG_STATE_HOME") or home / ".local/state/virtkit") / "log",
        )

    @classmethod
    def under(cls, folder: str | os.PathLike[str]) -> Root:
        """All four under one folder: `DIR/etc`, `DIR/lib`, `DIR/run`, `DIR/log`."""
        base = Path(os.path.abspath(folder))
        return cls(base / "etc", base / "lib", base / "run", base / "log")

    def driver(self, name: str) -> Folders:
        """The folders of one driver: `etc/NAME`, `lib/NAME`, `run/NAME`, `log/NAME`. Nothing is created."""
        return Folders(self.etc / name, self.lib / name, self.run / name, self.log / name, self.shared)

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
        make_folder(self.run, 0o755 if self.shared else PRIVATE)
        return ownership.claim(self.run, deadline, program, socket)

    def owner(self) -> Owner | None:
        """The process that owns the root now; None: nobody does."""
        return ownership.owner_of(self.run)
