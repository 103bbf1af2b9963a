"""Whether KVM works, and not merely is there.

On a nested or emulated host /dev/kvm may exist, QEMU may start with it, and the guest then burns a CPU inside the
kernel without getting anywhere. So a machine is run for real: its firmware (`kvmprobe.S`) enters long mode, computes
for a few milliseconds and makes QEMU exit with a status of its own. It has one second of CPU time: what a working KVM
needs is far below, and a limit on CPU time is neither exceeded on a busy host nor outlived by a forgotten process.
"""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

from attrs import frozen

from virtkit.errors import OperationTimeoutError, VirtError
from virtkit.services.runner import ProgramError, run

DEVICE = Path("/dev/kvm")
# Machines the firmware runs on, in order of preference.
MACHINES = ("q35", "pc", "microvm")
CPU_SECONDS = 1
_DEADLINE_SECONDS = 15.0
# QEMU's exit status when the firmware has reported.
WORKS = 2 * 0x10 + 1
_ROM_BYTES = 64 << 10
# kvmprobe.S, assembled; a test compares.
CODE = bytes.fromhex(
    "fa31c08ed866c70600100320000066c70600200330000066c7060030830000002e660f01167bff66b8200000000f22e066b8001000000f22"
    "d866b9800000c00f32660d000100000f3066b8010000800f22c066ea5aff0f000800b98096980048ffc0e2fbb010e6f4f4ebfd0000000000"
    "00000000000000009a20000f006bff0f00"
).ljust(0xF0, b"\0") + bytes.fromhex("ea00ff00f0").ljust(0x10, b"\0")


@frozen
class KVM:
    """A verdict on KVM.

    Attributes:
        works: Guests can be run with it.
        reason: Why it does not work, and what to do; empty when it does.
        certain: The host was not too busy to tell: asking again gives the same.
    """

    works: bool
    reason: str = ""
    certain: bool = True


def probe(binary: Path, machine: str, *, device: Path = DEVICE) -> KVM:
    """Find out whether KVM works, within seconds.

    Args:
        binary: A QEMU for x86 that was built with KVM.
        machine: A machine type it has, of `MACHINES`.
        device: KVM's device node.
    """
    if not device.exists():
        return KVM(False, f"{device} is missing: enable virtualization in the firmware and load kvm_intel or kvm_amd")
    if not os.access(device, os.R_OK | os.W_OK):
        return KVM(False, f"{device} may not be used by this user: join the group that owns it")
    with tempfile.NamedTemporaryFile(prefix="virtkit-kvmprobe-") as firmware:
        firmware.write(CODE.rjust(_ROM_BYTES, b"\0"))
        firmware.flush()
        return _judge(binary, machine, firmware.name, device)


def command(binary: Path, machine: str, firmware: str, *, accelerator: str) -> list[str]:
    """Runs the firmware; the exit status is `WORKS` when it got through."""
    quiet = ("-nodefaults", "-no-user-config", "-display", "none", "-m", "1")
    report = ("-device", "isa-debug-exit,iobase=0xf4,iosize=1")
    return [str(binary), "-accel", accelerator, "-M", machine, *quiet, "-bios", firmware, *report]


def _judge(binary: Path, machine: str, firmware: str, device: Path) -> KVM:
    limited = ["prlimit", f"--cpu={CPU_SECONDS}:{CPU_SECONDS}", *command(binary, machine, firmware, accelerator="kvm")]
    try:
        run(limited, accept=(WORKS,), timeout=_DEADLINE_SECONDS)
    except OperationTimeoutError:
        return KVM(False, f"{binary} with KVM was not through within {_DEADLINE_SECONDS:g} s", certain=False)
    except ProgramError as error:
        if error.status == -signal.SIGKILL:
            return KVM(False, f"a guest with {device} hangs: this host's KVM does not work, use type='qemu'")
        return KVM(False, f"{binary} cannot use {device}: {error.stderr.decode(errors='replace').strip()}")
    except VirtError as error:
        return KVM(False, f"KVM cannot be tried: {error}", certain=False)
    return KVM(True)
