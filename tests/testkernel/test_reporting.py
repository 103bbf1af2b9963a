"""What happens in a test kernel is told outside, and stays inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.testkernel.installed import KernelUnavailableError, installed
from tests.testkernel.kernel import KernelLostError
from tests.testkernel.plugin import _OWN_ID, AGAIN, Outside

ROOT = Path(__file__).parents[2]
INIT = Path(__file__).with_name("init.sh")
RUN_SECONDS = 300

CONFTEST = 'pytest_plugins = ["tests.testkernel.plugin"]\n'
SETTINGS = """
[pytest]
markers = test_kernel
addopts = --import-mode=importlib --strict-markers
filterwarnings = error
"""

OUTCOMES = """
import pathlib, warnings
import pytest

pytestmark = pytest.mark.test_kernel

@pytest.fixture
def broken():
    raise RuntimeError("the fixture broke")

def test_passes():
    pathlib.Path("/etc/written-in-a-test-kernel").touch()
    pathlib.Path(__file__).with_name("written-by-a-test").touch()

@pytest.mark.parametrize("text", ["a b", "c::d[e]"])
def test_fails(text):
    print("said before")
    assert "right" == text

def test_warns():
    warnings.warn("beware", UserWarning)

def test_errs(broken): ...

def test_skips():
    pytest.skip("no such disk")

@pytest.mark.xfail(strict=True)
def test_xfails():
    raise ValueError
"""

ENDS = """
import os, time
import pytest

@pytest.mark.test_kernel(seconds=5)
def test_hangs():
    time.sleep(1000)

@pytest.mark.test_kernel
def test_runs_in_the_next_kernel(): ...

@pytest.mark.test_kernel
def test_crashes():
    open("/proc/sysrq-trigger", "w").write("c")
"""

STANDS_STILL = """
import os, signal
import pytest

@pytest.mark.test_kernel(seconds=5)
def test_stands_still():
    os.kill(os.getpid(), signal.SIGSTOP)

@pytest.mark.test_kernel
def test_runs_in_the_next_kernel(): ...
"""

MIXED = """
import os
import pytest

@pytest.fixture(scope="class")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("folder")
    yield made
    made.rmdir()

class TestFirst:
    def test_outside(self, folder):
        assert "VIRTKIT_TEST_KERNEL" not in os.environ

    @pytest.mark.test_kernel
    def test_inside(self, folder):
        assert "VIRTKIT_TEST_KERNEL" in os.environ

class TestSecond:
    def test_outside_again(self, folder):
        assert "VIRTKIT_TEST_KERNEL" not in os.environ
"""


@pytest.fixture
def available() -> None:
    try:
        installed()
    except KernelUnavailableError as error:
        pytest.skip(str(error))


def outcomes(folder: Path, tests: str, *, path: str = os.environ["PATH"]) -> dict[str, str]:
    """Outcome and text of each test of a module, as pytest tells them."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "test_lab.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--junitxml=report.xml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=RUN_SECONDS, check=False)
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")
    return {case.attrib["name"].removeprefix("test_"): _told(case) for case in cases}


def _told(case: ElementTree.Element) -> str:
    results = [f"{result.tag}: {result.get('message')}\n{result.text}" for result in case if result.tag != "system-out"]
    return "\n".join(results) or "passed"


@pytest.mark.usefixtures("available")
def test_outcomes_are_as_usual_and_the_machine_stays_as_it_is(tmp_path: Path) -> None:
    told = outcomes(tmp_path, OUTCOMES)
    assert "passed" == told["passes"]
    assert not Path("/etc/written-in-a-test-kernel").exists()
    assert not (tmp_path / "written-by-a-test").exists()
    assert told["fails[a b]"].startswith("failure: AssertionError: assert 'right' == 'a b'")
    assert told["fails[c::d[e]]"].startswith("failure: ")
    assert 'assert "right" == text' in told["fails[a b]"]
    assert told["warns"].startswith("failure: UserWarning: beware")
    assert "the fixture broke" in told["errs"]
    assert told["skips"].startswith("skipped: no such disk")
    assert told["xfails"].startswith("skipped: ")


@pytest.mark.usefixtures("available")
def test_a_kernel_that_hangs_or_crashes_fails_only_that_test(tmp_path: Path) -> None:
    told = outcomes(tmp_path, ENDS)
    assert "did not answer in time" in told["hangs"]
    assert "in test_hangs" in told["hangs"]
    assert "passed" == told["runs_in_the_next_kernel"]
    assert "sysrq triggered crash" in told["crashes"]


@pytest.mark.usefixtures("available")
def test_a_kernel_that_always_stands_still_fails_the_test(tmp_path: Path) -> None:
    told = outcomes(tmp_path, STANDS_STILL)
    assert "did not answer in time" in told["stands_still"]
    assert "passed" == told["runs_in_the_next_kernel"]


class Kernels:
    """Stand-ins for kernels: each stands still, or has a test pass."""

    def __init__(self, config: pytest.Config, item: pytest.Item, *stand_still: bool) -> None:
        self.left = list(stand_still)
        report = pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "call")
        self._told = config.hook.pytest_report_to_serializable(config=config, report=report)

    def boot(self, *_: object) -> Kernels:
        self._messages = (
            [{"collected": 1}] if self.left.pop(0) else [{"collected": 1}, {"report": self._told}, {"done": 1}]
        )
        return self

    def send(self, message: object) -> None: ...

    def close(self) -> None: ...

    def receive(self, deadline: float) -> object:
        if self._messages:
            return self._messages.pop(0)
        lost = KernelLostError("the test kernel did not answer in time")
        lost.stood_still = True
        raise lost


@pytest.mark.parametrize(
    ("stand_still", "outcome"),
    [((False,), ("passed", [])), ((True, False), ("passed", [(AGAIN, True)])), ((True, True), ("failed", []))],
)
def test_a_test_whose_kernel_stood_still_is_run_once_more(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    stand_still: tuple[bool, ...],
    outcome: tuple[str, list[object]],
) -> None:
    item = request.node
    kernels = Kernels(request.config, item, *stand_still)
    monkeypatch.setattr("tests.testkernel.plugin._boot", kernels.boot)
    monkeypatch.setattr("tests.testkernel.plugin.installed", lambda: None)
    item.stash[_OWN_ID] = item.nodeid
    [report] = Outside(request.config)._reports(item, None)
    del item.stash[_OWN_ID]
    assert outcome == (report.outcome, report.user_properties)
    assert [] == kernels.left


@pytest.mark.usefixtures("available")
def test_fixtures_of_a_class_are_set_up_and_torn_down_on_both_sides(tmp_path: Path) -> None:
    told = outcomes(tmp_path, MIXED)
    assert {"outside": "passed", "inside": "passed", "outside_again": "passed"} == told


@pytest.mark.usefixtures("available")
def test_a_command_runs_in_a_kernel_and_its_status_is_told() -> None:
    command = [sys.executable, "-m", "tests.testkernel", "bash", "-c", 'echo "on $(uname -m -r)"; exit 7']
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    assert 7 == done.returncode
    assert f"on {installed().release} x86_64" in done.stdout


def test_without_a_kernel_tests_are_skipped_with_the_reason(tmp_path: Path) -> None:
    told = outcomes(tmp_path, "import pytest\n@pytest.mark.test_kernel\ndef test_skips(): ...", path="/nowhere")
    assert "apt-get install user-mode-linux" in told["skips"]


@pytest.mark.parametrize("start", [[], ["unshare", "--user", "--map-root-user", "--pid", "--mount", "--fork"]])
def test_init_refuses_to_run_on_the_machine(start: list[str], tmp_path: Path) -> None:
    variables = {"testkernel_release": "6.1.176", "testkernel_folder": str(tmp_path)}
    done = subprocess.run([*start, INIT], env={**os.environ, **variables}, capture_output=True, timeout=60, check=False)
    assert 0 != done.returncode
    assert b"testkernel: this " in done.stderr
