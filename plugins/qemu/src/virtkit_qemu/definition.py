"""Guests as configuration: described, defined, created, undefined; the rest all drivers have in common."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainUndefineFlags,
    DomainXMLFlags,
    ErrorDomain,
)
from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.services.guests import configuration, listing
from virtkit.services.guests.configuration import ConfigurationPart
from virtkit.spec import quick
from virtkit_qemu import describing, drafts, starting
from virtkit_qemu.guest import Guest

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU

UNDEFINE_FLAGS = sum(DomainUndefineFlags)

refuse = partial(listing.refuse, domain=QEMU)
admitted = partial(listing.admitted, domain=QEMU)


class DefinitionPart(ConfigurationPart["Session"]):
    """The functions of the driver about domains as configuration."""

    @quick
    def domain_get_xml_desc(self, conn: Session, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_xml_desc", flags, sum(DomainXMLFlags))
        return describing.describe(conn.read().by_ref(dom), flags)

    def domain_define_xml_flags(self, conn: Session, xml: str, flags: int) -> DomainRef:
        refuse("domain_define_xml_flags", flags, DomainDefineFlags.VALIDATE)
        state = conn.own()
        draft = drafts.read(state.binaries, xml, validate=bool(flags & DomainDefineFlags.VALIDATE))
        return configuration.define(state, *draft)

    def domain_create_xml(self, conn: Session, xml_desc: str, flags: int) -> DomainRef:
        refuse("domain_create_xml", flags, starting.FLAGS)
        state = conn.own()
        draft = drafts.read(state.binaries, xml_desc, validate=bool(flags & DomainCreateFlags.START_VALIDATE))
        guest = state.obtain(draft.name, draft.uuid)
        with state.domains.lock_of(guest).hold("domain_create_xml"):
            if guest.run is not None:
                raise OperationInvalidError(f"{guest.subject} is running already", domain=QEMU)
            try:
                return starting.serve(conn, guest, draft.domain, flags)
            except BaseException:
                if guest.config is None and guest.run is None:  # one that runs stays in sight, whatever failed then
                    state.domains.remove(guest)
                raise

    def domain_undefine_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_undefine_flags", flags, UNDEFINE_FLAGS)
        for one, other in (("NVRAM", "KEEP_NVRAM"), ("TPM", "KEEP_TPM")):
            if flags & DomainUndefineFlags[one] and flags & DomainUndefineFlags[other]:
                raise InvalidArgError(f"{one} and {other} exclude each other: choose one", domain=QEMU)
        with conn.hold(dom, "domain_undefine_flags") as (state, guest):
            configuration.require_persistent(guest, "undefined")
            variables = _firmware_variables(guest)
            if (
                variables
                and guest.run is None
                and not flags & (DomainUndefineFlags.NVRAM | DomainUndefineFlags.KEEP_NVRAM)
            ):
                raise OperationInvalidError(
                    f"{guest.subject} has firmware variables in {variables}: say NVRAM to delete or KEEP_NVRAM to keep "
                    "them",
                    domain=QEMU,
                )
            if variables and flags & DomainUndefineFlags.NVRAM:
                variables.unlink(missing_ok=True)
            configuration.undefine(state, guest)


def _firmware_variables(guest: Guest) -> Path | None:
    if guest.config is None or b"<nvram" not in guest.config:  # parsing it takes twice as long as all else
        return None
    nvram = guest.definition().os.nvram
    return Path(nvram.path) if nvram is not None and nvram.path and os.path.exists(nvram.path) else None
