"""A guest of this driver: what the run of a container holds beyond what all guests have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from virtkit.services.guests.guest import Guest, GuestRun
from virtkit_lxc.policy import Pace

if TYPE_CHECKING:
    from threading import Timer

    from virtkit_lxc.runtime import Started
    from virtkit_lxc.shortage import Shortage
    from virtkit_lxc.watching import Watch


@attrs.define(eq=False)
class Run(GuestRun):
    """A container from its start to its end.

    Attributes:
        cgroup: Path of its control group in every hierarchy.
        started: Its processes; None where they are not in sight.
        watch: Waits for the end of init, while this process owns the root.
        nbds: Network block devices that show images of its file systems, by file.
        shutting_down: It was asked to shut down.
        altered: It has changed since liblxc started it, which would start it anew as it was.
        shortage: Listens whether its memory runs out, while this process owns the root.
        pace: How soon it may start again by itself.
        timer: Starts it again later.
    """

    cgroup: str = ""
    started: Started | None = None
    watch: Watch | None = None
    nbds: dict[str, str] = attrs.field(factory=dict)
    shutting_down: bool = False
    altered: bool = False
    shortage: Shortage | None = None
    pace: Pace = attrs.field(factory=Pace)
    timer: Timer | None = None

    @property
    def pid(self) -> int | None:
        """The process id of init on the host, as far as it is in sight."""
        return self.started.init.pid if self.started else None

    def let_go(self) -> None:
        """Close what this process has open of it; the container runs on."""
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        for held in (self.watch, self.shortage):
            if held is not None:
                held.close()
        self.watch = self.shortage = None


Container = Guest[Run]
"""A domain of this driver."""
