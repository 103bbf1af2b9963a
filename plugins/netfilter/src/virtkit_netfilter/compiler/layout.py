"""Where rules are in nftables: one table, base chains on the way of a frame through the bridge, a map from devices.

    frame from a guest                      frame to a guest
      bridge prerouting                       bridge postrouting
        link-out   map of devices               link-in   map of devices
        flow-out   map of devices               flow-in   map of devices

A device's chains are named after it: `vnet0/out` with the rules of the root chain for what the guest sends,
`vnet0/out/arp` and so on, `vnet0/out/flow` for the rules with a memory of connections; `vnet0/in` likewise. Frames to
addresses that bridges keep for the host go past prerouting, and are caught in the hook input; but BPDUs for a bridge
that takes part in the spanning tree, and LLDP, go past that, too.

Without connection tracking in the bridge, the table `inet` has chains that br_netfilter calls between those of the
bridge. They note what is known of the connection in the mark of the packet, and the bridge's chains ask the mark, and
clear it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from virtkit.network.nftables import Command
from virtkit_netfilter.compiler.expressions import (
    Expression,
    compared,
    field,
    has_bits,
    masked,
    with_bits,
    without_bits,
)
from virtkit_netfilter.compiler.traffic import States
from virtkit_netfilter.probing import Abilities

TABLE = "virtkit-nwfilter"

OUT, IN = "out", "in"
"""From the guest, and to it."""

FLOW = "flow"
"""What the chain with the rules that have a memory is called within a device's."""

TRACKED = "tracked"
"""Set of the devices for which it has to be noted what is known of connections."""

MAPS = {(OUT, False): "link-out", (IN, False): "link-in", (OUT, True): "flow-out", (IN, True): "flow-in"}
"""Names of the maps, and of the base chains that ask them, by way and whether it is for the rules with a memory."""

_HOOKS = {
    "link-out": ("prerouting", -350),  # before connections are tracked, and before br_netfilter
    "flow-out": ("prerouting", 50),  # after both
    "link-in": ("postrouting", 100),
    "flow-in": ("postrouting", 110),
}

RESERVED = ("01:80:c2:00:00:00", "ff:ff:ff:ff:ff:f0")
"""Address and mask of what bridges do not forward."""

STATE_BITS = {"new": 0x0100_0000, "established": 0x0200_0000, "related": 0x0400_0000, "invalid": 0x0800_0000}
REPLY_BIT = 0x1000_0000
WANTED_BIT = 0x2000_0000
"""Of packets that the chains of the table inet shall look at."""

ALL_BITS = sum(STATE_BITS.values()) | REPLY_BIT | WANTED_BIT

REMEMBERED = 65_535
"""Elements of a set that packets fill."""


def chain_of(device: str, way: str, chain: str = "") -> str:
    """The name of a device's chain: its root chain, or another."""
    return f"{device}/{way}/{chain}" if chain else f"{device}/{way}"


def chains_by_device(items: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The chains of each device that has some.

    Args:
        items: What is in the table `TABLE` of bridges, as libnftables lists it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for item in items:
        name: str = item["chain"]["name"] if "chain" in item else ""
        device, slash, _ = name.partition("/")
        if slash:
            found[device] = (*found.get(device, ()), name)
    return found


def command(verb: str, kind: str, family: str = "bridge", **values: Any) -> Command:
    """A command about something in the table."""
    return {verb: {kind: {"family": family, "table": TABLE, **values}}}


def rule(chain: str, expressions: list[Expression], *, family: str = "bridge", comment: str = "") -> Command:
    """Append a rule to a chain."""
    said = {"comment": comment} if comment else {}
    return command("add", "rule", family, chain=chain, expr=expressions, **said)


def element(verb: str, device: str, way: str, flow: bool) -> Command:
    """Add or delete the entry of a device in one of the maps."""
    target = chain_of(device, way, FLOW if flow else "")
    return command(verb, "element", name=MAPS[way, flow], elem=[[device, {"goto": {"target": target}}]])


def skeleton(abilities: Abilities) -> list[Command]:
    """The table and what does not depend on devices; nothing changes where it is there already."""
    commands: list[Command] = [{"add": {"table": {"family": "bridge", "name": TABLE}}}]
    for way_map in MAPS.values():
        commands.append(command("add", "map", name=way_map, type="ifname", map="verdict"))
    for name, (hook, priority) in _HOOKS.items():
        way = "iifname" if hook == "prerouting" else "oifname"
        commands += base(name, hook, priority, [[_asked(way, name)]])
    reserved = compared(masked(field("ether", "daddr"), RESERVED[1]), RESERVED[0])
    commands += base("link-local", "input", -350, [[reserved, _asked("iifname", MAPS[OUT, False])]])
    return commands if abilities.bridge_ct else commands + _marks()


def base(
    name: str, hook: str, priority: int, rules: list[list[Expression]], *, family: str = "bridge"
) -> list[Command]:
    """A base chain with exactly these rules, whether or not it is there already."""
    return [
        command("add", "chain", family, name=name, type="filter", hook=hook, prio=priority, policy="accept"),
        command("flush", "chain", family, name=name),
        *(rule(name, expressions, family=family) for expressions in rules),
    ]


def _asked(way: str, name: str) -> Expression:
    return {"vmap": {"key": {"meta": {"key": way}}, "data": f"@{name}"}}


def _marks() -> list[Command]:
    """What notes the states of connections in marks, and clears them again."""
    device = {"meta": {"key": "iifname"}}
    to_bridge = compared({"meta": {"key": "oifkind"}}, "bridge")
    noted = {"jump": {"target": "connection"}}
    notes = [[without_bits(ALL_BITS)]]  # whoever set them
    notes += [[_state(name), with_bits(bit)] for name, bit in STATE_BITS.items()]
    notes.append([compared({"ct": {"key": "direction"}}, "reply"), with_bits(REPLY_BIT)])
    cleared = [[has_bits(ALL_BITS), without_bits(ALL_BITS)]]
    return [
        {"add": {"table": {"family": "inet", "name": TABLE}}},
        command("add", "chain", "inet", name="connection"),
        command("flush", "chain", "inet", name="connection"),
        *(rule("connection", expressions, family="inet") for expressions in notes),
        *base("prerouting", "prerouting", -140, [[has_bits(WANTED_BIT), noted]], family="inet"),
        *base("forward", "forward", -140, [[to_bridge, noted]], family="inet"),
        *base("output", "output", -140, [[to_bridge, noted]], family="inet"),
        command("add", "set", name=TRACKED, type="ifname"),
        *base("wanted", "prerouting", -300, [[compared(device, f"@{TRACKED}"), with_bits(WANTED_BIT)]]),
        *base("clear-out", "prerouting", 60, cleared),
        *base("clear-in", "postrouting", 120, cleared),
    ]


def _state(name: str) -> Expression:
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": name}}


def asked(states: States, abilities: Abilities) -> list[Expression]:
    """Expressions that ask about the connection of a packet, in chains of the bridge."""
    if not abilities.bridge_ct:
        found = [has_bits(sum(STATE_BITS[name] for name in states.names))]
        return found if states.reply is None else [*found, has_bits(REPLY_BIT, none=not states.reply)]
    known: list[str] | str = list(states.names) if len(states.names) > 1 else states.names[0]
    found = [{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": known}}]
    if states.reply is not None:
        found.append(compared({"ct": {"key": "direction"}}, "reply" if states.reply else "original"))
    return found
