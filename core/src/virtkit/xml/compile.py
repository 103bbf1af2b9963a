"""The compiler: one parse and one format function per class, made when the class is first used.

They are closures over tables made of the declarations: by name of attribute and child, what reads it; by field, in the
order of print, what writes it. Making them costs microseconds per class. (Generated source ran as fast once it ran, but
compiling it took 60 ms for the first domain of a process: `docs/adr/0011-*.md`.) Whatever is rare (unknown names,
comments, repeats) is a call to `Reading` or `Surplus`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.xml.element import Element
from virtkit.xml.names import NAMESPACES, qualified
from virtkit.xml.schema import (
    AttributeField,
    AttributesField,
    ChildField,
    ElementsField,
    Field,
    LeafField,
    MetadataField,
    TextField,
)
from virtkit.xml.units import Size
from virtkit.xml.values import AnyValue, Refusal, Value
from virtkit.xml.writer import INDENT, escape, untyped

if TYPE_CHECKING:
    from lxml.etree import _Element

    from virtkit.errors import VirtError
    from virtkit.xml.reading import Reading

Fields = dict[str, Any]
"""The `__dict__` of an element."""

# Reading

AttributeReader = Callable[[Fields, "_Element", str, str], bool]
"""Stores an attribute, given element, name and value; False if the field does not know it after all."""

ChildReader = Callable[[Fields, "_Element", "Reading"], None]
"""Stores a child."""

TextReader = Callable[[Fields, "_Element", str], None]
"""Stores the element's own text, which is not empty."""


def compile_reader(cls: type[Element]) -> None:
    """Give `cls` its own `read_node`."""
    values, others = _attribute_readers(cls)
    children = _child_readers(cls)
    read_text = next((_text_reader(field) for field in cls.fields.values() if isinstance(field, TextField)), None)
    new = object.__new__

    def read_node(node: _Element, reading: Reading) -> Element:
        self = new(cls)
        into = self.__dict__
        key = child = None
        strayed: Any = None
        try:
            for key, value in node.items():
                plain = values.get(key)
                if plain is not None:
                    name, read = plain
                    into[name] = value if read is None else read(value)
                elif key not in others or not others[key](into, node, key, value):
                    reading.unknown_attribute(cls, into, node, key, value)
            key = None
            if read_text is None:
                strayed = node.text
            elif text := reading.own_text(node):
                read_text(into, node, text)
            index = 0
            for child in node:
                tag = child.tag
                read_child = children.get(tag)
                if read_child is not None:
                    read_child(into, child, reading)
                    index += 1
                elif isinstance(tag, str):  # and no comment
                    reading.unknown_child(cls, into, index, child)
                    index += 1
                strayed = strayed or child.tail
            if strayed and read_text is None:
                reading.stray(node)
        except Refusal as refusal:
            reading.refuse(refusal, node if child is None else child, key)
        return self

    cls.read_node = staticmethod(read_node)  # type: ignore[method-assign]


def _attribute_readers(
    cls: type[Element],
) -> tuple[dict[str, tuple[str, Callable[[str], Any] | None]], dict[str, AttributeReader]]:
    """By name of an attribute: field and reader of those that are one value; what stores the others."""
    values: dict[str, tuple[str, Callable[[str], Any] | None]] = {}
    others: dict[str, AttributeReader] = {}
    for field in cls.fields.values():
        match field:
            case AttributeField(value=Size() as size):
                others.setdefault(field.attribute, _sized_attribute(field.name, size))
                others.setdefault(size.attribute, _unit_beside(field.attribute))
            case AttributeField(value=Value() as value):
                values.setdefault(field.attribute, (field.name, value.read))
            case AttributesField():
                others.update(dict.fromkeys(field.attribute_names, _untyped_attribute(field.name)))
            case TextField(value=Size() as size):
                others.setdefault(size.attribute, lambda *_: True)
    return values, others


def _sized_attribute(name: str, size: Size) -> AttributeReader:
    def read(into: Fields, node: _Element, key: str, value: str) -> bool:
        into[name] = size.read(value, node.get(size.attribute))
        return True

    return read


def _unit_beside(number: str) -> AttributeReader:
    return lambda into, node, key, value: number in node.keys()  # noqa: SIM118 - a node's own are its children


def _untyped_attribute(name: str) -> AttributeReader:
    def read(into: Fields, node: _Element, key: str, value: str) -> bool:
        into.setdefault(name, {})[key] = value
        return True

    return read


def _text_reader(field: TextField) -> TextReader:
    name, value = field.name, field.value

    def read_size(into: Fields, node: _Element, text: str) -> None:
        assert isinstance(value, Size)
        into[name] = value.read(text, node.get(value.attribute))

    def read_text(into: Fields, node: _Element, text: str) -> None:
        into[name] = text if read is None else read(text)

    if isinstance(value, Size):
        return read_size
    read = value.read
    return read_text


def _child_readers(cls: type[Element]) -> dict[Any, ChildReader]:
    """By tag, as the parser spells it: what stores the child."""
    readers: dict[Any, ChildReader] = {}
    for field in cls.fields.values():
        match field:
            case LeafField():
                reader = _leaf_reader(field)
            case ChildField():
                reader = _element_reader(field)
            case ElementsField():
                reader = _several(field, lambda child, reading: reading.subtrees.node(child))
            case MetadataField():
                reader = _metadata_reader(field)
            case _:
                continue
        for tag in field.child_names:
            readers.setdefault(qualified(tag), reader)
    return readers


def _once(
    field: Field, read: Callable[[Fields, _Element, Reading], Any], repeated: type[VirtError] | None = None
) -> ChildReader:
    """Store the first of what may stand once; `repeated` is what a second raises."""
    name = field.name

    def store(into: Fields, child: _Element, reading: Reading) -> None:
        if name not in into:
            value = read(into, child, reading)
            if value is not None:
                into[name] = value
        elif repeated is not None:
            raise Refusal("may stand only once: remove this one", repeated)
        else:
            reading.repeated(child)

    return store


def _several(field: Field, read: Callable[[_Element, Reading], Any]) -> ChildReader:
    name = field.name

    def store(into: Fields, child: _Element, reading: Reading) -> None:
        into.setdefault(name, []).append(read(child, reading))

    return store


def _metadata_reader(field: Field) -> ChildReader:
    def read(into: Fields, child: _Element, reading: Reading) -> dict[str, str]:
        from virtkit.xml.metadata import read_metadata

        return read_metadata(child, reading)

    return _once(field, read)


def _element_reader(field: ChildField) -> ChildReader:
    classes = field.classes
    single = classes.get(None)
    by_tag = {qualified(str(tag)): cls for tag, cls in classes.items()}

    def read_single(child: _Element, reading: Reading) -> Element:
        assert single is not None
        return single.read_node(child, reading)

    def read_variant(child: _Element, reading: Reading) -> Element:
        return reading.variant(child, field, classes).read_node(child, reading)

    def read_tagged(child: _Element, reading: Reading) -> Element:
        return by_tag[str(child.tag)].read_node(child, reading)

    read = read_variant if field.key is not None else read_tagged if single is None else read_single
    if field.many:
        return _several(field, read)
    return _once(field, lambda into, child, reading: read(child, reading), field.repeated)


def _leaf_reader(field: LeafField) -> ChildReader:
    value = field.value
    if value is None:
        return _once(field, lambda into, child, reading: reading.leaf_flag(into, child))
    if isinstance(value, Size):
        return _once(field, lambda into, child, reading: reading.leaf_size(into, child, value))
    take = _leaf_attribute(field.attribute, value) if field.attribute else _leaf_text(value, field.keep_empty)
    if not field.many:
        return _once(field, lambda into, child, reading: take(into, child, reading, 0))
    name = field.name

    def store(into: Fields, child: _Element, reading: Reading) -> None:
        found = take(into, child, reading, len(into.get(name, ())))
        if found is not None:
            into.setdefault(name, []).append(found)

    return store


LeafReader = Callable[[Fields, "_Element", "Reading", int], Any]
"""Returns the value of the nth child of its name; None if it has none."""


def _leaf_text(value: AnyValue, keep_empty: bool) -> LeafReader:
    read = value.read

    def take(into: Fields, child: _Element, reading: Reading, nth: int) -> Any:
        text = reading.leaf_text(into, child, nth)
        if not text and not keep_empty:
            return None
        return text if read is None else read(text)

    return take


def _leaf_attribute(name: str, value: AnyValue) -> LeafReader:
    read = value.read

    def take(into: Fields, child: _Element, reading: Reading, nth: int) -> Any:
        text = reading.leaf_attribute(into, child, name, nth)
        try:
            return text if text is None or read is None else read(text)
        except Refusal as refusal:
            reading.refuse(refusal, child, name)

    return take


# Writing

Add = Callable[[str], None]

LineWriter = Callable[[Add, Any, str], None]
"""Adds the lines of a field's value, which is not None, indented by the last argument."""


PLANS = 128
"""Plans that a class keeps at most: documents set few combinations of fields."""

Head = tuple[str, str, Callable[[Any], str], str]
"""A field of the start tag: its name, what stands before the value, what prints it, what comes after."""


class _Plan(NamedTuple):
    """What to print of elements that have the same fields set, in the order of printing."""

    heads: list[Head]
    declarations: list[tuple[list[str], str]]
    texts: list[tuple[str, Callable[[Any], str]]]
    bodies: list[tuple[str, LineWriter]]


class _Plans(dict[tuple[str, ...], _Plan]):
    """The plans of a class, by the names in an element's `__dict__`: most of a class's fields are not set."""

    def __init__(self, cls: type[Element]) -> None:
        fields = cls.fields.values()
        self._heads = [(field.name, *head) for field in fields if (head := _head_writer(field))]
        self._declarations = _namespaces(cls) if cls.root_namespaces else []
        self._texts = [(field.name, _printer(field.value)) for field in fields if isinstance(field, TextField)]
        self._bodies = [(field.name, add_lines) for field in fields if (add_lines := _line_writer(field))]

    def __missing__(self, names: tuple[str, ...]) -> _Plan:
        if len(self) >= PLANS:
            self.clear()
        there = set(names)
        plan = self[names] = _Plan(
            [head for head in self._heads if head[0] in there],
            [(users, text) for users, text in self._declarations if not there.isdisjoint(users)],
            [text for text in self._texts if text[0] in there],
            [body for body in self._bodies if body[0] in there],
        )
        return plan


def compile_writer(cls: type[Element]) -> None:
    """Give `cls` its own `write_node`."""
    plans = _Plans(cls)
    always = [field.name for field in cls.fields.values() if isinstance(field, ChildField) and field.always]
    always_open = cls.always_open

    def write_node(self: Element, tag: str, pad: str) -> str:
        for name in always:
            getattr(self, name)  # springs into being
        values = self.__dict__
        plan = plans[tuple(values)]
        head = f"{pad}<{tag}"
        content = name = ""
        lines: list[str] = []
        add, inner = lines.append, pad + INDENT
        try:
            for name, before, printed, after in plan.heads:
                value = values[name]
                if value is not None:
                    head += f"{before}{printed(value)}{after}"
            for users, declaration in plan.declarations:
                if any(map(values.get, users)):
                    head += declaration
            for name, printed in plan.texts:
                value = values[name]
                if value is not None:
                    content = printed(value)
            for name, add_lines in plan.bodies:
                value = values[name]
                if value is not None:
                    add_lines(add, value, inner)
        except Exception as error:
            error.add_note(f"printing {cls.__name__}.{name}")
            raise
        surplus = values.get("_surplus")
        if surplus is not None:
            head += surplus.head()
            surplus.restore(lines, inner)
        if lines:
            return f"{head}>{content}\n{''.join(lines)}{pad}</{tag}>\n"
        if content:
            return f"{head}>{content}</{tag}>\n"
        return f"{head}>\n{pad}</{tag}>\n" if always_open else f"{head}/>\n"

    cls.write_node = write_node  # type: ignore[method-assign]


def _printer(value: AnyValue | Size | None) -> Callable[[Any], str]:
    """What turns a value into text, escaped."""
    if isinstance(value, Size):
        return "{:d}".format
    return escape if value is None or value.write is None else value.write


def _head_writer(field: Field) -> tuple[str, Callable[[Any], str], str] | None:
    """What stands before a field's attributes, what prints its value, and what comes after; None if it has none."""
    match field:
        case AttributeField(value=value, attribute=name):
            return f" {name}='", _printer(value), f"'{_unit(value)}"
        case AttributesField():
            return "", lambda value: untyped(value, field.attribute_names), ""
        case TextField(value=Size() as size):
            return _unit(size), lambda value: "", ""
    return None


def _unit(value: AnyValue | Size | None) -> str:
    return f" {value.attribute}='{value.unit}'" if isinstance(value, Size) else ""


def _namespaces(cls: type[Element]) -> list[tuple[list[str], str]]:
    """Fields whose presence declares a prefix, and the declaration."""
    users: dict[str, list[str]] = {}
    for field in cls.fields.values():
        for tag in field.child_names:
            prefix, colon, _ = tag.partition(":")
            if colon:
                users.setdefault(prefix, []).append(field.name)
    return [(names, f" xmlns:{prefix}='{NAMESPACES[prefix]}'") for prefix, names in users.items()]


def _line_writer(field: Field) -> LineWriter | None:
    """What prints a field's children; None if it has none."""
    match field:
        case LeafField():
            return _leaf_writer(field)
        case ChildField(many=True):
            return _children_writer(field)
        case ChildField():
            return _child_writer(field)
        case ElementsField():
            return _elements_writer(field)
        case MetadataField():
            return _write_metadata
    return None


def _leaf_writer(field: LeafField) -> LineWriter:
    tag, value = field.tag, field.value
    if value is None:
        return lambda add, value, inner: add(f"{inner}<{tag}/>\n") if value else None
    before, after = f"<{tag}{_unit(value)}>", f"</{tag}>\n"
    if field.attribute:
        before, after = f"<{tag} {field.attribute}='", "'/>\n"
    printed = _printer(value)

    def write(add: Add, value: Any, inner: str) -> None:
        add(f"{inner}{before}{printed(value)}{after}")

    def write_all(add: Add, values: Any, inner: str) -> None:
        for value in values:
            add(f"{inner}{before}{printed(value)}{after}")

    return write_all if field.many else write


def _children_writer(field: ChildField) -> LineWriter:
    tag = field.tags[0]
    tags = {cls: str(key) for key, cls in field.classes.items()}

    def write(add: Add, values: Any, inner: str) -> None:
        for value in values:
            add(value.write_node(tag, inner))

    def write_tagged(add: Add, values: Any, inner: str) -> None:
        for value in values:
            add(value.write_node(tags[type(value)], inner))

    return write_tagged if len(field.tags) > 1 else write


def _child_writer(field: ChildField) -> LineWriter:
    tag = field.tags[0]

    def write(add: Add, value: Any, inner: str) -> None:
        add(value.write_node(tag, inner))

    def write_unless_empty(add: Add, value: Any, inner: str) -> None:
        line = value.write_node(tag, inner)
        if line != f"{inner}<{tag}/>\n":
            add(line)

    return write_unless_empty if field.section and not field.always else write


def _elements_writer(field: ElementsField) -> LineWriter:
    order = {tag: place for place, tag in enumerate(field.child_names)}

    def write(add: Add, values: Any, inner: str) -> None:
        for value in sorted(values, key=lambda node: order.get(node.tag, len(order))):
            add(value.format(inner))

    return write


def _write_metadata(add: Add, value: Any, inner: str) -> None:
    from virtkit.xml.metadata import write_metadata

    add(write_metadata(value, inner))
