"""Commands about what is installed: drivers, what they support, what the host lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from virtkit import discovery
from virtkit.errors import DriverError
from virtkit.ops import offered
from virtkit_cli.command import Arguments, Flag, UsageError, command, option

if TYPE_CHECKING:
    from virtkit_cli.session import Session

    Row = dict[str, Any]


@command()
def drivers(session: Session, args: Arguments) -> None:
    """List the installed drivers and whether they can be used here."""
    rows = [
        {**report.driver._asdict(), "state": report.state, "reason": report.reason} for report in discovery.survey()
    ]
    columns = {
        "kind": "Kind", "name": "Name", "distribution": "Distribution", "version": "Version", "state": "State",
        "reason": "Reason",
    }  # fmt: skip
    session.out.table(columns, rows)


@command(
    option("driver", "only this driver"),
    option("kind", "only functions on this kind of object", choices=tuple(discovery.KINDS)),
    option("family", "only this family, such as lookup or lifecycle"),
    Flag("functions", "one row per function instead of counts per family"),
)
def support(session: Session, args: Arguments) -> None:
    """Show which functions of the API each installed driver offers, itself or derived from what it offers."""
    offers = _offers(args.driver)
    families = sorted({function.meta.family for function in discovery.functions().values()})
    if args.family and args.family not in families:
        raise UsageError(f"no family is named {args.family!r}; there are {', '.join(families)}")
    functions = [
        function
        for function in discovery.functions().values()
        if args.kind in (None, function.kind) and args.family in (None, function.meta.family)
    ]
    heads = {"kind": "Kind", "family": "Family"}
    if args.functions:
        rows = [_offered(function, offers) for function in functions]
        heads |= {"function": "Function", "since": "Since"}
    else:
        groups = sorted({(function.kind, function.meta.family) for function in functions})
        rows = [_counted(kind, family, functions, offers) for kind, family in groups]
        heads |= {"functions": "Functions"}
    session.out.table(heads | {name: name for name in offers}, rows)


def _drivers() -> Iterator[discovery.Report]:
    """The installed drivers without storage backends, which offer no functions; the storage driver examines them."""
    return (report for report in discovery.survey() if report.driver.kind != discovery.BACKEND)


def _offers(only: str | None) -> dict[str, dict[str, str]]:
    """What each driver that loads offers: driver -> function -> `own` or `derived`."""
    found = {}
    for report in _drivers():
        name = report.driver.name
        if report.state != "broken" and only in (None, name):
            found[name] = dict(offered(discovery.load(report.driver.kind, name)))
    if only and not found:
        raise DriverError(f"no usable driver is named {only!r}; `virtkit drivers` lists what is installed", str2=only)
    return found


def _offered(function: discovery.Function, offers: dict[str, dict[str, str]]) -> Row:
    row: Row = {"kind": function.kind, "family": function.meta.family, "function": function.name}
    return row | {"since": function.meta.since} | {name: offer.get(function.name) for name, offer in offers.items()}


def _counted(kind: str, family: str, functions: list[discovery.Function], offers: dict[str, dict[str, str]]) -> Row:
    names = [f.name for f in functions if f.kind == kind and f.meta.family == family]
    row: Row = {"kind": kind, "family": family, "functions": len(names)}
    return row | {driver: sum(name in offer for name in names) for driver, offer in offers.items()}


@command()
def doctor(session: Session, args: Arguments) -> None:
    """Tell what this host lacks for the installed drivers, and the command that mends it."""
    rows = [row for report in _drivers() for row in _examined(report)]
    if not rows:
        rows = [_row("-", "drivers", "missing", "no driver is installed", "pip install virtkit-qemu")]
    heads = {"driver": "Driver", "subject": "Looked at", "state": "State", "detail": "Found", "remedy": "Remedy"}
    session.out.table(heads, rows)


def _examined(report: discovery.Report) -> Iterator[Row]:
    """What one driver finds; one that tells nothing is at least there."""
    name, kind = report.driver.name, report.driver.kind
    if report.state == "broken":
        yield _row(
            name, "driver", "broken", report.reason, f"pip install --force-reinstall {report.driver.distribution}"
        )
        return
    if report.state == "unusable":
        yield _row(name, "driver", "missing", report.reason, None)
    try:
        findings = discovery.load(kind, name).driver_diagnose()
    except Exception as error:  # noqa: BLE001 - foreign code may fail in any way
        yield _row(name, "driver", "broken", f"its diagnosis failed: {type(error).__name__}: {error}", None)
        return
    for finding in findings:
        state = "ok" if finding.fine else "missing"
        yield _row(name, finding.subject, state, finding.detail, finding.remedy or None)
    if not findings and report.state == "ready":
        yield _row(name, "driver", "ok", "it needs nothing of the host", None)


def _row(driver: str, subject: str, state: str, detail: str, remedy: str | None) -> Row:
    return {"driver": driver, "subject": subject, "state": state, "detail": detail, "remedy": remedy}
