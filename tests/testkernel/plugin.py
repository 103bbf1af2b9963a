"""pytest plugin: tests marked `test_kernel` run in a test kernel and are reported like any other.

The first of them boots it; pytest in there collects the marked tests of this session and runs them one by one as this
pytest asks for them. A test that hangs or takes the kernel down fails, and the next one boots another.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.testkernel.booting import PLACE
from tests.testkernel.fixtures import disks as disks
from tests.testkernel.fixtures import modules as modules
from tests.testkernel.fixtures import programs as programs
from tests.testkernel.inside import Inside
from tests.testkernel.installed import Installed, KernelUnavailableError, installed
from tests.testkernel.kernel import Kernel, KernelLostError
from tests.testkernel.services import iscsi_target as iscsi_target
from tests.testkernel.services import nfs_export as nfs_export
from tests.testkernel.services import udev as udev

MARK = "test_kernel"
BOOT_SECONDS = 180.0
"""How long boot and collection may take: they took 4 s on a quiet machine."""

TEST_SECONDS = 180.0
"""How long a test may take with its fixtures, unless its mark says `seconds=`."""

AGAIN = "run again, since the test kernel stood still"
"""Property of the reports of such a test."""

_OWN_ID = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    place = os.environ.get(PLACE)
    if place is None:
        config.pluginmanager.register(Outside(config), MARK)
    elif place == "session":
        config.pluginmanager.register(Inside(config), MARK)


class Outside:
    """Runs marked tests in the kernel."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kernel: Kernel | None = None
        self._boot_error = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Send marked tests to one worker of pytest-xdist, hence to one kernel."""
        workers = self._config.pluginmanager.hasplugin("xdist")
        for item in items:
            if item.get_closest_marker(MARK):
                item.stash[_OWN_ID] = item.nodeid  # pytest-xdist appends the group to it
                if workers and not item.get_closest_marker("xdist_group"):
                    item.add_marker(pytest.mark.xdist_group(MARK))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if _OWN_ID not in item.stash:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in (*self._reports(item, nextitem), *_torn_down(item, nextitem)):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_unconfigure(self) -> None:
        self._close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        kinds = ("passed", "failed", "skipped")
        found = (each for kind in kinds for each in terminalreporter.getreports(kind))
        reports = [each for each in found if isinstance(each, pytest.TestReport)]  # a file that is skipped has another
        for name in sorted({each.nodeid for each in reports if (AGAIN, True) in map(tuple, each.user_properties)}):
            terminalreporter.write_line(f"{AGAIN}: {name}", yellow=True)

    def _reports(
        self, item: pytest.Item, following: pytest.Item | None, *, again: bool = False
    ) -> Iterator[pytest.TestReport]:
        try:
            kernel = self._running(item.session)
            for report in self._run(kernel, item, following):
                report.user_properties += [(AGAIN, True)] * again
                yield report
        except KernelUnavailableError as error:
            location = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {error}")
            yield _report(item, "setup", "skipped", location)
        except KernelLostError as error:
            self._close()
            if error.stood_still and not again and not self._boot_error:
                yield from self._reports(item, following, again=True)
            else:
                yield _report(item, "call", "failed", str(error))

    def _run(self, kernel: Kernel, item: pytest.Item, following: pytest.Item | None) -> Iterator[pytest.TestReport]:
        mark = item.get_closest_marker(MARK)
        seconds = mark.kwargs.get("seconds", TEST_SECONDS) if mark else TEST_SECONDS
        next_id = following.stash.get(_OWN_ID, None) if following else None
        kernel.send({"run": item.stash[_OWN_ID], "next": next_id, "seconds": seconds})
        deadline = time.monotonic() + seconds
        while "done" not in (message := kernel.receive(deadline)):
            if "unknown" in message:
                yield _report(item, "setup", "failed", message["unknown"])
                return
            yield self._replayed(item, message["report"])

    def _replayed(self, item: pytest.Item, data: dict[str, Any]) -> pytest.TestReport:
        if isinstance(data["longrepr"], list):  # a tuple before it was JSON
            data["longrepr"] = tuple(data["longrepr"])
        data |= {"nodeid": item.nodeid, "location": item.location}
        report = self._config.hook.pytest_report_from_serializable(config=self._config, data=data)
        assert isinstance(report, pytest.TestReport)
        return report

    def _running(self, session: pytest.Session) -> Kernel:
        if self._boot_error:
            raise KernelLostError(self._boot_error)
        if self._kernel is None:
            self._kernel = _boot(installed(), session)
            try:
                self._kernel.receive(time.monotonic() + BOOT_SECONDS)
            except KernelLostError as error:
                self._boot_error = str(error)  # nobody waits for that twice
                raise
        return self._kernel

    def _close(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None


def _torn_down(item: pytest.Item, following: pytest.Item | None) -> Iterator[pytest.TestReport]:
    """Tear down what tests out here left for this one, which does not use it, and the next one does not share.

    Only a failure is reported.
    """
    state = item.session._setupstate
    call = pytest.CallInfo.from_call(
        lambda: state.teardown_exact(following), when="teardown", reraise=KeyboardInterrupt
    )
    if call.excinfo is not None:
        yield item.ihook.pytest_runtest_makereport(item=item, call=call)


def _boot(kernel: Installed, session: pytest.Session) -> Kernel:
    config = session.config
    option = config.option
    arguments = [f"--rootdir={config.rootpath}", f"--tb={option.tbstyle}", *["-v"] * option.verbose]
    arguments += ["-c", str(config.inipath)] if config.inipath else []
    arguments += ["--showlocals"] if option.showlocals else []
    # A cache would be gone with the kernel; faulthandler belongs to `Inside`, which knows how long a test may take.
    arguments += ["-p", "no:cacheprovider", "-o", "faulthandler_timeout=0"]
    arguments += ["--basetemp=/run/pytest", "--continue-on-collection-errors"]
    arguments += [_argument(config, item.stash[_OWN_ID]) for item in session.items if _OWN_ID in item.stash]
    variables = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # what is compiled goes with the kernel, and saves time until then
    variables[PLACE] = "session"
    command = [sys.executable, "-m", "pytest", *arguments]
    return Kernel(kernel, command, directory=config.invocation_params.dir, variables=variables)


def _argument(config: pytest.Config, nodeid: str) -> str:
    file, _, rest = nodeid.partition("::")
    return f"{config.rootpath / file}::{rest}"


def _report(item: pytest.Item, when: Any, outcome: Any, longrepr: Any) -> pytest.TestReport:
    return pytest.TestReport(item.nodeid, item.location, {}, outcome, longrepr, when)
