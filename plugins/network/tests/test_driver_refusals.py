"""What keeps a network from starting leaves nothing behind: refusals, and a process that is killed in the middle."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plugins.network.tests.host import Host, killed, nat, without_programs
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    VirtError,
)

START = "conn.lookup_network_by_name('nat').create()"
STOP = "conn.lookup_network_by_name('nat').destroy()"


# All or nothing


@contextmanager
def refused(host: Host, error: type[VirtError], *words: str) -> Iterator[None]:
    """A start is refused with these words in the message, and nothing is different afterwards."""
    before = host.remains()
    with pytest.raises(error) as caught:
        yield
    assert [word for word in words if word not in str(caught.value)] == []
    assert before == host.remains()


def test_without_dnsmasq_a_network_does_not_start(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = host.conn.define_network(nat())
    with refused(host, ConfigUnsupportedError, "dnsmasq", "install"), without_programs(monkeypatch, tmp_path):
        network.create()
    assert network.is_active() is False


def test_a_dnsmasq_that_refuses_is_quoted(host: Host) -> None:
    options = "<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>"
    network = host.conn.define_network(nat(more=f"{options}<dnsmasq:option value='nonsense=1'/></dnsmasq:options>"))
    with refused(host, InternalError, "dnsmasq", "nonsense=1", "'nat'"):
        network.create()


def test_a_bridge_whose_name_is_taken_stays_as_it_is(host: Host) -> None:
    network = host.conn.define_network(nat())
    host.run("ip", "link", "add", "virbr7", "address", "52:54:00:00:00:99", "type", "bridge")
    with refused(host, InternalError, "virbr7", "'nat'"):
        network.create()
    assert "52:54:00:00:00:99" in host.run("ip", "link", "show", "virbr7")


def test_a_bridge_of_another_program_with_the_same_address_stays(host: Host) -> None:
    """A definition may come from a libvirt that has the network active."""
    network = host.conn.define_network(nat(more="<mac address='52:54:00:00:00:98'/>"))
    host.run("ip", "link", "add", "virbr7", "address", "52:54:00:00:00:98", "type", "bridge")
    with refused(host, InternalError, "virbr7"):
        network.create()


def test_rules_that_the_kernel_refuses_stop_the_start(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtkit_network import ruleset

    real = ruleset.install
    broken = {"add": {"rule": {"family": "inet", "table": "nowhere", "chain": "none", "expr": [{"accept": None}]}}}
    monkeypatch.setattr(ruleset, "install", lambda *arguments: [*real(*arguments), broken])
    network = host.conn.define_network(nat())
    with refused(host, InternalError, "nftables"):
        network.create()


def test_a_start_that_cannot_be_recorded_is_undone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtkit.errors import SystemCallError
    from virtkit_network.state import NetworkState

    real = NetworkState.record

    def record(state: NetworkState, network: object, document: object, phase: str = "active") -> None:
        if phase == "active":
            raise SystemCallError("there is no space left")
        real(state, network, document, phase)  # type: ignore[arg-type]

    network = host.conn.define_network(nat())
    monkeypatch.setattr(NetworkState, "record", record)
    with refused(host, SystemCallError, "no space"):
        network.create()
    assert network.is_active() is False


def test_a_bridge_of_another_program_after_a_reboot_is_not_adopted(host: Host) -> None:
    """Its name and number may be those that ours had."""
    host.start(nat())
    number = int(host.run("ip", "link", "show", "virbr7").partition(":")[0])
    host.restart()
    host.run("ip", "link", "delete", "virbr7")
    host.run("ip", "link", "add", "virbr7", "index", str(number), "type", "bridge")
    host.conn.define_network("<network><name>other</name></network>")
    assert host.network().is_active() is False
    assert "virbr7" in host.links()


def test_addresses_that_the_host_has_are_refused(host: Host) -> None:
    network = host.conn.define_network(nat())
    with host.outside("10.7.0"), refused(host, InternalError, "10.7.0.0/24", "uplink"):
        network.create()


def test_addresses_of_another_active_network_are_refused(host: Host) -> None:
    host.start(nat())
    other = host.conn.define_network(
        "<network><name>b</name><forward/><ip address='10.7.0.129' prefix='25'/></network>"
    )
    with refused(host, InternalError, "10.7.0.128/25", "10.7.0.0/24", "'nat'"):
        other.create()
    host.network().destroy()
    other.create()


def test_a_bridge_that_is_deleted_underneath_is_told_at_adoption(host: Host) -> None:
    host.start(nat())
    host.run("ip", "link", "delete", "virbr7")
    host.conn.define_network("<network><name>other</name></network>")
    host.restart()
    host.network("other").set_autostart(True)
    assert host.network().is_active() is False
    assert {} == host.remains()


STRANGE = "a b;$(touch x)`'\"<&>\\ %s*?~#\u00e9"


def test_strange_names_are_names_and_nothing_else(host: Host) -> None:
    from xml.sax.saxutils import escape

    network = host.start(nat(name=escape(STRANGE)))
    assert STRANGE == network.name
    host.adopt()
    assert host.network(STRANGE).is_active() is True
    assert 1 == len(host.servers())
    host.network(STRANGE).destroy()
    assert {} == host.remains()


@pytest.mark.parametrize(
    "more",
    [
        "<domain name='a&#10;dhcp-script=/x'/>",
        "<dns><txt name='a' value='b&#10;dhcp-script=/x'/></dns>",
        "<dns><host ip='10.7.0.9'><hostname>a b\tc</hostname></host></dns>",
        "<dns><forwarder domain='a/../#' addr='10.7.0.9'/></dns>",
    ],
)
def test_what_would_be_another_line_of_a_configuration_is_refused(host: Host, more: str) -> None:
    with pytest.raises(VirtError):
        host.conn.define_network(nat(more=more))
    assert [] == host.conn.list_networks()


def test_without_privileges_networks_are_defined_and_not_started(host: Host) -> None:
    """Root without the capability to change links; in a process of its own."""
    code = f"""
import sys, virtkit
with virtkit.open(sys.argv[1]) as conn:
    network = conn.define_network({nat()!r})
    try:
        network.create()
    except virtkit.errors.OperationUnsupportedError as error:
        sys.exit(str(error))
"""
    import sys

    bare = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
    done = subprocess.run(
        [*bare, sys.executable, "-c", code, host.uri], capture_output=True, text=True, timeout=60, check=False
    )
    assert "CAP_NET_ADMIN" in done.stderr
    assert host.network().is_active() is False


def test_routes_that_a_router_has_told_are_not_lost(host: Host) -> None:
    """A host that forwards IPv6 listens to no router any more."""
    network = host.conn.define_network(
        "<network><name>six</name><forward mode='route'/><ip family='ipv6' address='fd00:6::1' prefix='64'/></network>"
    )
    with host.outside():
        host.run("ip", "-6", "route", "add", "default", "via", "fe80::1", "dev", "uplink", "proto", "ra")
        with refused(host, InternalError, "uplink", "accept_ra"):
            network.create()
        host.run("sh", "-c", "echo 2 > /proc/sys/net/ipv6/conf/uplink/accept_ra")
        network.create()
        assert "default via fe80::1" in host.run("ip", "-6", "route")


# Killed in the middle

STAGES = [
    ("rules", "install_first", False),
    ("rules", "install_first", True),
    ("kernel", "quieten", True),
    ("kernel", "forward", True),
    ("server", "start", False),
    ("server", "start", True),
]


@pytest.mark.parametrize(("module", "function", "done"), STAGES)
def test_a_start_that_was_killed_leaves_nothing(host: Host, module: str, function: str, done: bool) -> None:
    host.conn.define_network(nat())
    host.restart()
    killed(host, module, function, START, done=done)
    assert host.network().is_active() is False
    host.network().set_autostart(False)
    assert {} == host.remains()
    host.network().create()
    host.network().destroy()
    assert {} == host.remains()


def test_a_transient_network_whose_start_was_killed_never_was(host: Host) -> None:
    host.restart()
    killed(host, "server", "start", f"conn.create_network({nat()!r})", done=True)
    host.conn.define_network("<network><name>other</name></network>")
    assert ["other"] == [network.name for network in host.conn.list_networks()]
    assert {} == host.remains()


@pytest.mark.parametrize("function", ["stop"])
def test_a_stop_that_was_killed_is_finished(host: Host, function: str) -> None:
    host.start(nat())
    host.restart()
    killed(host, "server", function, STOP, done=True)
    assert {"links", "tables", "files"} == set(host.remains())
    host.network().set_autostart(False)
    assert {} == host.remains()
