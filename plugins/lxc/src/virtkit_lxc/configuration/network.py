"""Interfaces of a container: links of the host that are moved into it, under the names it knows them by.

The monitor of the container is in a network of its own (`seclusion`), and liblxc takes links from there. So they are
moved there before each start, which may be a reboot's, and go home after each end.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit.services.runner import SYSTEM_PATHS
from virtkit_lxc.seclusion import HOME

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.plan import Plan

ENV = f"/usr/bin/env PATH={':'.join(SYSTEM_PATHS)}"
"""Begins hooks: liblxc itself has no path to look for programs along (`runtime.UNHELPED`)."""


def lines(domain: Domain, plan: Plan) -> Iterator[tuple[str, object]]:
    """The interfaces of a container; without any it has its loopback alone, unless it shares a network."""
    if "net" in plan.shared:
        return
    if plan.network == "host":
        yield "lxc.namespace.share.net", plan.folder / HOME
        return
    if not plan.links:
        yield "lxc.net.0.type", "empty"
    for number, link in enumerate(plan.links):
        key = f"lxc.net.{number}"
        yield f"{key}.type", "phys"
        yield f"{key}.link", link.link
        yield f"{key}.name", link.name or f"eth{number}"
        if link.mac:
            yield f"{key}.hwaddr", link.mac
        if link.mtu:
            yield f"{key}.mtu", link.mtu
        for address in link.addresses:
            yield f"{key}.ipv{_family(address)}.address", address
        for gateway in link.gateways:
            yield f"{key}.ipv{_family(gateway)}.gateway", gateway
        if link.up:
            yield f"{key}.flags", "up"
    yield from _hooks(plan)


def _hooks(plan: Plan) -> Iterator[tuple[str, object]]:
    """What is done to links besides: `ip` moves them to the monitor and back, and adds their routes."""
    if plan.links:
        yield "lxc.hook.version", 1
    home = shlex.quote(str(plan.folder / HOME))
    for link in plan.links:
        name = shlex.quote(link.link)
        out = f"nsenter --net={home} ip link set dev {name} netns /proc/self/fd/3 3</proc/self/ns/net"
        yield "lxc.hook.pre-start", f"{ENV} {out}"
        # A start that has failed leaves a link of the host in the container, whose network is still there for a hook
        # of this kind. It leaves the end of a pair there too, under another name: that goes with the network.
        back = f"ip link set dev {name} netns {home}"
        script = f'{back} || nsenter --net="$LXC_NET_NS" {back} || ! ip link show dev {name}'
        yield "lxc.hook.stop", f"{ENV} sh -c {shlex.quote(script)}"
    yield from _routes(plan)


def _routes(plan: Plan) -> Iterator[tuple[str, object]]:
    """Routes, of which liblxc knows gateways alone: added in the container's network just before its init starts."""
    found = [
        ("ip", "route", "add", *route.words, "dev", link.name or f"eth{number}")
        for number, link in enumerate(plan.links)
        for route in link.routes
    ]
    for words in found:
        yield "lxc.hook.start-host", f'{ENV} nsenter --net="/proc/$LXC_PID/ns/net" {shlex.join(words)}'


def _family(address: str) -> int:
    return 6 if ":" in address else 4
