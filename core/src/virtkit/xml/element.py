"""Base classes of everything a document is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from virtkit.xml.names import nearest
from virtkit.xml.schema import AttributesField, Field, children

if TYPE_CHECKING:
    from lxml.etree import _Element

    from virtkit.xml.reading import Notice, Reading

Self = TypeVar("Self", bound="Element")
DocumentSelf = TypeVar("DocumentSelf", bound="Document")


class Element:
    """An element of a document: fields in print order, what nobody declared, and nothing else.

    Instances are ordinary mutable objects: made by keyword, compared by content, copied deeply by `copy`.

    Class arguments:
        always_open: Print `<x>` and `</x>` on two lines even if empty.
        before: Inherited order changed: field name -> name of the field it is printed before.
    """

    fields: ClassVar[Mapping[str, Field]] = {}
    always_open: ClassVar[bool] = False
    root_namespaces: ClassVar[bool] = False

    def __init_subclass__(cls, always_open: bool = False, before: Mapping[str, str] | None = None) -> None:
        own = {name: value for name, value in cls.__dict__.items() if isinstance(value, Field)}
        inherited = {name for base in cls.__bases__ for name in getattr(base, "fields", ())}
        taken = [name for name in own if name not in inherited and hasattr(super(cls, cls), name)]
        if taken:
            raise TypeError(f"{cls.__name__}: {', '.join(taken)} means something else here: append an underscore")
        fields: dict[str, Field] = {}
        for base in reversed(cls.__bases__):
            fields.update(getattr(base, "fields", {}))
        fields.update(own)
        for name, successor in (before or {}).items():
            order = [other for other in fields if other != name]
            order.insert(order.index(successor), name)
            fields = {other: fields[other] for other in order}
        cls.fields = fields
        for name, field in own.items():
            if field.container is None:
                setattr(cls, name, field.unset)
        cls.always_open = always_open or cls.always_open
        # Each class compiles its own on first use: a compiled base must not be inherited.
        cls.read_node = Element.__dict__["read_node"]  # type: ignore[method-assign]
        cls.write_node = Element.__dict__["write_node"]  # type: ignore[method-assign]

    def __init__(self, **values: Any) -> None:
        if not values:
            return
        if not values.keys() <= self.fields.keys():
            name = next(name for name in values if name not in self.fields)
            hint = nearest(name, self.fields)
            raise TypeError(f"{type(self).__name__} has no field {name!r}" + (f"; meant {hint!r}?" if hint else ""))
        self.__dict__.update(values)

    @classmethod
    def read_node(cls: type[Self], node: _Element, reading: Reading) -> Self:
        """Return the element read from a node of the parser; what surprises goes to `reading`."""
        from virtkit.xml.compile import compile_reader

        compile_reader(cls)
        return cls.read_node(node, reading)

    def write_node(self, tag: str, pad: str) -> str:
        """Return the element as lines of XML under the name `tag`, indented by `pad`."""
        from virtkit.xml.compile import compile_writer

        compile_writer(type(self))
        return self.write_node(tag, pad)

    @classmethod
    def parse_child(cls, text: str | bytes, *, error_domain: int, validate: bool = False) -> Element:
        """Parse a document that is one child of this element, such as a device to attach (`Devices.parse_child`).

        Args:
            text: The document.
            error_domain: Domain of errors (`ErrorDomain`).
            validate: Refuse unknown names.

        Raises:
            ConfigUnsupportedError: The root is no child of this element that has a class.
            VirtError: As for `Document.parse`.
        """
        from virtkit.xml.reader import read_child

        return read_child(cls, text, error_domain, validate)

    def format_as(self, tag: str, indent: int = 0) -> str:
        """Return the element as XML under the name `tag`, indented by `indent` levels."""
        return self.write_node(tag, "  " * indent)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the parser did not know or had to leave out, in document order; only on what a parse returned."""
        notices: tuple[Notice, ...] = self.__dict__.get("_notices", ())
        return notices

    def copy(self: Self) -> Self:
        """Return an independent copy."""
        twin = object.__new__(type(self))
        twin.__dict__.update((name, _copied(value)) for name, value in self.__dict__.items())
        return twin

    def content(self) -> dict[str, Any]:
        """Return the fields that are not empty, and `_surplus`, what no field knows."""
        fields = self.fields
        content = {name: value for name, value in self.__dict__.items() if name != "_notices"}
        return {
            name: value for name, value in content.items() if name not in fields or not fields[name].is_empty(value)
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Element):
            return NotImplemented
        return type(self) is type(other) and self.content() == other.content()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.content().items() if name != "_surplus")
        return f"{type(self).__name__}({inside})"


class Document(Element):
    """A root element.

    Class arguments:
        tag: Its name.
        error_domain: Domain of the errors of parsing (`ErrorDomain`).
    """

    tag: ClassVar[str]
    error_domain: ClassVar[int]
    root_namespaces = True

    def __init_subclass__(cls, tag: str | None = None, error_domain: int | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if tag is not None:
            cls.tag = tag
        if error_domain is not None:
            cls.error_domain = error_domain

    @classmethod
    def parse(cls: type[DocumentSelf], text: str | bytes, *, validate: bool = False) -> DocumentSelf:
        """Parse a document; unknown names are kept, and told in `notices`.

        Args:
            text: The document; bytes are UTF-8.
            validate: Refuse a document that has notices.

        Raises:
            XMLDetailError: Not well-formed, empty, too large or with a DOCTYPE.
            XMLError: Another root element, or a value that its field does not allow (some values have other classes:
                a UUID `InternalError`, a unit `InvalidArgError`, some words `ConfigUnsupportedError`).
            XMLInvalidSchemaError: `validate`, and there are notices.
        """
        from virtkit.xml.reader import read_document

        return read_document(cls, text, validate)

    def format(self) -> str:
        """Return the document in libvirt's form, with a newline at the end."""
        return self.write_node(self.tag, "")


def shape(names: str = "", **subtrees: type[Element]) -> type[Element]:
    """Return a class for an element that matters only by its order.

    Args:
        names: Its attributes, separated by blanks; they are in the dictionary `attributes`.
        subtrees: Class of the children by tag; each is a list.
    """
    body: dict[str, Any] = {"attributes": AttributesField(tuple(names.split()))} if names else {}
    body.update((tag, children(tag, cls)) for tag, cls in subtrees.items())
    return type(f"Shape({' '.join([*names.split(), *subtrees])})", (Element,), body)


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value.copy() if hasattr(value, "copy") else value
