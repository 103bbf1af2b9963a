"""The shape of a procedure: how its wire form and its hook's form turn into each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from virtkit.discovery import function
from virtkit.enums import ErrorDomain, TypedParameterFlags, TypedParameterType
from virtkit.errors import InternalError
from virtkit.params import TypedParams
from virtkit.refs import NodeDeviceRef
from virtkit_remote.binding.returned import maker
from virtkit_remote.protocol.schema import Array, Procedure, Scalar, Struct, Type, fields, procedure_named

Values = Sequence[Any]

STRING_OKAY = TypedParameterFlags.STRING_OKAY
STRING = TypedParameterType.STRING

WITHOUT_TEXTS = frozenset(("network_port_get_parameters", "node_get_cpu_stats", "node_get_memory_stats"))
"""Procedures that return numbers only and take no flag that asks for texts."""


class Shape(NamedTuple):
    """Four pure functions, and whether the client asks twice.

    Attributes:
        procedure: The procedure.
        take: Server: wire arguments -> arguments of the hook; None where they are the same.
        give: Server: (wire arguments, what the hook returned) -> wire results; None where there are none.
        ask: Client: (arguments of the hook, count) -> wire arguments; None where they are the same.
        get: Client: (arguments of the hook, wire results) -> what the hook returns; None where it returns nothing.
        counted: Client: wire results of a first call with the count 0 -> the count for a second one, which is left out
            where it is 0; None where one call does.
        most: Client: the count of a single call.
        irregular: Whether it is written out rather than derived.
    """

    procedure: Procedure
    take: Callable[[Values], Values] | None
    give: Callable[[Values, Any], Values] | None
    ask: Callable[[Values, int], Values] | None
    get: Callable[[Values, Values], Any] | None
    counted: Callable[[Values], int] | None = None
    most: int = 0
    irregular: bool = False


class Roles(NamedTuple):
    """Where in the wire arguments stands what the hook does not see; -1 where nothing does.

    Attributes:
        kept: Positions of what the hook sees.
        need: Position of `need_results`, `number` of `nparams`, `most` of the length of the caller's buffer.
        device: Position of the name of a node device, which the hook takes as a reference.
        flags: Position of the flags.
        bools: Positions of numbers that are true or false at the hook.
    """

    kept: tuple[int, ...]
    need: int = -1
    number: int = -1
    most: int = -1
    device: int = -1
    flags: int = -1
    bools: tuple[int, ...] = ()


@cache
def shape(name: str) -> Shape:
    """The shape of the procedure of a hook.

    Raises:
        KeyError: No procedure has that name.
    """
    from virtkit_remote.binding.irregular import IRREGULAR

    procedure = procedure_named(name)
    written = IRREGULAR.get(name)
    return written(procedure) if written else derived(procedure)


def derived(procedure: Procedure) -> Shape:
    """The shape that follows from the rules."""
    roles = roles_of(procedure)
    total = len(fields(procedure.args)) if procedure.args else 0
    give, get, counted = _results(procedure, roles)
    same = len(roles.kept) == total and roles.device < 0
    return Shape(
        procedure,
        None if same and not roles.bools else _taker(roles),
        give,
        None if same else _asker(roles, total, strings=_has_texts(procedure, roles)),
        get,
        counted,
        most_items(procedure),
    )


def most_items(procedure: Procedure) -> int:
    """How many items the first result may have; 0 where it is no list."""
    first = fields(procedure.ret)[0].type if procedure.ret else None
    return first.size if isinstance(first, Array) else 0


def roles_of(procedure: Procedure) -> Roles:
    """What the arguments of a procedure stand for."""
    found: dict[str, int] = {}
    kept = []
    sized = bool(procedure.ret) and _is_names(procedure.ret)
    for position, field in enumerate(fields(procedure.args) if procedure.args else ()):
        if field.name == "need_results":
            found["need"] = position
        elif field.name == "nparams":
            found["number"] = position
        elif field.name in ("maxnames", "maxids", "maxuuids") and sized:
            found["most"] = position
        else:
            kept.append(position)
            if field.name == "flags":
                found["flags"] = position
            elif field.name == "name" and _names_a_device(procedure):
                found["device"] = position
    known = function(procedure.name)
    types = zip(kept, known.types, strict=False) if known else ()  # descriptors come behind what is on the wire
    return Roles(tuple(kept), **found, bools=tuple(position for position, kind in types if kind == "bool"))


def _is_names(struct: str | None) -> bool:
    """Whether a struct is one list of names or ids."""
    return struct is not None and len(fields(struct)) == 1


def _names_a_device(procedure: Procedure) -> bool:
    known = function(procedure.name)
    return known is not None and known.parameters[:1] == ("dev",)


def _taker(roles: Roles) -> Callable[[Values], Values]:
    made = {roles.device: "dev(v[{}])"} | dict.fromkeys(roles.bools, "v[{}] != 0")
    taken = ", ".join(made.get(at, "v[{}]").format(at) for at in roles.kept)
    take: Callable[[Values], Values] = eval(f"lambda v: ({taken}{',' if taken else ''})", {"dev": NodeDeviceRef})
    return take


def _has_texts(procedure: Procedure, roles: Roles) -> bool:
    """Whether the parameters that a call returns may be texts, which its flags then have to ask for."""
    return roles.number >= 0 and roles.flags >= 0 and procedure.name not in WITHOUT_TEXTS


def _asker(roles: Roles, total: int, *, strings: bool) -> Callable[[Values, int], Values]:
    places = {at: f"a[{number}]" + ("[0]" if at == roles.device else "") for number, at in enumerate(roles.kept)}
    if strings:
        places[roles.flags] += f" | {int(STRING_OKAY)}"
    hidden = {roles.need: "1", roles.number: "n", roles.most: "n"}
    asked = ", ".join(places.get(at) or hidden[at] for at in range(total))
    ask: Callable[[Values, int], Values] = eval(f"lambda a, n: ({asked},)")
    return ask


Results = tuple[
    Callable[[Values, Any], Values] | None,
    Callable[[Values, Values], Any] | None,
    Callable[[Values], int] | None,
]
"""`give`, `get` and `counted` of a shape."""


def _results(procedure: Procedure, roles: Roles) -> Results:
    if procedure.ret is None:
        return None, None, None
    names = [field.name for field in fields(procedure.ret)]
    if names[0] == "params" and set(names) <= {"params", "nparams"}:
        return _parameters(procedure, roles, counted=len(names) == 2)
    known = function(procedure.name)
    made = maker(known.returns) if known else None
    if len(names) == 2 and names[1] == "ret":
        return _give_list(procedure.ret, roles.need), (lambda a, r: made(r[0])) if made else (lambda a, r: r[0]), None
    if len(names) == 1:
        get = (lambda a, r: made(r[0])) if made else (lambda a, r: r[0])
        return _give_names(roles.most) if roles.most >= 0 else (lambda a, result: (result,)), get, None
    give = _with_characters(procedure.ret) or (lambda result: result)
    return lambda a, result: give(result), (lambda a, r: made(r)) if made else (lambda a, r: r), None


def _give_list(struct: str, need: int) -> Callable[[Values, Any], Values]:
    items = fields(struct)[0].type
    each = _with_characters(items.of.name) if isinstance(items, Array) and isinstance(items.of, Struct) else None
    if each is not None:
        return lambda a, result: ([each(item) for item in result], len(result))
    if need < 0:
        return lambda a, result: (result, len(result))
    return lambda a, result: (result if a[need] else (), len(result))


def _give_names(most: int) -> Callable[[Values, Any], Values]:
    return lambda a, result: (result[: max(0, a[most])],)


def _with_characters(struct: str) -> Callable[[Values], Values] | None:
    """What makes the texts of a record C strings where they travel as single characters; None if none does."""
    sizes = [_characters(field.type) for field in fields(struct)]
    if not any(sizes):
        return None
    return lambda record: [_c_string(value, size) if size else value for value, size in zip(record, sizes, strict=True)]


def _characters(of: Type) -> int:
    """How many single characters a type has room for; 0 for other types."""
    return of.size if isinstance(of, Array) and of.of == Scalar("char") else 0


def _c_string(text: str, size: int) -> bytes:
    return text.encode("utf-8", "surrogateescape")[: size - 1] + b"\0"


def _parameters(procedure: Procedure, roles: Roles, *, counted: bool) -> Results:
    """Typed parameters: `nparams` 0 asks how many there are; old clients cannot take strings."""
    most = most_items(procedure)

    def give(arguments: Values, result: Any) -> Values:
        given = TypedParams.of(result)
        if roles.number < 0:
            return (given,)
        wanted = arguments[roles.number]
        if wanted > most:
            raise InternalError(
                f"{procedure.name} was asked for {wanted} parameters: ask for {most} at most", domain=ErrorDomain.RPC
            )
        if roles.flags < 0 or not arguments[roles.flags] & STRING_OKAY:
            given = without_strings(given)
        if not counted:
            return (given,)
        return (given, 0) if wanted else ((), entries(given))

    # The count of the second answer means nothing, and a call without one takes what fits.
    twice = (lambda r: r[1]) if counted and roles.number >= 0 else None
    return give, lambda a, r: r[0] if r else TypedParams(), twice


def without_strings(params: TypedParams) -> TypedParams:
    """The parameters without those that are texts."""
    if all(params.type_of(name) != STRING for name in params):
        return params
    kept = TypedParams()
    for name, kind, value in params.entries():
        if kind != STRING:
            kept.put(name, kind, value)
    return kept


def entries(params: TypedParams) -> int:
    """How many entries parameters have on the wire."""
    return len(params) + sum(len(values) - 1 for values in params.repeated.values())
