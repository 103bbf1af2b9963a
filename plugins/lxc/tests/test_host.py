"""What the driver tells of the host and of itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from virtkit import Connection
from virtkit.enums import NodeAllocPagesFlags
from virtkit.errors import InternalError, InvalidArgError, OperationFailedError
from virtkit.xml.capabilities import Capabilities
from virtkit_lxc.driver import LxcDriver


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with virtkit.open(f"lxc:///embed?root={tmp_path}") as opened:
        yield opened


def test_the_connection_tells_what_it_leads_to(connection: Connection) -> None:
    assert "LXC" == connection.type()
    major, minor = os.uname().release.split(".")[:2]
    assert (int(major), int(minor)) == (connection.version() // 1_000_000, connection.version() // 1000 % 1000)


def test_the_capabilities_list_containers_of_this_host(connection: Connection) -> None:
    document = Capabilities.parse(connection.capabilities())
    guests = [guest.arch.name for guest in document.guests if guest.arch]
    assert os.uname().machine == guests[0]
    assert {"exe"} == {guest.os_type for guest in document.guests}


@pytest.mark.parametrize("path", ["/nowhere", "/default"])
def test_a_path_that_means_nothing_is_refused(path: str) -> None:
    with pytest.raises(InternalError, match="/system, /session or /embed"):
        virtkit.open(f"lxc://{path}")


def test_what_the_host_lacks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = {finding.subject: finding for finding in LxcDriver().driver_diagnose()}
    assert not found["lxc-start"].fine
    assert "apt-get install lxc" == found["lxc-start"].remedy


def test_free_pages_are_free_memory(connection: Connection) -> None:
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    (free,) = connection.node_free_pages([page], -1, 1)
    assert 0 < free < connection.node_info().memory // page


def test_pages_of_a_size_that_nobody_has_are_refused(connection: Connection) -> None:
    with pytest.raises(OperationFailedError, match="3 KiB"):
        connection.node_free_pages([3], 0, 1)
    with pytest.raises(OperationFailedError, match="3 KiB"):
        connection.node_alloc_pages([3], [1], 0, 1, NodeAllocPagesFlags.SET)
    with pytest.raises(InvalidArgError, match="cell 99"):
        connection.node_free_pages([4], 99, 1)


@pytest.mark.skipif(not os.path.isdir("/sys/kernel/mm/ksm"), reason="the kernel does not merge pages")
def test_how_pages_are_merged_is_told(connection: Connection) -> None:
    told = connection.node_memory_parameters()
    assert int(Path("/sys/kernel/mm/ksm/pages_to_scan").read_text()) == told["shm_pages_to_scan"]
    for wrong in ({"shm_pages_shared": 1}, {"shm_sleep_millisecs": -1}, {"toast": 1}):
        with pytest.raises(InvalidArgError):
            connection.set_node_memory_parameters(wrong)
