"""The compiler: one parse and one format function per class, generated when the class is first used.

The generated source is registered in linecache under `<virtkit.xml MODULE.CLASS.FUNCTION>`, so that a debugger steps
through it and a traceback shows it. It is straight-line code over the instance's `__dict__`: one test per declared
name when reading, one lookup per field when writing. Whatever is rare (unknown names, comments, repeats) is a call to
`Reading` or `Surplus`.
"""

from __future__ import annotations

import linecache
from typing import Any

from virtkit.xml.element import Element
from virtkit.xml.metadata import read_metadata, write_metadata
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
from virtkit.xml.values import AnyValue, Refusal
from virtkit.xml.writer import escape, untyped


def compile_reader(cls: type[Element]) -> None:
    """Give `cls` its own `read_node`."""
    source = Source()
    source.bind(cls, "cls")
    _emit_reader(source, cls)
    cls.read_node = staticmethod(source.run(cls, "read_node"))  # type: ignore[method-assign]


def compile_writer(cls: type[Element]) -> None:
    """Give `cls` its own `write_node`."""
    source = Source()
    _emit_writer(source, cls)
    cls.write_node = source.run(cls, "write_node")  # type: ignore[method-assign]


class Source:
    """Lines of Python and the objects they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0
        self.names: dict[str, Any] = {
            "Refusal": Refusal,
            "escape": escape,
            "new": object.__new__,
            "read_metadata": read_metadata,
            "untyped": untyped,
            "write_metadata": write_metadata,
        }

    def add(self, *lines: str) -> None:
        """Add lines at the current depth."""
        self.lines.extend("    " * self.depth + line for line in lines)

    def bind(self, value: object, name: str) -> str:
        """Make an object known to the source; returns its name there."""
        self.names[name] = value
        return name

    def run(self, cls: type[Element], name: str) -> Any:
        """Execute the source; returns the function `name` that it defined."""
        filename = f"<virtkit.xml {cls.__module__}.{cls.__qualname__}.{name}>"
        text = "\n".join(self.lines) + "\n"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), self.names)
        return self.names[name]


# Reading


def _emit_reader(source: Source, cls: type[Element]) -> None:
    source.add(
        "def read_node(node, reading):", "    self = new(cls)", "    d = self.__dict__", "    key = child = None"
    )
    source.depth = 1
    source.add("try:")
    source.depth = 2
    _emit_attributes(source, cls)
    _emit_text(source, cls)
    _emit_children(source, cls)
    source.depth = 1
    source.add("except Refusal as refusal:")
    source.add("    reading.refuse(refusal, node if child is None else child, key)", "return self", "")
    source.depth = 0


def _emit_attributes(source: Source, cls: type[Element]) -> None:
    source.add("for key, value in node.items():")
    source.depth += 1
    word = "if"
    for field in cls.fields.values():
        for test, statement in _attribute_branches(source, field):
            source.add(f"{word} {test}:", f"    {statement}")
            word = "elif"
    unknown = "reading.unknown_attribute(cls, d, node, key, value)"
    source.add(*([unknown] if word == "if" else ["else:", f"    {unknown}"]))
    source.depth -= 1
    source.add("key = None")


def _attribute_branches(source: Source, field: Field) -> list[tuple[str, str]]:
    """Return test of an attribute's name and statement that stores it, for each attribute of a field."""
    match field:
        case AttributeField(value=Size() as size):
            read = source.bind(size.read, f"read_value_{field.name}")
            number = f"d[{field.name!r}] = {read}(value, node.get('unit'))"
            return [
                (f"key == {field.attribute!r}", number),
                (f"key == 'unit' and {field.attribute!r} in node.keys()", "pass"),
            ]
        case AttributeField():
            return [
                (f"key == {field.attribute!r}", f"d[{field.name!r}] = {_reading(source, field, field.value, 'value')}")
            ]
        case AttributesField():
            names = source.bind(frozenset(field.attribute_names), f"names_{field.name}")
            return [(f"key in {names}", f"d.setdefault({field.name!r}, {{}})[key] = value")]
        case TextField(value=Size()):
            return [("key == 'unit'", "pass")]
    return []


def _reading(source: Source, field: Field, value: AnyValue | Size | None, text: str) -> str:
    """Return the expression that turns `text` into the field's value."""
    if value is None or value.read is None:
        return text
    return f"{source.bind(value.read, f'read_value_{field.name}')}({text})"


def _emit_text(source: Source, cls: type[Element]) -> None:
    field = _text_field(cls)
    if field is None:
        source.add("strayed = node.text")
        return
    source.add("text = reading.own_text(node)", "if text:")
    if isinstance(field.value, Size):
        read = source.bind(field.value.read, f"read_value_{field.name}")
        source.add(f"    d[{field.name!r}] = {read}(text, node.get('unit'))")
    else:
        source.add(f"    d[{field.name!r}] = {_reading(source, field, field.value, 'text')}")


def _text_field(cls: type[Element]) -> TextField | None:
    return next((field for field in cls.fields.values() if isinstance(field, TextField)), None)


def _emit_children(source: Source, cls: type[Element]) -> None:
    strict = _text_field(cls) is None
    source.add("index = 0", "for child in node:", "    tag = child.tag")
    source.depth += 1
    word = "if"
    for field in cls.fields.values():
        if tags := tuple(map(qualified, field.child_names)):
            test = (
                f"tag == {tags[0]!r}"
                if len(tags) == 1
                else f"tag in {source.bind(frozenset(tags), f'tags_{field.name}')}"
            )
            source.add(f"{word} {test}:")
            source.depth += 1
            _emit_child(source, field)
            source.depth -= 1
            word = "elif"
    source.add(f"{word} isinstance(tag, str):", "    reading.unknown_child(cls, d, index, child)")
    source.add("else:", "    index -= 1  # a comment")
    source.add("index += 1", *(["strayed = strayed or child.tail"] if strict else []))
    source.depth -= 1
    if strict:
        source.add("if strayed:", "    reading.stray(node)")


def _emit_child(source: Source, field: Field) -> None:
    match field:
        case LeafField():
            _emit_leaf(source, field)
        case ChildField(many=True):
            source.add(
                f"d.setdefault({field.name!r}, []).append({_child_class(source, field)}.read_node(child, reading))"
            )
        case ElementsField():
            source.add(f"d.setdefault({field.name!r}, []).append(reading.subtrees.node(child))")
        case MetadataField():
            _emit_once(source, field, "read_metadata(child, reading)")
        case ChildField():
            _emit_once(source, field, f"{_child_class(source, field)}.read_node(child, reading)")


def _emit_once(source: Source, field: Field, expression: str) -> None:
    source.add(
        f"if {field.name!r} in d:", "    reading.repeated(child)", "else:", f"    d[{field.name!r}] = {expression}"
    )


def _emit_leaf(source: Source, field: LeafField) -> None:
    name = repr(field.name)
    if field.value is None:
        _emit_once(source, field, "reading.leaf_flag(d, child)")
        return
    if isinstance(field.value, Size):
        size = source.bind(field.value, f"size_{field.name}")
        _emit_once(source, field, f"reading.leaf_size(d, child, {size})")
        return
    nth = f"len(d.get({name}, ()))" if field.many else "0"
    if field.attribute:
        text, key = f"reading.leaf_attribute(d, child, {field.attribute!r}, {nth})", repr(field.attribute)
    else:
        text, key = f"reading.leaf_text(d, child, {nth})", "None"
    value = _reading(source, field, field.value, "value")
    store = f"d.setdefault({name}, []).append({value})" if field.many else f"d[{name}] = {value}"
    lines = [f"value = {text}", "if value is not None:", f"    {store}"]
    if key != "None" and field.value.read:
        lines = [f"key = {key}", *lines, "key = None"]
    if not field.many:
        source.add(f"if {name} in d:", "    reading.repeated(child)", "else:")
        lines = [f"    {line}" for line in lines]
    source.add(*lines)


def _child_class(source: Source, field: ChildField) -> str:
    """Return the expression for the class of the node `child`."""
    classes = field.classes
    if field.key is not None:
        known = source.bind(classes, f"classes_{field.name}")
        return f"reading.variant(child, {known}, {field.key!r}, {field.default!r})"
    if None in classes:
        return source.bind(classes[None], f"class_{field.name}")
    by_tag = {qualified(str(tag)): cls for tag, cls in classes.items()}
    return f"{source.bind(by_tag, f'classes_{field.name}')}[tag]"


# Writing


def _emit_writer(source: Source, cls: type[Element]) -> None:
    source.add("def write_node(self, tag, pad):")
    source.depth = 1
    source.add("d = self.__dict__", "get = d.get", "inner = pad + '  '", "lines = []", "add = lines.append")
    source.add("head = f'{pad}<{tag}'", "content = ''")
    for field in cls.fields.values():
        _emit_head(source, field)
    if cls.root_namespaces:
        _emit_namespaces(source, cls)
    for field in cls.fields.values():
        _emit_lines(source, field)
    source.add("surplus = get('_surplus')", "if surplus is not None:", "    head += surplus.head()")
    source.add("    surplus.restore(lines, inner)")
    source.add("if lines:", "    return f\"{head}>{content}\\n{''.join(lines)}{pad}</{tag}>\\n\"")
    source.add("if content:", "    return f'{head}>{content}</{tag}>\\n'")
    source.add("return f'{head}>\\n{pad}</{tag}>\\n'" if cls.always_open else "return f'{head}/>\\n'", "")
    source.depth = 0


def _writing(source: Source, field: Field, value: AnyValue | Size | None) -> str:
    """Return the expression inside an f-string that prints `value`, escaped."""
    if isinstance(value, Size):
        return "{value:d}"
    if value is None or value.write is None:
        return "{escape(value)}"
    return f"{{{source.bind(value.write, f'write_value_{field.name}')}(value)}}"


def _emit_head(source: Source, field: Field) -> None:
    if not isinstance(field, (AttributeField, AttributesField, TextField)):
        return
    source.add(f"value = get({field.name!r})")
    match field:
        case AttributeField(value=value, attribute=name):
            unit = f" unit='{value.unit}'" if isinstance(value, Size) else ""
            source.add("if value is not None:", f"    head += f\" {name}='{_writing(source, field, value)}'{unit}\"")
        case AttributesField():
            order = source.bind(field.attribute_names, f"order_{field.name}")
            source.add("if value:", f"    head += untyped(value, {order})")
        case TextField(value=value):
            source.add("if value is not None:", f'    content = f"{_writing(source, field, value)}"')
            if isinstance(value, Size):
                source.add(f"    head += \" unit='{value.unit}'\"")


def _emit_namespaces(source: Source, cls: type[Element]) -> None:
    users: dict[str, list[str]] = {}
    for field in cls.fields.values():
        for tag in field.child_names:
            prefix, colon, _ = tag.partition(":")
            if colon:
                users.setdefault(prefix, []).append(f"get({field.name!r})")
    for prefix, fields in users.items():
        source.add(f"if {' or '.join(fields)}:", f"    head += \" xmlns:{prefix}='{NAMESPACES[prefix]}'\"")


def _emit_lines(source: Source, field: Field) -> None:
    name = repr(field.name)
    match field:
        case LeafField():
            line = _leaf_line(source, field)
            loop, condition = f"for value in get({name}, ()):", "if value is not None:"
            if field.many:
                source.add(loop, f"    add({line})")
            else:
                condition = "if value:" if field.value is None else condition
                source.add(f"value = get({name})", condition, f"    add({line})")
        case ChildField():
            _emit_child_lines(source, field)
        case ElementsField():
            order = source.bind({tag: place for place, tag in enumerate(field.child_names)}, f"order_{field.name}")
            source.add(f"for value in sorted(get({name}, ()), key=lambda node: {order}.get(node.tag, 999)):")
            source.add("    add(value.format(inner))")
        case MetadataField():
            source.add(f"value = get({name})", "if value is not None:", "    add(write_metadata(value, inner))")


def _leaf_line(source: Source, field: LeafField) -> str:
    if field.value is None:
        return f'f"{{inner}}<{field.tag}/>\\n"'
    value = _writing(source, field, field.value)
    if field.attribute:
        return f"f\"{{inner}}<{field.tag} {field.attribute}='{value}'/>\\n\""
    unit = f" unit='{field.value.unit}'" if isinstance(field.value, Size) else ""
    return f'f"{{inner}}<{field.tag}{unit}>{value}</{field.tag}>\\n"'


def _emit_child_lines(source: Source, field: ChildField) -> None:
    name, tag = repr(field.name), repr(field.tags[0])
    if field.many:
        if len(field.tags) > 1:
            by_class = {cls: key for key, cls in field.classes.items()}
            tag = f"{source.bind(by_class, f'tag_{field.name}')}[type(value)]"
        source.add(f"for value in get({name}, ()):", f"    add(value.write_node({tag}, inner))")
    elif field.section and field.always:
        source.add(f"add(self.{field.name}.write_node({tag}, inner))")
    else:
        source.add(f"value = get({name})", "if value is not None:")
        if field.section:
            source.add(
                f"    line = value.write_node({tag}, inner)", f"    if line != f'{{inner}}<{field.tags[0]}/>\\n':"
            )
            source.add("        add(line)")
        else:
            source.add(f"    add(value.write_node({tag}, inner))")
