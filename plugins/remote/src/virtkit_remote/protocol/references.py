"""Which structs have a Python form of their own: references and typed parameters."""

from __future__ import annotations

from virtkit import refs
from virtkit_remote.protocol.schema import Struct, Type

REFERENCES: dict[str, type] = {
    "virNetMessageNonnullDomain": refs.DomainRef,
    "virNetMessageNonnullNetwork": refs.NetworkRef,
    "remote_nonnull_domain": refs.DomainRef,
    "remote_nonnull_domain_checkpoint": refs.CheckpointRef,
    "remote_nonnull_domain_snapshot": refs.SnapshotRef,
    "remote_nonnull_interface": refs.InterfaceRef,
    "remote_nonnull_network": refs.NetworkRef,
    "remote_nonnull_network_port": refs.NetworkPortRef,
    "remote_nonnull_node_device": refs.NodeDeviceRef,
    "remote_nonnull_nwfilter": refs.NWFilterRef,
    "remote_nonnull_nwfilter_binding": refs.NWFilterBindingRef,
    "remote_nonnull_secret": refs.SecretRef,
    "remote_nonnull_storage_pool": refs.StoragePoolRef,
    "remote_nonnull_storage_vol": refs.StorageVolRef,
}
"""Struct -> the tuple it decodes to, of the same fields in the same order."""

PARAMS = (Struct("remote_typed_param"), Struct("admin_typed_param"))
"""Arrays of these are `virtkit.params.TypedParams`."""

RAW_PARAMS = frozenset({"remote_domain_get_cpu_stats_ret"})
"""Structs whose parameters stay a list of (name, (type, value)).

They repeat every name, once per CPU, and their order tells which value is whose; `TypedParams` would group them.
"""


def is_params(of: Type, struct: str) -> bool:
    """Whether an array of a type, somewhere in a struct, is typed parameters."""
    return of in PARAMS and struct not in RAW_PARAMS
