"""Output: rows for people as tables, for programs as JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


class Output:
    """Where a command prints.

    Attributes:
        json: Print JSON instead of tables; one document for each call.
        quiet: Leave out headers, remarks and progress.
    """

    def __init__(self, stream: TextIO | None = None, *, json: bool = False, quiet: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.json = json
        self.quiet = quiet

    def table(self, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Print rows.

        Args:
            columns: Key of a row -> heading. JSON has all keys of a row, the table these.
            rows: Values by key; None shows as `-`.
        """
        if self.json:
            self._json(list(rows))
            return
        cells = [[_shown(row.get(key)) for key in columns] for row in rows]
        headings = list(columns.values())
        widths = [max(len(line[i]) for line in [headings, *cells]) for i in range(len(headings))]
        if not self.quiet:
            self._line(headings, widths)
            self.write("-" * (sum(widths) + 3 * len(widths) - 1))
        for line in cells:
            self._line(line, widths)
        if not self.quiet:
            self.write("")

    def record(self, labels: Mapping[str, str], values: Mapping[str, Any]) -> None:
        """Print one object: `label: value` lines, or a JSON object with all the values."""
        if self.json:
            self._json(dict(values))
            return
        width = max((len(label) for label in labels.values()), default=0) + 1
        for key, label in labels.items():
            if values.get(key) is not None:
                self.write(f"{label + ':':<{width}} {_shown(values[key])}".rstrip())

    def value(self, key: str, value: Any) -> None:
        """Print one value; as JSON an object with that key."""
        if self.json:
            self._json({key: value})
        else:
            self.write(_shown(value))

    def document(self, text: str) -> None:
        """Print XML or another text as it is."""
        self.stream.write(text if text.endswith("\n") else text + "\n")

    def done(self, text: str, **facts: Any) -> None:
        """Say that something was done; as JSON the facts alone."""
        if self.json:
            self._json(facts)
        elif not self.quiet:
            self.write(text)

    def write(self, line: str) -> None:
        """Print a line."""
        self.stream.write(line + "\n")

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> None:
        self.write((" " + "   ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))).rstrip())

    def _json(self, value: Any) -> None:
        import json

        self.stream.write(json.dumps(value, indent=2, default=str) + "\n")


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def size(number: int) -> str:
    """Bytes for people: `1.50 GiB`."""
    amount, unit = float(number), 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.2f} {UNITS[unit]}"
