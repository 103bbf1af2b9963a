"""Field declarations: where in an element a value stands. The manual is the docstring of `virtkit.xml`.

Every function here returns a `Field` and is typed as what the attribute of an instance holds, so that a type checker
reads `name = textchild("name")` as `name: str | None`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from virtkit.errors import VirtError, XMLError
from virtkit.xml.units import Size
from virtkit.xml.values import STRING, AnyValue, Value

if TYPE_CHECKING:
    from virtkit.xml.element import Element
    from virtkit.xml.surplus import Node

T = TypeVar("T")
E = TypeVar("E", bound="Element")
Declared = type[E] | Callable[[], type[E]]
"""A class, or a function without arguments that returns it (for a class that is not defined yet)."""


class Field:
    """A place in an element. Instances keep only what was set.

    An unset field reads as None, or False; it stands in its class as just that, so that Python finds it without asking.
    Or it makes a container on the first look, which is the instance's own from then on. All fields are in
    `Element.fields`.

    Attributes:
        name: The Python attribute.
        attribute_names: Attributes of the element that this field stands for.
        child_names: Children of the element that this field stands for.
        container: Makes the container; None if the field has none.
        unset: What a field without container reads as.
    """

    name: str
    unset: bool | None = None

    def __init__(
        self,
        attribute_names: tuple[str, ...] = (),
        child_names: tuple[str, ...] = (),
        container: Callable[[], Any] | None = None,
    ) -> None:
        self.attribute_names = attribute_names
        self.child_names = child_names
        self.container = container

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        if instance is None or self.container is None:
            return self
        value = instance.__dict__[self.name] = self.container()
        return value

    def is_empty(self, value: Any) -> bool:
        """Return whether `value` is no different from an unset field."""
        return bool(value == (self.unset if self.container is None else self.container()))

    def child_classes(self) -> Iterator[tuple[str, str | None, type[Element]]]:
        """Yield tag, value of the telling attribute (None: any) and class of each declared child."""
        return iter(())


class AttributeField(Field):
    """One attribute; with a `Size`, the two attributes number and unit."""

    def __init__(self, attribute: str, value: AnyValue | Size) -> None:
        super().__init__((attribute, value.attribute) if isinstance(value, Size) else (attribute,))
        self.attribute = attribute
        self.value = value


class AttributesField(Field):
    """Untyped attributes."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        super().__init__(attributes, container=dict)


class TextField(Field):
    """The element's own text; with a `Size`, the text and the attribute with the unit."""

    def __init__(self, value: AnyValue | Size) -> None:
        super().__init__((value.attribute,) if isinstance(value, Size) else ())
        self.value = value


class LeafField(Field):
    """A child that is only a value: its text, or its one attribute, or its presence (neither)."""

    def __init__(
        self,
        tag: str,
        value: AnyValue | Size | None,
        attribute: str | None = None,
        *,
        many: bool = False,
        keep_empty: bool = False,
    ) -> None:
        super().__init__((), (tag,), list if many else None)
        if value is None:
            self.unset = False
        self.tag = tag
        self.value = value
        self.attribute = attribute
        self.many = many
        self.keep_empty = keep_empty

    @property
    def leaf_attributes(self) -> tuple[str, ...]:
        """The attributes of the child that carry its value."""
        if isinstance(self.value, Size):
            return (self.value.attribute,)
        return (self.attribute,) if self.attribute else ()


class ChildField(Field):
    """A child, or several, with a class of its own.

    Attributes:
        tags: The child's names; several only where they mix in document order.
        declared: Class by tag, or by the value of the attribute `key`; one class under None fits all.
        key: The telling attribute, if there is one.
        default: What a missing telling attribute means.
        error: What an unknown word there raises.
        missing: What its lack raises where nothing is the default; None is `XMLError` of libvirt's XML part.
        repeated: What a second child raises where one may stand; None leaves it out.
        many: Whether there may be several.
        section: Whether it is never None.
        always: Whether a section is printed even if it is empty.
    """

    def __init__(
        self,
        tags: tuple[str, ...],
        declared: Mapping[str, Declared[Any]] | Mapping[None, Declared[Any]],
        *,
        key: str | None = None,
        default: str | None = None,
        error: type[VirtError] = XMLError,
        missing: type[VirtError] | None = None,
        repeated: type[VirtError] | None = None,
        many: bool = False,
        section: bool = False,
        always: bool = False,
    ) -> None:
        super().__init__((), tags, list if many else (lambda: self.classes[None]()) if section else None)
        self.tags = tags
        self.declared = declared
        self.key = key
        self.default = default
        self.error = error
        self.missing = missing
        self.repeated = repeated
        self.many = many
        self.section = section
        self.always = always

    @cached_property
    def classes(self) -> dict[str | None, type[Element]]:
        """The declared classes; ask once all of them are defined."""
        found: dict[str | None, type[Element]] = {}
        for key, cls in self.declared.items():
            found[key] = cls if isinstance(cls, type) else cls()
        return found

    def is_empty(self, value: Any) -> bool:
        """Return whether `value` is no different from an unset field."""
        return not value.content() if self.section else super().is_empty(value)

    def child_classes(self) -> Iterator[tuple[str, str | None, type[Element]]]:
        """Yield tag, value of the telling attribute (None: any) and class of each declared child."""
        for key, cls in self.classes.items():
            if len(self.tags) > 1:
                yield str(key), None, cls
            else:
                yield self.tags[0], key, cls


class ElementsField(Field):
    """Untyped children."""

    def __init__(self, tags: tuple[str, ...]) -> None:
        super().__init__((), tags, list)


class MetadataField(Field):
    """The user's own subtrees, one per namespace."""

    def __init__(self) -> None:
        super().__init__((), ("metadata",))


# The functions below are what document modules use.


@overload
def attribute(name: str) -> str | None: ...
@overload
def attribute(name: str, value: Value[T]) -> T | None: ...
@overload
def attribute(name: str, value: Size) -> int | None: ...
def attribute(name: str, value: AnyValue | Size = STRING) -> Any:
    """An attribute. With a `Size`, the number stands in `name` and its unit beside it."""
    return AttributeField(name, value)


def attributes(*names: str) -> dict[str, str]:
    """Attributes that are known, printed in this order, and otherwise of no interest."""
    field: Any = AttributesField(names)
    return field  # type: ignore[no-any-return]


@overload
def text() -> str | None: ...
@overload
def text(value: Value[T]) -> T | None: ...
@overload
def text(value: Size) -> int | None: ...
def text(value: AnyValue | Size = STRING) -> Any:
    """The text of the element itself. With a `Size`, the attribute with its unit is printed where this field stands."""
    return TextField(value)


@overload
def textchild(tag: str, *, keep_empty: bool = False) -> str | None: ...
@overload
def textchild(tag: str, value: Value[T], *, keep_empty: bool = False) -> T | None: ...
def textchild(tag: str, value: AnyValue = STRING, *, keep_empty: bool = False) -> Any:
    """A child that is only text, `<tag>value</tag>`.

    Args:
        tag: Name of the child.
        value: What its text is.
        keep_empty: Read an empty child as the empty text, and print it again as `<tag></tag>`; else it is absent.
    """
    return LeafField(tag, value, keep_empty=keep_empty)


@overload
def textchildren(tag: str) -> list[str]: ...
@overload
def textchildren(tag: str, value: Value[T]) -> list[T]: ...
def textchildren(tag: str, value: AnyValue = STRING) -> Any:
    """Children that are only text."""
    return LeafField(tag, value, many=True)


@overload
def attrchild(tag: str, name: str) -> str | None: ...
@overload
def attrchild(tag: str, name: str, value: Value[T]) -> T | None: ...
def attrchild(tag: str, name: str, value: AnyValue = STRING) -> Any:
    """A child that is only one attribute, `<tag name='value'/>`."""
    return LeafField(tag, value, name)


@overload
def attrchildren(tag: str, name: str) -> list[str]: ...
@overload
def attrchildren(tag: str, name: str, value: Value[T]) -> list[T]: ...
def attrchildren(tag: str, name: str, value: AnyValue = STRING) -> Any:
    """Children that are only one attribute."""
    return LeafField(tag, value, name, many=True)


def flag(tag: str) -> bool:
    """A child that says something by being there, `<tag/>`."""
    field: Any = LeafField(tag, None)
    return field  # type: ignore[no-any-return]


def size(tag: str, unit: str = "KiB", default: str | None = None) -> int | None:
    """A child that is a size, `<tag unit='KiB'>value</tag>`: any unit in, `unit` inside and out, rounded up.

    Args:
        tag: Name of the child.
        unit: The unit of the field's value and of the output.
        default: The unit of a document's number without one; None is `unit`.
    """
    field: Any = LeafField(tag, Size(unit, default))
    return field  # type: ignore[no-any-return]


def child(tag: str, cls: Declared[E], *, repeated: type[VirtError] | None = None) -> E | None:
    """A child with a class of its own; None if there is none.

    Args:
        tag: Name of the child.
        cls: Its class.
        repeated: What a second one raises; None leaves it out with a notice.
    """
    field: Any = ChildField((tag,), {None: cls}, repeated=repeated)
    return field  # type: ignore[no-any-return]


def children(tag: str, cls: Declared[E]) -> list[E]:
    """Children of one tag and class."""
    field: Any = ChildField((tag,), {None: cls}, many=True)
    return field  # type: ignore[no-any-return]


def section(tag: str, cls: Declared[E], *, always: bool = False) -> E:
    """A child that is never None: it springs into being when first looked at, and is printed only if not empty.

    Args:
        tag: Name of the child.
        cls: Its class.
        always: Print it even if it is empty or was never there, as libvirt does `devices`.
    """
    field: Any = ChildField((tag,), {None: cls}, section=True, always=always)
    return field  # type: ignore[no-any-return]


def choice(
    tag: str,
    key: str,
    classes: Mapping[str, type[E]],
    default: str | None = None,
    *,
    error: type[VirtError] = XMLError,
    missing: type[VirtError] | None = None,
) -> E | None:
    """A child whose class is told by its attribute `key`.

    Args:
        tag: Name of the child.
        key: The telling attribute; each class declares it too, like any attribute.
        classes: Class by value of that attribute. Give them a common base: it is the type of the field.
        default: The value assumed where the attribute is missing; None refuses the document.
        error: What an unknown word raises, as in `one_of`.
        missing: What the lack of the attribute raises, in the domain of the document; None is `XMLError`.
    """
    field: Any = ChildField((tag,), dict(classes), key=key, default=default, error=error, missing=missing)
    return field  # type: ignore[no-any-return]


def choices(
    tag: str,
    key: str,
    classes: Mapping[str, type[E]],
    default: str | None = None,
    *,
    error: type[VirtError] = XMLError,
    missing: type[VirtError] | None = None,
) -> list[E]:
    """Children, the class of each told by its attribute `key`; see `choice`."""
    field: Any = ChildField((tag,), dict(classes), key=key, default=default, error=error, missing=missing, many=True)
    return field  # type: ignore[no-any-return]


def mixed(classes: Mapping[str, type[E]]) -> list[E]:
    """Children of several tags, each with its own class, that keep document order among each other."""
    field: Any = ChildField(tuple(classes), dict(classes), many=True)
    return field  # type: ignore[no-any-return]


def elements(*tags: str) -> list[Node]:
    """Children that are known, printed in this order of tags, and otherwise of no interest: whole subtrees."""
    field: Any = ElementsField(tags)
    return field  # type: ignore[no-any-return]


def metadata() -> dict[str, str] | None:
    """The child `metadata`: XML text of each subtree by namespace, verbatim; None if there is no such child."""
    field: Any = MetadataField()
    return field  # type: ignore[no-any-return]
