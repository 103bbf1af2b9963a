"""How an API function is declared: a method of a `Spec` class under the decorator of its family.

    class DomainLookupSpec(Spec[S]):
        @lookup(acl="domain:getattr", since="0.0.3")
        def domain_lookup_by_name(self, conn: S, name: str) -> DomainRef:
            \"\"\"Find a domain by its name. ...\"\"\"
            raise NotSupportedError(...)

The decorator attaches a `Meta` and nothing else; dispatch, read-only and access checks, the wire binding, the support
matrix and the reference are derived from it. A driver class inherits the spec classes of what it offers and overrides
methods: the override is the promise, no marker is needed. pluggy is not imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from virtkit.errors import NotSupportedError

PROJECT = "virtkit"
HOOK_API = 1
"""Version of the hook specifications. A driver states the one it was written for; another one is refused at load."""

S = TypeVar("S")
"""A driver's own session type: what its `open` returned."""

F = TypeVar("F", bound=Callable[..., Any])

SPEC_OPTIONS = {"firstresult": True, "historic": False, "warn_on_impl": None, "warn_on_impl_args": None}
IMPL_OPTIONS = {
    "wrapper": False,
    "hookwrapper": False,
    "optionalhook": False,
    "tryfirst": False,
    "trylast": False,
    "specname": None,
}

HOOK_PREFIXES = (
    "connect_", "node_", "domain_", "network_", "storage_", "interface_", "nwfilter_", "secret_",
    "qemu_", "lxc_", "virtkit_",
)  # fmt: skip
"""What the names of all hooks start with."""


class Meta(NamedTuple):
    """What is known of an API function beside its signature.

    Attributes:
        family: API family, the decorator's name.
        acl: Permissions a caller needs, as `object:permission` with libvirt's names. One that
            depends on flags is `object:permission:FLAG` (`A|B`: when all are set, `!A|B`: when none is); one that
            depends on a parameter's value is `object:permission:?parameter=VALUE`.
        readonly: Whether a read-only connection may call it.
        refused_flags: Flags that a read-only connection may not set, as C names with `|` between; or the value that it
            may not give to another parameter, as `parameter=VALUE`.
        filters: `object:permission` a caller needs to see each element of the returned list; empty: no filter.
        since: First version of libvirt with the function; empty: it is ours.
        added: First version of virtkit with the function.
        may_block: Whether it may wait for a guest, a helper program, a disk or the network.
        program: The wire program whose procedure it is: remote, qemu or lxc, or virtkit for our own.
    """

    family: str
    acl: tuple[str, ...] = ()
    readonly: bool = False
    refused_flags: str = ""
    filters: str = ""
    since: str = ""
    added: str = "0.1"
    may_block: bool = True
    program: str = "remote"


class Family:
    """A family's decorator. Keyword arguments are the fields of `Meta`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self,
        *,
        acl: str | tuple[str, ...] = (),
        readonly: bool = False,
        refused_flags: str = "",
        filters: str = "",
        since: str,
        added: str = "0.1",
        may_block: bool = True,
        program: str = "remote",
    ) -> Callable[[F], F]:
        """The decorator that attaches a `Meta` of these fields."""
        permissions = tuple(acl.split()) if isinstance(acl, str) else acl
        meta = Meta(self.name, permissions, readonly, refused_flags, filters, since, added, may_block, program)

        def mark(function: F) -> F:
            vars(function)["virtkit"] = meta
            vars(function)[f"{PROJECT}_spec"] = SPEC_OPTIONS
            return function

        return mark


lookup = Family("lookup")
enumeration = Family("enumeration")
description = Family("description")
accessor = Family("accessor")
creation = Family("creation")
destruction = Family("destruction")
lifecycle = Family("lifecycle")
event = Family("event")
stream = Family("stream")
job = Family("job")
migration = Family("migration")
definition = Family("definition")
operation = Family("operation")

FAMILIES = (
    lookup, enumeration, description, accessor, creation, destruction,
    lifecycle, event, stream, job, migration, definition, operation,
)  # fmt: skip


class Spec(Generic[S]):
    """Base of every group of hook specifications.

    A subclass that overrides a specified method promises to implement it; so does any public method named like a hook
    (`HOOK_PREFIXES`), so that a misspelt name is refused at load rather than never called. An override may narrow
    whether it blocks: `@quick` on it says that it never waits.
    """

    error_domain: ClassVar[int] = 0
    """`virtkit.enums.ErrorDomain` of errors about this object kind, where no driver is there to say its own."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            if isinstance(value, FunctionType) and not hasattr(value, PROJECT) and name.startswith(HOOK_PREFIXES):
                vars(value)[f"{PROJECT}_impl"] = IMPL_OPTIONS


def specified(cls: type) -> Iterator[tuple[str, Callable[..., Any], Meta]]:
    """(name, function, metadata) of each function a spec class itself declares, in order."""
    for name, value in vars(cls).items():
        meta = getattr(value, PROJECT, None)
        if isinstance(meta, Meta):
            yield name, value, meta


def implemented(cls: type) -> list[str]:
    """Names of the specified functions a driver class overrides."""
    return [name for name in dir(cls) if hasattr(getattr(cls, name, None), f"{PROJECT}_impl")]


def quick(function: F) -> F:
    """Mark an override that never waits for anything but a short lock."""
    vars(function)["virtkit_quick"] = True
    return function


def not_supported(name: str, domain: int = 0) -> NotSupportedError:
    """The error of a function nobody implements."""
    return NotSupportedError(
        f"no driver of this connection implements {name}; `virtkit support` shows what each driver offers",
        domain=domain,
        str2=name,
    )
