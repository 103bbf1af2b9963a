"""Owners that end, are killed in the middle of a change, and come back; devices that are gone meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.netfilter.tests.lab import (
    DROP_PING,
    HOST,
    Guest,
    Lab,
    addresses,
    binding_xml,
    devices,
    eventually,
    filter_xml,
    parameters,
    rule,
    ruleset,
)
from tests.interop.virtkitd import Virtkitd
from virtkit.network import nftables

DROP_ALL = rule("drop", "inout", "<mac/>")


def take_over(conn: virtkit.Connection) -> None:
    """Have a connection own its root, by a change that has nothing to do with bindings."""
    conn.define_nwfilter(filter_xml("unrelated"))


@pytest.fixture
def left(lab: Lab, guest: Guest) -> Lab:
    """A root whose owner has bound `a`, which drops pings, to the guest's device, and has ended."""
    with lab.open() as conn:
        conn.define_nwfilter(filter_xml("a", DROP_PING))
        conn.create_nwfilter_binding(binding_xml(guest.port, "a", guest.mac))
    return lab


# Owners that end


def test_a_binding_stays_in_force_and_is_adopted(left: Lab, guest: Guest) -> None:
    assert not guest.pings()
    before = ruleset(guest.port)
    with left.open() as conn:
        [binding] = conn.list_nwfilter_bindings()
        take_over(conn)
        assert [binding] == conn.list_nwfilter_bindings()
        assert before == ruleset(guest.port)
        assert not guest.pings()
        binding.delete()
        assert guest.reaches()
    assert set() == devices()


def test_a_process_that_is_killed_leaves_its_bindings_in_force(lab: Lab, guest: Guest) -> None:
    body = f"""
connection.define_nwfilter({filter_xml("a", DROP_PING)!r})
connection.create_nwfilter_binding({binding_xml(guest.port, "a", guest.mac)!r})
"""
    with lab.program(body) as process:
        assert not guest.pings()
        process.kill()
        process.wait()
    assert not guest.pings()
    with lab.open() as conn:
        conn.define_nwfilter(filter_xml("a"))
        assert guest.reaches()


def test_what_somebody_removed_is_back_with_the_next_owner(left: Lab, guest: Guest) -> None:
    nftables.apply([{"delete": {"table": {"family": "bridge", "name": "virtkit-nwfilter"}}}])
    assert guest.reaches()
    with left.open() as conn:
        take_over(conn)
        assert not guest.pings()


def test_a_binding_whose_filter_is_gone_keeps_the_rules_it_has(
    left: Lab, guest: Guest, caplog: pytest.LogCaptureFixture
) -> None:
    (left.root / "etc/nwfilter/a.xml").write_text("damaged")
    other = left.guest("10.0.0.8")
    with left.open() as conn:
        conn.define_nwfilter(filter_xml("b", DROP_PING))
        assert "vnet0 keeps the rules it has" in caplog.text
        assert not guest.pings()
        conn.create_nwfilter_binding(binding_xml(other.port, "b", other.mac))
        assert not other.pings()
        conn.define_nwfilter(filter_xml("a", rule("accept", "inout")))  # mends it
        assert guest.reaches()


def test_a_record_that_is_damaged_harms_no_other_and_its_device_keeps_its_rules(left: Lab, guest: Guest) -> None:
    other = left.guest("10.0.0.8")
    with left.open() as conn:
        conn.create_nwfilter_binding(binding_xml(other.port, "a", other.mac))
    left.status(guest.port).write_text("<bindingstatus")
    with left.open() as conn:
        take_over(conn)
        assert [other.port] == [each.port_dev for each in conn.list_nwfilter_bindings()]
        assert [False, False] == [guest.pings(), other.pings()]
        conn.create_nwfilter_binding(binding_xml(guest.port, "no-ip-multicast", guest.mac))  # its driver knows better
        assert guest.reaches()


# Devices that are gone


def test_the_binding_of_a_device_that_is_gone_is_dropped_with_its_rules(left: Lab, guest: Guest) -> None:
    guest.unplug()
    with left.open() as conn:
        take_over(conn)
        assert [] == conn.list_nwfilter_bindings()
    assert set() == devices()
    assert not left.status(guest.port).exists()
    guest.plug()
    guest.use("10.0.0.7")
    assert guest.reaches()


def test_another_device_of_that_name_is_not_taken_for_the_one_that_is_gone(left: Lab, guest: Guest) -> None:
    guest.unplug()
    guest.plug()
    guest.use("10.0.0.7")
    with left.open() as conn:
        take_over(conn)
        assert [] == conn.list_nwfilter_bindings()
    assert guest.reaches()


def test_a_device_that_came_after_its_binding_is_known_from_then_on(lab: Lab) -> None:
    with lab.open() as conn:
        conn.define_nwfilter(filter_xml("a", DROP_PING))
        conn.create_nwfilter_binding(binding_xml("vnet0", "a"))
    guest = lab.guest("10.0.0.7")
    with lab.open() as conn:
        take_over(conn)
        assert [guest.port] == [each.port_dev for each in conn.list_nwfilter_bindings()]
        assert not guest.pings()
    guest.unplug()
    guest.plug()
    guest.use("10.0.0.7")
    with lab.open() as conn:
        take_over(conn)
        assert [] == conn.list_nwfilter_bindings()
    assert guest.reaches()


def test_bindings_do_not_outlive_a_boot(left: Lab, guest: Guest) -> None:
    record = left.status(guest.port)
    record.write_text(re.sub("boot='[^']*'", "boot='another'", record.read_text()))
    with left.open() as conn:
        take_over(conn)
        assert [] == conn.list_nwfilter_bindings()
    assert not record.exists()


# Killed in the middle


@pytest.fixture
def killed(lab: Lab, guest: Guest, request: pytest.FixtureRequest) -> Lab:
    """A process was killed by a call of `create` or whatever the test asks for."""
    lab.killed(request.param.format(binding=binding_xml(guest.port, "a", guest.mac), a=filter_xml("a", DROP_PING)))
    return lab


CREATE = """
connection.define_nwfilter('''{a}''')
die_at(%s)
connection.create_nwfilter_binding('''{binding}''')
"""


@pytest.mark.parametrize(
    "killed",
    [
        CREATE % "Collection, 'save'",
        CREATE % "Collection, 'save', after=True",
        CREATE % "Instantiation, 'carry_out'",
        CREATE % "Instantiation, 'carry_out', after=True",
        CREATE % "Collection, 'save', 2",
    ],
    ids=["before-the-record", "after-the-record", "before-the-rules", "after-the-rules", "before-the-second-record"],
    indirect=True,
)
def test_a_binding_that_was_not_finished_is_undone_by_the_next_owner(killed: Lab, guest: Guest) -> None:
    with killed.open() as conn:
        assert [] == conn.list_nwfilter_bindings()
        take_over(conn)
        assert [] == conn.list_nwfilter_bindings()
        assert set() == devices()
        assert not killed.status(guest.port).exists()
        assert guest.reaches()
        conn.create_nwfilter_binding(binding_xml(guest.port, "a", guest.mac))
        assert not guest.pings()


@pytest.mark.parametrize("killed", [CREATE % "Collection, 'save', 2, after=True"], indirect=True)
def test_a_binding_that_was_finished_is_there(killed: Lab, guest: Guest) -> None:
    with killed.open() as conn:
        take_over(conn)
        assert [guest.port] == [each.port_dev for each in conn.list_nwfilter_bindings()]
        assert not guest.pings()


UPDATE = f"""
connection.define_nwfilter({filter_xml("unrelated")!r})
die_at(%s)
connection.define_nwfilter({filter_xml("a", DROP_ALL)!r})
"""


@pytest.mark.parametrize(
    "point",
    [
        "Instantiation, 'carry_out'",
        "Instantiation, 'carry_out', after=True",
        "Collection, 'save'",
        "Collection, 'save', after=True",
    ],
    ids=["before-the-rules", "after-the-rules", "before-it-is-stored", "after-it-is-stored"],
)
def test_a_change_is_done_or_not_and_the_guest_is_never_without_rules(left: Lab, guest: Guest, point: str) -> None:
    left.killed(UPDATE % point)
    assert not guest.pings()  # by the old rules or the new ones
    with left.open() as conn:
        stored = conn.lookup_nwfilter_by_name("a").xml_desc()
        assert ("<mac/>" in stored) is ("after=True" in point and "save" in point)
        take_over(conn)
        assert not guest.pings()
        assert ("icmp" in stored) is ("'icmp'" in str(ruleset(guest.port)))


def test_a_binding_that_was_being_deleted_is_there_or_not(left: Lab, guest: Guest) -> None:
    left.killed("die_at(Collection, 'delete')\nconnection.list_nwfilter_bindings()[0].delete()")
    with left.open() as conn:
        take_over(conn)
        [binding] = conn.list_nwfilter_bindings()
        assert not guest.pings()  # its device is there still, so its rules are as well
        binding.delete()
        assert guest.reaches()


# A daemon


@pytest.fixture
def daemon(lab: Lab) -> Iterator[Virtkitd]:
    with Virtkitd(lab.root, configuration="[log]\nlevel = 'warning'\n") as running:
        yield running


def test_a_daemon_adopts_bindings_when_it_begins(lab: Lab, daemon: Virtkitd, guest: Guest) -> None:
    uri = daemon.uri("qemu:///system")
    with virtkit.open(uri) as conn:
        conn.define_nwfilter(filter_xml("a", DROP_PING))
        conn.create_nwfilter_binding(binding_xml(guest.port, "a", guest.mac))
    daemon.stop()
    assert not guest.pings()
    nftables.apply([{"delete": {"table": {"family": "bridge", "name": "virtkit-nwfilter"}}}])
    daemon.start()
    eventually(lambda: not guest.pings(), "the rules are back, without a client")
    with virtkit.open(uri) as conn:
        [binding] = conn.list_nwfilter_bindings()
        binding.delete()
    assert guest.reaches()


def test_a_daemon_learns_leases_and_remembers_them(lab: Lab, daemon: Virtkitd, tmp_path: Path) -> None:
    guest = lab.guest()
    uri = daemon.uri("nwfilter:///system")
    learning = parameters(CTRL_IP_LEARNING="dhcp", DHCPSERVER=HOST)
    with virtkit.open(uri) as conn:
        conn.create_nwfilter_binding(binding_xml(guest.port, "clean-traffic", guest.mac, learning))
    with lab.dhcp():
        assert guest.lease(tmp_path)
        eventually(guest.pings, "the lease counts, without a client")
    daemon.stop()
    assert guest.reaches()
    daemon.start()
    with virtkit.open(uri) as conn:
        [binding] = conn.list_nwfilter_bindings()
        assert [guest.address] == addresses(binding)
        assert guest.reaches()
        guest.use("10.0.0.99")
        assert not guest.pings()
        binding.delete()
