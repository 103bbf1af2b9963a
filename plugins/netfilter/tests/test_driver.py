"""The driver as a whole: its size, what it needs of the host, several threads, and other drivers."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import virtkit
from plugins.netfilter.tests.lab import DROP_PING, Guest, Lab, binding_xml, devices, filter_xml, ref
from virtkit import discovery
from virtkit.errors import ConfigUnsupportedError, NoNWFilterBindingError, NoNWFilterError
from virtkit_netfilter import diagnosis
from virtkit_netfilter.driver import LIBRARY
from virtkit_netfilter.probing import Abilities

IMPORTS = """
import sys
import virtkit_netfilter.driver
from virtkit.driver import OpenRequest
from virtkit.store import Root
from virtkit.uri import parse
driver = virtkit_netfilter.driver.NetfilterDriver()
uri = "nwfilter:///embed?root=" + sys.argv[1]
session = driver.driver_open(OpenRequest(parse(uri), False, Root.under(sys.argv[1]), {}))
driver.driver_reside(session)
print(*(name for name in ("lxml", "nftables", "pyroute2", "asyncio") if name in sys.modules))
"""


# Size


def test_a_driver_that_resides_without_bindings_has_imported_nothing_large(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IMPORTS, str(tmp_path)]
    assert "" == subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


# What it needs of the host


@pytest.mark.usefixtures("network")
def test_a_host_that_has_everything_is_fine() -> None:
    found = {each.subject: each for each in diagnosis.findings(LIBRARY)}
    assert found["libnftables"].fine
    assert found["rules of nftables"].fine
    assert set(found) == {
        "libnftables", "rules of nftables", "states of connections in bridges", "rejects in bridges",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("able", "unfit"),
    [
        (Abilities(bridge_ct=True, bridge_netfilter=False, bridge_reject=True), set()),
        (Abilities(bridge_ct=False, bridge_netfilter=True, bridge_reject=False), {"rejects in bridges"}),
        (
            Abilities(bridge_ct=False, bridge_netfilter=False, bridge_reject=True),
            {"states of connections in bridges"},
        ),
    ],
)
@pytest.mark.usefixtures("network")
def test_what_the_kernel_lacks_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, able: Abilities, unfit: set[str]
) -> None:
    monkeypatch.setattr("virtkit_netfilter.probing.probe", lambda: able)
    lacking = [each for each in diagnosis.findings(LIBRARY) if not each.fine]
    assert unfit == {each.subject for each in lacking}
    assert all("modprobe" in each.remedy for each in lacking)


def test_a_host_without_the_library_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nftables", None)
    [found] = discovery.load("nwfilter", "nwfilter").driver_diagnose()
    assert (found.subject, found.fine) == ("libnftables", False)
    assert "libnftables1" in found.remedy


def test_without_the_library_filters_are_defined_and_not_bound(
    conn: virtkit.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "nftables", None)
        conn.define_nwfilter(filter_xml("a", DROP_PING))
        with pytest.raises(ConfigUnsupportedError, match="libnftables1"):
            conn.create_nwfilter_binding(binding_xml("vnet0", "a"))
        assert [] == conn.list_nwfilter_bindings()
    conn.create_nwfilter_binding(binding_xml("vnet0", "a"))


def test_a_kernel_that_gained_what_it_lacked_is_asked_again(
    conn: virtkit.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn.define_nwfilter(filter_xml("a", "<rule action='accept' direction='in'><tcp dstportstart='22'/></rule>"))
    poor = Abilities(bridge_ct=False, bridge_netfilter=False, bridge_reject=False)
    with monkeypatch.context() as patched:
        patched.setattr("virtkit_netfilter.probing.probe", lambda: poor)
        with pytest.raises(ConfigUnsupportedError, match="br_netfilter"):
            conn.create_nwfilter_binding(binding_xml("vnet0", "a"))
    rich = poor._replace(bridge_netfilter=True)
    monkeypatch.setattr("virtkit_netfilter.probing.probe", lambda: rich)
    conn.create_nwfilter_binding(binding_xml("vnet0", "a"))


# Threads


def test_threads_that_change_and_read_at_once_end_with_what_is_in_force(conn: virtkit.Connection, lab: Lab) -> None:
    conn.define_nwfilter(filter_xml("inner", DROP_PING))
    conn.define_nwfilter(filter_xml("outer", ref("inner")))
    failures: list[BaseException] = []

    def binds(number: int) -> None:
        for turn in range(6):
            binding = conn.create_nwfilter_binding(binding_xml(f"dev{number}", "outer"))
            assert "outer" in binding.xml_desc()
            if turn < 5:
                binding.delete()

    def defines(number: int) -> None:
        for turn in range(6):
            conn.define_nwfilter(filter_xml("inner", *[DROP_PING] * (turn % 2)))
            conn.define_nwfilter(filter_xml(f"other{number}-{turn}", ref("inner"))).undefine()

    def reads(number: int) -> None:
        for _ in range(60):
            assert {"inner", "outer"} <= set(conn.list_nwfilter_names())
            for binding in conn.list_nwfilter_bindings():
                with suppress(NoNWFilterBindingError):  # deleted meanwhile
                    binding.xml_desc()

    def run(work: object, number: int) -> None:
        try:
            with lab.network.entered():
                work(number)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work, n)) for work in (binds, defines, reads) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures
    assert {"dev0", "dev1", "dev2"} == devices() == {each.port_dev for each in conn.list_nwfilter_bindings()}


# Peers


def test_filters_join_the_connections_of_hypervisors(lab: Lab, guest: Guest, conn: virtkit.Connection) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    with virtkit.open(lab.uri.replace("nwfilter:", "qemu:")) as hypervisor:
        binding = hypervisor.create_nwfilter_binding(binding_xml(guest.port, "a"))
        assert [binding.ref] == [each.ref for each in conn.list_nwfilter_bindings()]
        assert not guest.pings()
        binding.delete()


def test_errors_of_what_is_not_there_name_it(conn: virtkit.Connection) -> None:
    with pytest.raises(NoNWFilterError, match=r"'nosuch'.*nwfilter-list"):
        conn.lookup_nwfilter_by_name("nosuch")
    with pytest.raises(NoNWFilterBindingError, match=r"'vnet9'.*nwfilter-binding-list"):
        conn.lookup_nwfilter_binding_by_port_dev("vnet9")


def test_a_reader_sees_what_another_process_has_put_in_force(lab: Lab, guest: Guest) -> None:
    body = f"connection.create_nwfilter_binding({binding_xml(guest.port, 'no-ip-multicast', guest.mac)!r})"
    with lab.program(body), lab.open() as conn:
        [binding] = conn.list_nwfilter_bindings()
        assert (guest.port, "no-ip-multicast") == (binding.port_dev, binding.filter_name)
        assert guest.mac in binding.xml_desc()
