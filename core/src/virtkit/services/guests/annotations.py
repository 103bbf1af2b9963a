"""Title, description and the elements that applications keep in a domain's document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from virtkit.define.metadata import get_metadata, set_metadata
from virtkit.enums import DomainMetadataType
from virtkit.errors import InvalidArgError
from virtkit.events import DomainMetadataChangeEvent
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.services.guests import impact
from virtkit.services.guests.configuration import redefine
from virtkit.services.guests.listing import refuse
from virtkit.services.guests.state import GuestSession

if TYPE_CHECKING:
    from virtkit.refs import DomainRef

S = TypeVar("S", bound=GuestSession[Any, Any])


class AnnotationsPart(DomainDefinitionSpec[S]):
    """The functions of a driver about metadata."""

    def domain_get_metadata(self, conn: S, dom: DomainRef, type: int, uri: str | None, flags: int) -> str:
        refuse("domain_get_metadata", flags, impact.BITS, domain=conn.state.error_domain)
        guest = conn.read().by_ref(dom)
        return get_metadata(impact.document(guest, flags), _kind(type, conn.state.error_domain), uri)

    def domain_set_metadata(
        self,
        conn: S,
        dom: DomainRef,
        type: int,
        metadata: str | None,
        key: str | None,
        uri: str | None,
        flags: int,
    ) -> None:
        refuse("domain_set_metadata", flags, impact.BITS, domain=conn.state.error_domain)
        kind = _kind(type, conn.state.error_domain)
        with conn.hold(dom, "domain_set_metadata") as (state, guest):
            concerned = impact.of(guest, flags)
            live, config = (guest.running().live.copy() if concerned.live else None), None
            if concerned.config:
                config = guest.definition()
                set_metadata(config, kind, metadata, key, uri)
            if live is not None:
                set_metadata(live, kind, metadata, key, uri)
            if config is not None:
                redefine(state, guest, config)
            if live is not None:
                guest.running().live = live
                state.note(guest)
            state.publish(guest, DomainMetadataChangeEvent(kind, uri))


def _kind(type: int, domain: int) -> DomainMetadataType:
    try:
        return DomainMetadataType(type)
    except ValueError:
        raise InvalidArgError(f"there is no metadata of type {type}", domain=domain) from None
