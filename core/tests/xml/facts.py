"""The fact tables about documents, and what a model says about the same places.

A document kind is checked by an entry in `core.tests.xml.kinds`; the checks themselves are in `test_facts.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import attrs

from virtkit.xml.element import Document, Element
from virtkit.xml.schema import ChildField, ElementsField, LeafField, MetadataField

FACTS = Path(__file__).parents[3] / "tools" / "facts"
STEP = re.compile(r"([^\[/]+)(?:\[@(\w+)(!?=)'([^']*)'\])?")


@attrs.frozen
class Kind:
    """A document kind and how its facts are to be read.

    Attributes:
        document: The class.
        order: The kind in `xml-order.tsv`; None if no document of the kind was seen.
        schema: `xml-SCHEMA.tsv`; None if there is none.
        root: Where the class's root element stands in both tables; None is `/TAG`.
        prefixes: Path in the schema table -> namespace prefix of the element there and all below.
        samples: Path in the schema table (`PATH` or `PATH@NAME`) -> a valid value that its type does not tell.
        exempt: Path -> why the model says nothing about it (also for all below).
        apart: Path in the order table -> names whose order among each other it only concludes, never having seen them
            together, and wrongly: the real libvirt prints otherwise, or never both.
    """

    document: type[Document]
    order: str | None
    schema: str | None
    root: str | None = None
    prefixes: dict[str, str] = attrs.field(factory=dict)
    samples: dict[str, str] = attrs.field(factory=dict)
    exempt: dict[str, str] = attrs.field(factory=dict)
    apart: dict[str, str] = attrs.field(factory=dict)

    @property
    def start(self) -> str:
        return self.root or f"/{self.document.tag}"

    def exempts(self, path: str) -> bool:
        return any(path == exempted or path.startswith((f"{exempted}/", f"{exempted}@")) for exempted in self.exempt)


class OrderRow(NamedTuple):
    path: str
    what: str
    names: tuple[str, ...]
    apart: tuple[frozenset[str], ...]
    """Names that were never seen together: their order among each other is not known."""

    def pairs(self) -> Iterator[tuple[str, str]]:
        for pair in combinations(self.names, 2):
            if not any(group.issuperset(pair) for group in self.apart):
                yield pair


class SchemaRow(NamedTuple):
    path: str
    kind: str
    name: str
    type: str
    occurs: str
    when: str

    @property
    def place(self) -> str:
        return f"{self.path}@{self.name}" if self.name else self.path


@cache
def _table(name: str) -> list[list[str]]:
    lines = (FACTS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


def order_rows(kind: Kind) -> list[OrderRow]:
    rows = []
    for row_kind, path, what, names, _, note in (row + [""] * (6 - len(row)) for row in _table("xml-order")):
        if row_kind == kind.order and path.startswith((kind.start, "*/")) and not kind.exempts(path):
            groups = re.search(r"never seen together: ([^;]*)", note)
            apart = [*(groups.group(1).split() if groups else []), kind.apart.get(path, "")]
            rows.append(OrderRow(path, what, tuple(names.split()), tuple(frozenset(g.split("|")) for g in apart)))
    return rows


def schema_rows(kind: Kind) -> list[SchemaRow]:
    rows = [SchemaRow(*row[:6]) for row in _table(f"xml-{kind.schema}")]
    rows = [row for row in rows if row.kind != "recursion" and not row.path.endswith("/*")]
    return [row for row in rows if row.path.startswith(kind.start) and not kind.exempts(row.place)]


class View(NamedTuple):
    """What a model declares about an element: names in print order. `source` is the class, or the leaf's field."""

    source: object
    attributes: tuple[str, ...]
    children: tuple[str, ...]
    ordered: bool = True


def view_of(cls: type[Element]) -> View:
    fields = cls.fields.values()
    attributes = tuple(name for field in fields for name in field.attribute_names)
    return View(cls, attributes, tuple(name for field in fields for name in field.child_names))


def views_at(kind: Kind, path: str) -> list[View]:
    """Return what the model declares at a path of either table: one view per variant; empty if it does not know it."""
    if path.startswith("*/"):
        step = _step(path[2:])
        found = [view for name, telling, view in reachable(kind.document) if name == step.tag and step.fits(telling)]
        return list({id(view.source): view for view in found}.values())
    steps = [_step(part) for part in re.findall(r"[^/\[]+(?:\[[^\]]*\])?", path.removeprefix(kind.start))]
    views = [view_of(kind.document)]
    for step in steps:
        views = [view for parent in views for view in _below(parent, step)]
    return list({id(view.source): view for view in views}.values())


class Step(NamedTuple):
    """A step of a path: `tag`, `tag[@key='value']` or `tag[@key!='value']`."""

    tag: str
    key: str | None = None
    equal: bool = True
    value: str | None = None

    def fits(self, telling: str | None) -> bool:
        return telling is None or self.key is None or (telling == self.value) is self.equal


def _step(text: str) -> Step:
    match = STEP.fullmatch(text)
    assert match, text
    tag, key, comparison, value = match.groups()
    return Step(tag, key, comparison != "!=", value)


def _below(parent: View, step: Step) -> Iterator[View]:
    if not parent.ordered:
        yield parent
    if not (isinstance(parent.source, type) and issubclass(parent.source, Element)):
        return
    for field in parent.source.fields.values():
        if step.tag not in field.child_names:
            continue
        if isinstance(field, ChildField):
            for name, telling, cls in field.child_classes():
                if name == step.tag and (field.key != step.key or step.fits(telling)):
                    yield view_of(cls)
        elif isinstance(field, LeafField):
            yield View(field, field.leaf_attributes, ())
        elif isinstance(field, (ElementsField, MetadataField)):
            yield View(field, (), (), ordered=False)


def reachable(document: type[Element]) -> Iterator[tuple[str, str | None, View]]:
    """Yield tag, telling value and view of every class below a document."""
    seen: set[type[Element]] = set()
    waiting = [document]
    while waiting:
        cls = waiting.pop()
        if cls in seen:
            continue
        seen.add(cls)
        for field in cls.fields.values():
            for tag, telling, child in field.child_classes():
                yield tag, telling, view_of(child)
                waiting.append(child)


SAMPLES = (
    *("1", "0x1", "a", "/a", "tcp", "ipv4", "KiB", "1.1", "255.255.255.0", "10.0.0.1", "fe80::1", "52:54:00:12:34:56"),
    *("6695eb01-f6a4-8304-79aa-97f2502e193f", "6695eb01f6a4830479aa97f2502e193f", "0x010000", "$A", "sda", "mac1"),
    *("iqn.2001-04.com.example:a", "0x2000000012341234", "naa.2000000012341234", "fe.0.0001", "GenuineIntel", "yes"),
    *(
        "00:01:00:01:52:54:00:12:34:56:52:54:00:12:34:56",
        "00:02:00:00:00:01:52:54:00",
        "00:03:00:01:52:54:00:12:34:56",
        "00:04:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01",
        "[a] b",
        "reply",
        "0x0800",
        "0x800",
        "0xf",
        "-1",
        "NEW",
        "SYN/SYN",
        "src",
        "mbm_a",
        "sync_pt",
        "vepa",
        "none",
        "0",
    ),
)
"""Texts to try against a pattern."""


def sample(type_: str) -> str:
    """Return a valid text for a type of a schema table; of several alternatives, for the first."""
    first = type_.split(" , ")[0]
    if match := re.match(r"enum\(([^|)]*)", first):
        return match.group(1)
    if match := re.match(r"list\((.*)\)", first):
        return sample(match.group(1))
    base, _, rest = first.removesuffix("}").partition("{")
    facets = dict(facet.partition("=")[::2] for facet in rest.split("; "))
    if re.search(r"[iI]nt|[lL]ong|byte|short|double|decimal", base):
        return str(max(1, int(facets.get("min", 1))))
    if "pattern" in facets:
        pattern = facets["pattern"].replace("$", r"\$")  # a schema's patterns have no anchors
        fits = [text for text in SAMPLES if re.fullmatch(pattern, text)]
        assert fits, f"no sample in facts.SAMPLES matches {pattern}"
        return fits[0]
    return "a" * int(facets.get("length") or facets.get("minLength") or 1)
