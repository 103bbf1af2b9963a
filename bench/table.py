"""The table that `make bench` prints."""

from __future__ import annotations

import os
import platform
import sys
from typing import NamedTuple

NO_LIMIT = float("inf")
INTERPRETER = f"virtkit runs on Python {platform.python_version()}, {os.path.realpath(sys.executable)}"
"""Part of every figure: one that was built without optimisations takes a third longer than Debian's."""

HEADER = f"{INTERPRETER}\n{'work':<46} {'':<3} {'virtkit':>10} {'libvirt':>10} {'ratio':>8}   budget"


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        work: What is measured.
        unit: Of both figures.
        ours: Ours; None where it could not be measured.
        libvirt: The real libvirt's; None where it is not installed or has no such thing.
        budget: What design allows, as text; empty where it says nothing.
        met: Whether it is.
        reason: Why a figure is missing.
    """

    work: str
    unit: str
    ours: float | None
    libvirt: float | None
    budget: str
    met: bool
    reason: str = ""

    @classmethod
    def absolute(cls, work: str, unit: str, ours: float, libvirt: float | None, limit: float = NO_LIMIT) -> Row:
        """A row whose budget is a figure."""
        budget = "" if limit == NO_LIMIT else f"<= {limit:g} {unit}"
        return cls(work, unit, ours, libvirt, budget, ours <= limit)

    @classmethod
    def relative(cls, work: str, unit: str, ours: float, libvirt: float | None, factor: float = NO_LIMIT) -> Row:
        """A row whose budget is a multiple of libvirt's figure; met when there is none."""
        budget = "" if factor == NO_LIMIT else f"<= {factor:g}x libvirt"
        return cls(work, unit, ours, libvirt, budget, libvirt is None or ours <= factor * libvirt)

    @classmethod
    def missing(cls, work: str, reason: str) -> Row:
        """A row that could not be measured."""
        return cls(work, "", None, None, "", True, reason)

    def __str__(self) -> str:
        """One line of the table."""
        if self.reason:
            return f"{self.work:<46} not measured: {self.reason}"
        figures = " ".join(f"{'-':>10}" if value is None else f"{value:10.3f}" for value in (self.ours, self.libvirt))
        ratio = f"{self.ours / self.libvirt:8.2f}" if self.ours is not None and self.libvirt else f"{'-':>8}"
        verdict = f"{self.budget:<18} {'met' if self.met else 'MISSED'}" if self.budget else ""
        return f"{self.work:<46} {self.unit:<3} {figures} {ratio}   {verdict}".rstrip()


def environment() -> dict[str, str]:
    """The environment of a user: with bytecode, without settings of the project's own machine."""
    return {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME")}
