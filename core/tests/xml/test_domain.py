"""Domains outside their devices, and the answers of hosts: typed values and what is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError
from virtkit.xml.capabilities import Capabilities, Machine
from virtkit.xml.cpu import CpuDocument
from virtkit.xml.domain import Domain, GenId
from virtkit.xml.domain.cpu import Cpu, CpuFeature, CpuModel
from virtkit.xml.domain.cpuset import members, written
from virtkit.xml.domaincaps import DomainCapabilities
from virtkit.xml.nodedev import Functions, NodeDevice, PciCapability
from virtkit.xml.snapshot import Snapshot
from virtkit.xml.values import Refusal


def _domain(text: str) -> Domain:
    return Domain.parse(f"<domain type='kvm'><name>a</name>{text}</domain>")


MINIMAL = "<domain type='kvm'>\n  <name>a</name>\n  <devices>\n  </devices>\n</domain>\n"


@pytest.mark.parametrize(
    "tag", ["features", "cpu", "cputune", "title", "description", "memtune", "clock", "pm", "perf"]
)
def test_an_empty_part_is_left_out(tag: str) -> None:
    assert MINIMAL == _domain(f"<{tag}/>").format()


def test_extensions_of_the_hypervisor_are_printed_on_two_lines_when_empty() -> None:
    lines = _domain("<features><hyperv/><kvm/></features>").format()
    assert "    <hyperv>\n    </hyperv>\n    <kvm>\n    </kvm>\n" in lines


def test_a_type_may_be_a_word_of_a_driver_nobody_knows_here() -> None:
    assert "foo" == Domain.parse("<domain type='foo'><name>a</name></domain>").type


def test_a_malformed_uuid_is_refused() -> None:
    with pytest.raises(InternalError, match="'x' is not a UUID") as caught:
        _domain("<uuid>x</uuid>")
    assert ErrorDomain.DOMAIN == caught.value.domain


def test_an_empty_generation_id_is_told_from_none() -> None:
    assert _domain("").genid is None
    assert GenId() == _domain("<genid/>").genid
    assert GenId(uuid=bytes(16)) == _domain("<genid>00000000000000000000000000000000</genid>").genid


def test_sizes_are_kibibytes() -> None:
    document = _domain("<memory unit='MB'>71</memory><currentMemory unit='bytes'>70000000</currentMemory>")
    assert document.memory
    assert (69336, 68360) == (document.memory.size, document.current_memory)


def test_values_are_typed() -> None:
    document = _domain("""
        <vcpu placement='auto' cpuset='3,1,0-1,5-7,^6' current='2'>4</vcpu>
        <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/><boot dev='network'/></os>
        <features><acpi/><hyperv><spinlocks state='on' retries='4096'/></hyperv>
          <capabilities policy='deny'><mknod state='on'/></capabilities></features>
        <cpu mode='custom' match='exact'>
          <model fallback='forbid'>qemu64</model><feature policy='disable' name='svm'/></cpu>
        <clock offset='variable' adjustment='-60'><timer name='hpet' present='no'/></clock>
        <launchSecurity type='sev'><policy>0x1</policy></launchSecurity>""")
    assert document.vcpu
    assert ("auto", "0-1,3,5,7", 2, 4) == (
        document.vcpu.placement,
        document.vcpu.cpuset,
        document.vcpu.current,
        document.vcpu.maximum,
    )
    assert ["hd", "network"] == document.os.boot
    assert document.features.acpi
    assert not document.features.pae
    assert document.features.hyperv
    assert document.features.hyperv.spinlocks
    assert 4096 == document.features.hyperv.spinlocks.retries
    assert document.features.capabilities
    assert (True, None) == (document.features.capabilities.mknod, document.features.capabilities.chown)
    assert document.cpu == Cpu(
        mode="custom",
        match="exact",
        model=CpuModel(fallback="forbid", name="qemu64"),
        features=[CpuFeature(policy="disable", name="svm")],
    )
    assert ("-60", False) == (document.clock.adjustment, document.clock.timers[0].present)
    assert document.launch_security
    assert 1 == document.launch_security.policy


@given(st.sets(st.integers(0, 16383)))
def test_a_set_of_cpus_is_read_as_it_was_written(numbers: set[int]) -> None:
    if numbers:
        assert numbers == members(written(numbers))


@pytest.mark.parametrize("text", ["", "a", "5-3", "1,,2", "^1-2", "16384", "0-99999", "-1"])
def test_what_is_no_set_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="is not a set of CPUs"):
        members(text)


def test_a_snapshot_holds_the_domain() -> None:
    snapshot = Snapshot.parse(
        "<domainsnapshot><name>s</name><disks><disk name='vda' snapshot='external'><source file='/a'/></disk></disks>"
        "<domain type='test'><name>a</name></domain></domainsnapshot>"
    )
    assert snapshot.domain == Domain(type="test", name="a")
    (disk,) = snapshot.disks.disks
    assert disk.source
    assert ("vda", "/a") == (disk.name, disk.source.file)


def test_a_capability_of_a_device_has_the_class_of_its_type() -> None:
    (pci,) = NodeDevice.parse("""
        <device><name>a</name><capability type='pci'><class>0x020000</class><product id='0x10c9'>A card</product>
          <capability type='virt_functions' maxCount='7'><address bus='2' slot='16'/></capability></capability></device>
    """).capabilities
    assert isinstance(pci, PciCapability)
    assert (0x20000, None) == (pci.class_, pci.numa_node)
    assert pci.product
    assert (0x10C9, "A card") == (pci.product.id, pci.product.name)
    (functions,) = pci.capabilities
    assert isinstance(functions, Functions)
    assert (7, 16) == (functions.max_count, functions.addresses[0].slot)


def test_words_that_are_supported_are_found_by_name() -> None:
    capabilities = DomainCapabilities.parse(
        "<domainCapabilities><cpu><mode name='custom' supported='yes'><model usable='no'>a</model></mode></cpu>"
        "<devices><disk supported='yes'><enum name='bus'><value>ide</value><value>usb</value></enum></disk></devices>"
        "</domainCapabilities>"
    )
    assert capabilities.devices
    assert capabilities.devices.disk
    assert (["ide", "usb"], []) == (capabilities.devices.disk.words("bus"), capabilities.devices.disk.words("model"))
    assert capabilities.cpu
    custom = capabilities.cpu.mode("custom")
    assert custom
    assert [("a", "no")] == [(model.name, model.usable) for model in custom.models]
    assert capabilities.cpu.mode("maximum") is None


def test_machines_of_a_guest_are_typed() -> None:
    (guest,) = Capabilities.parse(
        "<capabilities><host/><guest><os_type>hvm</os_type><arch name='x86_64'><wordsize>64</wordsize>"
        "<machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine></arch></guest></capabilities>"
    ).guests
    assert guest.arch
    assert (64, [Machine(canonical="pc-q35-7.2", max_cpus=288, name="q35")]) == (
        guest.arch.wordsize,
        guest.arch.machines,
    )


def test_the_cpu_of_a_host_is_a_document() -> None:
    cpu = CpuDocument.parse("<cpu><arch>x86_64</arch><model>Haswell</model><feature name='vme'/></cpu>")
    assert cpu.model
    assert ("x86_64", "Haswell", ["vme"]) == (cpu.arch, cpu.model.name, [feature.name for feature in cpu.features])
