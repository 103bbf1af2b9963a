"""What happens to a domain, step by step, on libvirt's test driver and on ours.

Each step is the call of libvirt's Python binding and the same call here. `timelines.json` has what libvirt's driver
answered, the state after it, and the events; `python -m plugins.test.tests.timelines` records it anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from plugins.test.tests import real
from plugins.test.tests.bench import Bench
from virtkit.errors import NoDomainError, VirtError
from virtkit.events import EventKey
from virtkit.refs import CheckpointRef, DomainRef, SnapshotRef

RECORDED = Path(__file__).parent / "timelines.json"

UUID = bytes.fromhex("6695eb01f6a4830479aa97f2502e193f")
NAMES = ("dom", "test")


class Step(NamedTuple):
    """A call: of libvirt's binding, where `dom` is the domain, and here."""

    libvirt: str
    ours: Callable[[Player], Any]


class Player:
    """Plays steps here; attribute access calls a function of the API."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.dom = DomainRef("test", UUID)
        self.events: list[tuple[str, int, int]] = []
        self.hub = bench.connection._hub(EventKey("domain", 0))
        self.hub.subscribe(EventKey("domain", 0), lambda ref, event: self.events.append((ref.name, *map(int, event))))

    def __getattr__(self, name: str) -> Any:
        return self.bench.connection.ops[name]

    def snap(self, name: str) -> SnapshotRef:
        """A snapshot of the domain."""
        return SnapshotRef(name, self.dom)

    def point(self, name: str) -> CheckpointRef:
        """A checkpoint of the domain."""
        return CheckpointRef(name, self.dom)

    def play(self, step: Step) -> dict[str, Any]:
        """What a step answers, and what is so after it."""
        self.events.clear()
        try:
            answer = plain(step.ours(self))
        except VirtError as error:
            answer = {"error": [error.code, error.domain]}
        assert self.hub.drain()
        return {"call": step.libvirt, "answer": answer, "after": self.after(), "events": plain(self.events)}

    def after(self) -> Any:
        """State, reason, id, whether persistent, and whether saved; None: the domain is gone."""
        try:
            self.dom = self.domain_lookup_by_uuid(UUID)
        except NoDomainError:
            return None
        state = self.domain_get_state(self.dom, 0)
        persistent, saved = self.domain_is_persistent(self.dom), self.domain_has_managed_save_image(self.dom, 0)
        return [int(state.state), int(state.reason), self.dom.id, int(persistent), int(saved)]


def plain(value: Any) -> Any:
    """A value as JSON has it; no value is 0, as libvirt's binding answers, and references are nothing to compare."""
    if value is None:
        return 0
    if isinstance(value, (DomainRef, SnapshotRef, CheckpointRef)):
        return None
    if isinstance(value, (list, tuple)):
        return [item.name if isinstance(item, (SnapshotRef, CheckpointRef)) else plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return int(value) if isinstance(value, int) else value


PROGRAM = """
uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f"
snap = lambda name: dom.snapshotLookupByName(name)
point = lambda name: dom.checkpointLookupByName(name)
names = lambda objects: sorted(one.getName() for one in objects)
played = []
for call in request["calls"]:
    dom = conn.lookupByUUIDString(uuid) if not played or played[-1]["after"] else dom
    answer = attempt(eval, call)
    try:
        now = conn.lookupByUUIDString(uuid)
        after = [*now.state(), now.ID(), now.isPersistent(), now.hasManagedSaveImage(0)]
    except libvirt.libvirtError:
        after = None
    played.append({"call": call, "answer": answer, "after": after, "events": list(events)})
print(json.dumps(played))
"""


def _steps(*pairs: tuple[str, Callable[[Player], Any]]) -> list[Step]:
    return [Step(*pair) for pair in pairs]


SNAPSHOT = "<domainsnapshot><name>{}</name></domainsnapshot>"
CHECKPOINT = "<domaincheckpoint><name>{}</name></domaincheckpoint>"


def _snapshot(name: str, flags: int = 0) -> tuple[str, Callable[[Player], Any]]:
    xml = SNAPSHOT.format(name)
    return f"dom.snapshotCreateXML({xml!r}, {flags})", lambda p: p.domain_snapshot_create_xml(p.dom, xml, flags)


def _revert(name: str, flags: int = 0) -> tuple[str, Callable[[Player], Any]]:
    return (
        f"dom.revertToSnapshot(snap({name!r}), {flags})",
        lambda p: p.domain_revert_to_snapshot(p.snap(name), flags),
    )


def _delete(name: str, flags: int = 0) -> tuple[str, Callable[[Player], Any]]:
    return f"snap({name!r}).delete({flags})", lambda p: p.domain_snapshot_delete(p.snap(name), flags)


def _snapshots(flags: int = 0) -> tuple[str, Callable[[Player], Any]]:
    return (
        f"names(dom.listAllSnapshots({flags}))",
        lambda p: sorted(ref.name for ref in p.domain_list_all_snapshots(p.dom, flags)),
    )


def _checkpoint(name: str, flags: int = 0) -> tuple[str, Callable[[Player], Any]]:
    xml = CHECKPOINT.format(name)
    return f"dom.checkpointCreateXML({xml!r}, {flags})", lambda p: p.domain_checkpoint_create_xml(p.dom, xml, flags)


CREATE = ("dom.create()", lambda p: p.domain_create(p.dom))
DESTROY = ("dom.destroy()", lambda p: p.domain_destroy(p.dom))
SUSPEND = ("dom.suspend()", lambda p: p.domain_suspend(p.dom))
RESUME = ("dom.resume()", lambda p: p.domain_resume(p.dom))
SHUTDOWN = ("dom.shutdown()", lambda p: p.domain_shutdown(p.dom))
REBOOT = ("dom.reboot(0)", lambda p: p.domain_reboot(p.dom, 0))
UNDEFINE = ("dom.undefine()", lambda p: p.domain_undefine(p.dom))
MANAGED_SAVE = ("dom.managedSave(0)", lambda p: p.domain_managed_save(p.dom, 0))


def _action(kind: int, action: int, flags: int) -> tuple[str, Callable[[Player], Any]]:
    return (
        f"dom.setLifecycleAction({kind}, {action}, {flags})",
        lambda p: p.domain_set_lifecycle_action(p.dom, kind, action, flags),
    )


def _vcpus(count: int, flags: int) -> tuple[str, Callable[[Player], Any]]:
    return f"dom.setVcpusFlags({count}, {flags})", lambda p: p.domain_set_vcpus_flags(p.dom, count, flags)


def _get_vcpus(flags: int) -> tuple[str, Callable[[Player], Any]]:
    return f"dom.vcpusFlags({flags})", lambda p: p.domain_get_vcpus_flags(p.dom, flags)


def _memory(size: int, flags: int) -> tuple[str, Callable[[Player], Any]]:
    return f"dom.setMemoryFlags({size}, {flags})", lambda p: p.domain_set_memory_flags(p.dom, size, flags)


def _tune(binding: str, hook: str, params: dict[str, Any], flags: int) -> tuple[str, Callable[[Player], Any]]:
    return f"dom.set{binding}({params!r}, {flags})", lambda p: getattr(p, f"domain_set_{hook}")(p.dom, params, flags)


def _tuned(binding: str, hook: str, flags: int) -> tuple[str, Callable[[Player], Any]]:
    return f"dict(dom.{binding}({flags}))", lambda p: dict(getattr(p, f"domain_get_{hook}")(p.dom, flags))


def _metadata(kind: int, text: str | None, key: str | None, uri: str | None, flags: int) -> Any:
    return (
        f"dom.setMetadata({kind}, {text!r}, {key!r}, {uri!r}, {flags})",
        lambda p: p.domain_set_metadata(p.dom, kind, text, key, uri, flags),
    )


def _get_metadata(kind: int, uri: str | None, flags: int) -> Any:
    return f"dom.metadata({kind}, {uri!r}, {flags})", lambda p: p.domain_get_metadata(p.dom, kind, uri, flags)


def _xml(flags: int) -> Any:
    return f"dom.XMLDesc({flags})", lambda p: p.domain_get_xml_desc(p.dom, flags)


TIMELINES: dict[str, list[Step]] = {
    "states": _steps(
        SUSPEND, SUSPEND, RESUME, RESUME, REBOOT, SUSPEND, REBOOT, SHUTDOWN, SHUTDOWN, SUSPEND, CREATE, CREATE,
        SUSPEND, SHUTDOWN, CREATE, SUSPEND, DESTROY, DESTROY, RESUME, CREATE, DESTROY, UNDEFINE, CREATE,
    ),
    "reactions": _steps(
        _action(1, 0, 1), REBOOT, CREATE, REBOOT, _action(1, 0, 2), CREATE, REBOOT, CREATE, _action(0, 1, 1), SHUTDOWN,
        SHUTDOWN, _action(0, 3, 3), SHUTDOWN, _action(9, 0, 0), _action(0, 9, 0), _action(0, 5, 0), _action(2, 5, 0),
        _action(2, 4, 1), _xml(2),
    ),
    "undefined while it runs": _steps(
        ("dom.setAutostart(1)", lambda p: p.domain_set_autostart(p.dom, True)), UNDEFINE,
        ("dom.autostart()", lambda p: p.domain_get_autostart(p.dom)), SUSPEND, MANAGED_SAVE, UNDEFINE, _vcpus(1, 2),
        RESUME, SHUTDOWN,
    ),
    "managed save": _steps(
        MANAGED_SAVE, MANAGED_SAVE, UNDEFINE, CREATE, SUSPEND, MANAGED_SAVE, CREATE, MANAGED_SAVE,
        ("dom.managedSaveRemove(0)", lambda p: p.domain_managed_save_remove(p.dom, 0)),
        CREATE, MANAGED_SAVE, ("dom.undefineFlags(1)", lambda p: p.domain_undefine_flags(p.dom, 1)),
    ),
    "rename": _steps(
        ("dom.rename('other')", lambda p: p.domain_rename(p.dom, "other", 0)), SHUTDOWN,
        ("dom.rename('test')", lambda p: p.domain_rename(p.dom, "test", 0)),
        ("dom.rename('other', 0)", lambda p: p.domain_rename(p.dom, "other", 0)), _xml(0),
        ("dom.name()", lambda p: p.dom.name),
    ),
    "redefined": _steps(
        _xml(0),
        ("conn.defineXML(dom.XMLDesc(2).replace('8388608', '9000000')).isActive()", lambda p: p.domain_is_active(
            p.domain_define_xml_flags(p.domain_get_xml_desc(p.dom, 2).replace("8388608", "9000000"), 0))),
        ("dom.maxMemory()", lambda p: p.domain_get_max_memory(p.dom)), _xml(2), SHUTDOWN,
        ("dom.maxMemory()", lambda p: p.domain_get_max_memory(p.dom)),
        ("conn.createXML(dom.XMLDesc(0).replace('9000000', '7000000')).isActive()", lambda p: p.domain_is_active(
            p.domain_create_xml(p.domain_get_xml_desc(p.dom, 0).replace("9000000", "7000000"), 0))),
        ("dom.maxMemory()", lambda p: p.domain_get_max_memory(p.dom)), DESTROY,
        ("dom.maxMemory()", lambda p: p.domain_get_max_memory(p.dom)),
    ),
    "snapshots": _steps(
        _snapshot("a"), _snapshot("b"), SUSPEND, _snapshot("c"), _snapshot("c"), SHUTDOWN, _snapshot("off"),
        *(_snapshots(flags) for flags in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)), _snapshots(1 << 20),
        ("dom.snapshotCurrent().getName()", lambda p: p.domain_snapshot_current(p.dom, 0).name),
        _revert("a"), _revert("b"), _revert("c"), _revert("off"), _revert("off"), _revert("b", 2), _revert("c", 1),
        _revert("off", 1), _revert("off", 2), _revert("a", 2), _revert("off", 2), _revert("c", 4), _revert("c", 1),
        _revert("a", 3), _revert("a", 64), _revert("nosuch"),
        ("dom.snapshotCurrent().getName()", lambda p: p.domain_snapshot_current(p.dom, 0).name),
        ("names(snap('a').listAllChildren(0))", lambda p: p.domain_snapshot_list_all_children(p.snap("a"), 0)),
        ("names(snap('a').listAllChildren(1))", lambda p: sorted(
            ref.name for ref in p.domain_snapshot_list_all_children(p.snap("a"), 1))),
        _delete("b"), _snapshots(),
        ("snap('c').getParent().getName()", lambda p: p.domain_snapshot_get_parent(p.snap("c"), 0).name),
        _delete("c", 4), _snapshots(), UNDEFINE, _delete("a", 1), _snapshots(), SHUTDOWN,
    ),
    "snapshots that halt": _steps(
        _snapshot("h", 8), ("dom.hasCurrentSnapshot(0)", lambda p: p.domain_has_current_snapshot(p.dom, 0)), CREATE,
        _checkpoint("no"), _snapshot("x", 1), _snapshot("y", 4), _delete("h", 2), UNDEFINE, SHUTDOWN,
    ),
    "undefined with snapshots": _steps(
        _snapshot("a"), SHUTDOWN, UNDEFINE, ("dom.undefineFlags(2)", lambda p: p.domain_undefine_flags(p.dom, 2)),
    ),
    "checkpoints": _steps(
        _checkpoint("a"), _checkpoint("b"), _checkpoint("b"), _checkpoint("c", 8), _snapshot("no"),
        *((f"names(dom.listAllCheckpoints({flags}))", lambda p, flags=flags: sorted(
            ref.name for ref in p.domain_list_all_checkpoints(p.dom, flags))) for flags in (0, 1, 2, 4, 8, 16)),
        ("point('b').getParent().getName()", lambda p: p.domain_checkpoint_get_parent(p.point("b"), 0).name),
        ("point('a').getParent()", lambda p: p.domain_checkpoint_get_parent(p.point("a"), 0)),
        ("point('a').delete(0)", lambda p: p.domain_checkpoint_delete(p.point("a"), 0)),
        ("names(dom.listAllCheckpoints(1))", lambda p: p.domain_list_all_checkpoints(p.dom, 1)),
        SHUTDOWN, _checkpoint("d"),
    ),
    "vcpus and memory": _steps(
        _vcpus(1, 1), _get_vcpus(0), _get_vcpus(2), _vcpus(1, 2), _vcpus(4, 6), _get_vcpus(6), _vcpus(4, 5),
        _vcpus(3, 2), _vcpus(4, 3), _vcpus(2, 3), _vcpus(99, 6), _vcpus(2, 8), _vcpus(0, 1), _get_vcpus(3),
        _get_vcpus(8), _memory(1000, 1), _memory(1000, 2), _memory(3000, 3), _memory(8388607, 4), _memory(8388600, 6),
        _memory(100, 8), _memory(99999999, 2), _memory(0, 1), _xml(0), _xml(2), SHUTDOWN, _memory(4000, 4), _xml(0),
        ("dom.setMaxMemory(5000)", lambda p: p.domain_set_max_memory(p.dom, 5000)), _get_vcpus(1), _get_vcpus(5),
    ),
    "limits": _steps(
        _tune("MemoryParameters", "memory_parameters", {"hard_limit": 1000}, 0),
        _tuned("memoryParameters", "memory_parameters", 0), _tuned("memoryParameters", "memory_parameters", 2),
        _tune("MemoryParameters", "memory_parameters", {"swap_hard_limit": 5}, 0),
        _tune("MemoryParameters", "memory_parameters", {"soft_limit": 5}, 3),
        _tune("BlkioParameters", "blkio_parameters", {"weight": 500}, 0),
        _tune("BlkioParameters", "blkio_parameters", {"device_weight": "/dev/sda,300,/dev/sdb,400"}, 0),
        _tune("BlkioParameters", "blkio_parameters", {"device_read_iops_sec": "/dev/sda,300"}, 0),
        _tune("BlkioParameters", "blkio_parameters", {"device_weight": "/dev/sda"}, 0),
        _tuned("blkioParameters", "blkio_parameters", 0),
        _tune("NumaParameters", "numa_parameters", {"numa_nodeset": "0"}, 2),
        _tune("NumaParameters", "numa_parameters", {"numa_mode": 2}, 2),
        _tune("NumaParameters", "numa_parameters", {"numa_mode": 9}, 2),
        _tune("NumaParameters", "numa_parameters", {"numa_nodeset": "x"}, 2),
        _tuned("numaParameters", "numa_parameters", 2), _xml(0), _xml(2),
        _tune("PerfEvents", "perf_events", {"cmt": True}, 0), _tuned("perfEvents", "perf_events", 0),
        _tune("PerfEvents", "perf_events", {"mbmt": True, "cmt": False}, 2), _xml(0), _xml(2),
    ),
    "metadata": _steps(
        _metadata(1, "T", None, None, 0), _get_metadata(1, None, 0), _get_metadata(1, None, 2),
        _metadata(0, "D", None, None, 3), _get_metadata(0, None, 2),
        _metadata(2, '<a x="1"><b>t</b><c/></a>', "k", "urn:k", 0), _get_metadata(2, "urn:k", 0),
        _metadata(2, '<a xmlns:z="urn:z"><z:b>t</z:b></a>', "k2", "urn:k2", 3), _get_metadata(2, "urn:k2", 2), _xml(0),
        _metadata(2, None, "k", "urn:k", 0), _get_metadata(2, "urn:k", 0), _metadata(1, "", None, None, 0),
        _metadata(9, "x", None, None, 0), _metadata(2, "<a", "k", "urn:k", 0), _metadata(2, "<a/>", None, "urn:k", 0),
        _metadata(2, "<a/>", "k", None, 0), _get_metadata(2, None, 0), _get_metadata(1, "urn:k", 0),
        _get_metadata(9, None, 0), _get_metadata(1, None, 3), _metadata(1, "a\nb", None, None, 0), _xml(0), _xml(2),
        _metadata(2, "", "k", "urn:k", 0), _metadata(2, None, None, "urn:k2", 0), _get_metadata(2, "urn:k2", 0),
        _xml(0),
    ),
    "guest": _steps(
        ("dom.securityLabel()", lambda p: list(p.domain_get_security_label(p.dom))),
        ("dom.fsFreeze(None, 0)", lambda p: p.domain_fsfreeze(p.dom, [], 0)),
        ("dom.fsFreeze(None, 0)", lambda p: p.domain_fsfreeze(p.dom, [], 0)),
        ("dom.fsThaw(['/'], 0)", lambda p: p.domain_fsthaw(p.dom, ["/"], 0)),
        ("dom.fsThaw(None, 0)", lambda p: p.domain_fsthaw(p.dom, [], 0)),
        ("dom.fsFreeze(['/x'], 0)", lambda p: p.domain_fsfreeze(p.dom, ["/x"], 0)),
        ("dom.fSTrim(None, 0, 0)", lambda p: p.domain_fstrim(p.dom, None, 0, 0)),
        ("dom.fSTrim('/x', 0, 0)", lambda p: p.domain_fstrim(p.dom, "/x", 0, 0)),
        ("dom.setTime({'seconds': 5, 'nseconds': 6}, 0)", lambda p: p.domain_set_time(p.dom, 5, 6, 0)),
        ("list(dom.getTime(0).values())", lambda p: p.domain_get_time(p.dom, 0)),
        ("dom.getTime(1)", lambda p: p.domain_get_time(p.dom, 1)),
        ("dom.sendProcessSignal(1, 15, 0)", lambda p: p.domain_send_process_signal(p.dom, 1, 15, 0)),
        ("dom.sendProcessSignal(2, 15, 0)", lambda p: p.domain_send_process_signal(p.dom, 2, 15, 0)),
        ("dom.sendProcessSignal(1, 99, 0)", lambda p: p.domain_send_process_signal(p.dom, 1, 99, 0)),
        ("list(dom.memoryPeek(250, 10, 1))", lambda p: list(p.domain_memory_peek(p.dom, 250, 10, 1))),
        ("dom.memoryPeek(0, 10, 0)", lambda p: p.domain_memory_peek(p.dom, 0, 10, 0)),
        ("dom.setMemoryStatsPeriod(5, 0)", lambda p: p.domain_set_memory_stats_period(p.dom, 5, 0)), _xml(0),
        ("dom.setMemoryStatsPeriod(0, 2)", lambda p: p.domain_set_memory_stats_period(p.dom, 0, 2)), _xml(2),
        ("dom.interfaceAddresses(9)", lambda p: p.domain_interface_addresses(p.dom, 9, 0)),
        ("dom.coreDump('/dev/null', 1)", lambda p: p.domain_core_dump(p.dom, "/dev/null", 1)),
        ("dom.coreDump('/dev/null', 0)", lambda p: p.domain_core_dump(p.dom, "/dev/null", 0)),
        ("dom.securityLabel()", lambda p: list(p.domain_get_security_label(p.dom))), CREATE,
        ("dom.coreDumpWithFormat('/dev/null', 2, 0)", lambda p: p.domain_core_dump_with_format(
            p.dom, "/dev/null", 2, 0)),
        ("dom.coreDump('/dev/null', 3)", lambda p: p.domain_core_dump(p.dom, "/dev/null", 3)),
        ("dom.coreDump('/nosuch/file', 0)", lambda p: p.domain_core_dump(p.dom, "/nosuch/file", 0)),
    ),
    "threads": _steps(
        ("dom.addIOThread(3, 0)", lambda p: p.domain_add_iothread(p.dom, 3, 0)),
        ("dom.addIOThread(3, 0)", lambda p: p.domain_add_iothread(p.dom, 3, 0)),
        ("dom.addIOThread(5, 2)", lambda p: p.domain_add_iothread(p.dom, 5, 2)),
        ("dom.addIOThread(5, 3)", lambda p: p.domain_add_iothread(p.dom, 5, 3)),
        ("dom.pinIOThread(3, (True,), 1)", lambda p: p.domain_pin_iothread(p.dom, 3, b"\1", 1)),
        ("dom.pinIOThread(9, (True,), 1)", lambda p: p.domain_pin_iothread(p.dom, 9, b"\1", 1)), _xml(0), _xml(2),
        ("dom.pinVcpu(0, (True, False, True))", lambda p: p.domain_pin_vcpu(p.dom, 0, b"\5")),
        ("dom.pinVcpuFlags(0, (True,), 2)", lambda p: p.domain_pin_vcpu_flags(p.dom, 0, b"\1", 2)),
        ("dom.pinVcpuFlags(9, (True,), 0)", lambda p: p.domain_pin_vcpu_flags(p.dom, 9, b"\1", 0)),
        ("dom.pinEmulator((True, True), 2)", lambda p: p.domain_pin_emulator(p.dom, b"\3", 2)), _xml(0), _xml(2),
        ("dom.setIOThreadParams(3, {'poll_max_ns': 5}, 1)", lambda p: p.domain_set_iothread_params(
            p.dom, 3, {"poll_max_ns": 5}, 1)),
        ("dom.setIOThreadParams(7, {'poll_max_ns': 5}, 1)", lambda p: p.domain_set_iothread_params(
            p.dom, 7, {"poll_max_ns": 5}, 1)),
        ("conn.getAllDomainStats(128)[0][1]", lambda p: dict(p.connect_get_all_domain_stats([], 128, 0)[0].params)),
        ("dom.delIOThread(3, 0)", lambda p: p.domain_del_iothread(p.dom, 3, 0)),
        ("dom.delIOThread(3, 0)", lambda p: p.domain_del_iothread(p.dom, 3, 0)),
        ("dom.delIOThread(0, 0)", lambda p: p.domain_del_iothread(p.dom, 0, 0)), _xml(0),
    ),
    "disks and interfaces": _steps(
        *((f"dom.setBlockIoTune({disk!r}, {params!r}, {flags})", lambda p, disk=disk, params=params, flags=flags: (
            p.domain_set_block_io_tune(p.dom, disk, params, flags))) for disk, params, flags in (
            ("vda", {"total_bytes_sec": 5000}, 0),
            ("vda", {"total_bytes_sec": 5000, "total_bytes_sec_max": 50000}, 0),
            ("vda", {"total_bytes_sec": 5000, "read_bytes_sec": 5}, 0),
            ("/guest/diskimage1", {"total_bytes_sec_max_length": 3, "group_name": "g"}, 0),
            ("zz", {"total_iops_sec": 5}, 0), ("vda", {"total_bytes_sec": 1 << 62}, 0),
            ("vda", {"size_iops_sec": 7}, 2), ("vda", {"size_iops_sec": 7}, 3),
        )), _xml(0), _xml(2),
        ("{k: v for k, v in dom.blockIoTune('vda', 0).items() if v}", lambda p: {
            k: v for k, v in p.domain_get_block_io_tune(p.dom, "vda", 0).items() if v}),
        *((f"dom.setInterfaceParameters({name!r}, {params!r}, {flags})", lambda p, n=name, params=params, flags=flags: (
            p.domain_set_interface_parameters(p.dom, n, params, flags))) for name, params, flags in (
            ("testnet0", {"inbound.average": 5, "inbound.peak": 7, "inbound.burst": 9}, 0),
            ("testnet0", {"outbound.average": 50}, 0), ("aa:bb:cc:dd:ee:ff", {"inbound.average": 0}, 0),
            ("nope", {"inbound.peak": 5}, 0), ("testnet0", {"inbound.average": 5, "inbound.floor": 5}, 2),
        )), _xml(0), _xml(2),
        ("dict(dom.interfaceParameters('testnet0', 2))", lambda p: dict(
            p.domain_get_interface_parameters(p.dom, "testnet0", 2))),
        ("dom.blockStats('')", lambda p: p.domain_block_stats(p.dom, "")),
        ("dom.blockInfo('vda')", lambda p: [(i := p.domain_get_block_info(p.dom, "vda", 0)).capacity, i.allocation,
                                           i.physical]),
    ),
}  # fmt: skip


def recorded() -> dict[str, Any]:
    """What libvirt's driver answered."""
    answers: dict[str, Any] = json.loads(RECORDED.read_text())
    return answers


def record(name: str) -> Any:
    """What the real driver answers to a timeline."""
    return real.run(PROGRAM, calls=[step.libvirt for step in TIMELINES[name]])


if __name__ == "__main__":
    RECORDED.write_text(json.dumps({name: record(name) for name in TIMELINES}, indent=1) + "\n")
