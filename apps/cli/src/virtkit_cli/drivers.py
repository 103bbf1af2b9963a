"""Commands about what is installed: drivers, what they support, what the host lacks."""

from __future__ import annotations

from virtkit import discovery
from virtkit.errors import DriverError
from virtkit.ops import offered
from virtkit_cli.command import Arguments, Flag, Option, command
from virtkit_cli.session import Session


@command("drivers", "List the installed drivers and whether they can be used here.")
def drivers(session: Session, args: Arguments) -> None:
    """One row per driver."""
    rows = [
        {**report.driver._asdict(), "state": report.state, "reason": report.reason} for report in discovery.survey()
    ]
    columns = {
        "kind": "Kind", "name": "Name", "distribution": "Distribution", "version": "Version", "state": "State",
        "reason": "Reason",
    }  # fmt: skip
    session.out.table(columns, rows)


@command(
    "support",
    "Show which functions of the API each installed driver offers.",
    Option("driver", "only this driver"),
    Option("kind", "only functions on this kind of object", choices=tuple(discovery.KINDS)),
    Option("family", "only this family, such as lookup or lifecycle"),
    Flag("functions", "one row per function instead of counts per family"),
)
def support(session: Session, args: Arguments) -> None:
    """The support matrix: `own` is implemented by the driver, `derived` by core from what it implements."""
    columns = _offers(args.driver)
    functions = [
        function
        for function in discovery.functions().values()
        if args.kind in (None, function.kind) and args.family in (None, function.meta.family)
    ]
    rows: list[dict[str, object]]
    if args.functions:
        rows = [
            {"function": f.name, "kind": f.kind, "family": f.meta.family, "since": f.meta.since}
            | {name: offers.get(f.name) for name, offers in columns.items()}
            for f in functions
        ]
        heads = {"kind": "Kind", "family": "Family", "function": "Function", "since": "Since"}
    else:
        groups = sorted({(function.kind, function.meta.family) for function in functions})
        rows = [_counted(kind, family, functions, columns) for kind, family in groups]
        heads = {"kind": "Kind", "family": "Family", "functions": "Functions"}
    session.out.table(heads | {name: name for name in columns}, rows)


def _offers(only: str | None) -> dict[str, dict[str, str]]:
    """What each usable driver offers, by driver name."""
    found = {}
    for report in discovery.survey():
        name = report.driver.name
        if report.state != "broken" and only in (None, name):
            found[name] = dict(offered(discovery.load(report.driver.kind, name)))
    if only and only not in found:
        raise DriverError(f"no usable driver is named {only!r}; `virtkit drivers` lists what is installed", str2=only)
    return found


def _counted(
    kind: str, family: str, functions: list[discovery.Function], columns: dict[str, dict[str, str]]
) -> dict[str, object]:
    names = [f.name for f in functions if f.kind == kind and f.meta.family == family]
    row: dict[str, object] = {"kind": kind, "family": family, "functions": len(names)}
    return row | {driver: sum(name in offers for name in names) for driver, offers in columns.items()}


@command("doctor", "Tell what this host lacks for each installed driver, and the command that mends it.")
def doctor(session: Session, args: Arguments) -> None:
    """One row per thing looked at."""
    rows: list[dict[str, object]] = []
    for report in discovery.survey():
        common: dict[str, object] = {"driver": report.driver.name, "kind": report.driver.kind}
        if report.state == "broken":
            rows.append(common | {"subject": "driver", "state": "broken", "detail": report.reason, "remedy": None})
            continue
        for finding in discovery.load(report.driver.kind, report.driver.name).driver_diagnose():
            state = "ok" if finding.fine else "missing"
            rows.append(
                common | {"subject": finding.subject, "state": state, "detail": finding.detail}
                | {"remedy": finding.remedy or None}
            )  # fmt: skip
    heads = {"driver": "Driver", "subject": "Looked at", "state": "State", "detail": "Found", "remedy": "Remedy"}
    session.out.table(heads, rows)
