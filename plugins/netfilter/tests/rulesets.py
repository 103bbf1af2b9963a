"""Rulesets of filters, and their golden files.

`golden/NAME.rules` has the rules of the guest's chains in the filter NAME, a rule a line: the standard filters, and
those in `documents`. Where it matters what the kernel can do, there are two parts: with connection tracking in the
bridge, and with marks. `python -m plugins.netfilter.tests.rulesets` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.lan import DEVICE, STANDARD, VARIABLES, VARIABLES6, reference
from virtkit.errors import ConfigUnsupportedError
from virtkit.network.nftables import Command
from virtkit.xml.nwfilter import NWFilter
from virtkit_netfilter.compiler import Device, install
from virtkit_netfilter.probing import Abilities

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "golden"

WRITTEN = {path.stem: NWFilter.parse(path.read_text()) for path in sorted((FOLDER / "documents").glob("*.xml"))}
FILTERS = STANDARD | WRITTEN

LISTS = {"IPS": ("10.0.0.1", "10.0.0.2"), "PORTS": ("80", "443")}

SMALL = 1500
"""Numbers up to here are shown in decimal."""

TRACKING = Abilities(bridge_ct=True, bridge_netfilter=False, bridge_reject=True)
MARKS = Abilities(bridge_ct=False, bridge_netfilter=True, bridge_reject=False)


def device(name: str) -> Device:
    """The guest's device with a filter."""
    return Device(DEVICE, frames.GUEST, reference(name, {**VARIABLES, **VARIABLES6.get(name, {}), **LISTS}))


def rules(commands: list[Command]) -> list[dict[str, Any]]:
    """The rules among commands, without those of the base chains."""
    added = [command["add"]["rule"] for command in commands if "rule" in command.get("add", {})]
    return [rule for rule in added if rule["chain"].startswith(f"{DEVICE}/")]


def shown(name: str) -> str:
    """The golden file of a filter, as it should be."""
    parts = {"connection tracking": _lines(name, TRACKING), "marks": _lines(name, MARKS)}
    if parts["connection tracking"] == parts["marks"]:
        return "".join(parts["marks"])
    return "".join(line for part, lines in parts.items() for line in [f"# by {part}\n", *lines])


def _lines(name: str, abilities: Abilities) -> list[str]:
    try:
        found = rules(install(device(name), FILTERS, abilities))
    except ConfigUnsupportedError as error:
        return [f"{error}\n"]
    return [
        f"{rule['chain']}: {', '.join(map(said, rule['expr']))}"
        + (f" # {rule['comment']}\n" if "comment" in rule else "\n")
        for rule in found
    ]


def said(part: Any) -> str:
    """A part of a rule in few words; numbers that say something in hexadecimal are so."""
    if isinstance(part, int):
        return f"{part:#x}" if part > SMALL else str(part)
    if isinstance(part, list):
        return ",".join(map(said, part))
    if not isinstance(part, dict):
        return str(part)
    ((kind, inside),) = part.items()
    if kind == "match":
        operator = " " if inside["op"] in ("==", "in") else f" {inside['op']} "
        return said(inside["left"]) + operator + said(inside["right"])
    if kind == "payload":
        known = [str(inside[key]) for key in ("protocol", "field") if key in inside]
        return " ".join(known) or f"@{inside['base']},{inside['offset'] // 8},{inside['len'] // 8}"
    return _said_of(kind, inside)


def _said_of(kind: str, inside: Any) -> str:
    if kind in ("&", "|", "range", "prefix"):
        ends = list(inside.values()) if isinstance(inside, dict) else inside
        return {"&": " & ", "|": " | ", "range": "-", "prefix": "/"}[kind].join(map(said, ends))
    if kind in ("meta", "ct"):
        return f"{kind} {inside['key']}"
    if isinstance(inside, dict):
        return " ".join([kind, *map(said, inside.values())])
    return kind if inside is None else f"{kind} {said(inside)}"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in FILTERS:
        (GOLDEN / f"{name}.rules").write_text(shown(name))
