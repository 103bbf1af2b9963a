"""What nftables of this kernel can do for bridges: found by trying it, in tables that are never in force."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from virtkit.network.nftables import Command, RefusedError, apply

BRIDGE_SWITCHES = "/proc/sys/net/bridge"
"""Settings of br_netfilter, per network namespace; none where it is not loaded."""


class Abilities(NamedTuple):
    """What the kernel has.

    Attributes:
        bridge_ct: Connections are tracked in the bridge (nf_conntrack_bridge).
        bridge_netfilter: Bridged IP packets pass the rules of IP (br_netfilter, switched on for IPv4 and IPv6).
        bridge_reject: The bridge can answer what it refuses (nft_reject_bridge).
    """

    bridge_ct: bool
    bridge_netfilter: bool
    bridge_reject: bool


def probe() -> Abilities:
    """Try what the network namespace of this thread can do.

    Raises:
        ConfigUnsupportedError: The library of nftables is not installed.
    """
    return Abilities(
        bridge_ct=_takes([{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}]),
        bridge_netfilter=_switched_on("bridge-nf-call-iptables") and _switched_on("bridge-nf-call-ip6tables"),
        bridge_reject=_takes([{"reject": None}]),
    )


def _takes(expressions: list[dict[str, Any]]) -> bool:
    """Whether the kernel takes a rule of these in the hook prerouting of bridges.

    One transaction makes the table and removes it, so nothing is ever in force.
    """
    name = f"virtkit-probe-{os.getpid()}"
    table = {"family": "bridge", "name": name}
    within = {"family": "bridge", "table": name}
    hook = {"type": "filter", "hook": "prerouting", "prio": 0, "policy": "accept"}
    commands: list[Command] = [
        {"add": {"table": table}},
        {"add": {"chain": {**within, "name": "tried", **hook}}},
        {"add": {"rule": {**within, "chain": "tried", "expr": expressions}}},
        {"delete": {"table": table}},
    ]
    try:
        apply(commands)
    except RefusedError:
        return False
    return True


def _switched_on(name: str) -> bool:
    try:
        with open(f"{BRIDGE_SWITCHES}/{name}", encoding="ascii") as file:
            return file.read().strip() == "1"
    except OSError:
        return False
