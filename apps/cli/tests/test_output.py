"""Tables, records and values as text and as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from virtkit_cli.output import Output, size
from virtkit_cli.tree import tree

COLUMNS = {"id": "Id", "name": "Name"}
ROWS: list[dict[str, Any]] = [{"id": 1, "name": "web", "uuid": "x"}, {"id": None, "name": "database", "uuid": "y"}]


def printed(print_: Callable[[Output], None], **how: bool) -> str:
    stream = io.StringIO()
    print_(Output(stream, **how))
    return stream.getvalue()


def test_a_table_has_the_layout_of_virsh() -> None:
    assert (
        " Id   Name\n"
        "----------------\n"
        " 1    web\n"
        " -    database\n"
    ) == printed(lambda out: out.table(COLUMNS, ROWS))  # fmt: skip


def test_quiet_leaves_rows_without_heads() -> None:
    assert " 1    web\n -    database\n" == printed(lambda out: out.table(COLUMNS, ROWS), quiet=True)


def test_json_has_all_that_is_known_of_a_row() -> None:
    assert ROWS == json.loads(printed(lambda out: out.table(COLUMNS, ROWS), json=True))


def test_a_record_leaves_out_what_is_unknown() -> None:
    values = {"name": "web", "active": True, "bridge": None}
    labels = {"name": "Name", "active": "Active", "bridge": "Bridge"}
    assert "Name:           web\nActive:         yes\n" == printed(lambda out: out.record(labels, values))
    assert values == json.loads(printed(lambda out: out.record(labels, values), json=True))


@pytest.mark.parametrize(
    ("print_", "text", "value"),
    [
        (lambda out: out.value("id", 3), "3\n", {"id": 3}),
        (lambda out: out.value("free", 2048, "Total: 2 KiB"), "Total: 2 KiB\n", {"free": 2048}),
        (lambda out: out.lines(["a", "b"]), "a\nb\n", ["a", "b"]),
        (lambda out: out.pairs({"weight": 50}), "weight         : 50\n", {"weight": 50}),
        (lambda out: out.document("<a/>"), "<a/>\n", {"xml": "<a/>"}),
        (lambda out: out.done("Domain started", name="web"), "Domain started\n", {"name": "web"}),
        (lambda out: out.done(name="web"), "", {"name": "web"}),
    ],
)
def test_everything_is_text_for_people_and_json_for_programs(
    print_: Callable[[Output], None], text: str, value: Any
) -> None:
    assert text == printed(print_)
    assert value == json.loads(printed(print_, json=True))


def test_a_command_ends_with_an_empty_line_for_people_only() -> None:
    assert ("\n", "", "") == (printed(Output.end), printed(Output.end, quiet=True), printed(Output.end, json=True))


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0.00 B"), (1023, "1023.00 B"), (1536, "1.50 KiB"), (100 << 30, "100.00 GiB")]
)
def test_sizes_have_units_for_people(number: int, text: str) -> None:
    assert text == size(number)


def test_a_tree_shows_what_follows_what() -> None:
    parents = {"computer": None, "net_eth0": "computer", "scsi_host1": "computer", "disk": "scsi_host1", "lone": "x"}
    drawn = ["computer", "  |", "  +- net_eth0", "  +- scsi_host1", "      |", "      +- disk", "", "", "", "lone", ""]
    assert drawn == [line.rstrip() if not line.strip() else line for line in tree(parents)]
