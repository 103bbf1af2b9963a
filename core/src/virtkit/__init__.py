"""Manage virtual machines, containers, storage, networks and filters through drivers installed with pip.

    import virtkit

    with virtkit.open("test:///default") as conn:
        for domain in conn.list_domains():
            print(domain.name, domain.info())

What a name of this module needs is imported when it is first used, so that `import virtkit` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from virtkit.api.checkpoint import DomainCheckpoint as DomainCheckpoint
    from virtkit.api.connection import Connection as Connection
    from virtkit.api.domain import Domain as Domain
    from virtkit.api.events import Subscription as Subscription
    from virtkit.api.interface import Interface as Interface
    from virtkit.api.network import Network as Network
    from virtkit.api.network import NetworkPort as NetworkPort
    from virtkit.api.node_device import NodeDevice as NodeDevice
    from virtkit.api.nwfilter import NWFilter as NWFilter
    from virtkit.api.nwfilter import NWFilterBinding as NWFilterBinding
    from virtkit.api.secret import Secret as Secret
    from virtkit.api.snapshot import DomainSnapshot as DomainSnapshot
    from virtkit.api.storage import StoragePool as StoragePool
    from virtkit.api.storage import StorageVol as StorageVol
    from virtkit.driver import Authenticate
    from virtkit.errors import VirtError as VirtError
    from virtkit.params import TypedParams as TypedParams
    from virtkit.spec import HOOK_API as HOOK_API

__version__ = "0.1.0"

EXPORTS = {
    "Connection": "virtkit.api.connection",
    "Domain": "virtkit.api.domain",
    "DomainCheckpoint": "virtkit.api.checkpoint",
    "DomainSnapshot": "virtkit.api.snapshot",
    "HOOK_API": "virtkit.spec",
    "Interface": "virtkit.api.interface",
    "NWFilter": "virtkit.api.nwfilter",
    "NWFilterBinding": "virtkit.api.nwfilter",
    "Network": "virtkit.api.network",
    "NetworkPort": "virtkit.api.network",
    "NodeDevice": "virtkit.api.node_device",
    "Secret": "virtkit.api.secret",
    "StoragePool": "virtkit.api.storage",
    "StorageVol": "virtkit.api.storage",
    "Subscription": "virtkit.api.events",
    "TypedParams": "virtkit.params",
    "VirtError": "virtkit.errors",
}
"""Public name -> module that defines it."""

__all__ = ["__version__", "open", *EXPORTS]


def open(uri: str | None = None, *, readonly: bool = False, authenticate: Authenticate | None = None) -> Connection:
    """Open a connection.

    Args:
        uri: What to open: `driver:///path` for a driver in this process, `driver+transport://host/path` for a daemon,
            or an alias of the configuration. None takes `VIRTKIT_DEFAULT_URI`, then `LIBVIRT_DEFAULT_URI`, then
            `uri_default` of the configuration, then the first usable driver that volunteers.
        readonly: Refuse every call that changes anything.
        authenticate: Answers questions for credentials, where the driver asks any.

    Raises:
        NoDriverError: No installed driver serves the URI; the message says what to install.
        DriverError: The driver is installed and broken.
        InternalError: The URI is malformed, or its path is not one of the driver's.
        InvalidArgError: A part of the URI is wrong.
        VirtError: Whatever else the driver met.
    """
    from virtkit.api.connection import open_connection

    return open_connection(uri, readonly=readonly, authenticate=authenticate)


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(EXPORTS[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *EXPORTS})
