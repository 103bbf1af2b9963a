"""Output: rows for people as tables in virsh's layout, for programs as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
LABEL_WIDTH = 15  # as virsh prints facts of an object


class Output:
    """Where a command prints. With `json` each call prints one JSON document, whatever its kind.

    Attributes:
        json: Print JSON instead of text.
        quiet: Leave out headers, remarks and progress.
    """

    def __init__(self, stream: TextIO | None = None, *, json: bool = False, quiet: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.json = json
        self.quiet = quiet

    def table(self, columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
        """Print rows.

        Args:
            columns: Key of a row -> heading. JSON has all keys of a row, the table these.
            rows: Values by key; None shows as `-`.
        """
        rows = list(rows)
        if self.json:
            self.document_of(rows)
            return
        cells = [[shown(row.get(key)) for key in columns] for row in rows]
        headings = list(columns.values())
        widths = [max(len(line[i]) for line in [headings, *cells]) for i in range(len(headings))]
        if not self.quiet:
            self._line(headings, widths)
            self.write("-" * (sum(widths) + 3 * len(widths)))
        for line in cells:
            self._line(line, widths)

    def record(self, labels: Mapping[str, str], values: Mapping[str, Any], width: int = LABEL_WIDTH) -> None:
        """Print one object: `label: value` lines, or a JSON object with all the values; None is left out as text."""
        if self.json:
            self.document_of(dict(values))
            return
        for key, label in labels.items():
            if values.get(key) is not None:
                self.write(f"{label + ':':<{width}} {shown(values[key])}")

    def pairs(self, values: Mapping[str, Any], form: str = "{:<15}: {}") -> None:
        """Print values under the names they have in the API; as JSON one object."""
        if self.json:
            self.document_of(dict(values))
            return
        for name, value in values.items():
            self.write(form.format(name, shown(value)))

    def lines(self, values: Iterable[Any]) -> None:
        """Print values, one a line; as JSON a list."""
        if self.json:
            self.document_of(list(values))
            return
        for value in values:
            self.write(shown(value))

    def value(self, key: str, value: Any, text: str | None = None) -> None:
        """Print one value, or the text for it; as JSON an object with that key."""
        if self.json:
            self.document_of({key: value})
        else:
            self.write(shown(value) if text is None else text)

    def document(self, text: str) -> None:
        """Print XML as it is; as JSON an object with the key `xml`."""
        if self.json:
            self.document_of({"xml": text})
        else:
            self.stream.write(text if text.endswith("\n") else text + "\n")

    def done(self, text: str = "", /, **facts: Any) -> None:
        """Say that something was done, where virsh says so too; as JSON the facts alone."""
        if self.json:
            self.document_of(facts)
        elif text and not self.quiet:
            self.write(text)

    def end(self) -> None:
        """End what one command printed."""
        if not self.json and not self.quiet:
            self.write("")

    def write(self, line: str) -> None:
        """Print a line of text."""
        self.stream.write(line + "\n")

    def document_of(self, value: Any, indent: int | None = 2) -> None:
        """Print a value as a JSON document."""
        import json

        self.stream.write(json.dumps(value, indent=indent, default=str) + "\n")

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> None:
        padded = [f"{cell:<{width}}" for cell, width in zip(cells[:-1], widths, strict=False)]
        self.write(" " + "   ".join([*padded, cells[-1]]))


def shown(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def size(number: int, digits: int = 2) -> str:
    """Bytes for people: `1.50 GiB`."""
    amount, unit = float(number), 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.{digits}f} {UNITS[unit]}"
