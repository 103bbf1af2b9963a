"""A guest's document in the forms it is asked for: live or inactive, with secrets or without."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from virtkit.define.devices import ALIAS_PREFIX, drop_generated_name
from virtkit.define.secrets import without_secrets
from virtkit.enums import DomainXMLFlags
from virtkit.network import ports
from virtkit.services.guests.guest import Guest, R
from virtkit.xml.domain.devices.character import CharacterDevice

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain


def describe(guest: Guest[R], flags: int, inactive: Callable[[R], Domain]) -> Domain:
    """The document of a guest; a copy for the caller.

    Args:
        guest: The guest.
        flags: `virtkit.enums.DomainXMLFlags`. UPDATE_CPU changes nothing: no model of the host is kept in a definition.
        inactive: What the live document of a run would be without the run.
    """
    migratable = bool(flags & DomainXMLFlags.MIGRATABLE)
    if guest.run is None:
        domain = guest.definition()
    elif migratable or (flags & DomainXMLFlags.INACTIVE and guest.config is None):
        domain = inactive(guest.run)
    elif flags & DomainXMLFlags.INACTIVE:
        domain = guest.definition()
    else:
        domain = guest.run.live.copy()
    return domain if migratable or flags & DomainXMLFlags.SECURE else without_secrets(domain)


def without_run(live: Domain) -> Domain:
    """A copy of a live document without what every run adds to it."""
    domain = live.copy()
    domain.id = None
    domain.resource = None
    domain.seclabels = [label for label in domain.seclabels if label.type != "dynamic"]
    devices = domain.devices
    for device in _each(devices.content().values()):
        alias = getattr(device, "alias", None)
        if alias and not alias.startswith(ALIAS_PREFIX):
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
        ports.unsettle(interface)
        drop_generated_name(interface)
    return domain


def _each(groups: Iterable[object]) -> Iterable[object]:
    for group in groups:
        yield from group if isinstance(group, list) else (group,)
