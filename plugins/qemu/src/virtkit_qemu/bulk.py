"""Statistics of many guests in one call: the host is asked once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from virtkit.enums import ConnectGetAllDomainStatsFlags as Flags
from virtkit.enums import DomainStatsTypes as Types
from virtkit.enums import ErrorDomain
from virtkit.errors import ArgumentUnsupportedError
from virtkit.network.links import Links
from virtkit.network.ownership import device_of
from virtkit.network.traffic import seen_from_guest
from virtkit.params import INT, STRING, UINT, ULLONG, TypedParams
from virtkit.services import process as processes
from virtkit_qemu import interfaces

if TYPE_CHECKING:
    from virtkit_qemu.guest import Guest

GROUPS = Types.STATE | Types.CPU_TOTAL | Types.BALLOON | Types.INTERFACE

HOW = Flags.NOWAIT | Flags.BACKING | Flags.ENFORCE_STATS
"""Flags that do not choose guests."""

Counters = Mapping[str, Mapping[str, int]]

FIELDS = ("bytes", "pkts", "errs", "drop")
"""Of each way of an interface, in the order of `InterfaceStats`."""


def groups_of(stats: int, flags: int) -> int:
    """The groups to answer.

    Raises:
        ArgumentUnsupportedError: Others are insisted on.
    """
    if flags & Flags.ENFORCE_STATS and stats & ~GROUPS:
        raise ArgumentUnsupportedError(
            f"statistics {stats & ~GROUPS:#x} are not known here: ask for {int(GROUPS):#x} only",
            domain=ErrorDomain.QEMU,
        )
    return stats & GROUPS if stats else GROUPS


def counters(guests: Sequence[Guest]) -> Counters:
    """What went through the devices of all guests; nothing is asked where no guest has one."""
    if not any(guest.run is not None and interfaces.plugged(guest.run.live) for guest in guests):
        return {}
    with Links(domain=ErrorDomain.QEMU) as links:
        return links.counters()


def collect(guest: Guest, groups: int, known: Counters) -> TypedParams:
    """The statistics of a guest.

    Args:
        guest: The guest.
        groups: Of `GROUPS`.
        known: What `counters` told.
    """
    params = TypedParams()
    if groups & Types.STATE:
        params.put("state.state", INT, int(guest.state)).put("state.reason", INT, int(guest.reason))
    if groups & Types.CPU_TOTAL and guest.run is not None:
        params.put("cpu.time", ULLONG, processes.cpu_time(guest.run.pid))
    if groups & Types.BALLOON:
        figures = guest.figures()
        params.put("balloon.current", ULLONG, figures.current).put("balloon.maximum", ULLONG, figures.memory)
    if groups & Types.INTERFACE and guest.run is not None:
        _interfaces(params, guest, known)
    return params


def _interfaces(params: TypedParams, guest: Guest, known: Counters) -> None:
    assert guest.run is not None
    found = guest.run.live.devices.interfaces
    params.put("net.count", UINT, len(found))
    for number, interface in enumerate(found):
        device = device_of(interface)
        if device is None:
            continue
        params.put(f"net.{number}.name", STRING, device)
        if device in known:
            figures = seen_from_guest(known[device], interface)
            names = [f"net.{number}.{way}.{field}" for way in ("rx", "tx") for field in FIELDS]
            for name, value in zip(names, figures, strict=True):
                params.put(name, ULLONG, value)
