"""Where the files of a daemon are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from virtkit.store import Root

SOCKET, READONLY_SOCKET, ADMIN_SOCKET = "libvirt-sock", "libvirt-sock-ro", "libvirt-admin-sock"
"""Names of the sockets: those that libvirt's clients know."""

DROP_IN = Path("/run/libvirt")
"""Where libvirt's own daemon has its sockets."""


class Places(NamedTuple):
    """The folders of a daemon, and its sockets.

    Attributes:
        folders: The four folders of its state.
        sockets: Folder of its sockets.
        root: The folder given by `--root`; None: the system's, or the user's session.
        drop_in: Whether the sockets are where libvirt's own daemon has them.
    """

    folders: Root
    sockets: Path
    root: str | None = None
    drop_in: bool = False

    @property
    def socket(self) -> Path:
        """The socket for everything."""
        return self.sockets / SOCKET

    @property
    def readonly_socket(self) -> Path:
        """The socket for clients that only look."""
        return self.sockets / READONLY_SOCKET

    @property
    def admin_socket(self) -> Path:
        """The socket for the administration of the daemon."""
        return self.sockets / ADMIN_SOCKET

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folders.etc / "virtkitd.toml"

    @property
    def sasl_users(self) -> Path:
        """The file of users with passwords."""
        return self.folders.etc / "sasl-users"

    @property
    def audit_log(self) -> Path:
        """The log of changes."""
        return self.folders.log / "audit.log"

    @property
    def pid_file(self) -> Path:
        """Where the daemon's process id is."""
        return self.folders.run / "virtkitd.pid"


def places(root: str | None, *, drop_in: bool = False) -> Places:
    """The places of a daemon.

    Args:
        root: A folder that holds everything; None: the system for root, else the user's session.
        drop_in: Listen where libvirt's own daemon does.
    """
    if root is not None:
        folders = Root.under(os.path.abspath(root))
        return Places(folders, folders.run, os.path.abspath(root))
    folders = Root.system() if os.geteuid() == 0 else Root.session()
    if not drop_in:
        return Places(folders, folders.run)
    if os.geteuid() == 0:
        return Places(folders, DROP_IN, drop_in=True)
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}"))
    return Places(folders, runtime / "libvirt", drop_in=True)
