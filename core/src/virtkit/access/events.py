"""What a client asks its daemon for and no driver: opening, closing, events."""

from __future__ import annotations

from typing import Any

from virtkit.access.hook import Identity, Request, may, require

PROCEDURES: dict[str, tuple[str, ...]] = {
    "connect_open": ("connect:getattr",),
    "connect_get_uri": ("connect:getattr",),
    "connect_set_identity": ("connect:write",),
    "connect_register_close_callback": ("connect:getattr",),
    "connect_unregister_close_callback": ("connect:getattr",),
    "connect_domain_event_register": ("connect:search_domains",),
    "connect_domain_event_deregister": ("connect:read",),
    "connect_domain_event_register_any": ("connect:search_domains",),
    "connect_domain_event_deregister_any": ("connect:read",),
    "connect_domain_event_callback_register_any": ("connect:search_domains",),
    "connect_domain_event_callback_deregister_any": ("connect:read",),
    "connect_network_event_register_any": ("connect:search_networks",),
    "connect_network_event_deregister_any": ("connect:read",),
    "connect_storage_pool_event_register_any": ("connect:search_storage_pools",),
    "connect_storage_pool_event_deregister_any": ("connect:read",),
    "connect_node_device_event_register_any": ("connect:search_node_devices",),
    "connect_node_device_event_deregister_any": ("connect:read",),
    "connect_secret_event_register_any": ("connect:search_secrets",),
    "connect_secret_event_deregister_any": ("connect:read",),
    "qemu_connect_domain_monitor_event_register": ("connect:search_domains", "connect:write"),
    "qemu_connect_domain_monitor_event_deregister": ("connect:write",),
}
"""Procedure that is no function of a driver -> the permissions it takes on the host.

The names are those of the wire in lower case, with the program in front where that is not `remote`.
"""


def require_procedure(identity: Identity, procedure: str) -> None:
    """Refuse a procedure of `PROCEDURES` to a caller without the permissions it takes; pass any other.

    Raises:
        AccessDeniedError: No plugin allows it.
    """
    for permission in PROCEDURES.get(procedure, ()):
        require(identity, procedure, permission)


def may_see(identity: Identity, kind: str, ref: Any) -> bool:
    """Whether a caller may learn of an event.

    Args:
        identity: Who subscribed.
        kind: Class of the event (`virtkit.events.EventKey.kind`).
        ref: The object, as the driver published it.
    """
    owner = "domain" if kind == "qemu_monitor" else kind
    return may(identity, Request(f"{kind}_event", owner, ref, "getattr"))
