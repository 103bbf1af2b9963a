"""Every model against the tables of `tools/facts`: names, and the order in which libvirt prints them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import pytest
from lxml import etree

from core.tests.xml.facts import Kind, SchemaRow, View, order_rows, sample, schema_rows, views_at
from core.tests.xml.kinds import KINDS
from virtkit.errors import VirtError
from virtkit.xml.element import Element
from virtkit.xml.names import NAMESPACES, qualified
from virtkit.xml.schema import ChildField, LeafField

ORDERED = [name for name, kind in KINDS.items() if kind.order]
DESCRIBED = [name for name, kind in KINDS.items() if kind.schema]


@pytest.mark.parametrize("name", ORDERED)
def test_every_name_that_libvirt_prints_is_declared(name: str) -> None:
    kind = KINDS[name]
    missing = []
    for row in order_rows(kind):
        views = views_at(kind, row.path)
        declared = {child for view in views for child in (view.children if row.what == "children" else view.attributes)}
        free = any(not view.ordered for view in views)
        missing += [f"{row.path} {row.what}: {word}" for word in row.names if word not in declared and not free]
    assert [] == missing


@pytest.mark.parametrize("name", ORDERED)
def test_names_are_declared_in_the_order_in_which_libvirt_prints_them(name: str) -> None:
    kind = KINDS[name]
    expected: dict[tuple[int, str], set[tuple[str, str]]] = defaultdict(set)
    views: dict[tuple[int, str], View] = {}
    for row in order_rows(kind):
        for view in views_at(kind, row.path):
            views[id(view.source), row.what] = view
            expected[id(view.source), row.what].update(row.pairs())
    wrong = []
    for place, pairs in expected.items():
        view = views[place]
        names = view.children if place[1] == "children" else view.attributes
        if not view.ordered:
            wrong += [f"{view.source}: untyped, but its {place[1]} have an order" for pair in list(pairs)[:1]]
        for first, second in sorted(pairs):
            # A pair that one table row orders this way and another one that way was not really seen together.
            if (
                {first, second} <= set(names)
                and (second, first) not in pairs
                and names.index(first) > names.index(second)
            ):
                wrong.append(f"{view.source} {place[1]}: {first} is printed before {second}")
    assert [] == wrong


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_name_of_the_schema_is_known_and_written_back(name: str) -> None:
    kind = KINDS[name]
    rows = schema_rows(kind)
    assert rows
    assert [] == [problem for row in rows for problem in _problems(kind, rows, row)]


def _problems(kind: Kind, rows: list[SchemaRow], row: SchemaRow) -> list[str]:
    """Return what is wrong with a row: in each variant it belongs to, one document that has it must be understood."""
    found = []
    for told in _variants(row):
        failures = [
            _problem(kind, row, _minimal(kind, rows, row, told | telling, value))
            for telling in _tellings(kind, row, told)
            for value in _samples(kind, row)
        ]
        if all(failures):
            found.append(f"{row.place} {told or ''}: {failures[0]}")
    return found


def _variants(row: SchemaRow) -> Iterator[dict[str, dict[str, str]]]:
    """Yield, for each variant that a row belongs to, the attributes that tell it: by element, by name."""
    for variant in row.when.split(" ; "):
        told: dict[str, dict[str, str]] = {}
        for tag, key, values in re.findall(r"(\S+)@(\S+)=(\S+)", variant):
            told.setdefault(tag, {})[key] = values.split("/")[0]
        yield told


def _tellings(kind: Kind, row: SchemaRow, told: dict[str, dict[str, str]]) -> Iterator[dict[str, dict[str, str]]]:
    """Yield nothing to add to `told`; then each class of an element above the row that `told` does not mention.

    Where elements of one name nest, a variant does not say which of them it means: each may be.
    """
    yield {}
    paths = _ancestry(kind, row.path)[1:]
    for path in paths:
        tag = path.rpartition("/")[2]
        if tag not in told:
            yield from ({tag: telling} for telling in _classes(kind, path))
    nested = [path for path in paths if sum(path.rpartition("/")[2] == other.rpartition("/")[2] for other in paths) > 1]
    for tellings in product(*(_classes(kind, path) for path in nested)) if nested else ():
        if all(telling in tellings for telling in told.values()):
            yield dict(zip(nested, tellings, strict=True))


def _classes(kind: Kind, path: str) -> list[dict[str, str]]:
    """Return the telling attribute of each class that an element at `path` can have."""
    parent, _, tag = path.rpartition("/")
    tellings = []
    for cls in (view.source for view in views_at(kind, parent)):
        for field in cls.fields.values() if isinstance(cls, type) and issubclass(cls, Element) else ():
            if isinstance(field, ChildField) and field.key and tag in field.child_names:
                tellings += [{field.key: str(value)} for value in field.classes]
    return tellings


def _problem(kind: Kind, row: SchemaRow, text: str) -> str:
    """Return what is wrong with the printed form of a document that has the row's name; empty if nothing is."""
    try:
        document = kind.document.parse(text)
    except VirtError as error:
        return f"{error}\n{text}"
    if document.notices:
        return f"{document.notices[0]}\n{text}"
    printed = document.format()
    again = kind.document.parse(printed)
    if again != document or again.format() != printed:
        return f"printed form reads differently:\n{printed}"
    steps = [_spelled(kind, path) for path in _ancestry(kind, row.path)[1:]]
    nodes = [etree.fromstring(printed)]
    for step in steps:
        nodes = [child for node in nodes for child in node if child.tag == qualified(step)]
    if row.kind == "attr":
        nodes = [node for node in nodes if node.get(row.name) is not None]
    if nodes or (row.kind == "element" and _says_nothing(kind, row)):
        return ""
    return f"lost from\n{text}\nin\n{printed}"


def _says_nothing(kind: Kind, row: SchemaRow) -> bool:
    """Return whether an element is one that libvirt leaves out when it is empty."""
    parent, _, tag = row.path.rpartition("/")
    classes = [view.source for view in views_at(kind, parent)] if parent else []
    fields = [field for cls in classes if isinstance(cls, type) for field in getattr(cls, "fields", {}).values()]
    return any(
        tag in field.child_names
        and ((isinstance(field, ChildField) and field.section) or (isinstance(field, LeafField) and field.attribute))
        for field in fields
    )


def _ancestry(kind: Kind, path: str) -> list[str]:
    """Return the paths from the root of the kind's document to `path`."""
    steps = path.removeprefix(kind.start).split("/")[1:]
    return [kind.start + "".join(f"/{step}" for step in steps[:count]) for count in range(len(steps) + 1)]


def _spelled(kind: Kind, path: str) -> str:
    tag = path.rpartition("/")[2]
    prefix = next((kind.prefixes[start] for start in kind.prefixes if f"{path}/".startswith(f"{start}/")), None)
    return f"{prefix}:{tag}" if prefix else tag


def _minimal(kind: Kind, rows: list[SchemaRow], row: SchemaRow, told: dict[str, dict[str, str]], value: str) -> str:
    """Return the smallest document that has the row's name in it and whatever must stand beside it."""
    told = dict(told)
    text = ""
    for path in reversed(_ancestry(kind, row.path)):
        needed = [other for other in rows if other.path == path and other.kind == "attr" and other.occurs in ("1", "+")]
        attributes = {other.name: _samples(kind, other)[0] for other in needed}
        nested = told.pop(path, {})
        attributes |= nested or told.pop(path.rpartition("/")[2], {})
        if path == row.path and row.kind == "attr":
            attributes.setdefault(row.name, value)
        if path == row.path and row.kind == "element":
            text = value if row.type else ""
        elif not text:
            own = next((other for other in rows if other.path == path and other.kind == "element"), None)
            text = _samples(kind, own)[0] if own and own.type else ""
        spelled = _spelled(kind, path)
        if path == kind.start:
            attributes |= {f"xmlns:{prefix}": NAMESPACES[prefix] for prefix in kind.prefixes.values()}
        listed = "".join(f" {key}='{value}'" for key, value in attributes.items())
        text = f"<{spelled}{listed}>{text}</{spelled}>"
    return text


def _samples(kind: Kind, row: SchemaRow) -> list[str]:
    """Return a valid text for each alternative of a row's type."""
    if row.place in kind.samples:
        return [kind.samples[row.place]]
    return [sample(alternative) for alternative in row.type.split(" , ")]
