"""Metadata of containers: like any other, but for what they say of limits, which is followed while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainMetadataType, ErrorDomain
from virtkit.errors import OperationInvalidError
from virtkit.events import DomainMetadataChangeEvent
from virtkit.services.guests import impact
from virtkit.services.guests.annotations import AnnotationsPart
from virtkit_lxc import cgroups
from virtkit_lxc.changes import change
from virtkit_lxc.define import additions
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState, Session


class AdditionsPart(AnnotationsPart["Session"]):
    """The functions of the driver about metadata."""

    def domain_set_metadata(
        self,
        conn: Session,
        dom: DomainRef,
        type: int,
        metadata: str | None,
        key: str | None,
        uri: str | None,
        flags: int,
    ) -> None:
        if type != DomainMetadataType.ELEMENT or uri != additions.NAMESPACE:
            super().domain_set_metadata(conn, dom, type, metadata, key, uri, flags)
            return
        refuse("domain_set_metadata", flags, impact.BITS)
        kind = DomainMetadataType.ELEMENT

        def edit(domain: Domain) -> None:
            from virtkit.define.metadata import set_metadata

            set_metadata(domain, kind, metadata, key, uri)
            wanted.append(additions.read(domain))

        def apply(state: LxcState, guest: Container, run: Run) -> None:
            before, after = additions.read(run.live), wanted[-1]
            if before[1:] != after[1:]:
                raise OperationInvalidError(
                    f"{guest.subject} is running, so of {additions.NAMESPACE} only <pids> can be changed: use CONFIG",
                    domain=ErrorDomain.LXC,
                )
            if before.pids != after.pids:
                cgroups.write(state.layout, run.cgroup, "pids.max", after.pids or "max")

        wanted: list[additions.Additions] = []
        state, guest, _ = change(conn, dom, "domain_set_metadata", flags, edit, apply)
        state.publish(guest, DomainMetadataChangeEvent(kind, uri))
