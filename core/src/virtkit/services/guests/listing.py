"""Which guests the flags of a list leave, and the flags that a function does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import ConnectListAllDomainsFlags as Listed
from virtkit.enums import DomainState
from virtkit.errors import unsupported_flags
from virtkit.services.guests.guest import Guest, R

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMED_STATES = {
    DomainState.RUNNING: Listed.RUNNING,
    DomainState.PAUSED: Listed.PAUSED,
    DomainState.SHUTOFF: Listed.SHUTOFF,
}

FILTERS: tuple[tuple[int, Callable[[Guest[Any]], int]], ...] = (
    (Listed.ACTIVE | Listed.INACTIVE, lambda guest: Listed.ACTIVE if guest.run else Listed.INACTIVE),
    (
        Listed.PERSISTENT | Listed.TRANSIENT,
        lambda guest: Listed.TRANSIENT if guest.config is None else Listed.PERSISTENT,
    ),
    (
        Listed.RUNNING | Listed.PAUSED | Listed.SHUTOFF | Listed.OTHER,
        lambda guest: _NAMED_STATES.get(guest.state, Listed.OTHER),
    ),
    (
        Listed.AUTOSTART | Listed.NO_AUTOSTART,
        lambda guest: Listed.AUTOSTART if guest.autostart else Listed.NO_AUTOSTART,
    ),
    (Listed.MANAGEDSAVE | Listed.NO_MANAGEDSAVE, lambda guest: Listed.NO_MANAGEDSAVE),
    (Listed.HAS_SNAPSHOT | Listed.NO_SNAPSHOT, lambda guest: Listed.NO_SNAPSHOT),
    (Listed.HAS_CHECKPOINT | Listed.NO_CHECKPOINT, lambda guest: Listed.NO_CHECKPOINT),
)
"""Groups of flags, and which of a group a guest has."""


def admitted(guests: list[Guest[R]], flags: int, *, domain: int = 0) -> list[Guest[R]]:
    """The guests that the flags of a list leave."""
    if not flags:
        return guests
    asked = _asked(flags, domain)
    return [guest for guest in guests if all(bits & of(guest) for bits, of in asked)]


def _asked(flags: int, domain: int) -> list[tuple[int, Callable[[Guest[Any]], int]]]:
    """The groups that some flags choose from."""
    unknown = flags & ~sum(group for group, _ in FILTERS)
    if unknown:
        raise unsupported_flags("connect_list_all_domains", unknown, domain=domain)
    return [(flags & group, of) for group, of in FILTERS if flags & group]


def refuse(function: str, flags: int, known: int = 0, *, domain: int = 0) -> None:
    """Refuse the flags that a function does not know.

    Raises:
        InvalidArgError: There are some.
    """
    unknown = flags & ~int(known)  # the complement of a flag knows no other bits than its class
    if unknown:
        raise unsupported_flags(function, unknown, domain=domain)
