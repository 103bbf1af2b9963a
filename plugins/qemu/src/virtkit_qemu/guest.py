"""A guest of this driver: what the run of a QEMU holds beyond what all guests have."""

from __future__ import annotations

from pathlib import Path

import attrs

from virtkit.services.guests.guest import Guest as AnyGuest
from virtkit.services.guests.guest import GuestRun
from virtkit.services.process import Process
from virtkit_qemu.emulator import Emulator
from virtkit_qemu.qmp import Monitor
from virtkit_qemu.volumes import Places

MONITOR = "monitor.sock"
PID_FILE = "qemu.pid"


@attrs.define(eq=False)
class Run(GuestRun):
    """A guest from its start to its end.

    Attributes:
        volumes: Where the volumes are that its disks name.
        emulator: The QEMU, while this process owns the root and has it in hand.
        connecting: The monitor on which an adoption waits for QEMU to answer.
        process: The QEMU as seen by a process that only reads; None where its pid file cannot be read.
        fake_reboot: When it shuts down it is to be started again instead.
        powerdown: It was asked to shut down.
    """

    volumes: Places = attrs.field(factory=dict)
    emulator: Emulator | None = None
    connecting: Monitor | None = None
    process: Process | None = None
    fake_reboot: bool = False
    powerdown: bool = False

    @property
    def monitor_path(self) -> Path:
        """Where the monitor is served."""
        return self.folder / MONITOR

    @property
    def pid_file(self) -> Path:
        """Where the identity of the process is kept."""
        return self.folder / PID_FILE

    def let_go(self) -> None:
        """Close what this process has open of it; the guest runs on."""
        if self.connecting is not None:
            self.connecting.close()
        if self.emulator is not None:
            self.emulator.close()
        if self.process is not None:
            self.process.close()

    @property
    def pid(self) -> int | None:
        """The process id of QEMU as far as it is in sight."""
        process = self.emulator.process if self.emulator else self.process
        return process.pid if process else None


Guest = AnyGuest[Run]
"""A domain of this driver."""
