"""Bindings: what is in force from creation to deletion, and nothing before or after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import virtkit
from plugins.netfilter.tests.lab import (
    DROP_PING,
    HOST,
    NEEDS_PORT,
    OWNER,
    Guest,
    Lab,
    binding_xml,
    devices,
    eventually,
    filter_xml,
    parameters,
    ref,
    rule,
    ruleset,
)
from virtkit.errors import (
    BuildFirewallError,
    ConfigUnsupportedError,
    InternalError,
    NoNWFilterBindingError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
    VirtError,
    XMLError,
    XMLInvalidSchemaError,
)
from virtkit.network import nftables
from virtkit.store import Collection


def bind(conn: virtkit.Connection, guest: Guest, nwfilter: str, **values: str | list[str]) -> virtkit.NWFilterBinding:
    """Bind a filter to a guest's device."""
    return conn.create_nwfilter_binding(binding_xml(guest.port, nwfilter, guest.mac, parameters(**values)))


# From creation to deletion


def test_a_binding_is_in_force_until_it_is_deleted(conn: virtkit.Connection, guest: Guest) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    assert guest.reaches()
    binding = bind(conn, guest, "a")
    assert not guest.pings()
    binding.delete()
    assert guest.reaches()
    assert set() == devices()
    assert [] == conn.list_nwfilter_bindings()
    with pytest.raises(NoNWFilterBindingError):
        binding.delete()


def test_a_binding_concerns_its_device_alone(conn: virtkit.Connection, lab: Lab, guest: Guest) -> None:
    other = lab.guest("10.0.0.8")
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    bind(conn, guest, "a")
    assert not guest.pings()
    assert other.reaches()


def test_clean_traffic_lets_a_guest_speak_as_itself_only(conn: virtkit.Connection, lab: Lab, guest: Guest) -> None:
    other = lab.guest("10.0.0.8")
    bind(conn, guest, "clean-traffic", IP="10.0.0.7")
    assert guest.reaches()
    assert guest.reaches("10.0.0.8")
    assert other.reaches("10.0.0.7")
    guest.use("10.0.0.99")
    assert not guest.pings()
    assert not other.pings("10.0.0.99")
    guest.use("10.0.0.7")
    guest.namespace.run("ip", "link", "set", "eth0", "address", "52:54:00:00:00:77")
    assert not guest.pings()
    guest.namespace.run("ip", "link", "set", "eth0", "address", guest.mac)
    eventually(guest.pings, "the guest speaks as itself again")


def test_a_filter_may_be_in_force_before_the_device_is_there(conn: virtkit.Connection, lab: Lab) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    conn.create_nwfilter_binding(binding_xml("vnet0", "a"))
    assert not lab.guest("10.0.0.7").pings()


# Description


def test_a_binding_is_described_with_the_variables_that_are_known(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest, "no-mac-spoofing", Z="1", IP=["10.0.0.9", "10.0.0.8"], A="1")
    assert binding.xml_desc() == (
        "<filterbinding>\n"
        "  <owner>\n"
        "    <name>guest</name>\n"
        "    <uuid>0d6bd8f3-6f0c-4f26-8b5c-2a6c3a4d7e01</uuid>\n"
        "  </owner>\n"
        "  <portdev name='vnet0'/>\n"
        "  <mac address='52:54:00:00:00:00'/>\n"
        "  <filterref filter='no-mac-spoofing'>\n"
        "    <parameter name='A' value='1'/>\n"
        "    <parameter name='IP' value='10.0.0.9'/>\n"
        "    <parameter name='IP' value='10.0.0.8'/>\n"
        "    <parameter name='MAC' value='52:54:00:00:00:00'/>\n"
        "    <parameter name='Z' value='1'/>\n"
        "  </filterref>\n"
        "</filterbinding>\n"
    )


def test_what_nobody_knows_is_kept(conn: virtkit.Connection) -> None:
    odd = binding_xml("vnet0", "allow-arp").replace("<portdev", "<shape/><portdev")
    assert "<shape/>" in conn.create_nwfilter_binding(odd).xml_desc()
    with pytest.raises(XMLInvalidSchemaError, match="shape"):
        conn.create_nwfilter_binding(odd.replace("vnet0", "vnet1"), 1)


# Refusals


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("<filter name='a'/>", XMLError, "filter"),
        ("<filterbinding/>", XMLError, "portdev"),
        (binding_xml("vnet0", "a").replace(OWNER, ""), XMLError, "owner"),
        (binding_xml("vnet0", "a").replace("<mac address='52:54:00:00:00:01'/>", ""), XMLError, "mac"),
        (binding_xml("vnet0", "a", "52:54"), VirtError, "52:54"),
        (binding_xml("vnet0", ""), XMLError, "names no filter"),
        (binding_xml("", "allow-arp"), XMLError, "portdev"),
        (binding_xml("../../etc/x", "allow-arp"), XMLError, "slash"),
        (binding_xml("vnet0 vnet1", "allow-arp"), XMLError, "white space"),
        (binding_xml("&quot;; flush", "allow-arp"), VirtError, "flush"),
        (binding_xml("a" * 16, "allow-arp"), XMLError, "15 bytes"),
        (binding_xml("vnet0", "nosuch"), InternalError, "nosuch"),
        (binding_xml("vnet0", "broken"), InternalError, "nosuch"),
        (binding_xml("vnet0", "needs-port"), InternalError, "PORT"),
        (binding_xml("vnet0", "needs-port", values=parameters(PORT="x")), VirtError, "x"),
        (binding_xml("vnet0", "needs-port", values=parameters(PORT="1;drop")), XMLError, "1;drop"),
        (binding_xml("vnet0", "clean-traffic", values=parameters(IP="2001:db8::1")), VirtError, "2001:db8::1"),
        (binding_xml("vnet0", "clean-traffic", values=parameters(CTRL_IP_LEARNING="none")), InternalError, "IP"),
        (binding_xml("vnet0", "clean-traffic", values=parameters(CTRL_IP_LEARNING="x")), ConfigUnsupportedError, "x"),
        (binding_xml("vnet0", "clean-traffic"), InternalError, "no such device"),
        (binding_xml("vnet0", "both", values=parameters(CTRL_IP_LEARNING="dhcp")), InternalError, "PORT"),
    ],
)
def test_what_cannot_be_in_force_is_refused_and_leaves_nothing(
    conn: virtkit.Connection, lab: Lab, text: str, error: type[VirtError], words: str
) -> None:
    conn.define_nwfilter(filter_xml("broken", ref("nosuch")))
    conn.define_nwfilter(filter_xml("needs-port", NEEDS_PORT))
    conn.define_nwfilter(filter_xml("both", NEEDS_PORT, ref("clean-traffic")))
    with pytest.raises(error, match=words):
        conn.create_nwfilter_binding(text)
    assert [] == conn.list_nwfilter_bindings()
    assert set() == devices()
    assert [] == list(lab.status("x").parent.glob("*.xml"))


def test_a_device_has_one_binding(conn: virtkit.Connection, guest: Guest) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    bind(conn, guest, "a")
    with pytest.raises(OperationFailedError, match="vnet0 has a binding already, of network filter 'a'"):
        bind(conn, guest, "allow-ipv4")
    assert not guest.pings()


def test_rules_that_the_kernel_refuses_leave_nothing(
    conn: virtkit.Connection, lab: Lab, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(commands: object) -> None:
        raise nftables.RefusedError("cannot change the rules of nftables: out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(nftables, "apply", refused)
        with pytest.raises(BuildFirewallError, match="out of memory"):
            bind(conn, guest, "allow-ipv4")
    assert [] == conn.list_nwfilter_bindings()
    assert not lab.status(guest.port).exists()
    bind(conn, guest, "allow-ipv4")


@pytest.mark.parametrize("failing", [1, 2])
def test_a_binding_that_cannot_be_recorded_is_not_there(
    conn: virtkit.Connection, guest: Guest, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    saves: list[str] = []
    save = Collection.save

    def full(collection: Collection, name: str, document: bytes) -> None:
        saves.append(name)
        if len(saves) == failing:
            raise SystemCallError("no space left")
        save(collection, name, document)

    conn.define_nwfilter(filter_xml("a", DROP_PING))
    monkeypatch.setattr(Collection, "save", full)
    with pytest.raises(SystemCallError):
        bind(conn, guest, "a")
    assert set() == devices()
    assert [] == conn.list_nwfilter_bindings()
    assert guest.reaches()
    bind(conn, guest, "a")
    assert not guest.pings()


def test_a_filter_of_ten_thousand_rules_is_in_force(conn: virtkit.Connection, guest: Guest) -> None:
    rules = [rule("drop", "out", f"<ip dstipaddr='10.{n >> 8}.{n & 255}.1'/>") for n in range(1, 10_000)]
    conn.define_nwfilter(filter_xml("long", *rules, rule("drop", "out", f"<ip dstipaddr='{HOST}'/>")))
    bind(conn, guest, "long")
    assert not guest.pings()


# Devices that come and go


def test_the_binding_of_a_device_that_is_gone_makes_way_for_that_of_the_next_one(
    conn: virtkit.Connection, guest: Guest
) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    bind(conn, guest, "a")
    guest.unplug()
    guest.plug()
    guest.use("10.0.0.7")
    binding = bind(conn, guest, "no-ip-multicast")
    assert [binding] == conn.list_nwfilter_bindings()
    assert guest.reaches()
    assert "icmp" not in str(ruleset(guest.port))


def test_deleting_the_binding_of_a_device_that_is_gone_is_no_error(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest, "no-ip-multicast")
    guest.unplug()
    binding.delete()
    assert set() == devices()


# Other rules


def test_rules_of_others_stay(conn: virtkit.Connection, guest: Guest) -> None:
    table = {"family": "bridge", "name": "somebodys"}
    nftables.apply([{"add": {"table": table}}])
    bind(conn, guest, "no-ip-multicast").delete()
    assert nftables.listed("bridge", "somebodys") is not None


def test_a_root_does_not_take_away_what_another_root_has_put_in_force(
    conn: virtkit.Connection, guest: Guest, tmp_path: Path
) -> None:
    """A binding whose device is gone is dropped, but not the rules of another root for the device of that name."""
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    stale = bind(conn, guest, "no-ip-multicast")
    with virtkit.open(f"nwfilter:///embed?root={tmp_path / 'other'}") as other:
        other.define_nwfilter(filter_xml("a", DROP_PING))
        bind(other, guest, "a")
        stale.delete()
        assert not guest.pings()
        assert {guest.port} == devices()


def test_a_user_who_may_not_change_rules_is_told_so(lab: Lab, guest: Guest) -> None:
    command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no user namespaces here")
    body = f"""
try:
    connection.create_nwfilter_binding({binding_xml(guest.port, "no-ip-multicast")!r})
except virtkit.VirtError as error:
    print(type(error).__name__, error)
"""
    program = f"import sys, virtkit\nconnection = virtkit.open(sys.argv[1])\n{body}"
    done = subprocess.run(
        [*command, sys.executable, "-c", program, lab.uri], capture_output=True, text=True, check=False
    )
    assert "ermitted" in done.stdout, done.stderr
    assert [] == list(lab.status("x").parent.glob("*.xml"))


# Filters that are used


def test_a_filter_that_is_used_stays(conn: virtkit.Connection, guest: Guest) -> None:
    conn.define_nwfilter(filter_xml("inner", DROP_PING))
    conn.define_nwfilter(filter_xml("outer", ref("inner")))
    binding = bind(conn, guest, "outer")
    for name in ("outer", "inner"):
        with pytest.raises(OperationInvalidError, match=rf"'{name}' is in use: on vnet0"):
            conn.lookup_nwfilter_by_name(name).undefine()
    assert not guest.pings()
    binding.delete()
    conn.lookup_nwfilter_by_name("inner").undefine()  # which `outer` still refers to, as in libvirt
