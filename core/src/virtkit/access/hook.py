"""The question that access plugins answer, and who answers it."""

from __future__ import annotations

import threading
from functools import reduce
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.errors import AccessDeniedError, DriverError
from virtkit.spec import IMPL_OPTIONS, PROJECT, SPEC_OPTIONS

if TYPE_CHECKING:
    from pluggy import PluginManager

GROUP = "virtkit.access"
"""Entry-point group of access plugins: each names a subclass of `AccessSpec`."""

FROM_ACCESS = 55
"""`virtkit.enums.ErrorDomain.ACCESS`."""


class Identity(NamedTuple):
    """What is known of a caller, in libvirt's terms; None where nothing is.

    Attributes:
        user_name: Name of the UNIX user at the other end.
        user_id: Number of that user.
        group_name: Name of the user's primary group.
        group_id: Number of that group.
        group_names: Names of all groups of the user.
        process_id: Process that connected.
        process_time: When that process started, in clock ticks since the host did: tells a reused number.
        sasl_user_name: Who proved to be whom by SASL.
        x509_dname: Distinguished name of the client's certificate, as `CN=web,O=Lab`.
        selinux_context: Security context of the process.
        transport: `unix`, `tcp` or `tls`.
        address: The other end as `host:port`; None for `unix`.
    """

    user_name: str | None = None
    user_id: int | None = None
    group_name: str | None = None
    group_id: int | None = None
    group_names: tuple[str, ...] = ()
    process_id: int | None = None
    process_time: int | None = None
    sasl_user_name: str | None = None
    x509_dname: str | None = None
    selinux_context: str | None = None
    transport: str | None = None
    address: str | None = None

    def __str__(self) -> str:
        """The caller for messages and logs, by the strongest name there is."""
        if self.sasl_user_name is not None:
            return f"SASL user {self.sasl_user_name!r}"
        if self.x509_dname is not None:
            return f"certificate {self.x509_dname!r}"
        if self.user_name is not None:
            return f"user {self.user_name!r}"
        if self.user_id is not None:
            return f"user number {self.user_id}"
        return f"somebody at {self.address}" if self.address else "somebody unknown"


class Request(NamedTuple):
    """What a caller asks for.

    Attributes:
        function: The API function, such as `domain_create`.
        kind: Kind of the object as in the permission's name: `connect`, `domain`, `network`, `storage_vol`, ...
        ref: Its reference (`virtkit.refs`); None for `connect`, and where nobody knows the object before the call. A
            secret or domain that is to be defined has an all-zero UUID where its XML has none.
        permission: Name of the permission within the kind, such as `start`.
    """

    function: str
    kind: str
    ref: Any
    permission: str


class AccessSpec:
    """Base of access plugins. Overriding `access_check` is all there is to do."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "access_check" in vars(cls):
            vars(vars(cls)["access_check"])[f"{PROJECT}_impl"] = IMPL_OPTIONS

    def access_check(self, identity: Identity, request: Request) -> bool | None:
        """Decide whether a caller may have a permission on an object.

        Called on the thread of the call, before it starts, and for each element of a list and each event: it answers
        from memory. Several plugins are asked in turn, the one registered last first, and the first opinion counts.
        One that raises has refused; the failure is logged.

        Args:
            identity: Who asks.
            request: What for.

        Returns:
            True allows, False refuses, None has no opinion. Where nobody has one, the answer is no.
        """
        return None


vars(AccessSpec.access_check)[f"{PROJECT}_spec"] = SPEC_OPTIONS

_lock = threading.RLock()
_manager: PluginManager | None = None


def _plugins() -> PluginManager:
    global _manager
    with _lock:
        if _manager is None:
            import pluggy

            plugins = pluggy.PluginManager(PROJECT)
            plugins.add_hookspecs(AccessSpec)
            _manager = plugins
        return _manager


def active() -> bool:
    """Whether a plugin is registered, and calls are checked at all.

    Functions bound while none was stay unchecked: who registers the first plugin drops what `guarded` returned before.
    """
    return _manager is not None and bool(_manager.get_plugins())


def register(plugin: AccessSpec, name: str | None = None) -> None:
    """Have a plugin asked from now on, before those registered earlier.

    Args:
        plugin: The plugin.
        name: Its name in messages; None makes one up.

    Raises:
        DriverError: It has no `access_check`, one with other parameters, or is registered already.
    """
    import pluggy

    plugins = _plugins()
    shown = name or type(plugin).__name__
    if not hasattr(getattr(plugin, "access_check", None), f"{PROJECT}_impl"):
        raise DriverError(f"access plugin {shown} does not override AccessSpec.access_check: it decides nothing")
    with _lock:
        try:
            plugins.register(plugin, name=name)
        except (ValueError, pluggy.PluginValidationError) as cause:
            if plugins.is_registered(plugin) and isinstance(cause, pluggy.PluginValidationError):
                plugins.unregister(plugin)
            raise DriverError(f"access plugin {shown} cannot be registered: {cause}") from cause


def unregister(plugin: AccessSpec) -> None:
    """Ask a plugin no more. Does nothing if it is not registered."""
    with _lock:
        if _manager is not None and _manager.is_registered(plugin):
            _manager.unregister(plugin)


def load_installed() -> list[str]:
    """Register the plugins that installed packages announce and that are not yet; return their names.

    Raises:
        DriverError: One cannot be used. Nobody should serve without the access control that was installed.
    """
    from importlib import metadata

    loaded = []
    for entry in sorted(metadata.entry_points(group=GROUP)):
        with _lock:
            if not _plugins().has_plugin(entry.name):
                register(_made(entry.name, entry.value), entry.name)
                loaded.append(entry.name)
    return loaded


def _made(name: str, target: str) -> AccessSpec:
    module, _, attribute = target.partition("[")[0].partition(":")  # behind the bracket: extras
    try:
        cls: Any = reduce(getattr, attribute.strip().split("."), import_module(module.strip()))
        plugin: object = cls()
    except (Exception, SystemExit) as cause:  # foreign code may fail in any way
        raise DriverError(
            f"access plugin {name!r} does not load: {type(cause).__name__}: {cause}; repair or uninstall its package",
            str2=name,
        ) from cause
    if not isinstance(plugin, AccessSpec):
        raise DriverError(
            f"access plugin {name!r}: its entry point names {cls!r}, not a subclass of virtkit.access.AccessSpec",
            str2=name,
        )
    return plugin


def may(identity: Identity, request: Request) -> bool:
    """Whether a caller may have what it asks for: yes while no plugin is registered, else only if one says so."""
    if not active():
        return True
    try:
        return _plugins().hook.access_check(identity=identity, request=request) is True
    except Exception:
        import logging

        logging.getLogger(__name__).exception(
            "an access plugin failed: %s is refused %s:%s for %s",
            identity, request.kind, request.permission, request.function,
        )  # fmt: skip
        return False


def require(identity: Identity, function: str, permission: str, ref: Any = None, shown: str = "") -> None:
    """Refuse a call to a caller without the permission it takes.

    Args:
        identity: Who calls.
        function: What is called.
        permission: As `kind:permission`.
        ref: The object's reference, as in `Request`.
        shown: The object as the caller named it; a message never tells more of an object than its caller knows.

    Raises:
        AccessDeniedError: No plugin allows it.
    """
    kind, _, name = permission.partition(":")
    if not may(identity, Request(function, kind, ref, name)):
        thing = "the host" if kind == "connect" else f"the {kind.replace('_', ' ')} {shown}".rstrip()
        raise AccessDeniedError(
            f"{function} is refused: {identity} lacks the permission {permission} on {thing}; "
            "whoever runs the daemon grants it with a rule in its policy",
            domain=FROM_ACCESS,
            str2=permission,
        )
