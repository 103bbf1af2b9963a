"""Limits of ports: as typed parameters, and the rates that a network guarantees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from virtkit.errors import InvalidArgError, OperationInvalidError, OperationUnsupportedError, XMLError
from virtkit.params import UINT, TypedParams
from virtkit.xml.netdev import Bandwidth, Traffic
from virtkit_network.network import NETWORK, port_text

if TYPE_CHECKING:
    from virtkit.network.shaping import Guarantee
    from virtkit.params import Value
    from virtkit.xml.network import Network
    from virtkit.xml.networkport import NetworkPort

FIELDS = {"inbound": ("average", "peak", "floor", "burst"), "outbound": ("average", "peak", "burst")}
"""Direction -> what can be said of it, in the order of `network_port_get_parameters`."""

LARGEST = 0xFFFFFFFF


def told(bandwidth: Bandwidth | None) -> TypedParams:
    """Limits as parameters; a direction without limits has none."""
    params = TypedParams()
    for direction, fields in FIELDS.items():
        traffic: Traffic | None = getattr(bandwidth, direction) if bandwidth is not None else None
        for field in fields if traffic is not None else ():
            params.put(f"{direction}.{field}", UINT, getattr(traffic, field) or 0)
    return params


def read(params: Mapping[str, Value]) -> Bandwidth | None:
    """Parameters as limits; a direction without average and floor has none.

    Raises:
        InvalidArgError: A name nobody knows, a value that is no unsigned number, or a peak below its average.
    """
    known = {f"{direction}.{field}": (direction, field) for direction, fields in FIELDS.items() for field in fields}
    given: dict[str, dict[str, int]] = {direction: {} for direction in FIELDS}
    for name, value in params.items():
        if name not in known:
            raise InvalidArgError(f"a port has no limit {name!r}, only {', '.join(known)}", domain=NETWORK, str2=name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
            raise InvalidArgError(f"the limit {name} is no unsigned number but {value!r}", domain=NETWORK, str2=name)
        direction, field = known[name]
        given[direction][field] = value
    limits = Bandwidth()
    for direction, values in given.items():
        if values.get("average") and 0 < values.get("peak", 0) < values["average"]:
            raise InvalidArgError(
                f"{direction}.peak is {values['peak']}, below {direction}.average: raise it", domain=NETWORK
            )
        if values.get("average") or values.get("floor"):
            setattr(limits, direction, Traffic(**{field: value for field, value in values.items() if value}))
    return limits if limits.inbound is not None or limits.outbound is not None else None


def floor_of(port: NetworkPort | None) -> int:
    """The rate that a port is guaranteed, in KiB per second; 0 for none."""
    inbound = port.bandwidth.inbound if port is not None and port.bandwidth is not None else None
    return (inbound.floor or 0) if inbound is not None else 0


def admit(network: Network, others: Iterable[NetworkPort], port: NetworkPort) -> None:
    """Refuse a port whose guaranteed rate the network does not have, and number its class otherwise.

    Args:
        network: The live document.
        others: The other ports.
        port: The new one; its class is set in place.

    Raises:
        OperationUnsupportedError: The network has no inbound limit to guarantee a rate from.
        OperationInvalidError: The other ports are guaranteed too much of it already.
    """
    from virtkit.network.shaping import FIRST_CLASS, LAST_CLASS

    others = list(others)
    if port.bandwidth is not None:
        port.bandwidth.class_id = None
    if not floor_of(port):
        return
    inbound = network.bandwidth.inbound if network.bandwidth is not None else None
    total = (inbound.average or 0) if inbound is not None else 0
    if not total:
        raise OperationUnsupportedError(
            f"port {port_text(port)} is to be guaranteed a rate, and network {network.name!r} has no inbound "
            "limit to guarantee it from: give the network a <bandwidth>",
            domain=NETWORK,
        )
    if port.mac is None:
        raise XMLError(f"port {port_text(port)} has a floor and no MAC address: give it one", domain=NETWORK)
    promised = sum(map(floor_of, others))
    if promised + floor_of(port) > total:
        raise OperationInvalidError(
            f"network {network.name!r} has {total} KiB/s, of which {promised} are guaranteed to other ports: "
            f"{floor_of(port)} more is too much",
            domain=NETWORK,
        )
    taken = {each.bandwidth.class_id for each in others if each.bandwidth is not None}
    assert port.bandwidth is not None, "it has a floor"
    free = next((number for number in range(FIRST_CLASS, LAST_CLASS + 1) if number not in taken), None)
    if free is None:
        raise OperationInvalidError(
            f"network {network.name!r} guarantees rates to as many ports as it can: delete one", domain=NETWORK
        )
    port.bandwidth.class_id = free


def guarantee(
    network: Network, others: Iterable[NetworkPort], old: NetworkPort | None, new: NetworkPort | None
) -> None:
    """Have the bridge guarantee a port its rate, in the place of what it guaranteed an old one.

    Args:
        network: The live document.
        others: The ports that stay.
        old: What is to be guaranteed no longer; None: nothing.
        new: What is to be guaranteed; None: nothing.

    Raises:
        VirtError: As `virtkit.network.shaping.promise`; the old one is guaranteed still.
    """
    if not floor_of(old) and not floor_of(new):
        return
    from virtkit.network import shaping
    from virtkit.network.links import Links
    from virtkit_network.shape import bridge_of

    bridge, bandwidth, promised = bridge_of(network), network.bandwidth, sum(map(floor_of, others))
    assert bandwidth is not None, "only ports of a network with limits have a floor"
    with Links(domain=NETWORK) as links:
        if old is not None and floor_of(old):
            shaping.withdraw(links, bridge, bandwidth, _guarantee(old), promised)
        if new is not None and floor_of(new):
            try:
                shaping.promise(links, bridge, bandwidth, _guarantee(new), promised + floor_of(new))
            except BaseException:
                if old is not None and floor_of(old):
                    shaping.promise(links, bridge, bandwidth, _guarantee(old), promised + floor_of(old))
                raise


def _guarantee(port: NetworkPort) -> Guarantee:
    from virtkit.network.shaping import Guarantee

    assert port.bandwidth is not None, "it has a floor"
    return Guarantee(port.bandwidth.class_id or 0, port.mac or "", floor_of(port))
