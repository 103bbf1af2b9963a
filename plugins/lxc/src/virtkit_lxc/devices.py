"""Devices that come and go: in definitions, and in containers that run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainDeviceModifyFlags, ErrorDomain
from virtkit.errors import DeviceMissingError, OperationInvalidError, OperationUnsupportedError
from virtkit.events import DomainDeviceAddedEvent, DomainDeviceRemovedEvent
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.network.ownership import mac_of
from virtkit.services.guests import describing, impact
from virtkit.services.guests.configuration import redefine
from virtkit.spec import quick
from virtkit_lxc import drafts, hotplug
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from virtkit.records import SecurityLabel
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container
    from virtkit_lxc.state import LxcState, Session

LXC = ErrorDomain.LXC

FIELDS = {"Interface": "interfaces", "Disk": "disks", "Filesystem": "filesystems", "CapabilityHostdev": "hostdevs"}
"""Class of a device that comes and goes -> its field in `<devices>`."""

STARTS = {"interfaces": "net", "disks": "disk", "hostdevs": "hostdev"}
"""Devices of a running container that come and go: field -> start of the alias."""


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
            if concerned.live:
                raise OperationUnsupportedError(
                    f"{guest.subject} is running, and its devices cannot be changed: use CONFIG, or detach and attach",
                    domain=LXC,
                )
            field, config = _field(guest, device), guest.definition()
            found = getattr(config.devices, field)
            found[found.index(_find(guest, config, field, device))] = device
            drafts.complete(config)
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


def _attach(state: LxcState, guest: Container, field: str, device: Any) -> None:
    run = guest.running()
    _require_mobile(guest, field)
    _refuse_second(guest, run.live, field, device)
    whole = describing.without_run(run.live)
    getattr(whole.devices, field).append(device)
    drafts.complete(whole)  # fills in the device
    taken = {each.alias for each in getattr(run.live.devices, field)}
    names = (f"{STARTS[field]}{number}" for number in range(len(taken) + 1))
    device.alias = device.alias or next(name for name in names if name not in taken)
    if field == "interfaces":
        hotplug.add_interface(state, guest, run, device)
    else:
        hotplug.add_node(state, guest, run, device)
        getattr(run.live.devices, field).append(device)
    state.note(guest)
    state.publish(guest, DomainDeviceAddedEvent(device.alias))


def _detach(state: LxcState, guest: Container, field: str, device: Any) -> None:
    run = guest.running()
    _require_mobile(guest, field)
    found = _find(guest, run.live, field, device)
    if field == "interfaces":
        hotplug.remove_interface(state, guest, found)
    else:
        hotplug.remove_node(state, guest, run, found)
    getattr(run.live.devices, field).remove(found)
    state.note(guest)
    state.publish(guest, DomainDeviceRemovedEvent(found.alias or ""))


def _require_mobile(guest: Container, field: str) -> None:
    if field not in STARTS:
        raise OperationUnsupportedError(
            f"{guest.subject} is running: {field} come and go only with CONFIG, from the next start on", domain=LXC
        )
