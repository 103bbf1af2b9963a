"""The host's sleep by way of drivers that run guests; the host is a folder, since no machine of a test must sleep."""

from __future__ import annotations

from pathlib import Path

import pytest

import virtkit
from core.tests.services.test_sleeping import eventually, fake, told
from tests.containers import needs_containers
from virtkit.enums import NodeSuspendTarget
from virtkit.errors import InvalidArgError, OperationDeniedError
from virtkit.services.guests.host import NodePart
from virtkit.services.sleeping import Sleeper


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sys"
    folder.mkdir()
    monkeypatch.setattr(NodePart, "sleeper", Sleeper(fake(folder), delay=0))
    return folder


@pytest.fixture(params=["lxc", "qemu"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "lxc":
        needs_containers()
    return f"{request.param}:///embed?root={tmp_path}"


def test_the_driver_puts_its_host_to_sleep(host: Path, uri: str) -> None:
    with virtkit.open(uri) as connection:
        connection.node_suspend_for_duration(NodeSuspendTarget.MEM, 60)
        eventually(host, "power/state", "mem")
        assert "+60" == told(host, "class/rtc/rtc0/wakealarm")


def test_flags_and_short_sleeps_are_refused_in_the_driver_s_words(host: Path, uri: str) -> None:
    with virtkit.open(uri) as connection:
        with pytest.raises(InvalidArgError) as caught:
            connection.node_suspend_for_duration(NodeSuspendTarget.MEM, 60, 1)
        assert "node_suspend_for_duration" == caught.value.str1
        with pytest.raises(InvalidArgError, match="too short"):
            connection.node_suspend_for_duration(NodeSuspendTarget.MEM, 59)


def test_a_read_only_connection_may_not(host: Path, uri: str) -> None:
    with (
        virtkit.open(uri, readonly=True) as connection,
        pytest.raises(OperationDeniedError),
    ):
        connection.node_suspend_for_duration(NodeSuspendTarget.MEM, 60)
