"""Settings of the kernel for networks, in /proc/sys/net: those of the network namespace of the thread that asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.errors import InternalError, SystemCallError
from virtkit_network.network import NETWORK

if TYPE_CHECKING:
    from virtkit.network.links import Links

SETTINGS = Path("/proc/sys/net")

CAPABILITIES = Path("/proc/thread-self/status")

NET_ADMIN = 12
"""Number of the capability that lets a process change links and rules; see capabilities(7)."""

LEARNT = 9
"""Protocol of a route that was learnt from a router's advertisement: RTPROT_RA of linux/rtnetlink.h."""

ANYWAY = "2"
"""The value of `accept_ra` with which a link listens to routers although the host forwards."""

FAMILY_V6 = 10


def may_administer() -> bool:
    """Whether this process may change the links of the host."""
    for line in CAPABILITIES.read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> NET_ADMIN & 1)
    return False


def get(name: str) -> str | None:
    """A setting such as `ipv4/ip_forward`; None: the kernel does not have it."""
    try:
        return (SETTINGS / name).read_text().strip()
    except OSError:
        return None


def put(name: str, value: str) -> None:
    """Change a setting, unless it is so already.

    Raises:
        SystemCallError: The kernel refuses, or does not have it.
    """
    if get(name) == value:
        return
    try:
        (SETTINGS / name).write_text(value)
    except OSError as error:
        raise SystemCallError(
            f"cannot set {SETTINGS / name} to {value}: {error.strerror}", domain=NETWORK, int1=error.errno or -1
        ) from error


def quieten(bridge: str, *, v6: bool) -> None:
    """Have the host's own side of a bridge take no address and no router from guests.

    Args:
        bridge: The bridge.
        v6: Whether it has IPv6 at all.

    Raises:
        SystemCallError: The kernel refuses.
    """
    own = f"ipv6/conf/{bridge}"
    if get(f"{own}/disable_ipv6") is None:
        return  # a kernel without IPv6
    put(f"{own}/disable_ipv6", "0" if v6 else "1")
    put(f"{own}/accept_ra", "0")
    put(f"{own}/autoconf", "0")


def forward(links: Links, *, v4: bool, v6: bool) -> None:
    """Have the host forward packets. It stays so: others may rely on it by the time that nobody here does.

    Raises:
        InternalError: IPv6 is to be forwarded, and the host would lose a route that it has from a router.
        SystemCallError: The kernel refuses.
    """
    if v4:
        put("ipv4/ip_forward", "1")
    if v6 and get("ipv6/conf/all/forwarding") != "1":
        _require_routes_of_its_own(links)
        put("ipv6/conf/all/forwarding", "1")


def _require_routes_of_its_own(links: Links) -> None:
    """A host that forwards IPv6 does not listen to routers, except where `accept_ra` is 2."""
    names = {link.number: link.name for link in links.all()}
    for route in links.socket.get_routes(family=FAMILY_V6):
        name = names.get(route.get_attr("RTA_OIF") or 0)
        if route["proto"] == LEARNT and name and get(f"ipv6/conf/{name}/accept_ra") != ANYWAY:
            raise InternalError(
                f"forwarding IPv6 would cost this host the routes that it learns from a router on {name}: "
                f"set net.ipv6.conf.{name}.accept_ra to 2 first",
                domain=NETWORK,
            )
