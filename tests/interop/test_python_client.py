"""A program of libvirt's own Python binding sees the same through virtkitd as through libvirtd."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.interop import libvirtd
from tests.interop.virsh_compare.virsh_compare import FIXTURES, Normaliser, gather_literals
from tests.interop.virtkitd import Virtkitd

pytestmark = pytest.mark.libvirt
PYTHON = "/usr/bin/python3"
"""The interpreter that Debian's libvirt binding is installed for."""

PROGRAM = str(Path(__file__).with_name("python_client.py"))
STORAGE_PROGRAM = str(Path(__file__).with_name("python_storage_client.py"))
NO_SUPPORT = 3
EIGHT_MIB = "<capacity>8388608</capacity>"
OTHER_CODES: dict[str, tuple[list[int], list[int], str]] = {
    "definition <pool type='dir'><name>x * 300</name><target><path>/x</path></target></pool>": (
        *([38], [27]),
        "libvirt finds out when it writes the file",
    ),
    "virStoragePool.create(6)": ([55], [8], "flags that exclude each other are refused first"),
    "virStoragePool.delete()": ([], [38], "a build that was refused has left no folder"),
    "virConnect.storagePoolLookupByTargetPath(relative)": ([49], [8], "it is no path of a pool at all"),
    f"volume <volume><name>..</name>{EIGHT_MIB}</volume>": ([55], [27], "it is no name of a file"),
    f"volume <volume><name>.</name>{EIGHT_MIB}</volume>": ([55], [27], "it is no name of a file"),
    f"volume <volume><name>x * 300</name>{EIGHT_MIB}</volume>": ([38], [27], "it is no name of a file"),
    f"volume <volume><name>x</name>{EIGHT_MIB}<target><format type='fat'/></target></volume>": (
        *([1], [67]),
        "libvirt leaves it to qemu-img",
    ),
    f"volume <volume><name>x</name>{EIGHT_MIB}<backingStore><path>/nosuch</path><format type='raw'/>"
    "</backingStore></volume>": ([3], [38], "that the backing store is missing is found out first"),
    f"volume <volume><name>x</name>{EIGHT_MIB}<target><compat>nosuch</compat></target></volume>": (
        *([27], []),
        "a raw volume has no compat, and what is said of it no effect",
    ),
    "virStorageVol.resize(4611686018427387904)": ([38], [9], "the pool has not got as much, whatever the file could"),
    f"virStoragePool.createXMLFrom(<volume><name>volume</name>{EIGHT_MIB}<allocation>0</allocation></volume>, "
    "virStorageVol volume)": ([1], [90], "the same code as for a new volume whose name is taken"),
}
"""What virtkitd answers otherwise on purpose -> libvirtd's code, virtkitd's, and why."""

SECONDS = 300

WATCHER = """
import sys, libvirt
libvirt.registerErrorHandler(lambda *ignored: None, None)
libvirt.virEventRegisterDefaultImpl()
reasons = []
conn = libvirt.open(sys.argv[1])
conn.registerCloseCallback(lambda conn, reason, opaque: reasons.append(reason), None)
print("ready", flush=True)
while not reasons:
    libvirt.virEventRunDefaultImpl()
print(reasons, conn.isAlive())
"""
"""A program that waits for the end of its daemon and tells why its connection was closed."""


@pytest.fixture(scope="module", autouse=True)
def _binding() -> None:
    tried = subprocess.run([PYTHON, "-c", "import libvirt"], capture_output=True, text=True, timeout=60, check=False)
    if tried.returncode:
        pytest.skip(f"{PYTHON} has no libvirt binding: {tried.stderr.strip()}")


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[str]:
    """A real libvirtd."""
    folder = tmp_path / "libvirtd"
    folder.mkdir()
    with libvirtd.running(folder) as path:
        yield f"test+unix:///default?socket={path}"


def transcript(uri: str, folder: Path, program: str = PROGRAM) -> dict[str, Any]:
    """What a program saw of a server, without what differs from one run to the next."""
    folder.mkdir()
    folder.chmod(0o777)
    command = [PYTHON, program, uri, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    normalise = Normaliser(uri, str(folder), gather_literals([program]), strict_ids=True, extra=[])

    def normalised(value: Any) -> Any:
        if isinstance(value, str):
            return normalise(value)
        if isinstance(value, dict):
            return {key: normalised(entry) for key, entry in value.items()}
        return [normalised(entry) for entry in value] if isinstance(value, list) else value

    seen: dict[str, Any] = normalised(json.loads(done.stdout))
    return seen


def differences(reference: dict[str, Any], tested: dict[str, Any]) -> list[str]:
    """What the second saw otherwise, readable. That it supports more is no difference."""
    calls = zip_longest(reference["calls"], tested["calls"])
    found = [f"{one}\n    but {other}" for one, other in calls if one != other and not only_offers_more(one, other)]
    for name, events in reference["events"].items():
        if events != tested["events"].get(name):
            found.append(f"{name}: {events}\n    but {tested['events'].get(name)}")
    return found


def only_offers_more(reference: Any, tested: Any) -> bool:
    """Whether the reference does not support a call that succeeded here."""
    if not (reference and tested and reference[0] == tested[0]):
        return False
    return error_of(reference)[:1] == [NO_SUPPORT] and not error_of(tested)


def error_of(call: Any) -> list[int]:
    """Code, domain and level of the error that a call ended with; nothing if with none."""
    codes: list[int] = call[1].get("error", []) if isinstance(call[1], dict) else []
    return codes


def test_a_program_sees_the_same_through_virtkitd_as_through_libvirtd(reference: str, tmp_path: Path) -> None:
    expected = transcript(reference, tmp_path / "a")
    folder = tmp_path / "virtkitd"
    folder.mkdir()
    with Virtkitd(folder) as daemon:
        actual = transcript(daemon.uri(), tmp_path / "b")
        assert [] == differences(expected, actual), actual["end"]
    assert ["reached", "reached"] == [expected["end"], actual["end"]]


def test_contents_of_volumes_and_errors_are_the_same_through_virtkitd_as_through_libvirtd(tmp_path: Path) -> None:
    folders = [tmp_path / "libvirtd", tmp_path / "virtkitd"]
    for folder in folders:
        folder.mkdir()
    with libvirtd.running_system(folders[0]) as path, Virtkitd(folders[1]) as daemon:
        expected = transcript(f"qemu+unix:///system?socket={path}", tmp_path / "a", STORAGE_PROGRAM)
        actual = transcript(daemon.uri("qemu:///system"), tmp_path / "b", STORAGE_PROGRAM)
    assert ["reached", "reached"] == [expected["end"], actual["end"]]
    calls = zip(expected["calls"], actual["calls"], strict=True)
    codes = {one[0]: (error_of(one)[:1], error_of(other)[:1]) for one, other in calls if one != other}
    assert {asked: both for asked, (*both, _) in OTHER_CODES.items()} == {
        asked: list(both) for asked, both in codes.items() if both[0] != both[1] or not both[0]
    }


def test_the_program_sees_the_same_each_time_and_its_events(reference: str, tmp_path: Path) -> None:
    first, second = transcript(reference, tmp_path / "a"), transcript(reference, tmp_path / "b")
    assert ("reached", []) == (first["end"], differences(first, second))
    silent = {name for name in first["events"] if not first["events"][name]}
    assert {"VIR_DOMAIN_EVENT_ID_LIFECYCLE", "VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE"}.isdisjoint(silent)


def test_another_host_is_found_out(reference: str, tmp_path: Path) -> None:
    other = reference.replace("/default", f"{FIXTURES}/node.xml")
    seen, others = transcript(reference, tmp_path / "a"), transcript(other, tmp_path / "b")
    assert ["virConnect.getInfo()", ["i686", 3072, 16, 1400, 2, 2, 2, 2]] in seen["calls"]
    assert any(found.startswith("['virConnect.getInfo()'") for found in differences(seen, others))


def told_at_its_end(daemon: AbstractContextManager[object], uri: str) -> str:
    """What a client is told when a daemon ends."""
    command = [PYTHON, "-c", WATCHER, uri]
    with daemon:
        watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert watcher.stdout
        ready = watcher.stdout.readline()
    return ready + watcher.communicate(timeout=SECONDS)[0]


def test_a_client_is_told_that_the_daemon_ended(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    path = folders[0] / "libvirt" / "libvirt-sock"
    expected = told_at_its_end(libvirtd.running(folders[0]), f"test+unix:///default?socket={path}")
    assert "ready\n[1] 0\n" == expected  # VIR_CONNECT_CLOSE_REASON_EOF
    daemon = Virtkitd(folders[1])
    assert expected == told_at_its_end(daemon, daemon.uri())
