"""What the sessions of one root share: guests whose runs are containers."""

from __future__ import annotations

import logging
import os
import stat
from functools import cached_property
from typing import TYPE_CHECKING

from virtkit.enums import DomainShutoffReason, ErrorDomain
from virtkit.errors import VirtError
from virtkit.services.guests.catalog import Running
from virtkit.services.guests.state import GuestSession, GuestState
from virtkit.services.loop import MonitorLoop
from virtkit_lxc import adoption, ending, mounting, records, runtime, seclusion, starting
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.container import Container, Run

if TYPE_CHECKING:
    from virtkit.network.ownership import Peers
    from virtkit.store import Root
    from virtkit.xml.domain import Domain


_log = logging.getLogger(__name__)


class LxcState(GuestState[Run]):
    """The containers of one root.

    Attributes:
        loop: Waits for the ends of all of them.
    """

    driver = "lxc"
    error_domain = ErrorDomain.LXC
    first_id = 4 << 20  # above all pids: a container that runs has that of its init for its id

    def __init__(self, root: Root, peers: Peers) -> None:
        super().__init__(root, peers)
        self.loop = MonitorLoop()

    @cached_property
    def layout(self) -> Layout:
        """The control groups of this host."""
        return Layout.read()

    def read_status(self, name: str, document: bytes) -> Running[Run]:
        """What a status document tells; see `records.read_status`."""
        return records.read_status(self.folders.run, name, document)

    def write_status(self, guest: Container, run: Run) -> bytes:
        """The status document of a container that runs."""
        return records.write_status(run, guest.state, guest.reason)

    def sees(self, guest: Container, run: Run) -> bool:
        """Whether a container runs; while it reboots, or comes to its end, its monitor goes on."""
        if run.started is None or not run.started.alive:
            run.started = runtime.find(run.folder) or run.started
        return (run.started is not None and run.started.alive) or runtime.monitor_of(run.folder) is not None

    def unseen(self, run: Run) -> DomainShutoffReason:
        """Why a container is taken to have ended that nobody watched."""
        return ending.unseen(run).reason

    def adopt_all(self) -> None:
        """Begin to adopt every container that is said to run."""
        adoption.adopt_all(self)

    def start(self, guest: Container, domain: Domain) -> None:
        """Start a container; see `starting.start`."""
        starting.start(self, guest, domain)

    def restart(self, guest: Container, run: Run) -> None:
        """Start a container again that has rebooted; see `starting.restart`."""
        starting.restart(self, guest, run)

    def make_folder(self, run: Run) -> None:
        """Make the folder of a run, empty. The root of an id map, who is a stranger to the host, can walk into it.

        That is what mounts a root that lies in there. Other strangers stay out: programs in there may have privileges.
        A plain user's containers have no such roots, and his home stays closed to them.
        """
        super().make_folder(run)
        if run.live.idmap is not None and os.geteuid() == 0:
            for around in (self.folders.run, self.folders.run.parent):
                around.chmod(stat.S_IMODE(around.stat().st_mode) | 0o011)
            os.chown(run.folder, -1, run.live.idmap.gids[0].target or 0)
            run.folder.chmod(0o710)

    def remove_folder(self, run: Run) -> None:
        """Remove the folder of a run, but never what is still mounted in it: that is the user's."""
        try:
            mounting.unmount(run.folder)
            seclusion.let_home_go(run.folder)
        except VirtError as error:
            _log.error("%s is left, since something is mounted in it; unmount it: %s", run.folder, error)
        else:
            super().remove_folder(run)

    def close(self) -> None:
        """Let go of everything; the last session does."""
        super().close()
        self.loop.close()


class Session(GuestSession[LxcState, Run]):
    """One connection to a root."""

    def end(self, guest: Container, run: Run) -> None:
        """End a container by force."""
        ending.destroy(self.state, guest, run)
