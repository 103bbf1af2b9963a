"""Limits of the traffic of a guest's interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from virtkit.enums import TypedParameterFlags
from virtkit.errors import ConfigUnsupportedError, InvalidArgError, OperationUnsupportedError
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.network.links import Links
from virtkit.network.ownership import PLUGGED, find
from virtkit.params import UINT, TypedParams
from virtkit.services.guests import impact
from virtkit.services.guests.configuration import redefine
from virtkit.services.guests.listing import refuse
from virtkit.services.guests.state import GuestSession

if TYPE_CHECKING:
    from virtkit.network.ownership import Peers
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit.xml.netdev import Bandwidth, Traffic

S = TypeVar("S", bound=GuestSession[Any, Any])

FIELDS = {"inbound": ("average", "peak", "burst", "floor"), "outbound": ("average", "peak", "burst")}
"""Direction -> what can be said of it, in libvirt's order."""

LARGEST = 0xFFFFFFFF


class BandwidthPart(DomainDeviceSpec[S]):
    """The functions of a driver about the traffic of interfaces."""

    def domain_get_interface_parameters(self, conn: S, dom: DomainRef, device: str, flags: int) -> TypedParams:
        domain = conn.state.error_domain
        refuse("domain_get_interface_parameters", flags, impact.BITS | TypedParameterFlags.STRING_OKAY, domain=domain)
        document = impact.document(conn.read().by_ref(dom), flags)
        return told(find(document, device, domain).bandwidth)

    def domain_set_interface_parameters(
        self, conn: S, dom: DomainRef, device: str, params: Mapping[str, Value], flags: int
    ) -> None:
        domain = conn.state.error_domain
        refuse("domain_set_interface_parameters", flags, impact.BITS, domain=domain)
        with conn.hold(dom, "domain_set_interface_parameters") as (state, guest):
            concerned = impact.of(guest, flags)
            config = guest.definition() if concerned.config else None
            if config is not None:
                interface = find(config, device, domain)
                interface.bandwidth = merged(interface.bandwidth, params, domain)
            if concerned.live:
                interface = find(guest.running().live, device, domain)
                with Links(domain=domain) as links:
                    change(state.peers, links, interface, merged(interface.bandwidth, params, domain), domain)
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


def merged(bandwidth: Bandwidth | None, params: Mapping[str, Value], domain: int) -> Bandwidth | None:
    """Limits with the directions that are given in the place of what they were; None: nothing is limited.

    Raises:
        InvalidArgError: A name nobody knows, a value that is no unsigned number, or a peak or burst without average.
    """
    from virtkit.xml.netdev import Bandwidth, Traffic

    result = bandwidth.copy() if bandwidth is not None else Bandwidth()
    for direction, values in _read(params, domain).items():
        if (values.get("peak") or values.get("burst")) and not values.get("average"):
            raise InvalidArgError(
                f"a peak or burst of {direction} needs {direction}.average: give it too", domain=domain
            )
        if values:
            given = {field: value for field, value in values.items() if value}
            setattr(result, direction, Traffic(**given) if given else None)
    return result if result.inbound is not None or result.outbound is not None else None


def _read(params: Mapping[str, Value], domain: int) -> dict[str, dict[str, int]]:
    known = {f"{direction}.{field}": (direction, field) for direction, fields in FIELDS.items() for field in fields}
    given: dict[str, dict[str, int]] = {direction: {} for direction in FIELDS}
    for name, value in params.items():
        if name not in known:
            raise InvalidArgError(f"an interface has no limit {name!r}, only {', '.join(known)}", domain=domain)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
            raise InvalidArgError(f"the limit {name} is no unsigned number but {value!r}", domain=domain)
        direction, field = known[name]
        given[direction][field] = value
    return given


def change(peers: Peers, links: Links, interface: Interface, wanted: Bandwidth | None, domain: int) -> None:
    """Limit an interface of a guest that runs, in the place of earlier limits.

    Args:
        peers: Functions of the network driver.
        links: The host's links.
        interface: Of the live document; changed in place.
        wanted: None: no limits.
        domain: Error domain of the driver.

    Raises:
        OperationUnsupportedError: It has no device on the host.
        ConfigUnsupportedError: A floor that nobody can guarantee, or the kernel lacks what this needs.
        VirtError: The network driver refuses. The limits are as they were.
    """
    from virtkit.network import plugging, ports

    if interface.type not in PLUGGED:
        raise OperationUnsupportedError(
            f"an interface of type {interface.type!r} has no device on this host that could be limited", domain=domain
        )
    if wanted is not None and wanted.inbound is not None and wanted.inbound.floor and interface.type != "network":
        raise ConfigUnsupportedError(
            f"an interface of type {interface.type!r} cannot be guaranteed a floor: use a network with a bridge of its "
            "own",
            domain=domain,
        )
    before = interface.bandwidth
    plugging.limit(links, interface, wanted)
    interface.bandwidth = wanted
    try:
        ports.limit(peers, interface, told(wanted))
    except BaseException:
        plugging.limit(links, interface, before)
        interface.bandwidth = before
        raise
