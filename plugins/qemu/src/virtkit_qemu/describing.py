"""A guest's document in the forms it is asked for: live or inactive, with secrets or without, for migration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.define.secrets import without_secrets
from virtkit.enums import DomainXMLFlags
from virtkit.xml.domain.devices.character import CharacterDevice
from virtkit_qemu import define, interfaces

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_qemu.guest import Guest, Run


def describe(guest: Guest, flags: int) -> str:
    """The document of a guest.

    Args:
        guest: The guest.
        flags: `virtkit.enums.DomainXMLFlags`. UPDATE_CPU changes nothing: no model of the host is kept in a definition.
    """
    migratable = bool(flags & DomainXMLFlags.MIGRATABLE)
    inactive = bool(flags & (DomainXMLFlags.INACTIVE | DomainXMLFlags.MIGRATABLE))
    if guest.run is None:
        domain = guest.definition()
    elif inactive:
        domain = guest.definition() if guest.config is not None and not migratable else without_run(guest.run)
    else:
        domain = guest.run.live.copy()
    if not flags & DomainXMLFlags.SECURE and not migratable:
        domain = without_secrets(domain)
    if migratable:
        domain = define.migratable(domain)
    return domain.format()


def without_run(run: Run) -> Domain:
    """What a live document would be without the details of its run."""
    domain = run.live.copy()
    domain.id = None
    domain.resource = None
    domain.seclabels = [label for label in domain.seclabels if label.type != "dynamic"]
    devices = domain.devices
    for device in _each(devices.content().values()):
        if getattr(device, "alias", None) and not device.alias.startswith("ua-"):  # type: ignore[attr-defined]
            device.alias = None  # type: ignore[attr-defined]
        if isinstance(device, CharacterDevice) and device.type == "pty":
            device.sources = []
    for console in devices.consoles:
        console.tty = None
    for disk in devices.disks:
        disk.backing_store = None
        if disk.source is not None:
            disk.source.index = None
    for interface in devices.interfaces:
        interfaces.without_run(interface)
    for channel in devices.channels:
        if channel.target is not None:
            channel.target.state = None
        if channel.source is not None and Path(channel.source.path or "").parent == run.folder:
            channel.sources = []
    for graphics in devices.graphics:
        if graphics.autoport:
            graphics.port = -1
    return domain


def _each(groups: Iterable[object]) -> Iterable[object]:
    for group in groups:
        yield from group if isinstance(group, list) else (group,)
