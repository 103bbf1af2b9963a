"""Every refusal of libvirt's test driver that was observed has the same code and domain here."""

from __future__ import annotations

import csv
from functools import cache
from typing import NamedTuple

import pytest

from plugins.test.tests.bench import FACTS, Bench
from plugins.test.tests.scenarios import SCENARIOS
from virtkit.discovery import functions

NOT_OURS = {
    "lookup malformed uuid string": "the public API reads UUIDs as text, drivers never see them",
    "set unknown scheduler param": "the Python binding refused it",
    "set unknown memory parameter": "the Python binding refused it",
    "event deregister unknown id": "registration belongs to the connection",
    "guest vcpus inactive": "no error was recorded of a function that libvirt's driver does not have",
    "stale handle info": "a note of the recorder",
    "info unknown flag": "libvirt's driver does not have the function that is derived here",
    "migrate inactive to self": "a decision of the client, before any driver",
}
"""Rows that say nothing of a driver, and why."""

DIFFERENT = {
    "backup begin inactive": (3, 69),  # libvirt counts backups to domains, the hook specifications to checkpoints
    "backup xml without backup": (3, 69),
}
"""Scenarios that are answered in another way, and why."""

NO_SUPPORT = 3


class Row(NamedTuple):
    """An observed call."""

    driver: str
    object: str
    scenario: str
    api: str
    code: str
    code_name: str
    domain: str


def observed() -> list[Row]:
    """The rows of the test driver, each scenario once."""
    with (FACTS / "errors.tsv").open(newline="") as file:
        rows = [Row(*line[:7]) for line in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return list({(row.object, row.scenario): row for row in rows if row.driver == "test"}.values())


ROWS = observed()
COMPARED = [row for row in ROWS if row.scenario not in NOT_OURS]


@cache
def hooks() -> dict[str, str]:
    """Function of the C API -> hook, by the procedure that both name."""
    with (FACTS / "api.tsv").open(newline="") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        procedures = {line["name"]: line["rpc"].split(",")[0].split(":")[-1] for line in lines}
    names = {}
    for name, procedure in procedures.items():
        program, _, rest = procedure.partition("_PROC_")
        names[name] = (rest if program == "REMOTE" else f"{program}_{rest}").lower()
    return names


def code_of(bench: Bench, row: Row) -> tuple[int, int]:
    """Code and domain that the scenario of a row has here."""
    call = SCENARIOS.get((row.object, row.scenario))
    if call is not None:
        return bench.refusal(call, bench)
    assert int(row.code) == NO_SUPPORT, f"{row.scenario} has no scenario"
    hook = hooks()[row.api]
    return bench.refusal(bench.connection.ops[hook], *(0 for _ in functions()[hook].parameters))


@pytest.mark.parametrize("row", COMPARED, ids=[f"{row.object}: {row.scenario}" for row in COMPARED])
def test_a_call_has_the_code_and_domain_that_libvirt_gave_it(row: Row) -> None:
    bench = Bench(readonly=row.scenario.startswith("read-only"))
    try:
        expected = DIFFERENT.get(row.scenario, (int(row.code), int(row.domain or 0)))
        assert code_of(bench, row) == expected
    finally:
        bench.close()


def test_a_function_that_is_derived_refuses_what_it_does_not_know(bench: Bench) -> None:
    volume = bench.volume()
    assert bench.refusal(bench.storage_vol_get_info_flags, volume, 1 << 31) == (8, 12)


def test_every_scenario_is_of_an_observed_row() -> None:
    assert SCENARIOS.keys() - {(row.object, row.scenario) for row in ROWS} == set()
