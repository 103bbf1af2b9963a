"""Which drivers are installed, and the way from an entry point to a checked driver.

stevedore lists and loads entry points, pluggy checks what a driver promises against the hook specifications. Listing
imports no driver. A driver that cannot be loaded harms nobody but those who ask for it, who get a `DriverError`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.driver import Driver
from virtkit.errors import DriverError, NoDriverError
from virtkit.hookspecs import KINDS as KINDS
from virtkit.hookspecs import spec_class
from virtkit.spec import HOOK_API, PROJECT, Meta, Spec, implemented, specified

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BACKEND_KIND = "storage_backend"
GROUPS = {kind: f"virtkit.{kind}" for kind in (*KINDS, BACKEND_KIND)}
"""Kind of driver -> entry-point group."""


class Installed(NamedTuple):
    """An entry point of a driver, not imported."""

    kind: str
    name: str
    distribution: str
    version: str
    target: str


class Report(NamedTuple):
    """An installed driver and its state: `ready`, `unusable` here, or `broken`; `reason` says why."""

    driver: Installed
    state: str
    reason: str


class Function(NamedTuple):
    """A function of the API as the specifications declare it."""

    name: str
    kind: str
    meta: Meta
    parameters: tuple[str, ...]
    error_domain: int


_lock = threading.RLock()
_drivers: dict[tuple[str, str], Driver[Any]] = {}
_functions: dict[str, Function] = {}
_manager: Any = None


def functions() -> dict[str, Function]:
    """Every function of the API by name."""
    with _lock:
        if not _functions:
            for kind, modules in KINDS.items():
                for module in modules:
                    _declare(kind, spec_class(module))
    return _functions


def _declare(kind: str, spec: type[Spec[Any]]) -> None:
    for name, function, meta in specified(spec):
        _functions[name] = Function(name, kind, meta, parameters_of(function), spec.error_domain)


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a hook's parameters after `self` and the session."""
    code = function.__code__
    return code.co_varnames[2 : code.co_argcount]


def manager() -> Any:
    """The process's `pluggy.PluginManager`.

    It knows every loaded driver, and takes plugins that wrap hooks or observe; register those before connections are
    opened, since an open connection keeps the functions it has bound.
    """
    global _manager
    with _lock:
        if _manager is None:
            import pluggy

            _manager = pluggy.PluginManager(PROJECT)
            for modules in KINDS.values():
                for module in modules:
                    _manager.add_hookspecs(spec_class(module))
        return _manager


def names(kind: str) -> list[str]:
    """The names of the installed drivers of a kind; nothing is imported."""
    from stevedore import NamedExtensionManager

    listing: Any = NamedExtensionManager(GROUPS[kind], names=[], on_missing_entrypoints_callback=None)
    return sorted(set(listing.entry_points_names()))


def installed(kind: str) -> list[Installed]:
    """The installed drivers of a kind, by name, and the distributions they came with; no driver is imported.

    It reads the metadata of every distribution, which `names` spares by stevedore's cache.
    """
    from importlib.metadata import entry_points

    return sorted(_described(kind, entry) for entry in entry_points(group=GROUPS[kind]))


def _described(kind: str, entry: EntryPoint) -> Installed:
    distribution = entry.dist
    name, version = (distribution.name, distribution.version) if distribution else ("unknown", "")
    return Installed(kind, entry.name, name, version, entry.value)


def load(kind: str, name: str) -> Driver[Any]:
    """The driver of a kind and name, imported and checked on first use.

    Raises:
        NoDriverError: None of that name is installed; the message names the package.
        DriverError: It cannot be used, and why.
    """
    with _lock:
        driver = _drivers.get((kind, name))
        if driver is None:
            driver = _checked(kind, name, _import(kind, name))
            _drivers[kind, name] = driver
        return driver


def _import(kind: str, name: str) -> Any:
    """What the entry point names. Any failure of foreign code becomes a `DriverError`."""
    from stevedore import DriverManager
    from stevedore.exception import MultipleMatches, NoMatches

    try:
        return DriverManager(GROUPS[kind], name, on_missing_entrypoints_callback=None).driver
    except NoMatches:
        package = f"virtkit-{name}" if kind == "hypervisor" else f"virtkit-{kind.replace('_', '-')}-{name}"
        raise NoDriverError(
            f"no {kind} driver {name!r} is installed: pip install {package}; `virtkit drivers` lists what is here",
            str2=name,
        ) from None
    except MultipleMatches:
        owners = [f"{found.distribution} {found.version}" for found in installed(kind) if found.name == name]
        raise DriverError(
            f"{kind} driver {name!r} is claimed by {' and '.join(owners)}: uninstall all but one", str2=name
        ) from None
    except (Exception, SystemExit) as cause:  # foreign code may fail in any way
        raise DriverError(
            f"{kind} driver {name!r} does not import: {type(cause).__name__}: {cause}; reinstall or repair its package",
            str2=name,
        ) from cause


def _checked(kind: str, name: str, cls: Any) -> Driver[Any]:
    """An instance of a driver class that keeps what the hook specifications ask for, known to pluggy."""
    where = f"{kind} driver {name!r}"
    if not (isinstance(cls, type) and issubclass(cls, Driver)):
        raise DriverError(f"{where}: its entry point names {cls!r}, not a subclass of virtkit.driver.Driver", str2=name)
    written_for = getattr(cls, "hook_api", None)
    if written_for != HOOK_API:
        older = isinstance(written_for, int) and written_for < HOOK_API
        raise DriverError(
            f"{where} was written for hook API {written_for}, this virtkit has {HOOK_API}: "
            f"upgrade {'the driver' if older else 'virtkit'}",
            str2=name,
        )
    _compare(where, name, cls)
    try:
        driver = cls()
    except Exception as cause:
        reason = f"{type(cause).__name__}: {cause}"
        raise DriverError(f"{where} cannot be constructed: {reason}; repair its package", str2=name) from cause
    _register(where, name, driver)
    return driver


def _compare(where: str, name: str, cls: type[Driver[Any]]) -> None:
    """Refuse hooks that nobody would call, and parameters that differ: calls pass them by position."""
    known = functions()
    for hook in implemented(cls):
        if hook not in known:
            near = get_close_matches(hook, known, 1)
            advice = f"did you mean {near[0]}?" if near else "prefix private methods with an underscore"
            raise DriverError(f"{where}: no hook is named {hook!r}; {advice}", str2=name)
        given, wanted = parameters_of(getattr(cls, hook)), known[hook].parameters
        if given != wanted:
            raise DriverError(f"{where}: {hook} takes {given}, the specification says {wanted}", str2=name)


def _register(where: str, name: str, driver: Driver[Any]) -> None:
    import pluggy

    try:
        manager().register(driver, name=where)
        manager().check_pending()
    except pluggy.PluginValidationError as cause:
        manager().unregister(name=where)
        raise DriverError(f"{where} breaks the hook specifications: {cause}", str2=name) from cause


def survey() -> Iterator[Report]:
    """Every installed driver with its state; imports them all, and a broken one harms no other."""
    for kind in GROUPS:
        if kind == BACKEND_KIND:
            continue
        for entry in installed(kind):
            try:
                reason = load(kind, entry.name).driver_probe()
            except DriverError as error:
                yield Report(entry, "broken", error.message)
            except Exception as error:  # noqa: BLE001 - a foreign probe may fail in any way
                yield Report(entry, "broken", f"its probe failed: {type(error).__name__}: {error}")
            else:
                yield Report(entry, "unusable" if reason else "ready", reason or "")
