"""Which of a guest's documents a call is about: the one it runs with, its stored definition, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import DomainModificationImpact
from virtkit.errors import InvalidArgError
from virtkit.services.guests.guest import Guest, R

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG
BITS = LIVE | CONFIG


class Impact(NamedTuple):
    """The documents a change concerns."""

    live: bool
    config: bool


def of(guest: Guest[R], flags: int) -> Impact:
    """What the flags mean for a guest: neither bit is what it is now, running or off.

    Raises:
        OperationInvalidError: LIVE for one that is off, CONFIG for one that is transient.
    """
    flags = flags & BITS or (CONFIG if guest.run is None else LIVE)
    if flags & LIVE:
        guest.running()
    if flags & CONFIG:
        guest.definition()
    return Impact(bool(flags & LIVE), bool(flags & CONFIG))


def document(guest: Guest[R], flags: int) -> Domain:
    """The one document a question is about; not to be changed.

    Raises:
        InvalidArgError: Both are asked for.
        OperationInvalidError: As `of`.
    """
    if flags & LIVE and flags & CONFIG:
        raise InvalidArgError("LIVE and CONFIG exclude each other in a question: choose one", domain=guest.error_domain)
    return guest.running().live if of(guest, flags).live else guest.definition()
