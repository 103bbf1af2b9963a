"""A whole driver: two machines that always run. `pip install examples/rack-driver`, `virtkit -c rack:/// list`."""

from __future__ import annotations

from uuid import NAMESPACE_DNS, uuid5

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import ConnectListAllDomainsFlags as Filter
from virtkit.enums import DomainState
from virtkit.errors import NoDomainError, unsupported_flags
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.records import DomainInfo
from virtkit.refs import DomainRef

EVERY_MACHINE = Filter.ACTIVE | Filter.PERSISTENT | Filter.RUNNING | Filter.NO_AUTOSTART
EVERY_MACHINE |= Filter.NO_MANAGEDSAVE | Filter.NO_SNAPSHOT | Filter.NO_CHECKPOINT
GROUPS = (0x3, 0xC, 0xF0, 0x300, 0xC00, 0x3000, 0xC000)  # filters that are alternatives of each other
Rack = dict[bytes, tuple[DomainRef, DomainInfo]]


def machine(name: str, id: int, gib: int, cpus: int) -> tuple[DomainRef, DomainInfo]:
    info = DomainInfo(DomainState.RUNNING, gib << 20, gib << 20, cpus, 0)
    return DomainRef(name, uuid5(NAMESPACE_DNS, name).bytes, id), info


class RackDriver(Driver[Rack], DomainDefinitionSpec[Rack], DomainStatisticsSpec[Rack]):
    name = "rack"
    hook_api = 1

    def driver_open(self, request: OpenRequest) -> Rack:
        return {each[0].uuid: each for each in (machine("upper", 1, 4, 2), machine("lower", 2, 8, 4))}

    # The core derives lookups, counts and lists of names and ids from this list.
    def connect_list_all_domains(self, conn: Rack, flags: int) -> list[DomainRef]:
        if flags >> 16:
            raise unsupported_flags("connect_list_all_domains", flags)
        asked = [flags & group for group in GROUPS if flags & group]
        return [ref for ref, _info in conn.values()] if all(group & EVERY_MACHINE for group in asked) else []

    def domain_get_info(self, conn: Rack, dom: DomainRef) -> DomainInfo:
        if dom.uuid not in conn:
            raise NoDomainError(f"the rack has no machine {dom.name!r}")
        return conn[dom.uuid][1]
