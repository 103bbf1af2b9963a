"""The hook specifications: the whole API, one method per function, one module per object kind.

A driver author reads the modules of the kinds they implement and nothing else. `KINDS` says which driver of a
connection serves which module; a program never imports this package, the core does when a connection is opened.
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
