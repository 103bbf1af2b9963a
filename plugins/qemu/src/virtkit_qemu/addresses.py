"""The addresses of a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainInterfaceAddressesSource as Source
from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.hookspecs.domain_guest import DomainGuestSpec
from virtkit.network import addresses
from virtkit.network.links import Links
from virtkit_qemu import answers, interfaces
from virtkit_qemu.definition import refuse
from virtkit_qemu.inside import ask

if TYPE_CHECKING:
    from virtkit.records import DomainInterface
    from virtkit.refs import DomainRef
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU


class AddressesPart(DomainGuestSpec["Session"]):
    """The function of the driver about the addresses of a guest."""

    def domain_interface_addresses(
        self, conn: Session, dom: DomainRef, source: int, flags: int
    ) -> list[DomainInterface]:
        refuse("domain_interface_addresses", flags)
        if source == Source.AGENT:
            command = "guest-network-get-interfaces"
            inside: list[DomainInterface] = ask(conn, dom, "domain_interface_addresses", command, answers.interfaces)
            return inside
        found = interfaces.plugged(conn.read().by_ref(dom).running().live)
        if source == Source.LEASE:
            return addresses.leased(conn.state.peers, found)
        if source == Source.ARP:
            with Links(domain=QEMU) as links:
                return addresses.neighbouring(links, found)
        raise InvalidArgError(
            f"there is no source {source} of addresses: use one of {', '.join(each.name for each in Source)}",
            domain=QEMU,
        )
