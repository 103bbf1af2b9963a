"""Containers as configuration: described, defined, created, undefined; the rest all drivers have in common."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainUndefineFlags,
    DomainXMLFlags,
    ErrorDomain,
)
from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.services.guests import configuration, describing, listing
from virtkit.services.guests.configuration import ConfigurationPart
from virtkit.spec import quick
from virtkit_lxc import drafts, native, starting, templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef
    from virtkit_lxc.state import Session

LXC = ErrorDomain.LXC

refuse = partial(listing.refuse, domain=LXC)
admitted = partial(listing.admitted, domain=LXC)


class DefinitionPart(ConfigurationPart["Session"]):
    """The functions of the driver about domains as configuration."""

    @quick
    def domain_get_xml_desc(self, conn: Session, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_xml_desc", flags, sum(DomainXMLFlags))
        guest = conn.read().by_ref(dom)
        return describing.describe(guest, flags, lambda run: describing.without_run(run.live)).format()

    @quick
    def domain_has_managed_save_image(self, conn: Session, dom: DomainRef, flags: int) -> bool:
        refuse("domain_has_managed_save_image", flags)
        conn.read().by_ref(dom)
        return False  # nothing saves a container

    def domain_define_xml_flags(self, conn: Session, xml: str, flags: int) -> DomainRef:
        refuse("domain_define_xml_flags", flags, DomainDefineFlags.VALIDATE)
        state = conn.own()
        return configuration.define(state, *drafts.read(xml, validate=bool(flags & DomainDefineFlags.VALIDATE)))

    def domain_create_xml(self, conn: Session, xml_desc: str, flags: int) -> DomainRef:
        return _create("domain_create_xml", conn, xml_desc, flags)

    def domain_create_xml_with_files(self, conn: Session, xml_desc: str, flags: int, files: Sequence[int]) -> DomainRef:
        return _create("domain_create_xml_with_files", conn, xml_desc, flags, files)

    def connect_domain_xml_from_native(self, conn: Session, native_format: str, native_config: str, flags: int) -> str:
        refuse("connect_domain_xml_from_native", flags)
        if native_format != native.FORMAT:
            raise InvalidArgError(
                f"configurations of format {native_format!r} are not known here, only {native.FORMAT}", domain=LXC
            )
        return native.read(native_config).format()

    def domain_undefine_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_undefine_flags", flags, sum(DomainUndefineFlags))  # of what they remove a container has nothing
        with conn.hold(dom, "domain_undefine_flags") as (state, guest):
            configuration.require_persistent(guest, "undefined")
            configuration.undefine(state, guest)
            if guest.run is None:
                templates.forget(state, guest.uuid)


def _create(function: str, conn: Session, xml: str, flags: int, files: Sequence[int] = ()) -> DomainRef:
    refuse(function, flags, starting.FLAGS)
    state = conn.own()
    draft = drafts.read(xml, validate=bool(flags & DomainCreateFlags.START_VALIDATE))
    guest = state.obtain(draft.name, draft.uuid)
    with state.domains.lock_of(guest).hold(function):
        if guest.run is not None:
            raise OperationInvalidError(f"{guest.subject} is running already", domain=LXC)
        try:
            return starting.serve(conn, guest, draft.domain, flags, files)
        except BaseException:
            if guest.config is None and guest.run is None:  # one that runs stays in sight, whatever failed then
                state.domains.remove(guest)
            raise
