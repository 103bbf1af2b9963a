"""How a guest is and what it uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.enums import DomainControlErrorReason, DomainControlState, DomainStatsTypes, DomainVcpuFlags, ErrorDomain
from virtkit.errors import InvalidArgError, OperationTimeoutError
from virtkit.hookspecs.domain_resources import DomainResourcesSpec
from virtkit.network.links import Links
from virtkit.network.ownership import device_of, find
from virtkit.network.traffic import seen_from_guest
from virtkit.records import ControlInfo, DomainInfo, DomainStats, InterfaceStats
from virtkit.services import process as processes
from virtkit.services.guests import impact
from virtkit.services.guests.guest import Figures
from virtkit.services.guests.states import StatesPart
from virtkit.spec import quick
from virtkit_qemu import bulk
from virtkit_qemu.definition import admitted, refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit_qemu.state import Session

OK = ControlInfo(DomainControlState.OK, DomainControlErrorReason.NONE, 0)


class StatisticsPart(StatesPart["Session"]):
    """The functions of the driver about states and figures."""

    @quick
    def domain_get_info(self, conn: Session, dom: DomainRef) -> DomainInfo:
        guest = conn.read().by_ref(dom)
        run, figures = guest.run, guest.figures()
        used = processes.cpu_time(run.pid) if run else 0
        return DomainInfo(guest.state, figures.memory, figures.current, figures.vcpus, used)

    @quick
    def domain_get_control_info(self, conn: Session, dom: DomainRef, flags: int) -> ControlInfo:
        refuse("domain_get_control_info", flags)
        domains = conn.read()
        guest = domains.by_ref(dom)
        run = guest.running()
        try:
            with domains.lock_of(guest).hold("domain_get_control_info", timeout=0):
                if conn.state.owned and run.emulator is None:
                    return ControlInfo(DomainControlState.ERROR, DomainControlErrorReason.MONITOR, 0)
                return OK
        except OperationTimeoutError:
            return ControlInfo(DomainControlState.OCCUPIED, DomainControlErrorReason.NONE, 0)

    def domain_interface_stats(self, conn: Session, dom: DomainRef, device: str) -> InterfaceStats:
        interface = find(conn.read().by_ref(dom).running().live, device, ErrorDomain.QEMU)
        with Links(domain=ErrorDomain.QEMU) as links:
            counters = links.counters().get(device_of(interface) or "")
        if counters is None:
            raise InvalidArgError(
                f"interface {device!r} of domain {dom.name!r} has no device on this host, so nothing is counted",
                domain=ErrorDomain.QEMU,
            )
        return seen_from_guest(counters, interface)

    def connect_get_all_domain_stats(
        self, conn: Session, doms: Sequence[DomainRef], stats: int, flags: int
    ) -> list[DomainStats]:
        groups = bulk.groups_of(stats, flags)
        wanted = {dom.uuid for dom in doms}
        guests = [guest for guest in conn.read().all() if not wanted or guest.uuid in wanted]
        guests = admitted(guests, flags & ~bulk.HOW)
        known = bulk.counters(guests) if groups & DomainStatsTypes.INTERFACE else {}
        return [DomainStats(guest.ref, bulk.collect(guest, groups, known)) for guest in guests]


class ResourcesPart(DomainResourcesSpec["Session"]):
    """The functions of the driver about what a guest is given."""

    @quick
    def domain_get_vcpus_flags(self, conn: Session, dom: DomainRef, flags: int) -> int:
        refuse("domain_get_vcpus_flags", flags, impact.BITS | DomainVcpuFlags.MAXIMUM)
        figures = Figures.of(impact.document(conn.read().by_ref(dom), flags))
        return figures.max_vcpus if flags & DomainVcpuFlags.MAXIMUM else figures.vcpus
