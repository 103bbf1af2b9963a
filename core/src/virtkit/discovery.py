"""Which drivers are installed, and the way from an entry point to a checked driver.

stevedore finds entry points, and what it found is remembered (`virtkit.entry_points`). A driver is compared with the
hook specifications when it is loaded, and registered with pluggy as soon as somebody asks for `manager`: until then no
plugin can wrap a hook. Listing imports no driver. A driver that cannot be loaded harms nobody but those who ask for it,
who get a `DriverError`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cache, reduce
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit import entry_points
from virtkit.driver import Driver
from virtkit.entry_points import Entry
from virtkit.errors import DriverError, NoDriverError
from virtkit.hookspecs import KINDS as KINDS
from virtkit.hookspecs import spec_class
from virtkit.spec import HOOK_API, PROJECT, Meta, Spec, implemented, specified

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from pluggy import HookImpl, PluginManager

    from virtkit.storage.backend import StorageBackend

BACKEND = "storage_backend"
GROUPS = {kind: f"virtkit.{kind}" for kind in (*KINDS, BACKEND)}
"""Kind of driver -> entry-point group."""

PACKAGES = {
    **dict.fromkeys(("dir", "fs", "netfs"), "virtkit-storage"),
    "logical": "virtkit-storage-lvm",
    "nwfilter": "virtkit-netfilter",
}
"""Type of storage pools, or name of a driver -> its distribution, where the name does not say so."""


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
    """A function of the API as the specifications declare it.

    Attributes:
        name: Name of its hook.
        kind: Kind of driver that serves it.
        meta: What the specification's decorator says.
        parameters: Names of the parameters after the session.
        types: Their annotations, as `returns`.
        error_domain: `ErrorDomain` of errors about its kind of object.
        returns: The annotation of what it returns, as written; the names are those of `virtkit.records`,
            `virtkit.refs`, `virtkit.enums`, `virtkit.params` and `virtkit.streams`.
    """

    name: str
    kind: str
    meta: Meta
    parameters: tuple[str, ...]
    types: tuple[str, ...]
    error_domain: int
    returns: str


_lock = threading.RLock()
_drivers: dict[tuple[str, str], Driver[Any]] = {}
_backends: dict[str, StorageBackend] = {}
_declared: dict[str, Function] = {}
_kinds = {module: kind for kind, modules in KINDS.items() for module in modules}
_manager: PluginManager | None = None


def function(name: str) -> Function | None:
    """The function of that name; None if the API has none.

    It spares importing the specifications that no loaded driver inherits, as long as one that is inherited declares
    the function.
    """
    return _declared.get(name) or functions().get(name)


@cache
def functions() -> dict[str, Function]:
    """Every function of the API by name."""
    with _lock:
        return {name: found for module in _kinds for name, found in _declare(spec_class(module)).items()}


def _declare(spec: type[Spec[Any]]) -> dict[str, Function]:
    """The functions that a spec class itself declares, by name; from now on `function` knows them."""
    kind = _kinds[spec.__module__.rpartition(".")[2]]
    declared = {
        name: Function(
            name,
            kind,
            meta,
            parameters_of(function),
            tuple(function.__annotations__[parameter] for parameter in parameters_of(function)),
            spec.error_domain,
            function.__annotations__["return"],
        )
        for name, function, meta in specified(spec)
    }
    _declared.update(declared)
    return declared


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a hook's parameters after `self` and the session."""
    code = function.__code__
    return code.co_varnames[2 : code.co_argcount]


def manager() -> PluginManager:
    """The process's `pluggy.PluginManager`.

    It knows every loaded driver, and takes plugins that wrap hooks or observe; register those before connections are
    opened, since an open connection keeps the functions it has bound.

    Raises:
        DriverError: A driver that was loaded before breaks the hook specifications.
    """
    global _manager
    with _lock:
        if _manager is None:
            import pluggy

            plugins = pluggy.PluginManager(PROJECT)
            for module in _kinds:
                plugins.add_hookspecs(spec_class(module))
            for (kind, name), driver in _drivers.items():
                _register(plugins, kind, name, driver)
            _manager = plugins
        return _manager


def wrappers_of(hook: str) -> list[HookImpl]:
    """What wraps a hook; none where nobody has asked for `manager` yet."""
    if _manager is None:
        return []
    return [impl for impl in getattr(_manager.hook, hook).get_hookimpls() if impl.wrapper or impl.hookwrapper]


def names(kind: str) -> list[str]:
    """The names of the installed drivers of a kind; nothing is imported."""
    return sorted({entry.name for entry in _entries() if entry.group == GROUPS[kind]})


@cache
def _entries() -> tuple[Entry, ...]:
    """The entry points of all drivers, once for the process, as stevedore has it."""
    state = entry_points.state(tuple(GROUPS.values()))
    found = entry_points.recall(state)
    if found is None:
        found = tuple(_searched())
        entry_points.remember(state, found)
    return found


def _searched() -> Iterator[Entry]:
    from stevedore import NamedExtensionManager

    for group in GROUPS.values():
        listing: Any = NamedExtensionManager(group, names=[], on_missing_entrypoints_callback=None)
        for found in listing.list_entry_points():
            yield Entry(group, found.name, found.value)


def installed(kind: str) -> list[Installed]:
    """The installed drivers of a kind, by name, and the distributions they came with; no driver is imported.

    It reads the metadata of every distribution, which `names` spares.
    """
    from importlib import metadata

    return sorted(_described(kind, entry) for entry in metadata.entry_points(group=GROUPS[kind]))


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


def backend(name: str) -> StorageBackend:
    """The storage backend for a type of pools, imported and checked on first use.

    Raises:
        NoDriverError: None is installed; the message names the package.
        DriverError: It cannot be used, and why.
    """
    with _lock:
        found = _backends.get(name)
        if found is None:
            from virtkit.storage.backend import StorageBackend

            where = f"{_words(BACKEND)} {name!r}"
            cls = _fitting(where, name, _import(BACKEND, name), StorageBackend)
            _compare_backend(where, name, cls)
            found = _backends[name] = _constructed(where, name, cls)
        return found


def _words(kind: str) -> str:
    """What something of a kind is called in messages."""
    return "storage backend" if kind == BACKEND else f"{kind} driver"


def _package(kind: str, name: str) -> str:
    """The distribution that would have a driver."""
    if kind == BACKEND:
        return PACKAGES.get(name, f"virtkit-storage-{name}")
    if kind in ("hypervisor", name):
        return PACKAGES.get(name, f"virtkit-{name}")
    return f"virtkit-{kind}-{name}"


def _import(kind: str, name: str) -> Any:
    """What the entry point names. Any failure of foreign code becomes a `DriverError`."""
    targets = [entry.target for entry in _entries() if (entry.group, entry.name) == (GROUPS[kind], name)]
    if not targets:
        raise NoDriverError(
            f"no {_words(kind)} {name!r} is installed: pip install {_package(kind, name)}; "
            "`virtkit drivers` lists what is here",
            str2=name,
        )
    if len(targets) > 1:
        owners = [f"{found.distribution} {found.version}" for found in installed(kind) if found.name == name]
        raise DriverError(
            f"{_words(kind)} {name!r} is claimed by {' and '.join(owners)}: uninstall all but one", str2=name
        )
    module, _, attribute = targets[0].partition("[")[0].partition(":")  # behind the bracket: extras
    try:
        return reduce(getattr, attribute.strip().split("."), import_module(module.strip()))
    except (Exception, SystemExit) as cause:  # foreign code may fail in any way
        raise DriverError(
            f"{_words(kind)} {name!r} does not import: {type(cause).__name__}: {cause}; "
            "reinstall or repair its package",
            str2=name,
        ) from cause


def _checked(kind: str, name: str, cls: Any) -> Driver[Any]:
    """An instance of a driver class that keeps what the hook specifications ask for, known to pluggy."""
    where = f"{_words(kind)} {name!r}"
    _compare(where, name, _fitting(where, name, cls, Driver))
    driver: Driver[Any] = _constructed(where, name, cls)
    if _manager is not None:
        _register(_manager, kind, name, driver)
    return driver


def _fitting(where: str, name: str, cls: Any, base: type[Any]) -> type[Any]:
    """The class an entry point names, which inherits `base` and was written for these specifications."""
    if not (isinstance(cls, type) and issubclass(cls, base)):
        wanted = f"{base.__module__}.{base.__name__}"
        raise DriverError(f"{where}: its entry point names {cls!r}, not a subclass of {wanted}", str2=name)
    written_for = getattr(cls, "hook_api", None)
    if written_for != HOOK_API:
        older = isinstance(written_for, int) and written_for < HOOK_API
        raise DriverError(
            f"{where} was written for hook API {written_for}, this virtkit has {HOOK_API}: "
            f"upgrade {'virtkit' if not older else 'the driver' if base is Driver else 'the backend'}",
            str2=name,
        )
    return cls


def _constructed(where: str, name: str, cls: type[Any]) -> Any:
    try:
        return cls()
    except Exception as cause:
        reason = f"{type(cause).__name__}: {cause}"
        raise DriverError(f"{where} cannot be constructed: {reason}; repair its package", str2=name) from cause


def _compare_backend(where: str, name: str, cls: type[StorageBackend]) -> None:
    """Refuse methods of a backend that nobody would call, parameters that differ, and one that lacks what all need."""
    from inspect import signature

    from virtkit.storage.backend import METHODS, NEEDED, PREFIXES

    lacking = [method for method in NEEDED if getattr(cls, method) is METHODS[method]]
    if lacking:
        raise DriverError(f"{where} lacks {' and '.join(lacking)}: every backend has them", str2=name)
    for method in dir(cls):
        if not method.startswith(PREFIXES):
            continue
        if method not in METHODS:
            from difflib import get_close_matches

            near = get_close_matches(method, METHODS, 1)
            advice = f"did you mean {near[0]}?" if near else "prefix private methods with an underscore"
            raise DriverError(f"{where}: no method is named {method!r}; {advice}", str2=name)
        given, wanted = (tuple(signature(each).parameters) for each in (getattr(cls, method), METHODS[method]))
        if given != wanted:
            raise DriverError(f"{where}: {method} takes {given}, the specification says {wanted}", str2=name)


def _compare(where: str, name: str, cls: type[Driver[Any]]) -> None:
    """Refuse hooks that nobody would call, and parameters that differ: calls pass them by position."""
    for base in cls.__mro__:
        if issubclass(base, Spec) and base.__module__.startswith("virtkit.hookspecs."):
            _declare(base)
    for hook in implemented(cls):
        known = function(hook)
        if known is None:
            from difflib import get_close_matches

            near = get_close_matches(hook, functions(), 1)
            advice = f"did you mean {near[0]}?" if near else "prefix private methods with an underscore"
            raise DriverError(f"{where}: no hook is named {hook!r}; {advice}", str2=name)
        given = parameters_of(getattr(cls, hook))
        if given != known.parameters:
            raise DriverError(f"{where}: {hook} takes {given}, the specification says {known.parameters}", str2=name)


def _register(plugins: PluginManager, kind: str, name: str, driver: Driver[Any]) -> None:
    """Let pluggy check a driver, and wrap its hooks."""
    import pluggy

    where = f"{kind} driver {name!r}"
    try:
        plugins.register(driver, name=where)
        plugins.check_pending()
    except pluggy.PluginValidationError as cause:
        plugins.unregister(name=where)
        raise DriverError(f"{where} breaks the hook specifications: {cause}", str2=name) from cause


def _probe(kind: str, name: str) -> str | None:
    """Why what is installed cannot work here; None where it can."""
    return backend(name).backend_probe() if kind == BACKEND else load(kind, name).driver_probe()


def survey() -> Iterator[Report]:
    """Every installed driver with its state; imports them all, and a broken one harms no other."""
    manager()  # has pluggy check each
    for kind in GROUPS:
        for entry in installed(kind):
            try:
                reason = (
                    backend(entry.name).backend_probe() if kind == BACKEND else load(kind, entry.name).driver_probe()
                )
            except DriverError as error:
                yield Report(entry, "broken", error.message)
            except Exception as error:  # noqa: BLE001 - a foreign probe may fail in any way
                yield Report(entry, "broken", f"its probe failed: {type(error).__name__}: {error}")
            else:
                yield Report(entry, "unusable" if reason else "ready", reason or "")
