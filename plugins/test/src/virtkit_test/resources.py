"""Memory, vCPUs and threads of the simulator's domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from virtkit import constants
from virtkit.enums import DomainMemoryModFlags, DomainVcpuFlags, ErrorDomain, TypedParameterFlags
from virtkit.errors import ArgumentUnsupportedError, InternalError, InvalidArgError, OperationInvalidError
from virtkit.hookspecs.domain_resources import DomainResourcesSpec
from virtkit.params import UINT, TypedParams
from virtkit.records import IothreadInfo
from virtkit.spec import quick
from virtkit_test.domain import CONFIG, DOMAIN, IMPACT, Polling, check_impact, definition_of, vcpus
from virtkit_test.filters import refuse
from virtkit_test.host import MAX_VCPUS
from virtkit_test.pins import cpumap, cpuset

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain as DomainXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
STRING_OKAY = TypedParameterFlags.STRING_OKAY

SCHEDULER = "fair"
WEIGHT = 50
"""The one scheduler parameter; setting it is accepted and changes nothing."""


class ResourcesPart(DomainResourcesSpec["TestState"]):
    """The functions about memory, vCPUs and threads."""

    @quick
    def domain_set_memory_flags(self, conn: TestState, dom: DomainRef, memory: int, flags: int) -> None:
        from virtkit.xml.domain.tune import Memory

        _require_positive("domain_set_memory_flags", "memory", memory)
        check_impact("domain_set_memory_flags", flags, DomainMemoryModFlags.MAXIMUM)
        with conn.domains.hold(dom, "domain_set_memory_flags") as domain:
            document = domain.definition(flags)
            if flags & DomainMemoryModFlags.MAXIMUM:
                if document is domain.live:
                    raise OperationInvalidError(
                        f"domain {domain.name!r} is running: its maximum memory can only be set with CONFIG",
                        domain=TEST,
                    )
                document.memory = document.memory or Memory()
                document.memory.size = memory
                document.current_memory = min(document.current_memory or memory, memory)
            else:
                _set_current_memory(document, memory)
            domain.update()

    @quick
    def domain_set_memory_stats_period(self, conn: TestState, dom: DomainRef, period: int, flags: int) -> None:
        check_impact("domain_set_memory_stats_period", flags)
        with conn.domains.hold(dom, "domain_set_memory_stats_period") as domain:
            balloon = domain.definition(flags).devices.memballoon
            if balloon is None or balloon.model == "none":
                raise InternalError(f"domain {domain.name!r} has no <memballoon> to collect with", domain=TEST)
            balloon.stats_period = period or None

    @quick
    def domain_set_vcpus_flags(self, conn: TestState, dom: DomainRef, nvcpus: int, flags: int) -> None:
        known = DomainVcpuFlags
        _require_positive("domain_set_vcpus_flags", "nvcpus", nvcpus)
        refuse("domain_set_vcpus_flags", flags & ~(IMPACT | known.MAXIMUM))
        if flags & known.MAXIMUM and flags & IMPACT != CONFIG:
            raise InvalidArgError(
                "domain_set_vcpus_flags: MAXIMUM goes with CONFIG only", domain=DOMAIN, str1="domain_set_vcpus_flags"
            )
        if nvcpus > MAX_VCPUS:
            raise InvalidArgError(f"the simulator has at most {MAX_VCPUS} vCPUs, not {nvcpus}", domain=TEST)
        with conn.domains.hold(dom, "domain_set_vcpus_flags") as domain:
            documents = domain.definitions(flags)
            if flags & known.MAXIMUM:
                _set_maximum_vcpus(documents[0], nvcpus)
            else:
                _set_vcpus(documents, nvcpus)
            domain.update()

    @quick
    def domain_get_vcpus_flags(self, conn: TestState, dom: DomainRef, flags: int) -> int:
        document = definition_of(conn, dom, flags, "domain_get_vcpus_flags", DomainVcpuFlags.MAXIMUM)
        return _maximum_vcpus(document) if flags & DomainVcpuFlags.MAXIMUM else vcpus(document)

    @quick
    def domain_pin_vcpu(self, conn: TestState, dom: DomainRef, vcpu: int, cpumap: bytes) -> None:
        self.domain_pin_vcpu_flags(conn, dom, vcpu, cpumap, 0)

    @quick
    def domain_pin_vcpu_flags(self, conn: TestState, dom: DomainRef, vcpu: int, cpumap: bytes, flags: int) -> None:
        from virtkit.xml.domain.tune import VcpuPin

        refuse("domain_pin_vcpu_flags", flags)
        with conn.domains.hold(dom, "domain_pin_vcpu_flags") as domain:
            if not domain.active:
                raise OperationInvalidError(f"domain {domain.name!r} is not running: start it first", domain=TEST)
            count = vcpus(domain.document)
            if not 0 <= vcpu < count:
                raise InvalidArgError(f"domain {domain.name!r} has vCPUs 0 to {count - 1}, not {vcpu}", domain=TEST)
            pins = [pin for pin in domain.document.cpu_tune.vcpu_pins if pin.vcpu != vcpu]
            pins.append(VcpuPin(vcpu=vcpu, cpuset=cpuset(cpumap, conn.node.cpus)))
            domain.document.cpu_tune.vcpu_pins = sorted(pins, key=lambda pin: pin.vcpu or 0)

    @quick
    def domain_get_vcpu_pin_info(self, conn: TestState, dom: DomainRef, flags: int) -> list[bytes]:
        document = definition_of(conn, dom, flags, "domain_get_vcpu_pin_info")
        pins = {pin.vcpu: pin.cpuset for pin in document.cpu_tune.vcpu_pins}
        return [cpumap(pins.get(number), conn.node.cpus) for number in range(_maximum_vcpus(document))]

    @quick
    def domain_pin_emulator(self, conn: TestState, dom: DomainRef, cpumap: bytes, flags: int) -> None:
        check_impact("domain_pin_emulator", flags)
        with conn.domains.hold(dom, "domain_pin_emulator") as domain:
            domain.definition(flags).cpu_tune.emulator_pin = cpuset(cpumap, conn.node.cpus)

    @quick
    def domain_get_emulator_pin_info(self, conn: TestState, dom: DomainRef, flags: int) -> bytes | None:
        document = definition_of(conn, dom, flags, "domain_get_emulator_pin_info")
        return cpumap(document.cpu_tune.emulator_pin, conn.node.cpus)

    # Threads

    @quick
    def domain_get_iothread_info(self, conn: TestState, dom: DomainRef, flags: int) -> list[IothreadInfo]:
        document = definition_of(conn, dom, flags, "domain_get_iothread_info")
        pins = {pin.iothread: pin.cpuset for pin in document.cpu_tune.iothread_pins}
        free = cpumap(None, vcpus(document)).ljust((conn.node.cpus + 7) // 8, b"\0")
        return [
            IothreadInfo(number, cpumap(pins[number], conn.node.cpus) if number in pins else free)
            for number in thread_ids(document)
        ]

    @quick
    def domain_add_iothread(self, conn: TestState, dom: DomainRef, iothread_id: int, flags: int) -> None:
        if iothread_id == 0:
            raise InvalidArgError("I/O threads are numbered from 1: 0 is none", domain=TEST)
        check_impact("domain_add_iothread", flags)
        with conn.domains.hold(dom, "domain_add_iothread") as domain:
            document = domain.definition(flags)
            numbers = thread_ids(document)
            if iothread_id in numbers:
                raise InvalidArgError(f"domain {domain.name!r} has an I/O thread {iothread_id} already", domain=DOMAIN)
            _set_threads(document, [*numbers, iothread_id])
            domain.polling[iothread_id] = Polling()

    @quick
    def domain_del_iothread(self, conn: TestState, dom: DomainRef, iothread_id: int, flags: int) -> None:
        _require_positive("domain_del_iothread", "iothread_id", iothread_id)
        check_impact("domain_del_iothread", flags)
        with conn.domains.hold(dom, "domain_del_iothread") as domain:
            document = domain.definition(flags)
            _require_thread(document, iothread_id, DOMAIN)
            pins = document.cpu_tune.iothread_pins
            document.cpu_tune.iothread_pins = [pin for pin in pins if pin.iothread != iothread_id]
            _set_threads(document, [number for number in thread_ids(document) if number != iothread_id])
            domain.polling.pop(iothread_id, None)

    @quick
    def domain_pin_iothread(self, conn: TestState, dom: DomainRef, iothread_id: int, cpumap: bytes, flags: int) -> None:
        from virtkit.xml.domain.tune import IoThreadPin

        check_impact("domain_pin_iothread", flags)
        with conn.domains.hold(dom, "domain_pin_iothread") as domain:
            document = domain.definition(flags)
            _require_thread(document, iothread_id, TEST)
            pins = [pin for pin in document.cpu_tune.iothread_pins if pin.iothread != iothread_id]
            pins.append(IoThreadPin(iothread=iothread_id, cpuset=cpuset(cpumap, conn.node.cpus)))
            document.cpu_tune.iothread_pins = sorted(pins, key=lambda pin: pin.iothread or 0)

    @quick
    def domain_set_iothread_params(
        self, conn: TestState, dom: DomainRef, iothread_id: int, params: Mapping[str, Value], flags: int
    ) -> None:
        refuse("domain_set_iothread_params", flags & ~DomainVcpuFlags.LIVE)
        fields = {
            constants.DOMAIN_IOTHREAD_POLL_MAX_NS: "max_ns",
            constants.DOMAIN_IOTHREAD_POLL_GROW: "grow",
            constants.DOMAIN_IOTHREAD_POLL_SHRINK: "shrink",
        }
        with conn.domains.hold(dom, "domain_set_iothread_params") as domain:
            domain.require_active()
            polling = domain.polling.get(iothread_id)
            if polling is None:
                raise InvalidArgError(f"domain {domain.name!r} has no I/O thread {iothread_id}", domain=TEST)
            unknown = ", ".join(params.keys() - fields.keys())
            if unknown:
                raise ArgumentUnsupportedError(f"I/O threads have no parameters {unknown}", domain=ErrorDomain.NONE)
            for name, value in params.items():
                setattr(polling, fields[name], int(value))

    # Scheduler

    @quick
    def domain_get_scheduler_type(self, conn: TestState, dom: DomainRef) -> str:
        conn.domains.by_ref(dom)
        return SCHEDULER

    @quick
    def domain_get_scheduler_parameters_flags(self, conn: TestState, dom: DomainRef, flags: int) -> TypedParams:
        refuse("domain_get_scheduler_parameters_flags", flags & ~STRING_OKAY)
        conn.domains.by_ref(dom)
        return TypedParams.all_of(UINT, {constants.DOMAIN_SCHEDULER_WEIGHT: WEIGHT})

    @quick
    def domain_set_scheduler_parameters_flags(
        self, conn: TestState, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        refuse("domain_set_scheduler_parameters_flags", flags)
        unknown = ", ".join(params.keys() - {constants.DOMAIN_SCHEDULER_WEIGHT})
        if unknown:
            raise ArgumentUnsupportedError(f"the scheduler has no parameters {unknown}, only weight", domain=0)
        conn.domains.by_ref(dom)


def thread_ids(document: DomainXML) -> list[int]:
    """The ids of the I/O threads of a definition: those it lists, else as many as it counts."""
    if document.iothread_ids is not None:
        return [thread.id for thread in document.iothread_ids.iothreads if thread.id is not None]
    return list(range(1, (document.iothreads or 0) + 1))


def _set_threads(document: DomainXML, numbers: list[int]) -> None:
    from virtkit.xml.domain.tune import IoThread, IoThreadIds

    document.iothreads = len(numbers) or None
    document.iothread_ids = IoThreadIds(iothreads=[IoThread(id=number) for number in numbers]) if numbers else None


def _require_thread(document: DomainXML, number: int, error_domain: ErrorDomain) -> None:
    if number not in thread_ids(document):
        raise InvalidArgError(f"domain {document.name!r} has no I/O thread {number}", domain=error_domain)


def _require_positive(function: str, argument: str, value: int) -> None:
    if value <= 0:
        raise InvalidArgError(
            f"{function}: {argument} is at least 1, not {value}", domain=DOMAIN, str1=function, str2=argument
        )


def _set_current_memory(document: DomainXML, memory: int) -> None:
    maximum = document.memory.size or 0 if document.memory is not None else 0
    if memory > maximum:
        raise InvalidArgError(
            f"domain {document.name!r} has at most {maximum} KiB of memory, not {memory}: raise the maximum first",
            domain=TEST,
        )
    document.current_memory = memory


def _maximum_vcpus(document: DomainXML) -> int:
    return 1 if document.vcpu is None else document.vcpu.maximum or 1


def _set_maximum_vcpus(document: DomainXML, count: int) -> None:
    from virtkit.xml.domain.tune import VcpuCount

    started = min(vcpus(document), count)
    document.vcpu = document.vcpu or VcpuCount()
    document.vcpu.maximum, document.vcpu.current = count, None if started == count else started


def _set_vcpus(documents: Sequence[DomainXML], count: int) -> None:
    from virtkit.xml.domain.tune import VcpuCount

    lowest = min(map(_maximum_vcpus, documents))
    if count > lowest:
        raise InvalidArgError(
            f"domain {documents[0].name!r} has at most {lowest} vCPUs, not {count}: raise the maximum first",
            domain=TEST,
        )
    for document in documents:
        document.vcpu = document.vcpu or VcpuCount()
        document.vcpu.current = None if count == _maximum_vcpus(document) else count
