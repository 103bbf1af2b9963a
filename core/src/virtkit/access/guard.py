"""Functions that check their caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from virtkit.access.hook import Identity, Request, active, may, require
from virtkit.access.objects import Arguments, Operations, Subject, returned, subject
from virtkit.discovery import Function, function
from virtkit.ops import Operation, constant


class Permission(NamedTuple):
    """A permission that a function takes.

    Attributes:
        kind: Kind of the object.
        text: The permission as `kind:permission`.
        applies: Whether a call with these arguments takes it.
    """

    kind: str
    text: str
    applies: Callable[[Arguments], bool]


def guarded(function: Function, operation: Operation, identity: Identity, ops: Operations) -> Operation:
    """A function that checks its caller, or the function itself while no access plugin is registered.

    Args:
        function: What the API says of it.
        operation: The function, bound to its session.
        identity: Who is going to call it.
        ops: All functions of the same connection, unchecked (`virtkit.ops.Unguarded`): what finds the objects.

    Returns:
        A function of the same parameters that raises `AccessDeniedError` where no plugin allows the call.
    """
    if not active() or not (function.meta.acl or function.meta.filters):
        return operation
    if function.meta.filters:
        operation = _filtered(function, operation, identity, ops)
    for kind, permissions in _by_kind(function):
        operation = _checked(function, operation, identity, ops, subject(function, kind), permissions)
    return operation


def _by_kind(function: Function) -> Iterator[tuple[str, list[Permission]]]:
    """The permissions that a function takes, by kind of object."""
    permissions = [permission(text, function.parameters) for text in function.meta.acl]
    for kind in dict.fromkeys(each.kind for each in permissions):
        yield kind, [each for each in permissions if each.kind == kind]


def permission(text: str, parameters: Sequence[str]) -> Permission:
    """The permission of an entry of `Meta.acl` and when it applies.

    Raises:
        LookupError: It names a parameter or a constant that is not there.
    """
    kind, _, rest = text.partition(":")
    name, _, condition = rest.partition(":")
    return Permission(kind, f"{kind}:{name}", _condition(condition, parameters))


def _condition(condition: str, parameters: Sequence[str]) -> Callable[[Arguments], bool]:
    if not condition:
        return lambda _: True
    if condition.startswith("?"):
        parameter, _, name = condition[1:].partition("=")
        position, value = _position(parameters, parameter), constant(name.removeprefix("!"))
        if name.startswith("!"):
            return lambda arguments: int(arguments[position]) != value
        return lambda arguments: int(arguments[position]) == value
    position = _position(parameters, "flags")
    bits = sum(constant(name) for name in condition.removeprefix("!").split("|"))
    if condition.startswith("!"):
        return lambda arguments: not int(arguments[position]) & bits
    return lambda arguments: int(arguments[position]) & bits == bits


def _position(parameters: Sequence[str], name: str) -> int:
    if name not in parameters:
        raise LookupError(f"a permission depends on the parameter {name!r}, which is not among {', '.join(parameters)}")
    return parameters.index(name)


def _checked(
    function: Function,
    operation: Operation,
    identity: Identity,
    ops: Operations,
    subject: Subject,
    permissions: Sequence[Permission],
) -> Operation:
    """The function, refused to who lacks a permission on the objects that `subject` finds."""
    if subject is returned:
        return _checked_after(function, operation, identity, permissions)

    def checked(*arguments: Any) -> Any:
        found = subject(ops, arguments)
        for each in permissions:
            if each.applies(arguments):
                for ref in found.refs:
                    require(identity, function.name, each.text, ref, found.shown)
        return operation(*found.arguments)

    return checked


def _checked_after(
    function: Function, operation: Operation, identity: Identity, permissions: Sequence[Permission]
) -> Operation:
    """A lookup, whose result its caller gets only with the permissions on it."""

    def checked(*arguments: Any) -> Any:
        ref = operation(*arguments)
        for each in permissions:
            if each.applies(arguments):
                require(identity, function.name, each.text, ref, "asked for")
        return ref

    return checked


# Lists

LISTS = {
    "domain": "connect_list_all_domains",
    "network": "connect_list_all_networks",
    "storage_pool": "connect_list_all_storage_pools",
    "storage_vol": "storage_pool_list_all_volumes",
    "interface": "connect_list_all_interfaces",
    "node_device": "connect_list_all_node_devices",
    "nwfilter": "connect_list_all_nwfilters",
    "secret": "connect_list_all_secrets",
}
"""Kind -> function that lists references to all objects of it (in a pool: of a volume)."""


def _filtered(function: Function, operation: Operation, identity: Identity, ops: Operations) -> Operation:
    """A list without the elements that the caller may not see, or the count of what is left of one."""
    if "_num_of_" in function.name:
        return _counted(function, identity, ops)
    kind, _, name = function.meta.filters.partition(":")

    def visible(ref: Any) -> bool:
        return may(identity, Request(function.name, kind, ref, name))

    def filtered(*arguments: Any) -> list[Any]:
        elements = operation(*arguments)
        if not elements:
            return list(elements)
        if isinstance(elements[0], (str, int)):
            every = ops[LISTS[kind]](*(arguments if kind == "storage_vol" else ()), 0)
            allowed = _keys(filter(visible, every), elements[0])
            return [element for element in elements if _key(element, kind) in allowed]
        return [element for element in elements if visible(getattr(element, "dom", element))]

    return filtered


def _keys(refs: Iterable[Any], like: str | int) -> set[Any]:
    """What lists of numbers or names have for these objects; secrets have no name but their UUID."""
    if isinstance(like, int):
        return {ref.id for ref in refs}
    return {getattr(ref, "name", None) or ref.uuid for ref in refs}


def _key(element: str | int, kind: str) -> Any:
    return UUID(str(element)).bytes if kind == "secret" else element


def _counted(counting: Function, identity: Identity, ops: Operations) -> Operation:
    name = counting.name.replace("_num_of_", "_list_")
    listing = function(name)
    if listing is None:
        raise LookupError(f"{counting.name} counts what {name} would list, which the API does not have")
    elements = _filtered(listing, lambda *arguments: ops[name](*arguments), identity, ops)
    return lambda *arguments: len(elements(*arguments))
