"""Devices that come and go: in definitions, and in containers that run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainDeviceModifyFlags, ErrorDomain
from virtkit.errors import DeviceMissingError, OperationInvalidError, OperationUnsupportedError
from virtkit.events import DomainDeviceAddedEvent, DomainDeviceRemovedEvent
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.network.ownership import mac_of
from virtkit.services.guests import describing, impact
from virtkit.services.guests.configuration import redefine
from virtkit.spec import quick
from virtkit_lxc import cabling, drafts, filesystems, nodes
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from virtkit.records import SecurityLabel
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState, Session

LXC = ErrorDomain.LXC

FIELDS = {"Interface": "interfaces", "Disk": "disks", "Filesystem": "filesystems", "CapabilityHostdev": "hostdevs"}
"""Class of a device that comes and goes -> its field in `<devices>`."""

STARTS = {"interfaces": "net", "disks": "disk", "filesystems": "fs", "hostdevs": "hostdev"}
"""Field in `<devices>` -> start of the aliases."""


class DevicesPart(DomainDeviceSpec["Session"]):
    """The functions of the driver that add, remove and change devices."""

    def domain_attach_device_flags(self, conn: Session, dom: DomainRef, xml: str, flags: int) -> None:
        refuse("domain_attach_device_flags", flags, impact.BITS)
        with conn.hold(dom, "domain_attach_device_flags") as (state, guest):
            concerned, device = impact.of(guest, flags), _read(guest, xml)
            field = _field(guest, device)
            config = guest.definition() if concerned.config else None
            if config is not None:
                _refuse_second(guest, config, field, device)
                getattr(config.devices, field).append(device)
                drafts.complete(config)
            if concerned.live:
                _attach(state, guest, field, device.copy())
            if config is not None:
                redefine(state, guest, config)

    def domain_detach_device_flags(self, conn: Session, dom: DomainRef, xml: str, flags: int) -> None:
        refuse("domain_detach_device_flags", flags, impact.BITS)
        with conn.hold(dom, "domain_detach_device_flags") as (state, guest):
            concerned, device = impact.of(guest, flags), _read(guest, xml)
            field = _field(guest, device)
            config = guest.definition() if concerned.config else None
            if config is not None:
                getattr(config.devices, field).remove(_find(guest, config, field, device))
            if concerned.live:
                _detach(state, guest, field, device)
            if config is not None:
                redefine(state, guest, config)

    def domain_update_device_flags(self, conn: Session, dom: DomainRef, xml: str, flags: int) -> None:
        refuse("domain_update_device_flags", flags, impact.BITS | DomainDeviceModifyFlags.FORCE)
        with conn.hold(dom, "domain_update_device_flags") as (state, guest):
            concerned, device = impact.of(guest, flags), _read(guest, xml)
            field = _field(guest, device)
            config = guest.definition() if concerned.config else None
            if config is not None:
                found = getattr(config.devices, field)
                found[found.index(_find(guest, config, field, device))] = device.copy()
                drafts.complete(config)
            if concerned.live:
                _update(state, guest, field, device)
            if config is not None:
                redefine(state, guest, config)

    @quick
    def domain_get_security_label_list(self, conn: Session, dom: DomainRef) -> list[SecurityLabel]:
        conn.read().by_ref(dom)
        return []  # no security model is in force


def _read(guest: Container, xml: str) -> Any:
    """A device element, of a class of `virtkit.xml.domain.devices`."""
    from virtkit.xml.domain.devices import Devices

    return Devices.parse_child(xml, error_domain=LXC)


def _field(guest: Container, device: Any) -> str:
    for each in type(device).__mro__:
        if each.__name__ in FIELDS:
            return FIELDS[each.__name__]
    raise OperationUnsupportedError(
        f"{guest.subject}: a container's {type(device).__name__.lower()} does not come and go: change its definition",
        domain=LXC,
    )


def _key(field: str, device: Any) -> object:
    """What identifies a device among those of its kind; None: it does not say."""
    if field == "interfaces":
        return mac_of(device) or None
    if field == "disks":
        return device.target.dev if device.target else None
    if field == "filesystems":
        return device.target
    return device.source.content() if device.source else None


def _find(guest: Container, domain: Domain, field: str, device: Any) -> Any:
    """The device of a document that another one stands for.

    Raises:
        DeviceMissingError: There is none.
    """
    wanted = _key(field, device)
    for each in getattr(domain.devices, field):
        if wanted is not None and _key(field, each) == wanted:
            return each
    raise DeviceMissingError(f"{guest.subject} has no such device among its {field}: see its XML", domain=LXC)


def _refuse_second(guest: Container, domain: Domain, field: str, device: Any) -> None:
    wanted = _key(field, device)
    if wanted is not None and any(_key(field, each) == wanted for each in getattr(domain.devices, field)):
        raise OperationInvalidError(
            f"{guest.subject} has such a device among its {field} already: detach it first", domain=LXC
        )


def _in_reach(guest: Container) -> Run:
    """The run of a container whose devices can be changed.

    Raises:
        OperationInvalidError: It is off.
        OperationUnsupportedError: We are not root.
    """
    run = guest.running()
    if os.geteuid():
        raise OperationUnsupportedError(
            f"{guest.subject} is running, and only root changes the devices of a container that runs: use CONFIG",
            domain=LXC,
        )
    return run


def _attach(state: LxcState, guest: Container, field: str, device: Any) -> None:
    run = _in_reach(guest)
    _refuse_second(guest, run.live, field, device)
    whole = describing.without_run(run.live)
    getattr(whole.devices, field).append(device)
    drafts.complete(whole)  # fills in the device
    taken = {each.alias for each in getattr(run.live.devices, field)}
    names = (f"{STARTS[field]}{number}" for number in range(len(taken) + 1))
    device.alias = device.alias or next(name for name in names if name not in taken)
    there = getattr(run.live.devices, field)
    there.append(device)
    run.altered = True
    try:
        state.record(guest)  # whoever comes after us is to know whose it is
        _give(state, guest, run, field, device)
    except BaseException:
        there.pop()
        state.note(guest)
        raise
    state.note(guest)
    state.publish(guest, DomainDeviceAddedEvent(device.alias))


def _give(state: LxcState, guest: Container, run: Run, field: str, device: Any) -> None:
    match field:
        case "interfaces":
            cabling.add_interface(state, guest, run, device)
        case "filesystems":
            filesystems.add(guest, run, device)
        case _ if device.type == "net":
            cabling.lend(guest, run, device)
        case _:
            nodes.add(state, guest, run, device)


def _detach(state: LxcState, guest: Container, field: str, device: Any) -> None:
    run = _in_reach(guest)
    found = _find(guest, run.live, field, device)
    match field:
        case "interfaces":
            cabling.remove_interface(state, guest, found)
        case "filesystems":
            filesystems.remove(guest, run, found)
        case _ if found.type == "net":
            cabling.take_back(run, found)
        case _:
            nodes.remove(state, guest, run, found)
    there = getattr(run.live.devices, field)
    del there[next(place for place, each in enumerate(there) if each is found)]
    _altered(state, guest, run)
    state.publish(guest, DomainDeviceRemovedEvent(found.alias or ""))


def _update(state: LxcState, guest: Container, field: str, device: Any) -> None:
    run = _in_reach(guest)
    if field != "interfaces":
        raise OperationUnsupportedError(
            f"{guest.subject} is running, and its {field} cannot be changed: use CONFIG, or detach and attach",
            domain=LXC,
        )
    found = _find(guest, run.live, field, device)
    cabling.change_interface(state, guest, found, _changed(guest, run, found, device))
    _altered(state, guest, run)


def _changed(guest: Container, run: Run, found: Any, device: Any) -> Any:
    """The live interface with the changes that a document asks for.

    Raises:
        OperationUnsupportedError: It asks for more than can change while the container runs.
    """
    whole = describing.without_run(run.live)
    place = next(place for place, each in enumerate(run.live.devices.interfaces) if each is found)
    before, wanted = whole.devices.interfaces[place], device.copy()
    wanted.target = wanted.target or before.target
    whole.devices.interfaces[place] = wanted
    drafts.complete(whole)
    changed, rebridged = found.copy(), before.type == wanted.type == "bridge"
    for name in cabling.CHANGEABLE:
        setattr(changed, name, getattr(wanted, name))
        setattr(before, name, getattr(wanted, name))
    if rebridged:
        changed.source, before.source = wanted.source, wanted.source
    if before.format_as("interface") != wanted.format_as("interface"):
        raise OperationUnsupportedError(
            f"{guest.subject} is running: only filter, bandwidth, link state and bridge of its interface"
            f" {mac_of(found)} can change: use CONFIG, or detach and attach",
            domain=LXC,
        )
    return changed


def _altered(state: LxcState, guest: Container, run: Run) -> None:
    run.altered = True
    state.note(guest)
