"""The permissions there are, by kind of object, with libvirt's names."""

from __future__ import annotations

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "connect": (
        "getattr", "read", "write", "search_domains", "search_networks", "search_storage_pools",
        "search_node_devices", "search_interfaces", "search_secrets", "search_nwfilters",
        "search_nwfilter_bindings", "detect_storage_pools", "pm_control", "interface_transaction",
    ),
    "domain": (
        "getattr", "read", "write", "read_secure", "start", "stop", "reset", "save", "delete",
        "migrate", "checkpoint", "snapshot", "suspend", "hibernate", "core_dump", "pm_control",
        "init_control", "inject_nmi", "send_input", "send_signal", "fs_trim", "fs_freeze",
        "block_read", "block_write", "mem_read", "open_graphics", "open_device", "screenshot",
        "open_namespace", "set_time", "set_password",
    ),
    "interface": (
        "getattr", "read", "write", "save", "delete", "start", "stop",
    ),
    "network": (
        "getattr", "read", "write", "save", "delete", "start", "stop", "search_ports",
    ),
    "network_port": (
        "getattr", "read", "write", "create", "delete",
    ),
    "node_device": (
        "getattr", "read", "write", "start", "stop", "detach", "delete",
    ),
    "nwfilter": (
        "getattr", "read", "write", "save", "delete",
    ),
    "nwfilter_binding": (
        "getattr", "read", "create", "delete",
    ),
    "secret": (
        "getattr", "read", "write", "read_secure", "save", "delete",
    ),
    "storage_pool": (
        "getattr", "read", "write", "save", "delete", "start", "stop", "refresh",
        "search_storage_vols", "format",
    ),
    "storage_vol": (
        "getattr", "read", "create", "delete", "format", "resize", "data_read", "data_write",
    ),
}  # fmt: skip
"""Kind of object -> permissions that a caller can have on one of it. `connect` is the host."""
