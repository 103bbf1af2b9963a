"""Op tables: from the name of an API function to the bound function of one driver.

A connection owns one table, filled on first use of a name, so that a call costs a dict lookup and a direct call.
Read-only and closed connections have other tables, so those checks cost nothing per call. A call goes to exactly one
driver: the one that serves the function's kind. Functions that a plugin wraps go through pluggy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, NoReturn

from virtkit.discovery import Function, function, functions, manager, wrappers_of
from virtkit.driver import Driver
from virtkit.errors import InternalError, InvalidConnError, OperationDeniedError, VirtError
from virtkit.spec import PROJECT, not_supported

Operation = Callable[..., Any]


class Part(NamedTuple):
    """A driver's share of a connection."""

    driver: Driver[Any]
    session: Any


Attach = Callable[[str], "Part | None"]
"""Finds the part of a connection that serves a kind; None where no driver does."""


class Ops(dict[str, Operation]):
    """The functions of a connection, without their session argument."""

    def __init__(self, attach: Attach, *, readonly: bool = False) -> None:
        super().__init__()
        self.attach = attach
        self.readonly = readonly

    def __missing__(self, name: str) -> Operation:
        function = known(name)
        operation = self[name] = guarded(function, self.found(function), readonly=self.readonly)
        return operation

    def found(self, function: Function) -> Operation | None:
        """The driver's own function, else one that core derives from others of the driver, else None."""
        part = self.attach(function.kind)
        if part is None:
            return None
        own = own_function(part.driver, function)
        if own is not None:
            return partial(own, part.session)
        from virtkit.fallbacks import bind, derivation  # 10 ms that a driver with the function itself spares

        fallback = derivation(function.name, self._implements)
        if fallback is None:
            return None
        return bind(fallback, Unguarded(self), part.driver.error_domain or function.error_domain)

    def _implements(self, name: str) -> bool:
        function = known(name)
        part = self.attach(function.kind)
        return part is not None and own_function(part.driver, function) is not None


class Unguarded(dict[str, Operation]):
    """The same functions without the checks of a read-only connection, for what core derives from them."""

    def __init__(self, ops: Ops) -> None:
        super().__init__()
        self.ops = ops

    def __missing__(self, name: str) -> Operation:
        function = known(name)
        operation = self[name] = guarded(function, self.ops.found(function))
        return operation


def known(name: str) -> Function:
    """The function of a name.

    Raises:
        InternalError: The API has none.
    """
    found = function(name)
    if found is None:
        raise InternalError(f"no function of the API is named {name!r}")
    return found


def guarded(function: Function, operation: Operation | None, *, readonly: bool = False) -> Operation:
    """What is called for a function: the operation, or what refuses the call.

    Args:
        function: The function.
        operation: The driver's own or derived one; None where there is neither. What it returns, an awaitable for
            instance, is passed on.
        readonly: Refuse what a read-only connection forbids.
    """
    operation = operation or _failing(lambda: not_supported(function.name, function.error_domain))
    if not readonly:
        return operation
    if not function.meta.readonly:
        return _failing(lambda: _denied(function, "the connection is read-only"))
    if function.meta.refused_flags:
        return _without_flags(operation, function)
    return operation


class ClosedOps(dict[str, Operation]):
    """What a closed connection has instead of functions."""

    def __missing__(self, name: str) -> NoReturn:
        raise InvalidConnError(f"{name} was called on a closed connection: open a new one", domain=20)


def own_function(driver: Driver[Any], function: Function) -> Operation | None:
    """A driver's function for a hook, with the session as first parameter; None if it has none."""
    method = getattr(driver, function.name, None)
    if not hasattr(method, f"{PROJECT}_impl"):
        return driver.driver_resolve(function.name)
    return _through_pluggy(driver, function) or method


def never_waits(driver: Driver[Any], function: Function, deriving: frozenset[str] = frozenset()) -> bool:
    """Whether a function of a driver, or all that it is derived from, returns without waiting for anything.

    What a driver resolves by name or does asynchronously, and what a plugin wraps, may wait, whatever the
    specification says.

    Args:
        driver: The driver.
        function: The function.
        deriving: Functions that are being looked at because one is derived from the next; some are of each other.
    """
    if wrappers_of(function.name) or driver.driver_resolve_async(function.name) is not None:
        return False
    own = own_function(driver, function)
    if own is None:
        from virtkit.fallbacks import FALLBACKS

        derived = FALLBACKS.get(function.name)
        deriving |= {function.name}
        needs = () if derived is None else [need for need in derived.needs if need not in deriving]
        return all(never_waits(driver, known(need), deriving) for need in needs)
    if own != getattr(driver, function.name, None):
        return False
    return not driver.waits or not function.meta.may_block or hasattr(own, "virtkit_quick")


def _through_pluggy(driver: Driver[Any], function: Function) -> Operation | None:
    """The hook call that runs wrappers around this driver alone; None where nothing wraps the hook."""
    wrappers = wrappers_of(function.name)
    if not wrappers:
        return None
    wrapping = {impl.plugin for impl in wrappers} | {driver}
    alone = manager().subset_hook_caller(
        function.name, remove_plugins=[plugin for plugin in manager().get_plugins() if plugin not in wrapping]
    )
    names = ("conn", *function.parameters)
    return lambda *arguments: alone(**dict(zip(names, arguments, strict=True)))


def _failing(error: Callable[[], VirtError]) -> Operation:
    def fail(*_: Any) -> NoReturn:
        raise error()

    return fail


def _denied(function: Function, reason: str) -> OperationDeniedError:
    return OperationDeniedError(
        f"{function.name} is refused: {reason}; open it read-write", domain=function.error_domain, str2=function.name
    )


def _without_flags(operation: Operation, function: Function) -> Operation:
    """The function, refusing what `Meta.refused_flags` names: flags, or `parameter=VALUE`."""
    parameter, _, value = function.meta.refused_flags.rpartition("=")
    position = function.parameters.index(parameter or "flags")
    refused = sum(constant(name) for name in value.split("|"))
    is_refused: Callable[[int], bool] = refused.__eq__ if parameter else lambda given: bool(given & refused)

    def checked(*arguments: Any) -> Any:
        if is_refused(int(arguments[position])):
            raise _denied(function, f"{function.meta.refused_flags} needs more than a read-only connection")
        return operation(*arguments)

    return checked


def constant(name: str) -> int:
    """The value of a constant of the C API that is a member of an enumeration, such as VIR_DOMAIN_XML_SECURE."""
    from virtkit import enums

    owners = [(prefix, cls) for cls, (_, prefix) in enums.C_PREFIXES.items() if name.startswith(prefix)]
    for prefix, cls in sorted(owners, key=lambda owner: -len(owner[0])):
        member = getattr(enums, cls).__members__.get(name.removeprefix(prefix))
        if member is not None:
            return int(member)
    raise LookupError(f"no enumeration has {name}; {len(enums.C_PREFIXES)} are known")


def offered(driver: Driver[Any]) -> Mapping[str, str]:
    """What a driver offers of the kinds it serves: function -> `own` or `derived`."""
    from virtkit.fallbacks import FALLBACKS, derivation

    known = functions()
    result = {
        name: "own"
        for name, function in known.items()
        if function.kind in driver.kinds and own_function(driver, function) is not None
    }
    own = frozenset(result)
    for name in FALLBACKS:
        if name not in own and known[name].kind in driver.kinds and derivation(name, own.__contains__):
            result[name] = "derived"
    return result
