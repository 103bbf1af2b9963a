"""pytest in a test kernel: runs the tests that pytest outside asks for, and sends it their reports."""

from __future__ import annotations

import faulthandler
import json
import os
import tty
from typing import Any, BinaryIO

import pytest

from tests.testkernel.kernel import LINE

TOLD_EARLIER = 0.8
"""The part of a test's time after which the console shows where it is; at its end the kernel is killed."""


class Inside:
    """Is told which test to run, and which comes next so that fixtures live as long as they should.

    Messages to outside: `{"collected": N}`, then for every request `{"report": ...}` for each phase of the test and
    `{"done": ID}`; `{"unknown": TEXT}` for a test that was not collected here, with the errors of the collection.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._errors: list[str] = []
        self._line: BinaryIO = open(LINE, "r+b", buffering=0)  # noqa: SIM115 - as long as the kernel
        tty.setraw(self._line.fileno())

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._errors.append(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        self._send({"collected": len(items)})
        for line in self._line:
            request = json.loads(line)
            item = items.get(request["run"])
            if item is None:
                self._send({"unknown": "\n".join(["not collected in the test kernel", *self._errors])})
            else:
                self._run(item, items.get(request["next"]), request["seconds"])
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._send({"report": data})

    def _run(self, item: pytest.Item, following: pytest.Item | None, seconds: float) -> None:
        with open("/dev/console", "w") as console:
            faulthandler.dump_traceback_later(seconds * TOLD_EARLIER, file=console)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                faulthandler.cancel_dump_traceback_later()
        self._send({"done": item.nodeid})

    def _send(self, message: Any) -> None:
        data = json.dumps(message, default=str).encode() + b"\n"
        while data:
            data = data[os.write(self._line.fileno(), data) :]
