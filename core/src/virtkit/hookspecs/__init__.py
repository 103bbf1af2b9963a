"""The hook specifications: the whole API, one method per function, one module per object kind, a domain's by topic.

This is the manual a driver is written from. A driver author reads the modules of the kinds they implement and nothing
else; the driver's class inherits their `Spec` classes and overrides what it implements. `KINDS` says which driver of a
connection serves which module; a program never imports this package, the core does when a connection is opened.

What holds for every hook, and is not repeated at each:

- **Session.** `conn` is what the driver's own `driver_open` returned. Whether the connection is closed or read-only and
  whether the caller holds the permissions of the hook is settled before the hook runs, unless a hook says otherwise.
- **References.** An object comes as a reference (`virtkit.refs`). Find a domain, network, pool, filter or secret by its
  UUID, a volume by pool and name, a snapshot or checkpoint by domain and name, anything else by name; the other fields
  may be old and are ignored. An object that is gone raises the error of its kind (`NoDomainError`,
  `NoDomainSnapshotError`, `NoStoragePoolError`, ...). A reference that a hook returns carries the present name and id.
- **Flags.** `flags` holds bits of the enumeration a hook names; where `Args` leaves it out, none is defined: only 0 is
  taken. A bit the driver does not know raises `InvalidArgError` with the hook's name as `str1` and `"flags"` as `str2`,
  and so do bits that exclude each other. Types, states and actions are plain numbers of the enumeration named.
- **Live and persistent.** A domain has a live configuration while it runs, and a persistent one if it is defined. Hooks
  whose flags are `virtkit.enums.DomainModificationImpact` choose between them: LIVE is the running guest
  (`OperationInvalidError` if it does not run); CONFIG is the definition and holds from the next start on
  (`OperationInvalidError` for a transient domain); both together change both, or neither if one fails; CURRENT, which
  is 0, is LIVE while the domain runs and CONFIG while it does not. A hook that reads takes one of them, not both.
- **Errors.** `NotSupportedError`: nobody implements the hook. `OperationUnsupportedError`: implemented, but not for
  this object or on this host. `ArgumentUnsupportedError`, `ConfigUnsupportedError`: that value, or that XML, cannot be
  served here. `OperationInvalidError`: the object is in the wrong state. `OperationFailedError`: tried, and failed.
  `OperationTimeoutError`: another job holds the object. A hook that raises leaves the object as it found it.
- **Events.** What a hook changes is published on the driver's event hub before the hook returns.
- **Derived functions.** What is described as *derived from* another hook need not be implemented: the core calls the
  other one. A driver overrides it only where it can do better.
- **Typed parameters.** Those a hook takes are a mapping, perhaps a plain dict; a name the hook does not know raises
  `InvalidArgError`. Those it returns are `virtkit.params.TypedParams` with the wire types libvirt uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from virtkit.spec import Spec, specified

KINDS: dict[str, tuple[str, ...]] = {
    "hypervisor": (
        "connect",
        "node",
        "domain_definition",
        "domain_lifecycle",
        "domain_statistics",
        "domain_resources",
        "domain_device",
        "domain_block",
        "domain_guest",
        "domain_migration",
        "domain_snapshot",
        "domain_checkpoint",
        "qemu",
        "lxc",
        "execution",
    ),
    "network": ("network", "network_port"),
    "storage": ("storage_pool", "storage_vol"),
    "interface": ("interface",),
    "nodedev": ("node_device",),
    "nwfilter": ("nwfilter", "nwfilter_binding"),
    "secret": ("secret",),
}
"""Kind of driver -> modules of hook specifications it serves."""


def spec_class(module: str) -> type[Spec[Any]]:
    """The spec class a module of this package declares."""
    for value in vars(import_module(f"{__name__}.{module}")).values():
        if isinstance(value, type) and issubclass(value, Spec) and next(specified(value), None):
            return value
    raise LookupError(f"{__name__}.{module} declares no hook specification")
