"""The nftables rules of one network, as commands for `virtkit.network.nftables.apply`. Pure.

    apply(install(network, targets))      # all of them, in the place of those that are there
    apply(follow(network, targets))       # guests have got other addresses
    apply(remove(network))                # none

A network has a table of its own, named after its bridge, and nothing outside of it is touched. An `accept` in there is
no permission: the host's other tables are asked too, and what one of them drops is dropped. What the network does not
forward is rejected here, whatever they say. See docs/adr/0020.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from virtkit.network.nftables import Command
from virtkit.xml.network import Nat, Network
from virtkit_network.forwarding import Target
from virtkit_network.shape import Subnet, bridge_of, forward_links, is_behind_host, merged, mode_of, subnets

FAMILY = "inet"

FILTER, TO_GUEST, FROM_GUEST = 0, -100, 100
"""Priorities: of filters, of the nat that changes destinations, of the nat that changes sources."""

NAT_PORTS = (1024, 65535)
"""Source ports of the host that connections of guests may get, unless the network says others: as with libvirt."""

UNCHANGED = {4: ("224.0.0.0/24", "255.255.255.255/32"), 6: ("ff02::/16",)}
"""Destinations that no router passes on: what guests send there keeps its source."""

LOOPBACK = {4: "127.0.0.0/8", 6: "::1/128"}

PAYLOAD = {4: "ip", 6: "ip6"}

Statement = dict[str, Any]


def table_of(network: Network) -> str:
    """The name of a network's table, in the family `inet`: bridges have different names, whatever roots they are of."""
    return f"virtkit_network_{bridge_of(network)}"


def install(network: Network, targets: Sequence[Target] = ()) -> list[Command]:
    """All rules of a network, in the place of those it has; to be applied in one transaction.

    Args:
        network: A completed definition, with the name of its bridge.
        targets: Where its port forwards lead.

    Raises:
        ConfigUnsupportedError: The bridge, or a link to forward to, has a name that nftables would misread.
    """
    if not is_behind_host(network):
        return []
    if not _filters(network) and not targets:
        return remove(network)
    commands = [*remove(network), _table("add", network)]
    if _filters(network):
        commands += _filter_chains(network)
    return [*commands, *_nat_chains(network), *_target_rules(network, targets)]


def remove(network: Network) -> list[Command]:
    """Remove the rules of a network, whether it has any or not."""
    return [_table("add", network), _table("delete", network)]


def follow(network: Network, targets: Sequence[Target]) -> list[Command]:
    """Let the port forwards of a network whose rules are installed lead elsewhere.

    That is for new connections; see `virtkit_network.forwarding.changed` for those that the kernel remembers.
    """
    if not _filters(network):
        return install(network, targets)
    chains = ("forwards", "forwarded")
    return [*({"flush": {"chain": _chain(network, each)}} for each in chains), *_target_rules(network, targets)]


def _filters(network: Network) -> bool:
    return mode_of(network) != "open"


# Filter


def _filter_chains(network: Network) -> Iterator[Command]:
    """What passes between the network and others, and what does not."""
    bridge = bridge_of(network)
    for chain in ("forwarded", "to_guests", "from_guests"):
        yield {"add": {"chain": _chain(network, chain)}}
    yield _base(network, "forward", "filter", "forward", FILTER)
    yield _rule(network, "forward", _link("iifname", bridge), _link("oifname", bridge), {"accept": None})
    yield _rule(network, "forward", _link("oifname", bridge), {"goto": {"target": "to_guests"}})
    yield _rule(network, "forward", _link("iifname", bridge), {"goto": {"target": "from_guests"}})
    yield _rule(network, "to_guests", {"jump": {"target": "forwarded"}})
    yield _rule(network, "from_guests", _state("established", "related"), _status("dnat"), {"accept": None})
    if mode_of(network) != "none":
        yield from _passing(network)
    for chain in ("to_guests", "from_guests"):
        yield _rule(network, chain, {"reject": None})


def _passing(network: Network) -> Iterator[Command]:
    links = forward_links(network)
    for version in (4, 6):
        if not (own := subnets(network, version)):
            continue
        answers = [_state("established", "related")] if _translates(network, version) else []
        to = [*_links("iifname", links), _address(version, "daddr", own), *answers]
        yield _rule(network, "to_guests", *to, {"accept": None})
        out = [*_links("oifname", links), _address(version, "saddr", own)]
        yield _rule(network, "from_guests", *out, {"accept": None})


# Nat


def _nat_chains(network: Network) -> Iterator[Command]:
    """Sources of connections that leave, destinations of connections to forwarded ports."""
    yield {"add": {"chain": _chain(network, "forwards")}}
    for chain in ("prerouting", "output"):
        yield _base(network, chain, "nat", chain, TO_GUEST)
        yield _rule(network, chain, _to_the_host(), {"jump": {"target": "forwards"}})
    yield _base(network, "postrouting", "nat", "postrouting", FROM_GUEST)
    for version in (4, 6):
        own = subnets(network, version)
        if not own:
            continue
        yield _rule(network, "postrouting", *_returning(network, version, own), {"masquerade": None})
        if _translates(network, version):
            yield from _translation(network, version, own)


def _translates(network: Network, version: int) -> bool:
    """Whether the host puts its own addresses in place of guests'."""
    if mode_of(network) != "nat" or network.forward is None:
        return False
    return version == 4 or (network.forward.nat is not None and bool(network.forward.nat.ipv6))


def _returning(network: Network, version: int, own: list[Subnet]) -> list[Statement]:
    """What matches connections to forwarded ports whose answers would not come back to the host by themselves.

    A guest of the same network would answer directly, and a guest of an isolated network has no route to answer by.
    """
    match = [_link("oifname", bridge_of(network)), _address(version, "daddr", own), _status("dnat")]
    return match if mode_of(network) == "none" else [*match, _address(version, "saddr", own)]


def _translation(network: Network, version: int, own: list[Subnet]) -> Iterator[Command]:
    sources = _address(version, "saddr", own)
    unchanged = merged([*own, *(ip_network(each) for each in UNCHANGED[version])])
    yield _rule(network, "postrouting", sources, _address(version, "daddr", unchanged), {"return": None})
    nat = network.forward.nat if network.forward is not None else None
    out = [*_links("oifname", forward_links(network)), sources]
    ports = _match({"meta": {"key": "l4proto"}}, {"set": ["tcp", "udp"]})
    yield _rule(network, "postrouting", *out, ports, _source(nat, version, _port_range(nat)))
    yield _rule(network, "postrouting", *out, _source(nat, version, None))


def _port_range(nat: Nat | None) -> tuple[int, int]:
    if nat is None or nat.port is None:
        return NAT_PORTS
    start = nat.port.start or NAT_PORTS[0]
    return start, nat.port.end or start


def _source(nat: Nat | None, version: int, ports: tuple[int, int] | None) -> Statement:
    """The statement that puts the host's address, or one of a range, in place of the guest's."""
    more: Statement = {} if ports is None else {"port": _range(*ports)}
    given = nat.address if nat is not None else None
    if given is None or given.start is None or ip_address(given.start).version != version:
        return {"masquerade": more or None}
    address = _range(given.start, given.end or given.start)
    return {"snat": {"family": PAYLOAD[version], "addr": address, **more}}


# Forwarded ports


def _target_rules(network: Network, targets: Iterable[Target]) -> Iterator[Command]:
    for target in targets:
        yield _rule(network, "forwards", *_asked(target), _destination(target))
        if _filters(network):
            yield _rule(network, "forwarded", *_arrived(target), _status("dnat"), {"accept": None})


def _asked(target: Target) -> list[Statement]:
    """What matches a connection to the host's port."""
    forward, version = target.forward, ip_address(target.guest).version
    left = _payload(PAYLOAD[version], "daddr")
    if forward.address is None:
        address = _match(left, _prefix(ip_network(LOOPBACK[version])), "!=")
    else:
        address = _match(left, forward.address)
    return [address, _match(_payload(forward.proto, "dport"), _range(forward.first, forward.last))]


def _arrived(target: Target) -> list[Statement]:
    """What matches it once its destination is the guest."""
    forward, version = target.forward, ip_address(target.guest).version
    ports = _range(forward.to, forward.to + forward.last - forward.first)
    address = _match(_payload(PAYLOAD[version], "daddr"), target.guest)
    return [address, _match(_payload(forward.proto, "dport"), ports)]


def _destination(target: Target) -> Statement:
    forward = target.forward
    to: Statement = {"family": PAYLOAD[ip_address(target.guest).version], "addr": target.guest}
    if forward.first == forward.last:
        to["port"] = forward.to
    elif forward.to != forward.first:  # nat with a range of ports would choose any of them
        pairs = [[port, port - forward.first + forward.to] for port in range(forward.first, forward.last + 1)]
        to["port"] = {"map": {"key": _payload(forward.proto, "dport"), "data": {"set": pairs}}}
    return {"dnat": to}


# The JSON of libnftables


def _table(verb: str, network: Network) -> Command:
    return {verb: {"table": {"family": FAMILY, "name": table_of(network)}}}


def _chain(network: Network, name: str) -> dict[str, Any]:
    return {"family": FAMILY, "table": table_of(network), "name": name}


def _base(network: Network, name: str, kind: str, hook: str, priority: int) -> Command:
    more = {"type": kind, "hook": hook, "prio": priority, "policy": "accept"}
    return {"add": {"chain": {**_chain(network, name), **more}}}


def _rule(network: Network, chain: str, *statements: Statement) -> Command:
    return {"add": {"rule": {"family": FAMILY, "table": table_of(network), "chain": chain, "expr": list(statements)}}}


def _match(left: Any, right: Any, operator: str = "==") -> Statement:
    return {"match": {"op": operator, "left": left, "right": right}}


def _link(key: str, name: str) -> Statement:
    return _match({"meta": {"key": key}}, name)


def _links(key: str, names: list[str]) -> list[Statement]:
    """One of some links; none: any."""
    if not names:
        return []
    return [_match({"meta": {"key": key}}, {"set": names} if len(names) > 1 else names[0])]


def _address(version: int, side: str, networks: Sequence[Subnet]) -> Statement:
    prefixes = [_prefix(each) for each in networks]
    return _match(_payload(PAYLOAD[version], side), {"set": prefixes} if len(prefixes) > 1 else prefixes[0])


def _prefix(subnet: Subnet) -> Any:
    if subnet.prefixlen == subnet.max_prefixlen:
        return str(subnet.network_address)
    return {"prefix": {"addr": str(subnet.network_address), "len": subnet.prefixlen}}


def _range(first: int | str, last: int | str) -> Any:
    return first if first == last else {"range": [first, last]}


def _payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def _state(*states: str) -> Statement:
    return _match({"ct": {"key": "state"}}, list(states) if len(states) > 1 else states[0], "in")


def _status(status: str) -> Statement:
    return _match({"ct": {"key": "status"}}, status, "in")


def _to_the_host() -> Statement:
    return _match({"fib": {"result": "type", "flags": "daddr"}}, "local")
