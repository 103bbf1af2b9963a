"""A whole driver: two machines that always run. `pip install examples/rack-driver`, then `virtkit -c rack:/// list`."""

from __future__ import annotations

from uuid import NAMESPACE_DNS, uuid5

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import ConnectListAllDomainsFlags as Filter
from virtkit.enums import DomainState
from virtkit.errors import NoDomainError
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.records import DomainInfo
from virtkit.refs import DomainRef

GIB = 1024 * 1024  # in KiB
Rack = dict[bytes, tuple[DomainRef, DomainInfo]]


def machine(name: str, id: int, memory: int, cpus: int) -> tuple[DomainRef, DomainInfo]:
    ref = DomainRef(name, uuid5(NAMESPACE_DNS, name).bytes, id)
    return ref, DomainInfo(DomainState.RUNNING, memory, memory, cpus, 0)


class RackDriver(Driver[Rack], DomainDefinitionSpec[Rack], DomainStatisticsSpec[Rack]):
    name = "rack"
    hook_api = 1

    def driver_open(self, request: OpenRequest) -> Rack:
        return {
            ref.uuid: (ref, info) for ref, info in (machine("upper", 1, 4 * GIB, 2), machine("lower", 2, 8 * GIB, 4))
        }

    def connect_list_all_domains(self, conn: Rack, flags: int) -> list[DomainRef]:
        active = Filter.ACTIVE if flags & (Filter.ACTIVE | Filter.INACTIVE) else 0
        return [ref for ref, _info in conn.values() if flags & active == active]

    def domain_lookup_by_name(self, conn: Rack, name: str) -> DomainRef:
        for ref, _info in conn.values():
            if ref.name == name:
                return ref
        raise NoDomainError(f"the rack has no machine {name!r}")

    def domain_get_info(self, conn: Rack, dom: DomainRef) -> DomainInfo:
        return conn[dom.uuid][1]
