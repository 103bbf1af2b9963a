"""What the driver tells of the host, of itself and of what a guest uses."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root, boot, state_of
from plugins.qemu.tests.rig import QEMU, eventually
from tests.guests import TinyGuest
from virtkit.enums import DomainControlState, DomainPausedReason, DomainQemuMonitorCommandFlags, DomainState
from virtkit.errors import InternalError, InvalidArgError, OperationInvalidError
from virtkit.services import node
from virtkit.xml.capabilities import Capabilities
from virtkit.xml.domaincaps import DomainCapabilities
from virtkit_qemu.driver import QemuDriver

pytestmark = pytest.mark.qemu


def test_the_connection_tells_what_it_leads_to(connection: virtkit.Connection) -> None:
    assert "QEMU" == connection.type()
    assert 5_000_000 < connection.version()
    assert socket.gethostname() in connection.hostname()
    assert connection.is_secure()
    assert 255 == connection.max_vcpus("kvm")
    with pytest.raises(InvalidArgError, match="'xen'"):
        connection.max_vcpus("xen")


def test_what_the_capabilities_list_can_be_defined(root: Root, connection: virtkit.Connection) -> None:
    document = Capabilities.parse(connection.capabilities())
    guest = next(guest for guest in document.guests if guest.arch and guest.arch.name == "x86_64")
    assert guest.arch is not None
    assert shutil.which(QEMU) == guest.arch.emulator
    names = [machine.name for machine in guest.arch.machines]
    assert {"pc", "q35"} <= set(names)
    for machine in ("pc", "q35"):
        xml = root.xml(machine).replace("<type>", f"<type machine='{machine}'>")
        assert f"machine='pc-{'q35' if machine == 'q35' else 'i440fx'}-" in connection.define_domain(xml).xml_desc()


def test_the_capabilities_describe_the_host(connection: virtkit.Connection) -> None:
    host = Capabilities.parse(connection.capabilities()).host
    info = connection.node_info()
    assert os.uname().machine == host.cpu.arch == info.model
    assert host.topology is not None
    assert host.topology.cells is not None
    cells = host.topology.cells.cells
    assert info.memory == sum(cell.memory or 0 for cell in cells) or len(cells) == 1
    assert info.cpus == sum(len(cell.cpus.cpus) for cell in cells if cell.cpus)


def test_domain_capabilities_answer_for_a_machine(connection: virtkit.Connection) -> None:
    found = DomainCapabilities.parse(connection.domain_capabilities(machine="q35", virttype="qemu"))
    assert found.machine is not None
    assert found.machine.startswith("pc-q35-")
    assert "qemu" == found.domain
    assert found.devices is not None
    assert found.devices.disk is not None
    assert "virtio" in found.devices.disk.words("bus")
    assert "ide" not in found.devices.disk.words("bus")


def test_questions_that_fit_nothing_are_refused(connection: virtkit.Connection) -> None:
    with pytest.raises(InvalidArgError, match="'toaster'"):
        connection.domain_capabilities(machine="toaster")
    with pytest.raises(InvalidArgError, match="'xen'"):
        connection.domain_capabilities(virttype="xen")
    with pytest.raises(InvalidArgError, match="'vax'"):
        connection.domain_capabilities(arch="vax")
    with pytest.raises(InvalidArgError, match="emulates x86_64, not 's390x'"):
        connection.domain_capabilities(arch="s390x", emulatorbin=shutil.which(QEMU))


def test_the_host_is_measured(connection: virtkit.Connection) -> None:
    info = connection.node_info()
    assert len(os.sched_getaffinity(0)) <= info.cpus
    assert info.cpus <= info.nodes * info.sockets * info.cores * info.threads
    cpus = connection.node_cpu_map()
    assert info.cpus == cpus.online == sum(bin(byte).count("1") for byte in cpus.cpumap)
    assert 0 < connection.node_free_memory() < info.memory * 1024
    assert 1 == len(connection.node_cells_free_memory(0, 1))
    assert {"kernel", "user", "idle", "iowait"} == set(connection.node_cpu_stats(-1))
    assert connection.node_memory_stats()["total"] == info.memory
    with pytest.raises(InvalidArgError, match="CPU 4711"):
        connection.node_cpu_stats(4711)
    with pytest.raises(InvalidArgError, match="cell 4711"):
        connection.node_memory_stats(4711)


@pytest.mark.parametrize(("text", "numbers"), [("0-3,8", [0, 1, 2, 3, 8]), ("5", [5]), ("", [])])
def test_sets_of_cpus_are_read_and_written(text: str, numbers: list[int]) -> None:
    assert numbers == node.cpu_set(text)
    assert text == node.ranges(numbers)


def test_a_guest_uses_cpu_time(tiny: TinyGuest, web: virtkit.Domain) -> None:
    assert 0 == web.info().cpu_time
    assert 1 == web.info().nr_virt_cpu
    boot(web, tiny)
    eventually(lambda: web.info().cpu_time > 0)
    assert (4096, 4096) == (web.info().max_mem, web.info().memory)
    assert 4096 == web.max_memory()
    assert 1 == web.max_vcpus()
    assert 1 == web.vcpu_count()
    assert DomainControlState.OK == web.control_info().state


def test_what_is_off_has_no_control_channel(web: virtkit.Domain) -> None:
    with pytest.raises(OperationInvalidError, match="not running"):
        web.control_info()


def test_the_driver_probes_and_volunteers() -> None:
    driver = QemuDriver()
    assert driver.driver_probe() is None
    assert driver.driver_default_uri() == ("qemu:///system" if os.geteuid() == 0 else "qemu:///session")


def test_a_host_without_qemu_is_told_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtkit_qemu.binary.find_program", lambda name: None)
    monkeypatch.setattr("virtkit_qemu.binary._found", {})
    driver = QemuDriver()
    assert "apt-get install qemu-system-x86" in (driver.driver_probe() or "")
    assert [False] == [finding.fine for finding in driver.driver_diagnose() if finding.subject == "emulator"]


def test_the_doctor_looks_at_emulator_kvm_tools_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtkit.store import Root as Folders

    monkeypatch.setattr(Folders, "system", classmethod(lambda cls: Folders.under(tmp_path)))
    monkeypatch.setattr(Folders, "session", classmethod(lambda cls: Folders.under(tmp_path)))
    findings = {finding.subject: finding for finding in QemuDriver().driver_diagnose()}
    assert findings["emulator"].fine
    assert "/dev/kvm" in findings
    assert "qemu-img" in findings
    assert "/dev/net/tun" in findings
    assert findings[str(tmp_path / "etc/qemu")].fine


# Past the API


def test_commands_reach_the_monitor(web: virtkit.Domain) -> None:
    with pytest.raises(OperationInvalidError, match="not running"):
        web.qemu_monitor_command('{"execute": "query-status"}')
    web.create()
    answer = json.loads(web.qemu_monitor_command('{"execute": "query-status", "id": 7}'))
    assert (7, "running") == (answer["id"], answer["return"]["status"])
    refused = json.loads(web.qemu_monitor_command('{"execute": "toast"}'))
    assert "CommandNotFound" == refused["error"]["class"]
    assert "VM status: running" in web.qemu_monitor_command("info status", DomainQemuMonitorCommandFlags.HMP)
    with pytest.raises(InternalError, match="no JSON"):
        web.qemu_monitor_command("info status")


def test_a_change_behind_our_back_is_seen(web: virtkit.Domain) -> None:
    web.create()
    web.qemu_monitor_command('{"execute": "stop"}')
    eventually(lambda: state_of(web) == (DomainState.PAUSED, DomainPausedReason.USER))
