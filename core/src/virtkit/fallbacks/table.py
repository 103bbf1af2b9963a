"""The table of derived functions and how it is filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from virtkit.errors import VirtError, unsupported_flags

Ops = Mapping[str, Callable[..., Any]]
"""Functions of one driver by hook name, to be called without the session."""

Derivation = TypeVar("Derivation", bound=Callable[..., Any])


class Fallback(NamedTuple):
    """How a hook is derived.

    Attributes:
        needs: Hooks it calls; all of them must be there.
        function: Takes `ops` and then what the hook takes after the session.
    """

    needs: tuple[str, ...]
    function: Callable[..., Any]


FALLBACKS: dict[str, Fallback] = {}
"""Hook name -> how it is derived."""


def derived(*needs: str, name: str = "") -> Callable[[Derivation], Derivation]:
    """Register a function as the derivation of the hook of its name (or of `name`) from the hooks it needs."""

    def register(function: Derivation) -> Derivation:
        FALLBACKS[name or function.__name__] = Fallback(needs, function)
        return function

    return register


def derivation(name: str, own: Callable[[str], bool], pending: frozenset[str] = frozenset()) -> Fallback | None:
    """How to derive a hook from what a driver has; None where it cannot be.

    Args:
        name: The hook.
        own: Whether the driver implements a hook itself.
        pending: Hooks whose derivation is being looked for: of two that derive from each other, one must be own.
    """
    fallback = FALLBACKS.get(name)
    if fallback is None or name in pending:
        return None
    deeper = pending | {name}
    found = all(own(need) or derivation(need, own, deeper) is not None for need in fallback.needs)
    return fallback if found else None


def bind(fallback: Fallback, ops: Ops, error_domain: int) -> Callable[..., Any]:
    """The derived function as a driver's own one: over the driver's functions, and with the driver's errors.

    Args:
        fallback: How it is derived.
        ops: What the driver has, and what is derived from that.
        error_domain: `virtkit.enums.ErrorDomain` of errors that the derivation itself raises.
    """
    return partial(_call, fallback.function, ops, error_domain)


def _call(function: Callable[..., Any], ops: Ops, error_domain: int, *arguments: Any) -> Any:
    try:
        return function(ops, *arguments)
    except VirtError as error:
        error.domain = error.domain or error_domain
        raise


def refuse(function: str, flags: int, known: int = 0) -> None:
    """Refuse the flags that a derivation has no place for."""
    if flags & ~known:
        raise unsupported_flags(function, flags & ~known)
