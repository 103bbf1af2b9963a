"""The real virsh cannot tell virtkitd from libvirtd: every scenario of virsh-compare gives the same answers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import libvirtd
from tests.interop.virsh_compare import virsh_compare
from tests.interop.virsh_differences import DIFFERENT
from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="virsh is not installed"),
]
SUITES = Path(virsh_compare.HERE) / "suites"
SCENARIOS = [
    pytest.param(path.parent.name, s.name, id=s.name)
    for path in sorted(SUITES.glob("*/*.txt"))
    for s in virsh_compare.load_suite(str(path))
]
OPENED = {
    "test-default": ("test", "/default"),
    "secret": ("secret", "/session"),
    "storage": ("qemu", "/system"),
    "network": ("qemu", "/system"),
    "nwfilter": ("qemu", "/system"),
}
"""Suite -> scheme and path of the URIs that it is run on; by a privileged libvirtd where that is a hypervisor's."""

UNLIKE = {
    "storage": (
        r"(<[abcm]time>)[0-9.]+=>\1",
        r"(?m)^(?:Capacity: .*\n)?Allocation: .*\nAvailable: .*=><SIZES>",
        r"(<(capacity|allocation|available) unit='bytes'>)\d+(?=(?:(?!</pool>)[\s\S])*</pool>)=>\1",
        r"(?m)[\d.]+ [GT]iB +[\d.]+ [GT]iB +[\d.]+ [GT]iB=><SIZES>",
    )
}
"""Suite -> what changes all the time: times of files, and how much of a disk that others use is free."""

SECONDS = 300
"""How long one scenario may take on a busy machine; the longest took 7."""

LIBVIRTS_FAULT = {"01-host/host-resources": {"freepages --all", "freepages --cellno 0 --pagesize 4"}}
"""Scenario -> steps at which libvirtd itself fails: it takes what its test driver answers for a failure, and sends an
error that says nothing (`returned error but did not set virError`). virtkitd answers."""

QUIET = "[log]\nlevel = 'warning'\n"
TRIES = 3
"""Scenarios that watch events do so for two seconds: only what differs each time was not cut off by a busy machine."""


def compare(reference: str, tested: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tool on two URIs."""
    command = [sys.executable, virsh_compare.__file__, *arguments, reference, tested]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def uri(path: Path, driver: str = "/default", scheme: str = "test") -> str:
    return f"{scheme}+unix://{driver}?socket={path}"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Socket of a real libvirtd."""
    with libvirtd.running(tmp_path_factory.mktemp("libvirtd")) as path:
        yield path


@pytest.fixture(scope="module")
def privileged_reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Socket of a real libvirtd with the drivers of a host."""
    with libvirtd.running_system(tmp_path_factory.mktemp("system")) as path:
        yield path


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    with (
        Namespace() as network,
        Virtkitd(tmp_path_factory.mktemp("virtkitd"), configuration=QUIET, namespace=network) as daemon,
    ):
        yield daemon


@pytest.mark.parametrize(("suite", "scenario"), SCENARIOS)
def test_virsh_gets_the_same_answers_from_virtkitd_as_from_libvirtd(
    suite: str, scenario: str, request: pytest.FixtureRequest, tested: Virtkitd
) -> None:
    tries = TRIES if scenario.startswith("13-events/") or scenario.endswith("/events") else 1
    scheme, path = OPENED[suite]
    reference: Path = request.getfixturevalue("privileged_reference" if scheme == "qemu" else "reference")
    uris = uri(reference, path, scheme), uri(tested.socket, path, scheme)
    arguments: tuple[str, ...] = ("--suite", str(SUITES / suite), "--tolerate", "message", "-k", scenario)
    arguments += tuple(word for rule in UNLIKE.get(suite, ()) for word in ("--sub", rule))
    done = compare(*uris, *arguments)
    while done.returncode and (tries := tries - 1):
        done = compare(*uris, *arguments)
    fault = LIBVIRTS_FAULT.get(scenario, set())
    known = fault | DIFFERENT.get(scenario, {}).keys()
    assert known == set(re.findall(r"^   diff     (.*?)  \(", done.stdout, flags=re.M)), (
        f"{differing(done)}{done.stderr}"
    )
    assert bool(known) == bool(done.returncode), f"{done.stdout}{done.stderr}\n{tested.log()}"
    assert len(fault) == done.stdout.count("Library function returned error but did not set virError")


def test_the_real_libvirt_shows_no_difference_from_itself(reference: Path, tmp_path: Path) -> None:
    with libvirtd.running(tmp_path) as other:
        done = compare(
            uri(reference), uri(other), "-k", "03-domain-lifecycle/define-start-stop", "-k", "13-*/one-event"
        )
    assert (0, "2 scenarios, 2 without difference") == (done.returncode, summary(done)), done.stdout


def test_another_host_is_found_out(reference: Path) -> None:
    other = uri(reference, "{fx}/node.xml")
    done = compare(uri(reference), other, "--tolerate", "message", "-k", "01-host/connection")
    assert (1, "1 scenarios, 0 without difference") == (done.returncode, summary(done))
    assert "   diff     nodeinfo  (01-host.txt:" in done.stdout


def test_servers_that_nobody_reaches_do_not_count_as_equal(tmp_path: Path) -> None:
    nobody = uri(tmp_path / "none")
    done = compare(nobody, nobody, "-k", "01-host/connection")
    assert (2, "") == (done.returncode, done.stdout)


def differing(done: subprocess.CompletedProcess[str]) -> str:
    """What it printed of steps that differ in more than the text of an error."""
    return "".join(part for part in re.split(r"^(?=   ?\w)", done.stdout, flags=re.M) if "   message " not in part)


def summary(done: subprocess.CompletedProcess[str]) -> str:
    """What the last line says of scenarios."""
    return done.stdout.splitlines()[-1].split(": ", 1)[1].split(";")[0]
