"""Disks of the simulator's domains: sizes, counters, errors, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from virtkit.enums import DomainDiskErrorCode, ErrorDomain, TypedParameterFlags
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError, OperationUnsupportedError
from virtkit.hookspecs.domain_block import DomainBlockSpec
from virtkit.params import STRING, ULLONG, TypedParams
from virtkit.records import BlockInfo, BlockStats, DiskError
from virtkit.spec import quick
from virtkit_test.domain import check_impact, definition_of
from virtkit_test.figures import clock
from virtkit_test.filters import refuse
from virtkit_test.tuning import require_known

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain as DomainXML
    from virtkit.xml.domain.devices.disk import Disk, IoTune
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

SIZES = BlockInfo(allocation=1099511627776, capacity=1099506450432, physical=1099511627776)
"""Of every disk, in bytes."""

WAYS = ("total", "read", "write")
GROUPS = (
    *(tuple(f"{way}_{unit}_sec{suffix}" for way in WAYS) for suffix in ("", "_max") for unit in ("bytes", "iops")),
    ("size_iops_sec",),
    ("group_name",),
    *((f"{way}_{unit}_sec_max_length",) for unit in ("bytes", "iops") for way in WAYS),
)
"""Limits that are set together: of a group any of which is given, the others become none. In libvirt's order."""

LIMITS = tuple(name for group in GROUPS for name in group)
HIGHEST = 10**15


class BlockPart(DomainBlockSpec["TestState"]):
    """The functions about disks of domains."""

    @quick
    def domain_get_block_info(self, conn: TestState, dom: DomainRef, path: str, flags: int) -> BlockInfo:
        refuse("domain_get_block_info", flags)
        find_disk(conn.domains.by_ref(dom).document, path)
        return SIZES

    @quick
    def domain_block_stats(self, conn: TestState, dom: DomainRef, path: str) -> BlockStats:
        domain = conn.domains.by_ref(dom)
        if not path:
            raise OperationUnsupportedError("the simulator has no summary of all disks: name one", domain=TEST)
        domain.require_active()
        find_disk(domain.document, path)
        now = clock()
        return BlockStats(now // 10, now // 20, now // 30, now // 40, now // 2_000_000)

    @quick
    def domain_get_disk_errors(self, conn: TestState, dom: DomainRef, flags: int) -> list[DiskError]:
        refuse("domain_get_disk_errors", flags)
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        codes = (DomainDiskErrorCode.UNSPEC, DomainDiskErrorCode.NO_SPACE)
        return [DiskError(target(disk), codes[i % 2]) for i, disk in enumerate(domain.document.devices.disks)]

    @quick
    def domain_get_block_io_tune(self, conn: TestState, dom: DomainRef, disk: str | None, flags: int) -> TypedParams:
        from virtkit.xml.domain.devices.disk import IoTune

        known = TypedParameterFlags.STRING_OKAY
        document = definition_of(conn, dom, flags, "domain_get_block_io_tune", known)
        tune = find_disk(document, disk).iotune if disk is not None else IoTune()
        params = TypedParams()
        for name in LIMITS:
            if name == "group_name":
                params.put(name, STRING, tune.group_name or "")
            else:
                params.put(name, ULLONG, getattr(tune, name) or 0)
        return params

    @quick
    def domain_set_block_io_tune(
        self, conn: TestState, dom: DomainRef, disk: str, params: Mapping[str, Value], flags: int
    ) -> None:
        require_known("domain_set_block_io_tune", params, LIMITS)
        check_impact("domain_set_block_io_tune", flags)
        with conn.domains.hold(dom, "domain_set_block_io_tune") as domain:
            document = domain.definition(flags)
            found = find_disk(document, disk)
            found.iotune = _limited(found.iotune, params)


def find_disk(document: DomainXML, path: str) -> Disk:
    """The disk with that target or that source path.

    Raises:
        InvalidArgError: There is none.
    """
    for disk in document.devices.disks:
        source = disk.source
        if path == target(disk) or (source is not None and path in (source.file, source.dev, source.dir)):
            return disk
    raise InvalidArgError(f"domain {document.name!r} has no disk {path!r}", domain=TEST)


def target(disk: Disk) -> str:
    """The name a disk has for the guest."""
    return disk.target.dev or "" if disk.target is not None else ""


def _limited(tune: IoTune, params: Mapping[str, Value]) -> IoTune:
    """The limits after a change, if they make sense."""
    tune = tune.copy()
    for group in GROUPS:
        if any(name in params for name in group):
            for name in group:
                setattr(tune, name, params.get(name) or None)
    _check(tune)
    return tune


def _check(tune: IoTune) -> None:
    for total, *parts in GROUPS[:4]:
        if getattr(tune, total) and any(getattr(tune, part) for part in parts):
            raise InvalidArgError(f"{total} and {' or '.join(parts)} exclude each other: set one", domain=TEST)
    for name in LIMITS:
        value = getattr(tune, name) or 0
        if name != "group_name" and value > HIGHEST:
            raise ArgumentUnsupportedError(f"{name} {value} is above {HIGHEST}, the highest limit", domain=TEST)
    for name in (*GROUPS[0], *GROUPS[1]):
        value, highest = getattr(tune, name) or 0, getattr(tune, f"{name}_max") or 0
        if value > highest:
            raise InvalidArgError(f"{name} {value} is above {name}_max {highest}: raise that too", domain=TEST)
