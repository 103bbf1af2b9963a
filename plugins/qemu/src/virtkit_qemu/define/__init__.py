"""What QEMU adds to a definition: machine, CPU, models, controllers and the place of every device. Pure.

    complete(document, facts)        the definition as it is kept and shown
    live(document)                   a copy for a run: every device has its alias, every image its number
    migratable(document)             a copy for another host

`complete` runs the passes that all hypervisors have in common (`virtkit.define`) with QEMU's own between them, in the
order on which libvirt's result depends: controllers of the machine come before those that devices need, and places
are given out last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.define import addresses, characters, checks, defaults, devices, disks, graphics, plugs
from virtkit_qemu.define import buses, machine, models, pci, refusals, usb
from virtkit_qemu.define.aliases import live as live
from virtkit_qemu.define.migration import migratable as migratable

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_qemu.facts import Facts

OS_TYPES = ("hvm",)


def complete(document: Domain, facts: Facts, emulator: str) -> None:
    """Check a definition and fill in everything it leaves open.

    Args:
        document: A parsed definition; changed in place. Completing it again only sorts the controllers that were added
            among the others, as in libvirt.
        facts: What the emulator can do.
        emulator: Path of the emulator, for a definition that names none.

    Raises:
        VirtError: The definition is incomplete, contradicts itself, or asks for what the machine does not have.
    """
    checks.identity(document)
    defaults.machine(document, machine.architecture(facts))
    checks.machine(document, OS_TYPES)
    machine.choose(document, facts, emulator)
    defaults.resources(document)
    machine.choose_cpu(document)
    checks.resources(document)
    plugs.given(document)
    addresses.fill(document)
    buses.prefer(document)
    devices.fill(document)
    graphics.fill(document)
    characters.fill(document)
    disks.arrange(document)
    models.fill(document)
    refusals.check(document)
    buses.add_board(document)
    disks.add_controllers(document)
    buses.fill_models(document)
    usb.place(document)
    buses.place_virtio_serial(document)
    plugs.completed(document)
    pci.place(document)
