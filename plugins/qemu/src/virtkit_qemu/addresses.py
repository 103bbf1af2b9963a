"""The addresses of a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainInterfaceAddressesSource as Source
from virtkit.enums import ErrorDomain
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError
from virtkit.hookspecs.domain_guest import DomainGuestSpec
from virtkit.network import addresses
from virtkit.network.links import Links
from virtkit_qemu import interfaces
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from virtkit.records import DomainInterface
    from virtkit.refs import DomainRef
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU


class AddressesPart(DomainGuestSpec["Session"]):
    """The functions of the driver about what goes on inside a guest."""

    def domain_interface_addresses(
        self, conn: Session, dom: DomainRef, source: int, flags: int
    ) -> list[DomainInterface]:
        refuse("domain_interface_addresses", flags)
        found = interfaces.plugged(conn.read().by_ref(dom).running().live)
        if source == Source.LEASE:
            return addresses.leased(conn.state.peers, found)
        if source == Source.ARP:
            with Links(domain=QEMU) as links:
                return addresses.neighbouring(links, found)
        if source == Source.AGENT:
            raise ArgumentUnsupportedError(
                f"domain {dom.name!r} cannot be asked through a guest agent yet: use LEASE or ARP", domain=QEMU
            )
        raise InvalidArgError(
            f"there is no source {source} of addresses: use one of {', '.join(each.name for each in Source)}",
            domain=QEMU,
        )
