"""What containers add to a definition: init, consoles and what they cannot have. Pure.

complete(document, arch, emulator)    the definition as it is kept and shown
live(document)                        a copy for a run: every device has its alias
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.define import characters, checks, defaults, devices, disks, plugs
from virtkit_lxc.define import additions, refusals
from virtkit_lxc.define.aliases import live as live

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

OS_TYPES = ("exe",)

CONSOLE = "lxc"
"""Type of the guest's end of a console."""

RAN_TOGETHER = {"x86_64": ("x86_64", "i686"), "aarch64": ("aarch64", "armv7l")}
"""Architecture of the host -> those of programs that its kernel runs; of others only its own."""


def complete(document: Domain, arch: str, emulator: str) -> None:
    """Check a definition and fill in everything it leaves open.

    Args:
        document: A parsed definition; changed in place. Completing it again changes nothing.
        arch: The architecture of the host.
        emulator: The program that runs containers, for a definition that names none.

    Raises:
        VirtError: The definition is incomplete, contradicts itself, or asks for what a container cannot have.
    """
    checks.identity(document)
    defaults.machine(document, arch)
    checks.machine(document, OS_TYPES)
    document.devices.emulator = document.devices.emulator or emulator
    defaults.resources(document)
    checks.resources(document)
    plugs.given(document)
    devices.fill(document)
    characters.fill(document)
    for console in document.devices.consoles:
        if console.target is not None and console.target.type == "serial":  # what `characters` fills in
            console.target.type = CONSOLE
    disks.arrange(document)
    disks.add_controllers(document)
    for label in document.seclabels:
        label.model = label.model or "none"  # the model that is in force
    if document.idmap is not None:
        document.idmap.uids.sort(key=lambda part: part.start or 0)
        document.idmap.gids.sort(key=lambda part: part.start or 0)
    additions.read(document)  # refuses what it does not understand
    refusals.check(document, RAN_TOGETHER.get(arch, (arch,)))
