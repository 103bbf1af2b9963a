"""How a guest is, as far as its driver knows without asking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.records import DomainStateReason
from virtkit.services.guests.listing import refuse
from virtkit.services.guests.state import GuestSession
from virtkit.spec import quick

if TYPE_CHECKING:
    from virtkit.refs import DomainRef

S = TypeVar("S", bound=GuestSession[Any, Any])


class StatesPart(DomainStatisticsSpec[S]):
    """The functions of a driver about states; a driver's part about statistics inherits it."""

    @quick
    def domain_get_state(self, conn: S, dom: DomainRef, flags: int) -> DomainStateReason:
        refuse("domain_get_state", flags, domain=conn.state.error_domain)
        guest = conn.read().by_ref(dom)
        return DomainStateReason(guest.state, guest.reason)

    @quick
    def domain_get_os_type(self, conn: S, dom: DomainRef) -> str:
        return conn.read().by_ref(dom).figures().os_type
