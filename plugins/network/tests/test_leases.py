"""Lease files as dnsmasq writes them, and as they are while it writes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.network.tests.documents import parsed
from virtkit.enums import IPAddrType
from virtkit.errors import SystemCallError
from virtkit.records import DHCPLease
from virtkit_network.dnsmasq.leases import LeaseFile, parse

NETWORK = parsed(
    "<network><name>n</name><bridge name='vb0'/><ip address='192.168.9.1' prefix='24'/>"
    "<ip address='192.168.8.1' prefix='24'/><ip family='ipv6' address='fd00:9::1' prefix='64'/></network>"
)

FILE = """\
1800000000 52:54:00:00:00:01 192.168.9.10 web 01:52:54:00:00:00:01
0 52:54:00:00:00:02 192.168.8.11 * *
1700000000 06-52:54:00:00:00:03 192.168.9.12 old ff:00
duid 00:01:00:01:2c:00:00:00:52:54:00:00:00:99
1800000001 3221225 fd00:9::10 web6 00:01:00:01:18:aa:62:fe:52:54:00:00:00:06
1800000001 T77 fd00:9::11 * 00:04:aa:bb
"""


def lease(address: str, expiry: int, **more: str | None) -> DHCPLease:
    version = IPAddrType.IPV6 if ":" in address else IPAddrType.IPV4
    facts = {"mac": None, "iaid": None, "hostname": None, "clientid": None, **more}
    prefix = 64 if ":" in address else 24
    return DHCPLease(
        "vb0",
        expiry,
        version,
        facts["mac"],
        facts["iaid"],
        address,
        prefix,
        facts["hostname"],
        facts["clientid"],
    )


WEB = lease("192.168.9.10", 1800000000, mac="52:54:00:00:00:01", hostname="web", clientid="01:52:54:00:00:00:01")
EVER = lease("192.168.8.11", 0, mac="52:54:00:00:00:02")
OLD = lease("192.168.9.12", 1700000000, mac="52:54:00:00:00:03", hostname="old", clientid="ff:00")
WEB6 = lease(
    "fd00:9::10",
    1800000001,
    mac="52:54:00:00:00:06",
    iaid="3221225",
    hostname="web6",
    clientid="00:01:00:01:18:aa:62:fe:52:54:00:00:00:06",
)
UUID6 = lease("fd00:9::11", 1800000001, iaid="77", clientid="00:04:aa:bb")


def test_a_file_is_read() -> None:
    assert [WEB, EVER, OLD, WEB6, UUID6] == parse(FILE, NETWORK)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1800000000",
        "1800000000 52:54:00:00:00:01 192.168.9.10 web",
        "1800000000 52:54:00:00:00:01 192.168.9.1000 web *",
        "1800000000 52:54:00:00:00 192.168.9.10 web *",
        "x 52:54:00:00:00:01 192.168.9.10 web *",
        "1800000000 52:54:00:00:00:01 10.0.0.1 web *",
        "1800000000 52:54:00:00:00:01 fd00:9::1 web *",
        "duid 00:01",
        "1800000000 52:54:00:00:00:01 192.168.9.10 web * more",
    ],
)
def test_what_is_no_lease_of_the_network_is_left_out(line: str) -> None:
    assert [EVER] == parse(f"{line}\n0 52:54:00:00:00:02 192.168.8.11 * *\n", NETWORK)


@given(st.integers(0, len(FILE)))
def test_a_file_that_is_half_written_has_its_whole_lines(length: int) -> None:
    whole = FILE[:length].count("\n")
    assert parse("".join(FILE.splitlines(keepends=True)[:whole]), NETWORK) == parse(FILE[:length], NETWORK)


@given(st.integers(0, len(FILE)))
def test_what_is_left_of_a_longer_file_adds_no_other_address(start: int) -> None:
    short = "0 52:54:00:00:00:02 192.168.8.11 * *\n"
    found = parse(short + FILE[start:], NETWORK)
    assert found[0] == EVER
    assert {each.ipaddr for each in found} <= {each.ipaddr for each in (WEB, EVER, OLD, WEB6, UUID6)}


@settings(max_examples=300, deadline=None)
@given(st.text() | st.lists(st.text(st.sampled_from("0159af:.T* -\n"), max_size=80)).map("\n".join))
def test_any_text_is_read(text: str) -> None:
    for each in parse(text, NETWORK):
        assert each.iface == "vb0"


def test_leases_that_have_expired_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    path.write_text(FILE)
    assert [WEB, EVER, WEB6, UUID6] == LeaseFile(path).read(NETWORK, 1700000001)
    assert [EVER] == LeaseFile(path).read(NETWORK, 1900000000)


def test_without_a_file_there_are_no_leases(tmp_path: Path) -> None:
    leases = LeaseFile(tmp_path / "leases")
    assert not leases.changed()
    assert [] == leases.read(NETWORK, 0)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match="cannot read the leases of a network"):
        LeaseFile(tmp_path).read(NETWORK, 0)


def test_a_change_is_seen_once_even_within_one_tick_of_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    leases, now = LeaseFile(path), time.time()
    for name in ("one", "two", "six"):
        path.write_text(f"0 52:54:00:00:00:02 192.168.8.11 {name} *\n")
        os.utime(path, (now, now))
        assert leases.changed()
        assert not leases.changed()
        assert [name] == [each.hostname for each in leases.read(NETWORK, 0)]
    path.unlink()
    assert leases.changed()
    assert [] == leases.read(NETWORK, 0)


def test_an_old_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    path.write_text(FILE)
    os.utime(path, (1, 1))
    leases = LeaseFile(path)
    assert leases.changed()
    path.write_text(FILE.replace("web", "WEB"))
    os.utime(path, (1, 1))  # the same size and time, which only such a test makes
    assert not leases.changed()
