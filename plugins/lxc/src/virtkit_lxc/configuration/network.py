"""Interfaces of a container: links of the host that are moved into it, under the names it knows them by."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit.services.runner import SYSTEM_PATHS

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
        yield "lxc.net.0.type", "none"
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
    yield from _routes(plan)


def _routes(plan: Plan) -> Iterator[tuple[str, object]]:
    """Routes, of which liblxc knows gateways alone: added in the container's network just before its init starts."""
    found = [
        ("ip", "route", "add", *route.words, "dev", link.name or f"eth{number}")
        for number, link in enumerate(plan.links)
        for route in link.routes
    ]
    if found:
        yield "lxc.hook.version", 1
    for words in found:
        yield "lxc.hook.start-host", f'{ENV} nsenter --net="/proc/$LXC_PID/ns/net" {shlex.join(words)}'


def _family(address: str) -> int:
    return 6 if ":" in address else 4
