"""Network interfaces that end on the host: plugged in when a guest starts, found again, unplugged when it has ended.

QEMU gets open descriptors of its taps, so it needs no privilege for them, and they live as long as it does. pyroute2 is
imported only for guests that have such interfaces.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import VirtError
from virtkit.network import plugging
from virtkit.network.links import MACVLAN_MODES, Links, open_tap
from virtkit.network.ownership import PLUGGED, Owner, device_of, mac_of, name_device

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_qemu.guest import Guest, Run
    from virtkit_qemu.state import QemuState

TAP_NAMES = "vnet%d"

QEMU = ErrorDomain.QEMU

_log = logging.getLogger(__name__)


def plugged(domain: Domain) -> list[Interface]:
    """The interfaces of a domain that end on the host."""
    return [interface for interface in domain.devices.interfaces if interface.type in PLUGGED]


@contextmanager
def plug(state: QemuState, guest: Guest, run: Run) -> Iterator[dict[str, tuple[int, ...]]]:
    """Plug the interfaces of a guest in that is about to start. Whoever fails afterwards calls `unplug`.

    Yields:
        Alias of each interface -> descriptors of its device for QEMU to inherit; closed here in the end.

    Raises:
        VirtError: As `virtkit.network.plugging.settle` and `plug`.
    """
    found = plugged(run.live)
    with ExitStack() as files:
        descriptors: dict[str, tuple[int, ...]] = {}
        if found:
            links, owner = files.enter_context(Links(domain=QEMU)), _owner(guest)
            for interface in found:
                plugging.prepare(interface)
            state.record(guest)
            for interface in found:
                plugging.settle(state.peers, owner, links, interface)
                if interface.type == "direct":
                    state.record(guest)  # a macvtap is not gone with the process that made it
                opened = plugging.plug(state.peers, owner, links, interface, partial(_make, files))
                descriptors[interface.alias or ""] = tuple(opened)
        yield descriptors


def restore(state: QemuState, guest: Guest, run: Run) -> None:
    """See that the interfaces of an adopted guest are plugged in; what is wrong is logged."""
    _with_each(guest, run, partial(plugging.restore, state.peers))


def unplug(state: QemuState, guest: Guest, run: Run) -> None:
    """Undo what was done for the interfaces of a run that has ended, or whose start failed; what is left is logged."""
    _with_each(guest, run, partial(plugging.unplug, state.peers))


def _owner(guest: Guest) -> Owner:
    return Owner(guest.name, guest.uuid, QEMU)


def _with_each(guest: Guest, run: Run, do: Callable[[Owner, Links, Interface], None]) -> None:
    found = plugged(run.live)
    if found:
        try:
            with Links(domain=QEMU) as links:
                for interface in found:
                    do(_owner(guest), links, interface)
        except VirtError as error:
            _log.error("the interfaces of %s are left as they are: %s", guest.subject, error)


def _make(files: ExitStack, links: Links, interface: Interface) -> list[int]:
    """Make the device of a settled interface and open it; the descriptors are closed with `files`."""
    virtio = (interface.model or "").startswith("virtio")
    queues = (interface.driver.queues if interface.driver and virtio else None) or 1
    name = device_of(interface) or TAP_NAMES
    if interface.type == "direct":
        _add_macvtap(links, interface, name)
    link = links.find(name)
    if link is not None and link.kind == "macvtap":
        from virtkit.network import macvtap

        opened = macvtap.open_queues(name, queues=queues, headers=virtio, domain=QEMU)
    else:
        name, opened = open_tap(name, queues=queues, headers=virtio, domain=QEMU)
    for file in opened:
        files.callback(os.close, file)
    name_device(interface, name)
    return opened


def _add_macvtap(links: Links, interface: Interface, name: str) -> None:
    source = interface.source
    assert source is not None
    links.add_macvtap(name, source.dev or "", mac=mac_of(interface), mode=MACVLAN_MODES[source.mode or "vepa"])
