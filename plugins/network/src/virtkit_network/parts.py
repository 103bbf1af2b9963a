"""What an active network of the driver's own consists of: a bridge, rules, addresses, limits, dnsmasq.

Each part has three functions. `install_` sets it up and has its undoing pushed to a stack as soon as there is anything
to undo; `restore_` sees that it is there, for a network that is adopted; `remove_` takes it apart, and what is not
there is no error. Only what is the network's own is touched.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from virtkit.define.network import ROUTED
from virtkit.define.subnets import prefix_of
from virtkit.errors import ConfigUnsupportedError, VirtError
from virtkit.network import shaping
from virtkit_network import kernel, rules, server
from virtkit_network.checks import destination_of
from virtkit_network.network import NETWORK
from virtkit_network.shape import bridge_of, mode_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit.network.links import Link, Links
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState

V6 = "ipv6"

_log = logging.getLogger(__name__)


class Job(NamedTuple):
    """The work on one network.

    Attributes:
        state: The networks.
        network: The network.
        document: What it is, or is to be, active with.
        links: The host's links.
        left: What an undoing could not remove.
    """

    state: NetworkState
    network: Network
    document: NetworkXML
    links: Links
    left: list[str]


class Part(NamedTuple):
    """A part; see above.

    Attributes:
        what: What messages call it.
    """

    what: str
    install: Callable[[Job, ExitStack], None]
    restore: Callable[[Job], None]
    remove: Callable[[Job], None]


# The bridge


def install_bridge(job: Job, undo: ExitStack) -> None:
    """Make the bridge; it is down still."""
    name, bridge = bridge_of(job.document), job.document.bridge
    assert bridge is not None, "completed with one"
    job.links.add_bridge(
        name, mac=job.document.mac, stp=bool(bridge.stp), delay=float(bridge.delay or 0), mtu=job.document.mtu
    )
    undo.callback(quietly, job, BRIDGE)
    made = job.links.find(name)
    job.network.link = made.number if made is not None else 0
    kernel.quieten(name, v6=job.document.ipv6 is True or _has(job.document, V6))
    if needs_vlans(job.document) and not filter_vlans(job.links, name):
        raise ConfigUnsupportedError(
            f"network {job.document.name!r} needs a bridge that keeps VLANs apart, which this kernel lacks: "
            "boot one with CONFIG_BRIDGE_VLAN_FILTERING, or leave out <vlan> and macTableManager",
            domain=NETWORK,
        )


def own_bridge(job: Job) -> Link | None:
    """The network's bridge as it is; None: it is gone, or another link has its name."""
    found = job.links.find(bridge_of(job.document))
    if found is None or found.kind != "bridge":
        return None
    made = job.network.link  # numbers begin anew with each boot, and addresses may come from another's definition
    mac = (job.document.mac or "").lower()
    return found if found.mac == mac and made in (0, found.number) else None


def restore_bridge(job: Job) -> None:
    """Nothing is to be done with a bridge that is there, and adoption gives up a network whose bridge is not."""


def remove_bridge(job: Job) -> None:
    """Remove the bridge, with its addresses, routes and limits."""
    if own_bridge(job) is not None:
        job.links.delete(bridge_of(job.document))
    job.network.link = 0


def needs_vlans(document: NetworkXML) -> bool:
    """Whether the bridge of a network has to keep VLANs apart, or to be told where guests are."""
    bridge = document.bridge
    managed = bridge is not None and bridge.mac_table_manager == "libvirt"
    return managed or document.vlan is not None or any(group.vlan is not None for group in document.port_groups)


def filters_vlans(links: Links, name: str) -> bool:
    """Whether a bridge keeps VLANs apart now."""
    found = links.find(name)
    if found is None:
        return False
    info = links.socket.get_links(found.number)[0].get_attr("IFLA_LINKINFO")
    data = info.get_attr("IFLA_INFO_DATA") if info else None
    return bool(data is not None and data.get_attr("IFLA_BR_VLAN_FILTERING"))


def filter_vlans(links: Links, name: str) -> bool:
    """Have a bridge keep VLANs apart; False: the kernel refuses that, or takes it and does nothing."""
    from pyroute2.netlink.exceptions import NetlinkError

    found = links.find(name)
    if found is None:
        return False
    with suppress(NetlinkError):
        links.socket.link("set", index=found.number, kind="bridge", br_vlan_filtering=1)
    return filters_vlans(links, name)


# Addresses and routes


def install_addresses(job: Job, undo: ExitStack) -> None:
    """Give the bridge its addresses and routes, switch it on, and have the host forward; they go with the bridge."""
    document, name = job.document, bridge_of(job.document)
    for ip in document.ips:
        job.links.add_address(name, f"{ip.address}/{prefix_of(ip)}")
    job.links.set_up(name)
    for route in document.routes:
        job.links.add_route(name, destination_of(route), route.gateway or "", metric=route.metric)
    restore_addresses(job)


def restore_addresses(job: Job) -> None:
    """Have the host forward where the network's mode wants it."""
    if mode_of(job.document) in ROUTED:
        v4 = any(ip.family != V6 for ip in job.document.ips)
        kernel.forward(job.links, v4=v4, v6=_has(job.document, V6))


def remove_addresses(job: Job) -> None:
    """They go with the bridge; that the host forwards stays."""


def _has(document: NetworkXML, family: str) -> bool:
    return any(ip.family == family for ip in document.ips)


# Rules


def install_rules(job: Job, undo: ExitStack) -> None:
    """Put the rules of nftables in force, all or none."""
    undo.callback(quietly, job, RULES)
    rules.install_first(job.state, job.network, job.document)


def restore_rules(job: Job) -> None:
    """Put them in force again, in one transaction: somebody may have flushed them."""
    rules.install(job.state, job.network, job.document)


def remove_rules(job: Job) -> None:
    """Remove them."""
    rules.remove(job.document)


# Limits


def install_limits(job: Job, undo: ExitStack) -> None:
    """Limit the traffic of the bridge; the limits go with it, and what they redirect to does not."""
    if job.document.bandwidth is not None:
        undo.callback(quietly, job, LIMITS)
        shaping.share(job.links, bridge_of(job.document), job.document.bandwidth)


def restore_limits(job: Job) -> None:
    """They are there as long as the bridge is."""


def remove_limits(job: Job) -> None:
    """Take the limits away."""
    name = bridge_of(job.document)
    strange = job.links.find(name) is not None and own_bridge(job) is None
    if job.document.bandwidth is not None and not strange:
        shaping.clear(job.links, name)


# dnsmasq


def install_server(job: Job, undo: ExitStack) -> None:
    """Write dnsmasq's files and start it."""
    undo.callback(quietly, job, SERVER)
    server.start(job.state, job.document)


def restore_server(job: Job) -> None:
    """Start it where it has died."""
    server.ensure(job.state, job.document)


def remove_server(job: Job) -> None:
    """Stop it and remove its files; what it has handed out stays recorded."""
    server.stop(job.state, job.document)


BRIDGE = Part("its bridge", install_bridge, restore_bridge, remove_bridge)
RULES = Part("its rules", install_rules, restore_rules, remove_rules)
ADDRESSES = Part("its addresses", install_addresses, restore_addresses, remove_addresses)
LIMITS = Part("its limits", install_limits, restore_limits, remove_limits)
SERVER = Part("its dnsmasq", install_server, restore_server, remove_server)

PARTS = (RULES, BRIDGE, ADDRESSES, LIMITS, SERVER)
"""In the order of starting; taken apart the other way round. The rules come first and go last, so that nothing passes
the bridge that they do not let pass."""


def remove_all(job: Job) -> list[str]:
    """Take everything apart that is there; what could not be removed, with the reason, for each part."""
    failures = []
    for part in reversed(PARTS):
        try:
            part.remove(job)
        except VirtError as error:
            failures.append(f"{part.what} stays behind: {error.message}")
    return failures


def quietly(job: Job, part: Part) -> None:
    """Remove a part after another failure, which is the one that is told."""
    try:
        part.remove(job)
    except VirtError as error:
        job.left.append(part.what)
        _log.error("%s did not start, and %s stays behind: %s", job.network.subject, part.what, error)
