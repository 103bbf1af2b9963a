"""Nothing of a container remains, and no container ends, whoever is killed and whenever: its manager, its monitor."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import INTERFACE, MAC, PATIENCE_SECONDS, document, eventually, state_of
from tests.containers import make_root, remains
from virtkit import Connection, Domain
from virtkit.enums import DomainShutoffReason, DomainState
from virtkit_lxc.processes import Identity

FIRST_ID = 100_000
MAPPED = (
    f"<idmap><uid start='0' target='{FIRST_ID}' count='2000'/><gid start='0' target='{FIRST_ID}' count='2000'/></idmap>"
)
LIMITS = "<bandwidth><inbound average='1000'/><outbound average='1000'/></bandwidth>"
PLUGGED = INTERFACE.replace("</interface>", f"{LIMITS}</interface>")
"""Its limits take a link of their own."""

Call = Callable[[Domain], object]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "data.img"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", path, "4M"], check=True, timeout=60, capture_output=True)
    return path


@pytest.fixture
def xml(tmp_path: Path, image: Path) -> str:
    """A container with an id map, an image that is mounted, and an interface with limits."""
    data = f"<filesystem type='file'><source file='{image}'/><target dir='/mnt'/></filesystem>"
    root = make_root(tmp_path / "own", owner=FIRST_ID)
    return document(root, "/bin/sleep", "1000", more=MAPPED, devices=data + PLUGGED)


def run_and_kill(uri: str, call: Call, seconds: float | None) -> float:
    """Have a process do something with the container `web`, and kill it so long after it began; None: when it is done.

    Returns:
        How long it took.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with virtkit.open(uri) as connection:
                domain = connection.lookup_domain_by_name("web")
                domain.set_autostart(False)  # owns the root
                os.write(writing, b"b")
                call(domain)
                os.write(writing, b"e")
                signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, "rb", buffering=0) as told:
        assert b"b" == told.read(1)
        begun = time.monotonic()
        if seconds is None:
            assert b"e" == told.read(1)
        else:
            time.sleep(seconds)
        took = time.monotonic() - begun
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return took


def moments(uri: str, call: Call, count: int) -> list[float]:
    """So many moments from the beginning of a call to its end, as long as it takes this time."""
    took = run_and_kill(uri, call, None)
    return [took * number / count for number in range(count)]


def taken_over(connection: Connection) -> Domain:
    domain = connection.lookup_domain_by_name("web")
    domain.set_autostart(False)  # owns the root, and waits for what is done with the container
    return domain


def left(tmp_path: Path) -> dict[str, set[str]]:
    """What is left of the container, with the folders of its runs and the device of its image."""
    folders = {path.name for path in (tmp_path / "run" / "lxc").glob("*-web")}
    devices = {file for file in files_of_loop_devices() if file.startswith(str(tmp_path))}
    more = {what: each for what, each in {"folders": folders, "devices": devices}.items() if each}
    return remains(tmp_path / "run" / "lxc") | more


def files_of_loop_devices() -> Iterator[str]:
    """The files that loop devices show; one that is being taken down has none."""
    for path in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):
            yield path.read_text().strip()


def nothing_is_left(tmp_path: Path) -> None:
    eventually(lambda: "devices" not in left(tmp_path), "namespaces that others just make let go of the image")
    assert {} == left(tmp_path)


def over(uri: str, tmp_path: Path) -> None:
    """End the container as the next manager, if it runs: nothing is left then."""
    with virtkit.open(uri) as connection:
        domain = taken_over(connection)
        if domain.is_active():
            domain.destroy()
        nothing_is_left(tmp_path)


@pytest.mark.usefixtures("bridge")
def test_nothing_is_left_of_a_start_whose_manager_is_killed(uri: str, xml: str, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(xml).create()  # so that what is imported for that is there for the children
    over(uri, tmp_path)
    for moment in moments(uri, Domain.create, 40):
        over(uri, tmp_path)
        run_and_kill(uri, Domain.create, moment)
    over(uri, tmp_path)
    run_and_kill(uri, Domain.create, None)
    over(uri, tmp_path)


@pytest.mark.usefixtures("bridge")
def test_nothing_is_left_of_a_container_whose_manager_is_killed_while_it_destroys_it(
    uri: str, xml: str, tmp_path: Path
) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(xml).create()
    for moment in moments(uri, Domain.destroy, 12):
        with virtkit.open(uri) as connection:
            taken_over(connection).create()
        run_and_kill(uri, Domain.destroy, moment)
        with virtkit.open(uri) as connection:
            domain = taken_over(connection)
            if domain.is_active():
                domain.destroy()
            assert DomainState.SHUTOFF == domain.state().state
            nothing_is_left(tmp_path)


@pytest.mark.usefixtures("bridge")
def test_a_container_runs_on_whose_manager_is_killed_while_it_gives_it_an_interface(
    uri: str, xml: str, tmp_path: Path
) -> None:
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(xml.replace(PLUGGED, ""))
        domain.create()
        number = domain.id
    for moment in moments(uri, lambda web: web.attach_device(PLUGGED), 15):
        with virtkit.open(uri) as connection:
            domain = taken_over(connection)
            if MAC in domain.xml_desc():
                domain.detach_device(PLUGGED)
            assert {"links", "rules"}.isdisjoint(remains(tmp_path / "run" / "lxc"))
            assert number == domain.id
        run_and_kill(uri, lambda web: web.attach_device(PLUGGED), moment)
    with virtkit.open(uri) as connection:
        taken_over(connection).destroy()
        nothing_is_left(tmp_path)


@pytest.mark.usefixtures("bridge")
def test_a_container_runs_on_whose_manager_is_killed_while_it_gives_it_a_folder(
    uri: str, xml: str, tmp_path: Path
) -> None:
    device = f"<filesystem><source dir='{tmp_path}'/><target dir='/srv'/></filesystem>"
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(xml)
        domain.create()
        number = domain.id
    for moment in moments(uri, lambda web: web.attach_device(device), 15):
        with virtkit.open(uri) as connection:
            domain = taken_over(connection)
            assert number == domain.id
            if "/srv" in domain.xml_desc():
                domain.detach_device(device)
            assert " /srv " not in Path(f"/proc/{number}/mountinfo").read_text()
        run_and_kill(uri, lambda web: web.attach_device(device), moment)
    with virtkit.open(uri) as connection:
        taken_over(connection).destroy()
        nothing_is_left(tmp_path)


def kill_monitor(folder: Path) -> None:
    (file,) = (folder / "run" / "lxc").glob("*/monitor.pid")
    monitor = Identity.of(int(file.read_text()))
    assert monitor is not None
    assert monitor.send(signal.SIGKILL)
    assert monitor.wait(PATIENCE_SECONDS)


@pytest.mark.usefixtures("bridge")
@pytest.mark.parametrize("mapped", [False, True], ids=["root", "mapped"])
def test_nothing_is_left_of_a_container_whose_monitor_is_killed(
    connection: Connection, xml: str, tmp_path: Path, mapped: bool
) -> None:
    domain = connection.define_domain(xml if mapped else xml.replace(MAPPED, ""))
    domain.create()
    kill_monitor(tmp_path)
    eventually(lambda: not domain.is_active(), "it ends")
    assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain)
    nothing_is_left(tmp_path)


@pytest.mark.usefixtures("bridge")
@pytest.mark.parametrize("mapped", [False, True], ids=["root", "mapped"])
def test_nothing_is_left_of_a_container_whose_monitor_is_killed_while_nobody_watches(
    uri: str, xml: str, tmp_path: Path, mapped: bool
) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(xml if mapped else xml.replace(MAPPED, "")).create()
    kill_monitor(tmp_path)
    with virtkit.open(uri) as connection:
        domain = taken_over(connection)
        eventually(lambda: not domain.is_active(), "it ends")
        assert (DomainState.SHUTOFF, DomainShutoffReason.UNKNOWN) == state_of(domain)
        nothing_is_left(tmp_path)
