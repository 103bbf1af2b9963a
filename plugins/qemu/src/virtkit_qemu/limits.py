"""Limits of the traffic of a guest's interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InvalidArgError, OperationUnsupportedError
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.network import plugging, ports
from virtkit.network.links import Links
from virtkit.network.ownership import PLUGGED
from virtkit.params import UINT, TypedParams
from virtkit.services.guests import impact
from virtkit.services.guests.configuration import redefine
from virtkit.xml.netdev import Bandwidth, Traffic
from virtkit_qemu import interfaces
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_qemu.state import QemuState, Session

QEMU = ErrorDomain.QEMU

FIELDS = {"inbound": ("average", "peak", "burst", "floor"), "outbound": ("average", "peak", "burst")}
"""Direction -> what can be said of it, in libvirt's order."""

LARGEST = 0xFFFFFFFF


class LimitsPart(DomainDeviceSpec["Session"]):
    """The functions of the driver about the traffic of interfaces."""

    def domain_get_interface_parameters(self, conn: Session, dom: DomainRef, device: str, flags: int) -> TypedParams:
        refuse("domain_get_interface_parameters", flags, impact.BITS)
        document = impact.document(conn.read().by_ref(dom), flags)
        return told(interfaces.find(document, device).bandwidth)

    def domain_set_interface_parameters(
        self, conn: Session, dom: DomainRef, device: str, params: Mapping[str, Value], flags: int
    ) -> None:
        refuse("domain_set_interface_parameters", flags, impact.BITS)
        with conn.hold(dom, "domain_set_interface_parameters") as (state, guest):
            concerned = impact.of(guest, flags)
            config = guest.definition() if concerned.config else None
            if config is not None:
                interface = interfaces.find(config, device)
                interface.bandwidth = merged(interface.bandwidth, params)
            if concerned.live:
                _limit(state, interfaces.find(guest.running().live, device), params)
                state.note(guest)
            if config is not None:
                redefine(state, guest, config)


def told(bandwidth: Bandwidth | None) -> TypedParams:
    """Limits as parameters; 0 is none."""
    params = TypedParams()
    for direction, fields in FIELDS.items():
        traffic: Traffic | None = getattr(bandwidth, direction) if bandwidth is not None else None
        for field in fields:
            params.put(f"{direction}.{field}", UINT, getattr(traffic, field) or 0 if traffic is not None else 0)
    return params


def merged(bandwidth: Bandwidth | None, params: Mapping[str, Value]) -> Bandwidth | None:
    """Limits with the directions that are given in the place of what they were; None: nothing is limited.

    Raises:
        InvalidArgError: A name nobody knows, a value that is no unsigned number, or a peak or burst without average.
    """
    result = bandwidth.copy() if bandwidth is not None else Bandwidth()
    for direction, values in _read(params).items():
        if (values.get("peak") or values.get("burst")) and not values.get("average"):
            raise InvalidArgError(f"a peak or burst of {direction} needs {direction}.average: give it too", domain=QEMU)
        if values:
            given = {field: value for field, value in values.items() if value}
            setattr(result, direction, Traffic(**given) if given else None)
    return result if result.inbound is not None or result.outbound is not None else None


def _read(params: Mapping[str, Value]) -> dict[str, dict[str, int]]:
    known = {f"{direction}.{field}": (direction, field) for direction, fields in FIELDS.items() for field in fields}
    given: dict[str, dict[str, int]] = {direction: {} for direction in FIELDS}
    for name, value in params.items():
        if name not in known:
            raise InvalidArgError(f"an interface has no limit {name!r}, only {', '.join(known)}", domain=QEMU)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
            raise InvalidArgError(f"the limit {name} is no unsigned number but {value!r}", domain=QEMU)
        direction, field = known[name]
        given[direction][field] = value
    return given


def _limit(state: QemuState, interface: Interface, params: Mapping[str, Value]) -> None:
    """Limit an interface of a guest that runs."""
    if interface.type not in PLUGGED:
        raise OperationUnsupportedError(
            f"an interface of type {interface.type!r} has no device on this host that could be limited", domain=QEMU
        )
    before, after = interface.bandwidth, merged(interface.bandwidth, params)
    if after is not None and after.inbound is not None and after.inbound.floor and interface.type != "network":
        raise ConfigUnsupportedError(
            f"an interface of type {interface.type!r} cannot be guaranteed a floor: use a network with a bridge of its "
            "own",
            domain=QEMU,
        )
    with Links(domain=QEMU) as links:
        plugging.limit(links, interface, after)
        interface.bandwidth = after
        try:
            ports.limit(state.peers, interface, told(after))
        except BaseException:
            plugging.limit(links, interface, before)
            interface.bandwidth = before
            raise
