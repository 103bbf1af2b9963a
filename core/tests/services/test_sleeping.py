"""The sleep of a host that is a folder: fake, since the machine of a test must not sleep."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from virtkit.enums import NodeSuspendTarget
from virtkit.errors import InvalidArgError, OperationInvalidError, OperationUnsupportedError, SystemCallError
from virtkit.services import sleeping
from virtkit.services.sleeping import Sleeper

MEM, DISK, HYBRID = NodeSuspendTarget.MEM, NodeSuspendTarget.DISK, NodeSuspendTarget.HYBRID
PATIENCE_SECONDS = 10.0

POWER = {"state": "freeze mem disk\n", "mem_sleep": "s2idle [deep]\n", "disk": "[platform] shutdown reboot suspend\n"}


def fake(folder: Path, power: dict[str, str] | None = None, *, clock: bool = True) -> Path:
    """A folder laid out as sysfs: what is written to its files stays there, and nothing sleeps."""
    (folder / "power").mkdir()
    for name, text in (POWER if power is None else power).items():
        (folder / "power" / name).write_text(text)
    if clock:
        (folder / "class/rtc/rtc0").mkdir(parents=True)
        (folder / "class/rtc/rtc0/wakealarm").write_text("")
    return folder


def told(folder: Path, path: str) -> str:
    return (folder / path).read_text()


def eventually(folder: Path, path: str, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while told(folder, path) != wanted:
        assert time.monotonic() < deadline, f"{path} is {told(folder, path)!r}, not {wanted!r}"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("power", "ways"),
    [
        (POWER, {MEM, DISK, HYBRID}),
        (POWER | {"disk": "[platform] shutdown\n"}, {MEM, DISK}),
        ({"state": "freeze mem\n", "mem_sleep": "[s2idle]\n"}, {MEM}),
        ({"state": "freeze\n"}, set()),
        ({"state": "\n"}, set()),
        ({}, set()),
    ],
)
def test_what_a_host_can_is_what_its_kernel_says(
    tmp_path: Path, power: dict[str, str], ways: set[NodeSuspendTarget]
) -> None:
    assert ways == Sleeper(fake(tmp_path, power)).ways()


@pytest.mark.parametrize(("target", "state"), [(MEM, "mem"), (DISK, "disk")])
def test_it_sets_the_clock_at_once_and_sleeps_later(tmp_path: Path, target: NodeSuspendTarget, state: str) -> None:
    Sleeper(fake(tmp_path), delay=0.2).sleep(target, 90)
    assert ("+90", POWER["state"]) == (told(tmp_path, "class/rtc/rtc0/wakealarm"), told(tmp_path, "power/state"))
    eventually(tmp_path, "power/state", state)
    assert POWER["disk"] == told(tmp_path, "power/disk")


def test_a_sleep_in_both_leaves_the_choice_as_it_was(tmp_path: Path) -> None:
    Sleeper(fake(tmp_path), delay=0).sleep(HYBRID, 60)
    eventually(tmp_path, "power/state", "disk")
    eventually(tmp_path, "power/disk", "platform")


def test_it_is_asked_for_once_at_a_time(tmp_path: Path) -> None:
    sleeper = Sleeper(fake(tmp_path), delay=0.2)
    sleeper.sleep(MEM, 60)
    with pytest.raises(OperationInvalidError, match="about to sleep already"):
        sleeper.sleep(MEM, 70)
    assert "+60" == told(tmp_path, "class/rtc/rtc0/wakealarm")
    eventually(tmp_path, "power/state", "mem")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:  # it may be asked again once it is awake
        (tmp_path / "power/state").write_text(POWER["state"])
        try:
            sleeper.sleep(MEM, 70)
            break
        except OperationInvalidError:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    eventually(tmp_path, "power/state", "mem")


@pytest.mark.parametrize("seconds", [59, 0, -1])
def test_a_short_sleep_is_refused(tmp_path: Path, seconds: int) -> None:
    with pytest.raises(InvalidArgError, match=f"a sleep of {seconds} s is too short: 60 s is the least"):
        Sleeper(fake(tmp_path)).sleep(MEM, seconds)
    assert "" == told(tmp_path, "class/rtc/rtc0/wakealarm")


def test_a_kind_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgError, match="no kind 7 of sleep: use MEM and DISK and HYBRID"):
        Sleeper(fake(tmp_path)).sleep(7, 60)


def test_what_the_host_cannot_is_refused_with_what_it_can(tmp_path: Path) -> None:
    with pytest.raises(OperationUnsupportedError, match="cannot sleep as DISK: it can MEM"):
        Sleeper(fake(tmp_path, {"state": "mem\n"})).sleep(DISK, 60)


def test_a_host_that_never_sleeps_says_so(tmp_path: Path) -> None:
    with pytest.raises(OperationUnsupportedError, match="no sleep that it wakes from"):
        Sleeper(fake(tmp_path, {})).sleep(MEM, 60)


def test_a_host_without_a_clock_is_not_put_to_sleep(tmp_path: Path) -> None:
    with pytest.raises(OperationUnsupportedError, match="no clock that could wake it"):
        Sleeper(fake(tmp_path, clock=False)).sleep(MEM, 60)


def test_a_clock_that_cannot_be_set_is_told_and_nothing_sleeps(tmp_path: Path) -> None:
    folder = fake(tmp_path, clock=False)
    (folder / "class/rtc/rtc0/wakealarm").mkdir(parents=True)
    sleeper = Sleeper(folder, delay=0)
    for _ in range(2):  # nor does it stay asked for
        with pytest.raises(SystemCallError, match="the clock cannot be set"):
            sleeper.sleep(MEM, 60)
    assert POWER["state"] == told(tmp_path, "power/state")


def test_the_real_host_is_only_asked_what_it_can() -> None:
    assert sleeping.HOST.ways() <= {MEM, DISK, HYBRID}
