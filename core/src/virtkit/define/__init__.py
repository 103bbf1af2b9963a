"""The define pass: what makes of a parsed definition one that a driver keeps.

Parsing is faithful to what was written; this pass checks it across fields and fills in what libvirt fills in for every
hypervisor. It is pure: a function here takes a `virtkit.xml.domain.Domain` and changes it in place, and nothing else.

    document = Domain.parse(text)
    complete(document, Profile(arch="i686"))

A driver that needs more runs its own passes between these: `complete` is only their order. What differs between
hypervisors is in a `Profile`.
"""

from __future__ import annotations

from typing import NamedTuple

from virtkit.define import addresses, characters, checks, defaults, devices, disks, graphics, plugs
from virtkit.xml.domain import Domain


class Profile(NamedTuple):
    """What differs between hypervisors in the common pass.

    Attributes:
        arch: Architecture of a definition that names none.
        wide_scsi: SCSI controllers have 16 units rather than 7.
        os_types: Kinds of guest interface the driver runs; None: any that libvirt knows.
        types: Virtualisation types that a definition may name.
    """

    arch: str
    wide_scsi: bool = False
    os_types: tuple[str, ...] | None = None
    types: tuple[str, ...] = checks.TYPES


def complete(document: Domain, profile: Profile) -> None:
    """Check a definition and fill in the defaults.

    Raises:
        VirtError: The definition is incomplete or contradicts itself; the class is libvirt's for that case.
    """
    checks.identity(document, profile.types)
    defaults.machine(document, profile.arch)
    checks.machine(document, profile.os_types)
    defaults.resources(document)
    checks.resources(document)
    plugs.given(document)
    addresses.fill(document)
    devices.fill(document)
    graphics.fill(document)
    characters.fill(document)
    disks.arrange(document, wide_scsi=profile.wide_scsi)
    disks.add_controllers(document)
    plugs.completed(document)
