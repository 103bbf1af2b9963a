"""What networks need of the host: programs, libraries, privileges, and features of the kernel.

Features are tried out in a network namespace that is made for it and gone afterwards, so that nothing of the host is
touched.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from virtkit.driver import Finding
from virtkit.errors import ConfigUnsupportedError, VirtError
from virtkit.services.runner import find_program
from virtkit_network import kernel
from virtkit_network.network import NETWORK

if TYPE_CHECKING:
    from virtkit.network.links import Links

CLONE_NEWNET = 0x40000000
"""From linux/sched.h; Python 3.11 has no unshare."""

BRIDGE, TABLE = "vk-probe", {"family": "inet", "name": "virtkit_probe"}


def findings() -> list[Finding]:
    """Everything, for `virtkit doctor`."""
    program = find_program("dnsmasq")
    return [
        Finding(
            "dnsmasq",
            program is not None,
            program or "it is not installed: networks have neither DHCP nor DNS",
            "" if program else "apt-get install dnsmasq-base",
        ),
        *_features(),
    ]


def _features() -> list[Finding]:
    if not kernel.may_administer():
        return [Finding("network administration", False, "not allowed: networks can be defined, and started by root")]
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.extend(_tried()))
    thread.start()
    thread.join()
    return found


def _tried() -> Iterator[Finding]:
    """Try every feature, in a namespace of this thread's own, which ends with the thread."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        yield Finding("network namespaces", False, f"cannot be made to try features: {os.strerror(ctypes.get_errno())}")
        return
    from virtkit.network.links import Links

    try:
        with Links(domain=NETWORK) as links:
            for subject, without, attempt in FEATURES:
                yield _try(subject, without, lambda attempt=attempt: attempt(links))  # type: ignore[misc]
    except ConfigUnsupportedError as error:
        yield Finding("pyroute2", False, error.message, "pip install 'virtkit[links]'")


def _try(subject: str, without: str, attempt: Callable[[], None]) -> Finding:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        attempt()
    except VirtError as error:
        return Finding(subject, False, f"{without}: {error.message}")
    except NetlinkError as error:
        return Finding(subject, False, f"{without}: {os.strerror(error.code)}")
    return Finding(subject, True, "works")


def _bridge(links: Links) -> None:
    links.add_bridge(BRIDGE, mac=None, stp=False, delay=0, mtu=None)


def _rules(links: Links) -> None:
    from virtkit.network.nftables import apply

    apply([{"add": {"table": TABLE}}, {"delete": {"table": TABLE}}])


def _vlans(links: Links) -> None:
    from virtkit_network.parts import filter_vlans

    if not filter_vlans(links, BRIDGE):
        raise ConfigUnsupportedError("this kernel lacks CONFIG_BRIDGE_VLAN_FILTERING", domain=NETWORK)


def _shaping(links: Links) -> None:
    found = links.find(BRIDGE)
    assert found is not None, "the first feature has made it"
    links.socket.tc("add", "htb", found.number, 0x10000, default=2)


FEATURES: tuple[tuple[str, str, Callable[[Links], None]], ...] = (
    ("bridges", "only networks of the host's own devices can start", _bridge),
    ("nftables", "networks with a bridge of their own cannot start", _rules),
    ("VLAN filtering of bridges", "networks cannot keep VLANs apart", _vlans),
    ("sch_htb", "networks cannot limit bandwidth", _shaping),
)
"""What it is, what does not work without it, and an attempt."""
