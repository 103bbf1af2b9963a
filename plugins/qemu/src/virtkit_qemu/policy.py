"""What becomes of a guest that powers off, reboots or panics: its `on_poweroff`, `on_reboot` and `on_crash`.

QEMU carries out the simple ones by itself, so that they hold while nobody watches. For the others it is told to stay,
and the guest is started again by a reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtkit_qemu.emulator import Emulator
    from virtkit_qemu.guest import Run

DESTROY = "destroy"
RESTART = "restart"
PRESERVE = "preserve"
RESTARTING = frozenset({RESTART, "rename-restart", "coredump-restart"})
"""QEMU cannot rename a guest; neither can libvirt, which takes rename-restart for restart."""


def restarts(run: Run) -> bool:
    """Whether the guest is to be started again when it shuts down."""
    return run.fake_reboot or run.live.on_poweroff in RESTARTING


def reboots(run: Run) -> bool:
    """Whether the guest may reboot; one that may not ends instead."""
    return run.live.on_reboot in (None, *RESTARTING)


def on_crash(run: Run) -> str:
    """DESTROY, RESTART or PRESERVE."""
    action = run.live.on_crash or DESTROY
    if action == PRESERVE:
        return PRESERVE
    return RESTART if action in RESTARTING else DESTROY


def actions(run: Run) -> dict[str, str]:
    """What QEMU is to do by itself, as arguments of its command `set-action`."""
    return {
        "reboot": "reset" if reboots(run) else "shutdown",
        "shutdown": "pause" if restarts(run) else "poweroff",
        "panic": "shutdown" if on_crash(run) == DESTROY else "pause",
    }


def apply(emulator: Emulator, run: Run) -> None:
    """Tell QEMU what to do by itself."""
    emulator.monitor.execute("set-action", actions(run))


def restart(emulator: Emulator, run: Run) -> None:
    """Start a guest again that has come to its end while its QEMU stayed."""
    emulator.monitor.execute("system_reset")
    apply(emulator, run)
    emulator.monitor.execute("cont")
