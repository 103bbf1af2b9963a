"""Limits of the simulator's domains as typed parameters: memory, block I/O, NUMA, interfaces, disks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from virtkit import constants
from virtkit.constants import DOMAIN_MEMORY_PARAM_UNLIMITED as UNLIMITED
from virtkit.enums import DomainNumatuneMemMode, ErrorDomain, TypedParameterFlags
from virtkit.errors import ArgumentUnsupportedError, ConfigUnsupportedError, InvalidArgError
from virtkit.hookspecs.domain_device import DomainDeviceSpec
from virtkit.hookspecs.domain_resources import DomainResourcesSpec
from virtkit.params import INT, STRING, UINT, ULLONG, TypedParams
from virtkit.spec import quick
from virtkit_test.devices import find_interface
from virtkit_test.domain import check_impact, definition_of

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain as DomainXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
DOMAIN = ErrorDomain.DOMAIN
STRING_OKAY = TypedParameterFlags.STRING_OKAY

MEMORY_FIELDS = (
    constants.DOMAIN_MEMORY_HARD_LIMIT,
    constants.DOMAIN_MEMORY_SOFT_LIMIT,
    constants.DOMAIN_MEMORY_SWAP_HARD_LIMIT,
)
"""Parameters of memory, named as the fields of the definition; in KiB."""

DEVICE_FIELDS = {
    constants.DOMAIN_BLKIO_DEVICE_WEIGHT: "weight",
    constants.DOMAIN_BLKIO_DEVICE_READ_IOPS: "read_iops",
    constants.DOMAIN_BLKIO_DEVICE_WRITE_IOPS: "write_iops",
    constants.DOMAIN_BLKIO_DEVICE_READ_BPS: "read_bytes",
    constants.DOMAIN_BLKIO_DEVICE_WRITE_BPS: "write_bytes",
}
"""Parameters of the host's block devices -> field of the definition."""

DIRECTIONS = {
    "inbound": ("average", "peak", "burst", "floor"),
    "outbound": ("average", "peak", "burst"),
}
MODES = ("strict", "preferred", "interleave", "restrictive")
"""NUMA modes by `DomainNumatuneMemMode`."""


class TuningPart(DomainResourcesSpec["TestState"]):
    """The functions about limits of memory, block I/O and NUMA."""

    @quick
    def domain_get_memory_parameters(self, conn: TestState, dom: DomainRef, flags: int) -> TypedParams:
        document = definition_of(conn, dom, flags, "domain_get_memory_parameters", STRING_OKAY)
        return TypedParams.all_of(ULLONG, {name: _limit(document, name) for name in MEMORY_FIELDS})

    @quick
    def domain_set_memory_parameters(
        self, conn: TestState, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        require_known("domain_set_memory_parameters", params, MEMORY_FIELDS)
        check_impact("domain_set_memory_parameters", flags)
        with conn.domains.hold(dom, "domain_set_memory_parameters") as domain:
            document = domain.definition(flags)
            limits = {name: int(params.get(name, _limit(document, name))) for name in MEMORY_FIELDS}
            if limits["hard_limit"] > limits["swap_hard_limit"]:
                raise InvalidArgError(
                    f"domain {domain.name!r}: hard_limit {limits['hard_limit']} exceeds swap_hard_limit "
                    f"{limits['swap_hard_limit']}: memory with swap is no less than memory",
                    domain=TEST,
                )
            for name, value in limits.items():
                setattr(document.mem_tune, name, None if value >= UNLIMITED else value)

    @quick
    def domain_get_blkio_parameters(self, conn: TestState, dom: DomainRef, flags: int) -> TypedParams:
        tune = definition_of(conn, dom, flags, "domain_get_blkio_parameters", STRING_OKAY).blkio_tune
        params = TypedParams().put(constants.DOMAIN_BLKIO_WEIGHT, UINT, tune.weight or 0)
        for name, field in DEVICE_FIELDS.items():
            limited = [(device.path, getattr(device, field)) for device in tune.devices]
            params.put(name, STRING, ",".join(f"{path},{value}" for path, value in limited if value))
        return params

    @quick
    def domain_set_blkio_parameters(
        self, conn: TestState, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        from virtkit.xml.domain.tune import BlockIoDevice

        require_known("domain_set_blkio_parameters", params, (constants.DOMAIN_BLKIO_WEIGHT, *DEVICE_FIELDS))
        parsed = {name: _device_limits(name, str(params[name])) for name in DEVICE_FIELDS if name in params}
        check_impact("domain_set_blkio_parameters", flags)
        with conn.domains.hold(dom, "domain_set_blkio_parameters") as domain:
            tune = domain.definition(flags).blkio_tune
            if constants.DOMAIN_BLKIO_WEIGHT in params:
                tune.weight = int(params[constants.DOMAIN_BLKIO_WEIGHT]) or None
            devices = {device.path: device for device in tune.devices}
            for name, limits in parsed.items():
                for path, value in limits.items():
                    setattr(devices.setdefault(path, BlockIoDevice(path=path)), DEVICE_FIELDS[name], value or None)
            tune.devices = [
                device for device in devices.values() if any(getattr(device, f) for f in DEVICE_FIELDS.values())
            ]

    @quick
    def domain_get_numa_parameters(self, conn: TestState, dom: DomainRef, flags: int) -> TypedParams:
        from virtkit.xml.domain.tune import NumaMemory

        document = definition_of(conn, dom, flags, "domain_get_numa_parameters", STRING_OKAY)
        memory = document.numa_tune.memory or NumaMemory()
        params = TypedParams().put(constants.DOMAIN_NUMA_MODE, INT, MODES.index(memory.mode or "strict"))
        return params.put(constants.DOMAIN_NUMA_NODESET, STRING, memory.nodeset or "")

    @quick
    def domain_set_numa_parameters(
        self, conn: TestState, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        from virtkit.xml.domain.tune import NumaMemory

        mode_name, set_name = constants.DOMAIN_NUMA_MODE, constants.DOMAIN_NUMA_NODESET
        require_known("domain_set_numa_parameters", params, (mode_name, set_name))
        mode = int(params.get(mode_name, DomainNumatuneMemMode.STRICT))
        if not 0 <= mode < len(MODES):
            raise InvalidArgError(f"there is no NUMA mode {mode}: 0 to {len(MODES) - 1}", domain=TEST)
        nodeset = _nodeset(str(params[set_name])) if set_name in params else None
        check_impact("domain_set_numa_parameters", flags)
        with conn.domains.hold(dom, "domain_set_numa_parameters") as domain:
            document = domain.definition(flags)
            present = document.numa_tune.memory or NumaMemory(mode="strict")
            nodeset = nodeset or present.nodeset
            if nodeset is None:
                raise ConfigUnsupportedError(
                    f"domain {domain.name!r} has no NUMA nodes to get memory from: set numa_nodeset too", domain=DOMAIN
                )
            wanted = MODES[mode] if mode_name in params else present.mode
            document.numa_tune.memory = NumaMemory(mode=wanted, placement=present.placement, nodeset=nodeset)


class InterfaceTuningPart(DomainDeviceSpec["TestState"]):
    """The functions about limits of interfaces."""

    @quick
    def domain_get_interface_parameters(self, conn: TestState, dom: DomainRef, device: str, flags: int) -> TypedParams:
        from virtkit.xml.netdev import Bandwidth, Traffic

        document = definition_of(conn, dom, flags, "domain_get_interface_parameters", STRING_OKAY)
        bandwidth = find_interface(document, device).bandwidth or Bandwidth()
        params = TypedParams()
        for direction, fields in DIRECTIONS.items():
            traffic = getattr(bandwidth, direction) or Traffic()
            for field in fields:
                params.put(f"{direction}.{field}", UINT, getattr(traffic, field) or 0)
        return params

    @quick
    def domain_set_interface_parameters(
        self, conn: TestState, dom: DomainRef, device: str, params: Mapping[str, Value], flags: int
    ) -> None:
        from virtkit.xml.netdev import Bandwidth, Traffic

        names = tuple(f"{direction}.{field}" for direction, fields in DIRECTIONS.items() for field in fields)
        require_known("domain_set_interface_parameters", params, names)
        check_impact("domain_set_interface_parameters", flags)
        with conn.domains.hold(dom, "domain_set_interface_parameters") as domain:
            interface = find_interface(domain.definition(flags), device)
            bandwidth = interface.bandwidth or Bandwidth()
            for direction, fields in DIRECTIONS.items():
                given = {field: int(params.get(f"{direction}.{field}", 0)) or None for field in fields}
                if any(f"{direction}.{field}" in params for field in fields):
                    limited = given["average"] or given.get("floor")
                    setattr(bandwidth, direction, Traffic(**given) if limited else None)
            interface.bandwidth = bandwidth if bandwidth.content() else None


def require_known(function: str, params: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Refuse parameters that a function does not have.

    Raises:
        ArgumentUnsupportedError: There are any.
    """
    unknown = ", ".join(sorted(params.keys() - set(names)))
    if unknown:
        raise ArgumentUnsupportedError(f"{function} does not know {unknown}, only {', '.join(names)}")


def _limit(document: DomainXML, name: str) -> int:
    value: int | None = getattr(document.mem_tune, name)
    return UNLIMITED if value is None else value


def _device_limits(name: str, text: str) -> dict[str, int]:
    """The limits of `/dev/sda,300,/dev/sdb,400` by device."""
    words = text.split(",") if text else []
    paths, values = words[::2], words[1::2]
    if len(paths) != len(values) or not all(value.isdecimal() for value in values):
        raise InvalidArgError(f"{name} {text!r} is not a list such as /dev/sda,300,/dev/sdb,400", domain=DOMAIN)
    return dict(zip(paths, map(int, values), strict=True))


def _nodeset(text: str) -> str:
    from virtkit.xml.domain.cpuset import CPUSET
    from virtkit.xml.values import Refusal

    try:
        return CPUSET.read(text) if CPUSET.read is not None else text
    except Refusal as refusal:
        raise InvalidArgError(refusal.message) from None
