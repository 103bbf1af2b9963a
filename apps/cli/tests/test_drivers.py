"""What is told of installed drivers; on a host with one that works, one that cannot work here and a broken one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from virtkit import discovery
from virtkit.discovery import Installed, Report
from virtkit.driver import Driver, Finding
from virtkit.errors import DriverError
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.refs import DomainRef

from .conftest import Run


class Good(Driver[str], DomainLifecycleSpec[str]):
    name = "good"

    def domain_suspend(self, conn: str, dom: DomainRef) -> None:
        """Pause nothing."""

    def driver_diagnose(self) -> Sequence[Finding]:
        return (
            Finding("/dev/kvm", True, "works"),
            Finding("qemu-img", False, "no disk images can be made", "apt-get install -y qemu-utils"),
        )


class Unusable(Driver[str]):
    name = "unusable"


class Failing(Driver[str]):
    name = "failing"

    def driver_diagnose(self) -> Sequence[Finding]:
        raise RuntimeError("foreign code")


DRIVERS: dict[str, Driver[Any]] = {"good": Good(), "unusable": Unusable(), "failing": Failing()}
REPORTS = [
    Report(Installed("hypervisor", "good", "virtkit-good", "1.0", "good:Good"), "ready", ""),
    Report(Installed("hypervisor", "unusable", "virtkit-unusable", "1.0", "u:U"), "unusable", "no /dev/lab here"),
    Report(Installed("hypervisor", "failing", "virtkit-failing", "1.0", "f:F"), "ready", ""),
    Report(Installed(discovery.BACKEND, "shelf", "virtkit-storage-shelf", "1.0", "s:S"), "ready", ""),
    Report(Installed("network", "broken", "virtkit-broken", "1.0", "b:B"), "broken", "it does not import"),
]


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    def survey() -> Iterator[Report]:
        return iter(REPORTS)

    def load(kind: str, name: str) -> Driver[Any]:
        if name not in DRIVERS:
            raise DriverError(f"{kind} driver {name!r} does not import")
        return DRIVERS[name]

    monkeypatch.setattr(discovery, "survey", survey)
    monkeypatch.setattr(discovery, "load", load)


def test_drivers_are_listed_with_state_and_reason(run: Run) -> None:
    lines = run("drivers").out.splitlines()
    assert " hypervisor        good       virtkit-good            1.0       ready      " in lines
    assert " hypervisor        unusable   virtkit-unusable        1.0       unusable   no /dev/lab here" in lines
    assert " storage_backend   shelf      virtkit-storage-shelf   1.0       ready      " in lines
    assert " network           broken     virtkit-broken          1.0       broken     it does not import" in lines


def test_support_counts_functions_by_kind_family_and_driver(run: Run) -> None:
    rows = {(row["kind"], row["family"]): row for row in run("-j", "support").json}
    assert (1, 0, 0) == tuple(rows["hypervisor", "lifecycle"][name] for name in ("good", "unusable", "failing"))
    assert {row["kind"] for row in rows.values()} == set(discovery.KINDS)
    assert "broken" not in rows["network", "lookup"]


def test_support_tells_functions_one_by_one(run: Run) -> None:
    rows = {row["function"]: row for row in run("-j", "support", "--functions", "--driver", "good").json}
    assert ("own", "0.0.3") == (rows["domain_suspend"]["good"], rows["domain_suspend"]["since"])
    assert rows["domain_resume"]["good"] is None
    assert set(discovery.functions()) == set(rows)


def test_support_of_what_there_is_not_is_refused(run: Run) -> None:
    assert "no usable driver is named 'broken'" in run("support", "--driver", "broken").err
    assert "no family is named 'nosuch'; there are accessor, " in run("support", "--family", "nosuch").err
    assert 2 == run("support", "--kind", "nosuch").status


def test_the_doctor_tells_what_is_missing_and_what_mends_it(run: Run) -> None:
    rows = {(row["driver"], row["subject"]): row for row in run("-j", "doctor").json}
    assert "ok" == rows["good", "/dev/kvm"]["state"]
    assert ("missing", "apt-get install -y qemu-utils") == tuple(
        rows["good", "qemu-img"][key] for key in ("state", "remedy")
    )
    assert ("missing", "no /dev/lab here") == tuple(rows["unusable", "driver"][key] for key in ("state", "detail"))
    assert "its diagnosis failed: RuntimeError: foreign code" == rows["failing", "driver"]["detail"]
    assert "pip install --force-reinstall virtkit-broken" == rows["broken", "driver"]["remedy"]


def test_the_doctor_of_a_host_without_drivers_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "survey", lambda: iter([]))
    [row] = run("-j", "doctor").json
    assert ("no driver is installed", "pip install virtkit-qemu") == (row["detail"], row["remedy"])
