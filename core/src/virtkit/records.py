"""Records: what hooks return when libvirt returns several fields. Fields stand in wire order.

Memory is in KiB, storage in bytes, times in nanoseconds unless a field says otherwise. CPU maps are bytes, bit 0 of
byte 0 is CPU 0. Integers that count something unknown are -1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.record import Record

if TYPE_CHECKING:
    from virtkit.enums import (
        DomainBlockJobType,
        DomainControlState,
        DomainDiskErrorCode,
        DomainJobType,
        DomainState,
        IPAddrType,
        StoragePoolState,
        StorageVolType,
        VcpuState,
    )
    from virtkit.params import TypedParams
    from virtkit.refs import DomainRef


class NodeInfo(Record):
    """`memory` in KiB; `mhz` 0 if unknown; `cpus` = nodes * sockets * cores * threads where the host is regular."""

    model: str
    memory: int
    cpus: int
    mhz: int
    nodes: int
    sockets: int
    cores: int
    threads: int


class NodeCpuMap(Record):
    """`cpumap` has the bits of CPUs online, `online` counts them, `present` is the number of CPUs in the map."""

    cpumap: bytes
    online: int
    present: int


class SecurityModel(Record):
    """`doi` is the domain of interpretation."""

    model: str
    doi: str


class SecurityLabel(Record):
    """A security label and whether the host enforces it."""

    label: str
    enforcing: bool


class DomainInfo(Record):
    """Memory in KiB, `cpu_time` in ns since start."""

    state: DomainState
    max_mem: int
    memory: int
    nr_virt_cpu: int
    cpu_time: int


class DomainStateReason(Record):
    """`reason` is a value of the reason enum of that state (`DomainRunningReason`, ...)."""

    state: DomainState
    reason: int


class ControlInfo(Record):
    """`details` is a `DomainControlErrorReason` when the state is error; `state_time` in ms since it was entered."""

    state: DomainControlState
    details: int
    state_time: int


class VcpuInfo(Record):
    """`cpu_time` in ns, `cpu` the host CPU it runs on or a `VcpuHostCpuState`, `cpumap` the CPUs it may use."""

    number: int
    state: VcpuState
    cpu_time: int
    cpu: int
    cpumap: bytes


class IothreadInfo(Record):
    """An I/O thread and the CPUs it may use."""

    iothread_id: int
    cpumap: bytes


class DomainStats(Record):
    """Statistics of one domain; field names as libvirt's bulk statistics."""

    dom: DomainRef
    params: TypedParams


class BlockStats(Record):
    """Requests and bytes since start; -1 where the driver does not know."""

    rd_req: int
    rd_bytes: int
    wr_req: int
    wr_bytes: int
    errs: int


class InterfaceStats(Record):
    """Counters since start, seen from the guest; -1 where the driver does not know."""

    rx_bytes: int
    rx_packets: int
    rx_errs: int
    rx_drop: int
    tx_bytes: int
    tx_packets: int
    tx_errs: int
    tx_drop: int


class BlockInfo(Record):
    """Bytes: `allocation` highest used, `capacity` as the guest sees it, `physical` size of the container."""

    allocation: int
    capacity: int
    physical: int


class BlockJobInfo(Record):
    """`bandwidth` in MiB/s or bytes/s as the call's flags say; `cur` of `end` in the job's own unit."""

    type: DomainBlockJobType
    bandwidth: int
    cur: int
    end: int


class JobInfo(Record):
    """Times in ms, the rest in bytes."""

    type: DomainJobType
    time_elapsed: int
    time_remaining: int
    data_total: int
    data_processed: int
    data_remaining: int
    mem_total: int
    mem_processed: int
    mem_remaining: int
    file_total: int
    file_processed: int
    file_remaining: int


class JobStats(Record):
    """A job and what it counts, by libvirt's names of job fields."""

    type: DomainJobType
    params: TypedParams


class GuestTime(Record):
    """Time in the guest since 1970, UTC."""

    seconds: int
    nseconds: int


class FilesystemInfo(Record):
    """`dev_aliases` are the disks it lies on, by target name."""

    mountpoint: str
    name: str
    fstype: str
    dev_aliases: list[str]


class IPAddress(Record):
    """An address and its prefix length."""

    type: IPAddrType
    addr: str
    prefix: int


class DomainInterface(Record):
    """`hwaddr` None for an interface without one."""

    name: str
    hwaddr: str | None
    addrs: list[IPAddress]


class DiskError(Record):
    """A disk, by target name, and what is wrong with it."""

    disk: str
    error: DomainDiskErrorCode


class DHCPLease(Record):
    """`expirytime` in seconds since 1970, 0 = never. `clientid` is the DUID for IPv6, where `iaid` also stands."""

    iface: str
    expirytime: int
    type: IPAddrType
    mac: str | None
    iaid: str | None
    ipaddr: str
    prefix: int
    hostname: str | None
    clientid: str | None


class StoragePoolInfo(Record):
    """Sizes in bytes."""

    state: StoragePoolState
    capacity: int
    allocation: int
    available: int


class StorageVolInfo(Record):
    """Sizes in bytes. With the GET_PHYSICAL flag `allocation` is the physical size."""

    type: StorageVolType
    capacity: int
    allocation: int


class MigrateBegin(Record):
    """The cookie for the destination and the XML to start there."""

    cookie_out: bytes
    xml: str


class MigratePrepare(Record):
    """`uri_out` where the data goes, None: where the source was told."""

    cookie_out: bytes
    uri_out: str | None


class MigrateFinish(Record):
    """The domain at the destination and the cookie for the source."""

    dom: DomainRef
    cookie_out: bytes
