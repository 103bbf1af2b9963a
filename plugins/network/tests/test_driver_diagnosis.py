"""What `virtkit doctor` says of networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.network.tests.host import Host, without_programs
from virtkit.driver import Finding
from virtkit_network.driver import NetworkDriver


def findings() -> dict[str, Finding]:
    return {finding.subject: finding for finding in NetworkDriver().driver_diagnose()}


def test_what_networks_need_is_tried_out_without_a_trace(host: Host) -> None:
    found = findings()
    assert {"dnsmasq", "bridges", "nftables", "VLAN filtering of bridges", "sch_htb"} == set(found)
    assert (True, True) == (found["bridges"].fine, found["nftables"].fine)
    assert {} == host.remains()


def test_a_missing_dnsmasq_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with without_programs(monkeypatch, tmp_path):
        found = findings()["dnsmasq"]
    assert (False, "apt-get install dnsmasq-base") == (found.fine, found.remedy)
