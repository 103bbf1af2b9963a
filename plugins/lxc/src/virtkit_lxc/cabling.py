"""Links of containers that run: moved into them, taken back, changed.

The host's ip does what is to be done in the network of a container; nothing of the container is run.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, OperationUnsupportedError, VirtError
from virtkit.network.links import Links
from virtkit.network.ownership import BRIDGED, bridge_of, device_of
from virtkit.services.guests import bandwidth
from virtkit.services.runner import run as run_program
from virtkit_lxc import interfaces

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.hostdev import Hostdev
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.plan import Link
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

TOOL_SECONDS = 30.0
"""How long ip may take."""

CHANGEABLE = ("filterref", "bandwidth", "link_up")
"""Fields of an interface that can change while its container runs, besides the bridge of its source."""

_log = logging.getLogger(__name__)


def add_interface(state: LxcState, guest: Container, run: Run, interface: Interface) -> None:
    """Plug an interface of the live document in, and move its other end into the container.

    Raises:
        OperationUnsupportedError: The container has no network of its own.
        VirtError: It cannot be plugged in, or the container does not take it. Nothing of it is left.
    """
    from virtkit.network import plugging

    _require_own_network(guest, run)
    plugging.prepare(interface)
    with Links(domain=LXC) as links:
        try:
            state.record(guest)  # the number of its port
            _move(run, interfaces.plug_in(state, guest, links, interface))
        except BaseException:
            plugging.unplug(state.peers, interfaces.owner_of(guest), links, interface)
            raise


def remove_interface(state: LxcState, guest: Container, interface: Interface) -> None:
    """Unplug an interface; both its ends are gone then.

    Raises:
        OperationUnsupportedError: It has no end on the host.
    """
    from virtkit.network import plugging

    _require_cable(guest, interface)
    with Links(domain=LXC) as links:
        plugging.unplug(state.peers, interfaces.owner_of(guest), links, interface)


def change_interface(state: LxcState, guest: Container, interface: Interface, wanted: Interface) -> None:
    """Change the filter, the limits, the bridge and the link state of an interface.

    While its filter changes nothing passes: its link is off.

    Args:
        state: The owned state.
        guest: The container.
        interface: Of the live document; changed in place.
        wanted: What it is to be; it differs in nothing else.

    Raises:
        OperationUnsupportedError: It has no end on the host.
        InternalError: The bridge that it is to be on does not exist.
        VirtError: The filter driver, the network driver or the kernel refuses. It is as it was.
    """
    _require_cable(guest, interface)
    before = interface.copy()
    with Links(domain=LXC) as links:
        if interface.type in BRIDGED and bridge_of(links, wanted) is None:
            name = wanted.source.bridge if wanted.source else None
            raise InternalError(f"{guest.subject}: {name!r} is no bridge of this host: make it first", domain=LXC)
        try:
            _become(state, guest, links, interface, wanted)
        except BaseException:
            try:
                _become(state, guest, links, interface, before)
            except VirtError as error:
                _log.error("%s: its interface %s stays off: %s", guest.subject, device_of(interface), error)
            raise


def lend(guest: Container, run: Run, device: Hostdev) -> None:
    """Move a link of the host into a container.

    Raises:
        OperationUnsupportedError: The container has no network of its own.
        InternalError: There is no such link.
        VirtError: The container does not take it: it is on the host then.
    """
    _require_own_network(guest, run)
    with Links(domain=LXC) as links:
        link = interfaces.lend(guest, links, device)
    try:
        _move(run, link)
    except BaseException:
        with suppress(VirtError):
            take_back(run, device)
        raise


def take_back(run: Run, device: Hostdev) -> None:
    """Move a link of the host out of a container again.

    Raises:
        ProgramError: The container has it no more, or the host has another of that name; the message quotes ip.
    """
    home = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
    _inside(run, "link", "set", "dev", interfaces.name_of(device), "netns", home)


def _become(state: LxcState, guest: Container, links: Links, interface: Interface, wanted: Interface) -> None:
    from virtkit.network import bindings, plugging

    name = device_of(interface) or ""
    if interface.filterref != wanted.filterref:
        links.set_down(name)
        bindings.unbind(state.peers, interfaces.owner_of(guest), interface)
        interface.filterref = wanted.filterref
        bindings.bind(state.peers, interfaces.owner_of(guest), interface)
    if interface.source != wanted.source:
        interface.source = wanted.source
        plugging.replug(links, interface)
    if interface.bandwidth != wanted.bandwidth:
        bandwidth.change(state.peers, links, interface, wanted.bandwidth, LXC)
    interface.link_up = wanted.link_up
    (links.set_down if interface.link_up is False else links.set_up)(name)


def _require_own_network(guest: Container, run: Run) -> None:
    if os.path.samefile(f"/proc/{run.pid}/ns/net", f"/proc/self/task/{threading.get_native_id()}/ns/net"):
        raise OperationUnsupportedError(
            f"{guest.subject} is in the network of the host, where it needs no link: give its definition an"
            " <interface> or <privnet/>, and start it anew",
            domain=LXC,
        )


def _require_cable(guest: Container, interface: Interface) -> None:
    if not interfaces.has_cable(interface):
        raise OperationUnsupportedError(
            f"{guest.subject} is running, and its interface of type direct is wholly in it: use CONFIG", domain=LXC
        )


def _move(run: Run, link: Link) -> None:
    """Move a link into a container, under the name and with the addresses it is to have there."""
    _ip("link", "set", "dev", link.link, "netns", str(run.pid))
    name = link.name or _free_name(run)
    setting = ["link", "set", "dev", link.link, "name", name]
    setting += ["address", link.mac] if link.mac else []
    setting += ["mtu", str(link.mtu)] if link.mtu else []
    _inside(run, *setting)
    for address in link.addresses:
        _inside(run, "address", "add", address, "dev", name)
    if link.up:
        _inside(run, "link", "set", "dev", name, "up")
    for gateway in link.gateways:
        _inside(run, "route", "add", "default", "via", gateway, "dev", name)
    for route in link.routes:
        _inside(run, "route", "add", *route.words, "dev", name)


def _free_name(run: Run) -> str:
    told = _inside(run, "-o", "link", "show").splitlines()
    taken = {line.split()[1].rstrip(":").partition("@")[0] for line in told}
    return next(name for number in range(len(taken) + 1) if (name := f"eth{number}") not in taken)


def _inside(run: Run, *words: str) -> str:
    """What the host's ip says in the network of a container."""
    command = ("nsenter", f"--net=/proc/{run.pid}/ns/net", "ip", *words)
    return run_program(command, timeout=TOOL_SECONDS, domain=LXC).stdout.decode()


def _ip(*words: str) -> None:
    run_program(("ip", *words), timeout=TOOL_SECONDS, domain=LXC)
