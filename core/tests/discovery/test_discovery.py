"""Installed drivers are found, checked and loaded; one that is broken harms only those who ask for it."""

from __future__ import annotations

from typing import Any

import pytest

BROKEN = {
    "import": (
        "raise RuntimeError('libxyz.so is missing')",
        "does not import: RuntimeError: libxyz.so is missing",
    ),
    "exit": ("raise SystemExit(3)", "does not import: SystemExit: 3"),
    "syntax": ("def Lab(:", "does not import: SyntaxError"),
    "missing": ("", "does not import: AttributeError"),
    "function": ("def Lab(): pass", "not a subclass of virtkit.driver.Driver"),
    "older": (
        "class Lab(Driver):\n    hook_api = 0",
        "was written for hook API 0, this virtkit has 1: upgrade the driver",
    ),
    "newer": (
        "class Lab(Driver):\n    hook_api = 99",
        "was written for hook API 99, this virtkit has 1: upgrade virtkit",
    ),
    "silent": ("class Lab(Driver):\n    pass", "was written for hook API None, this virtkit has 1: upgrade"),
    "misspelt": (
        "class Lab(Driver, ConnectSpec):\n    hook_api = 1\n    def connect_get_hostnam(self, conn): return ''",
        "no hook is named 'connect_get_hostnam'; did you mean connect_get_hostname?",
    ),
    "unknown": (
        "class Lab(Driver, ConnectSpec):\n    hook_api = 1\n    def qemu_xyzzy(self, conn): return ''",
        "no hook is named 'qemu_xyzzy'",
    ),
    "parameter": (
        "class Lab(Driver, DomainDefinitionSpec):\n    hook_api = 1\n"
        "    def domain_lookup_by_name(self, conn, title): return None",
        r"domain_lookup_by_name takes ('title',), the specification says ('name',)",
    ),
    "order": (
        "class Lab(Driver, DomainDefinitionSpec):\n    hook_api = 1\n"
        "    def domain_get_xml_desc(self, conn, flags, dom): return ''",
        r"domain_get_xml_desc takes ('flags', 'dom'), the specification says ('dom', 'flags')",
    ),
    "construction": (
        "class Lab(Driver):\n    hook_api = 1\n    def __init__(self): raise OSError('no such device')",
        "cannot be constructed: OSError: no such device",
    ),
}


def test_listing_imports_no_driver(host: Any) -> None:
    host.install("virtkit-lab", "raise RuntimeError('imported')")
    host.install("virtkit-zoo", "raise RuntimeError('imported')", name="zoo")
    host.install("virtkit-net", "raise RuntimeError('imported')", name="bridge", kind="network")
    program = """
        from virtkit import discovery
        tell(*(found[:4] for found in discovery.installed("hypervisor")))
        tell(*(found[:4] for found in discovery.installed("network")))
        tell(*(found[:4] for found in discovery.installed("secret")))
    """
    hypervisors = [["hypervisor", "lab", "virtkit-lab", "1.0"], ["hypervisor", "zoo", "virtkit-zoo", "1.0"]]
    expected = [hypervisors, [["network", "bridge", "virtkit-net", "1.0"]], []]
    assert expected == host.run(program)
    assert expected == host.run(program), "also when the list comes out of stevedore's cache"


def test_a_driver_is_loaded_once(host: Any) -> None:
    host.install("virtkit-lab")
    program = """
        from virtkit import discovery
        lab = discovery.load("hypervisor", "lab")
        tell(type(lab).__module__, lab is discovery.load("hypervisor", "lab"), lab in discovery.manager().get_plugins())
    """
    assert [["virtkit_lab", True, True]] == host.run(program)


def test_a_missing_driver_is_told_with_the_package_to_install(host: Any) -> None:
    kind, message, name = host.error('discovery.load("hypervisor", "lxc")')
    assert ("NoDriverError", "lxc") == (kind, name)
    assert "pip install virtkit-lxc" in message
    _, message, _ = host.error('discovery.load("network", "bridge")')
    assert "pip install virtkit-network-bridge" in message
    _, message, _ = host.error('discovery.load("secret", "secret")')
    assert "pip install virtkit-secret;" in message


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_driver_is_refused_with_its_reason(host: Any, case: str) -> None:
    source, reason = BROKEN[case]
    host.install("virtkit-lab", source)
    kind, message, name = host.error('discovery.load("hypervisor", "lab")')
    assert ("DriverError", "lab") == (kind, name)
    assert "hypervisor driver 'lab'" in message
    assert reason in message


def test_two_distributions_that_claim_one_name_are_both_told(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-labor")
    kind, message, _ = host.error('discovery.load("hypervisor", "lab")')
    assert "DriverError" == kind
    assert "claimed by virtkit-lab 1.0 and virtkit-labor 1.0: uninstall all but one" in message


def test_a_broken_driver_harms_no_other(host: Any) -> None:
    host.install("virtkit-sound", HYPERVISOR_NAMED_SOUND, name="sound")
    for case, (source, _) in BROKEN.items():
        host.install(f"virtkit-{case}", source, name=case)
    program = """
        import virtkit
        from virtkit import discovery, errors
        for found in discovery.installed("hypervisor"):
            try:
                discovery.load("hypervisor", found.name)
            except errors.DriverError:
                pass
        tell(virtkit.open("sound:///default").hostname())
    """
    assert [["lab for sound:///default"]] == host.run(program)


HYPERVISOR_NAMED_SOUND = """
class Lab(Driver, ConnectSpec):
    name = "sound"
    hook_api = 1

    def driver_open(self, request):
        return request

    def connect_get_hostname(self, conn):
        return f"lab for {conn.uri}"
"""


def test_a_survey_reports_every_driver_with_its_state(host: Any) -> None:
    host.install("virtkit-sound", HYPERVISOR_NAMED_SOUND, name="sound")
    host.install("virtkit-broken", "raise RuntimeError('boom')", name="broken")
    unusable = "class Lab(Driver):\n    hook_api = 1\n    def driver_probe(self): return 'no /dev/kvm'"
    host.install("virtkit-unusable", unusable, name="unusable", kind="network")
    failing = "class Lab(Driver):\n    hook_api = 1\n    def driver_probe(self): raise KeyError('x')"
    host.install("virtkit-failing", failing, name="failing", kind="secret")
    host.install("virtkit-lab-pools", "raise RuntimeError('no disk')", name="disk", kind="storage_backend")
    reports = host.run("""
        from virtkit import discovery
        for report in discovery.survey():
            tell(report.driver.name, report.state, report.reason)
    """)
    states = {name: (state, reason) for name, state, reason in reports}
    assert ("ready", "") == states.pop("sound")
    assert ("unusable", "no /dev/kvm") == states.pop("unusable")
    assert ("broken", "its probe failed: KeyError: 'x'") == states.pop("failing")
    state, reason = states.pop("broken")
    assert "broken" == state
    assert "boom" in reason
    state, reason = states.pop("disk")
    assert "broken" == state
    assert "storage backend 'disk' does not import: RuntimeError: no disk" in reason
    assert {} == states
