"""Objects of any kind: counts, names, lookups and states from the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from virtkit import enums
from virtkit.errors import (
    MultipleInterfacesError,
    NoDomainCheckpointError,
    NoDomainError,
    NoDomainSnapshotError,
    NoInterfaceError,
    NoNetworkError,
    NoNetworkPortError,
    NoNodeDeviceError,
    NoNWFilterBindingError,
    NoNWFilterError,
    NoSecretError,
    NoStoragePoolError,
    NoStorageVolError,
    VirtError,
)
from virtkit.fallbacks.table import Ops, derived, refuse

if TYPE_CHECKING:
    from virtkit.refs import (
        CheckpointRef,
        DomainRef,
        InterfaceRef,
        NetworkPortRef,
        NetworkRef,
        NodeDeviceRef,
        NWFilterBindingRef,
        SecretRef,
        SnapshotRef,
        StoragePoolRef,
        StorageVolRef,
    )

Ref = TypeVar("Ref")

DESCENDANTS = 1
"""`DomainSnapshotListFlags` and `DomainCheckpointListFlags`, below one object: the children of children too."""


class Kind(NamedTuple):
    """What the derivations of an object kind differ in.

    Attributes:
        prefix: Start of its hooks' names, and its name in messages when `_` is a space.
        plural: End of the names of hooks that list it.
        missing: The error for one that does not exist.
        filters: Enumeration of the list's filters; empty where the list takes none.
        identity: Field of a reference that says which object it is.
    """

    prefix: str
    plural: str
    missing: type[VirtError]
    filters: str = ""
    identity: str = "uuid"

    @property
    def listing(self) -> str:
        """The hook that lists all objects of the kind."""
        return f"connect_list_all_{self.plural}"

    def filtered(self, state: str) -> int:
        """The list's flag for a state; 0 lists all."""
        return int(getattr(enums, self.filters)[state]) if state else 0

    def find(self, refs: Iterable[Ref], **wanted: Any) -> Ref:
        """The one whose fields have these values.

        Raises:
            VirtError: None has: the error of the kind.
        """
        for ref in refs:
            if all(getattr(ref, field) == value for field, value in wanted.items()):
                return ref
        said = " and ".join(f"{field} {_shown(value)}" for field, value in wanted.items())
        raise self.missing(f"no {self.prefix.replace('_', ' ')} has {said}; list them to see which there are")


def _shown(value: Any) -> str:
    return str(UUID(bytes=value)) if isinstance(value, bytes) else repr(value)


DOMAIN = Kind("domain", "domains", NoDomainError, "ConnectListAllDomainsFlags")
NETWORK = Kind("network", "networks", NoNetworkError, "ConnectListAllNetworksFlags")
POOL = Kind("storage_pool", "storage_pools", NoStoragePoolError, "ConnectListAllStoragePoolsFlags")
INTERFACE = Kind("interface", "interfaces", NoInterfaceError, "ConnectListAllInterfacesFlags", "name")
DEVICE = Kind("node_device", "node_devices", NoNodeDeviceError, "ConnectListAllNodeDeviceFlags", "name")
NWFILTER = Kind("nwfilter", "nwfilters", NoNWFilterError)
SECRET = Kind("secret", "secrets", NoSecretError)
BINDING = Kind("nwfilter_binding", "nwfilter_bindings", NoNWFilterBindingError)
PORT = Kind("network_port", "ports", NoNetworkPortError)
VOLUME = Kind("storage_vol", "volumes", NoStorageVolError)
SNAPSHOT = Kind("snapshot", "snapshots", NoDomainSnapshotError, "DomainSnapshotListFlags", "name")
CHECKPOINT = Kind("checkpoint", "checkpoints", NoDomainCheckpointError)


def _derive_lists(kind: Kind, infix: str, state: str, shown: Callable[[Any], Any]) -> None:
    """`connect_num_of_...` and `connect_list_...` of the objects in a state."""

    @derived(kind.listing, name=f"connect_num_of_{infix}{kind.plural}")
    def number(ops: Ops) -> int:
        return len(ops[kind.listing](kind.filtered(state)))

    @derived(kind.listing, name=f"connect_list_{infix}{kind.plural}")
    def names(ops: Ops) -> list[Any]:
        return [shown(ref) for ref in ops[kind.listing](kind.filtered(state))]


def _derive_lookup(kind: Kind, field: str) -> None:
    """`..._lookup_by_...` of a field of the reference."""

    @derived(kind.listing, name=f"{kind.prefix}_lookup_by_{field}")
    def lookup(ops: Ops, value: Any) -> Any:
        return kind.find(ops[kind.listing](0), **{field: value})


def _derive_state(kind: Kind, hook: str, state: str) -> None:
    """A yes or no about one object, from whether the list of those in a state has it."""

    @derived(kind.listing, name=f"{kind.prefix}_{hook}")
    def is_in_state(ops: Ops, ref: Any) -> bool:
        return is_listed(kind, ops[kind.listing], ref, state)


def is_listed(kind: Kind, listing: Callable[[int], Sequence[Any]], ref: Any, state: str) -> bool:
    """Whether the list filtered by a state has the object, which must exist."""
    identity = getattr(ref, kind.identity)
    if any(getattr(each, kind.identity) == identity for each in listing(kind.filtered(state))):
        return True
    kind.find(listing(0), **{kind.identity: identity})
    return False


for _kind in (NETWORK, POOL, INTERFACE):
    _derive_lists(_kind, "", "ACTIVE", lambda ref: ref.name)
for _kind in (DOMAIN, NETWORK, POOL, INTERFACE):
    _derive_lists(_kind, "defined_", "INACTIVE", lambda ref: ref.name)
_derive_lists(DOMAIN, "", "ACTIVE", lambda ref: ref.id)
_derive_lists(NWFILTER, "", "", lambda ref: ref.name)
_derive_lists(SECRET, "", "", lambda ref: str(UUID(bytes=ref.uuid)))

for _kind in (DOMAIN, NETWORK, POOL, INTERFACE, DEVICE, NWFILTER):
    _derive_lookup(_kind, "name")
for _kind in (DOMAIN, NETWORK, POOL, NWFILTER, SECRET):
    _derive_lookup(_kind, "uuid")

for _kind in (NETWORK, POOL, INTERFACE, DEVICE):
    _derive_state(_kind, "is_active", "ACTIVE")
for _kind in (DOMAIN, NETWORK, POOL):
    _derive_state(_kind, "is_persistent", "PERSISTENT")
    _derive_state(_kind, "get_autostart", "AUTOSTART")


@derived("connect_list_all_domains")
def domain_lookup_by_id(ops: Ops, id: int) -> DomainRef:
    """Only a running domain has an id."""
    running: list[DomainRef] = ops["connect_list_all_domains"](DOMAIN.filtered("ACTIVE"))
    return DOMAIN.find(running, id=id)


@derived("connect_list_all_interfaces")
def interface_lookup_by_mac_string(ops: Ops, mac: str) -> InterfaceRef:
    """Addresses are not unique: several interfaces of one are an error."""
    refs: list[InterfaceRef] = ops["connect_list_all_interfaces"](0)
    found = [ref for ref in refs if ref.mac.lower() == mac.lower()]
    if len(found) > 1:
        names = ", ".join(ref.name for ref in found)
        raise MultipleInterfacesError(f"interfaces {names} all have mac {mac!r}; look one up by name")
    return INTERFACE.find(found[:1], mac=found[0].mac if found else mac)


@derived("connect_list_all_secrets")
def secret_lookup_by_usage(ops: Ops, usage_type: int, usage_id: str) -> SecretRef:
    """The secret for one use."""
    refs: list[SecretRef] = ops["connect_list_all_secrets"](0)
    return SECRET.find(refs, usage_type=usage_type, usage_id=usage_id)


@derived("connect_list_all_nwfilter_bindings")
def nwfilter_binding_lookup_by_port_dev(ops: Ops, name: str) -> NWFilterBindingRef:
    """A port device has at most one binding."""
    refs: list[NWFilterBindingRef] = ops["connect_list_all_nwfilter_bindings"](0)
    return BINDING.find(refs, portdev=name)


@derived("network_list_all_ports")
def network_port_lookup_by_uuid(ops: Ops, network: NetworkRef, uuid: bytes) -> NetworkPortRef:
    """Among the ports of one network."""
    refs: list[NetworkPortRef] = ops["network_list_all_ports"](network, 0)
    return PORT.find(refs, uuid=uuid)


def capability_flag(cap: str) -> int | None:
    """The list's filter for a capability as XML names it; None for one it has none for."""
    irregular = {"pci": "PCI_DEV", "usb": "USB_INTERFACE", "usb_device": "USB_DEV", "ccw": "CCW_DEV", "css": "CSS_DEV"}
    member = enums.ConnectListAllNodeDeviceFlags.__members__.get(f"CAP_{irregular.get(cap, cap.upper())}")
    return None if member is None or cap.upper() in irregular.values() else int(member)


@derived("connect_list_all_node_devices")
def node_list_devices(ops: Ops, cap: str | None, flags: int) -> list[str]:
    """Names of the devices with a capability; nothing has one that is unknown."""
    refuse("node_list_devices", flags)
    filters = 0 if cap is None else capability_flag(cap)
    return [] if filters is None else [ref.name for ref in ops["connect_list_all_node_devices"](filters)]


@derived("node_list_devices")
def node_num_of_devices(ops: Ops, cap: str | None, flags: int) -> int:
    """As many as are listed."""
    return len(ops["node_list_devices"](cap, flags))


@derived("node_device_list_caps")
def node_device_num_of_caps(ops: Ops, dev: NodeDeviceRef) -> int:
    """As many as are listed."""
    return len(ops["node_device_list_caps"](dev))


@derived("storage_pool_list_all_volumes")
def storage_pool_num_of_volumes(ops: Ops, pool: StoragePoolRef) -> int:
    """As many as are listed."""
    return len(ops["storage_pool_list_all_volumes"](pool, 0))


@derived("storage_pool_list_all_volumes")
def storage_pool_list_volumes(ops: Ops, pool: StoragePoolRef) -> list[str]:
    """Names of the volumes."""
    return [ref.name for ref in ops["storage_pool_list_all_volumes"](pool, 0)]


@derived("storage_pool_list_all_volumes")
def storage_vol_lookup_by_name(ops: Ops, pool: StoragePoolRef, name: str) -> StorageVolRef:
    """Among the volumes of one pool."""
    refs: list[StorageVolRef] = ops["storage_pool_list_all_volumes"](pool, 0)
    return VOLUME.find(refs, name=name)


def _volumes(ops: Ops) -> Iterator[StorageVolRef]:
    """The volumes of every active pool; only those list any."""
    for pool in ops["connect_list_all_storage_pools"](POOL.filtered("ACTIVE")):
        yield from ops["storage_pool_list_all_volumes"](pool, 0)


@derived("connect_list_all_storage_pools", "storage_pool_list_all_volumes")
def storage_vol_lookup_by_key(ops: Ops, key: str) -> StorageVolRef:
    """Among the volumes of all active pools."""
    return VOLUME.find(_volumes(ops), key=key)


@derived("connect_list_all_storage_pools", "storage_pool_list_all_volumes", "storage_vol_get_path")
def storage_vol_lookup_by_path(ops: Ops, path: str) -> StorageVolRef:
    """Among the volumes of all active pools, comparing the paths as they are written."""
    for vol in _volumes(ops):
        if ops["storage_vol_get_path"](vol) == path:
            return vol
    raise NoStorageVolError(f"no volume of an active storage pool has path {path!r}; refresh the pool that should")


@derived("storage_pool_lookup_by_name")
def storage_pool_lookup_by_volume(ops: Ops, vol: StorageVolRef) -> StoragePoolRef:
    """A volume's reference names its pool."""
    pool: StoragePoolRef = ops["storage_pool_lookup_by_name"](vol.pool)
    return pool


@derived("storage_vol_wipe_pattern")
def storage_vol_wipe(ops: Ops, vol: StorageVolRef, flags: int) -> None:
    """With zeros."""
    ops["storage_vol_wipe_pattern"](vol, enums.StorageVolWipeAlgorithm.ZERO, flags)


def _derive_tree(kind: Kind) -> None:
    """Lookups and children of what forms a tree under a domain."""
    listing, parent = f"domain_list_all_{kind.plural}", f"domain_{kind.prefix}_get_parent"
    lookup, children = f"domain_{kind.prefix}_lookup_by_name", f"domain_{kind.prefix}_list_all_children"

    @derived(listing, name=lookup)
    def by_name(ops: Ops, dom: DomainRef, name: str, flags: int) -> Any:
        refuse(lookup, flags)
        return kind.find(ops[listing](dom, 0), name=name)

    @derived(listing, lookup, parent, name=children)
    def all_children(ops: Ops, ref: SnapshotRef | CheckpointRef, flags: int) -> list[Any]:
        ops[lookup](ref.dom, ref.name, 0)

        def is_below(each: Any) -> bool:
            above = _ancestors(ops[parent], each, kind.missing)
            return ref.name in above if flags & DESCENDANTS else next(above, None) == ref.name

        return [each for each in ops[listing](ref.dom, flags & ~DESCENDANTS) if is_below(each)]


def _ancestors(parent: Callable[..., Any], ref: Any, missing: type[VirtError]) -> Iterator[str]:
    """Names from the parent up to the root, which has none."""
    while True:
        try:
            ref = parent(ref, 0)
        except missing:
            return
        yield ref.name


for _kind in (SNAPSHOT, CHECKPOINT):
    _derive_tree(_kind)


@derived("domain_list_all_snapshots")
def domain_snapshot_num(ops: Ops, dom: DomainRef, flags: int) -> int:
    """As many as are listed."""
    return len(ops["domain_list_all_snapshots"](dom, flags))


@derived("domain_list_all_snapshots")
def domain_snapshot_list_names(ops: Ops, dom: DomainRef, flags: int) -> list[str]:
    """Names of those listed."""
    return [ref.name for ref in ops["domain_list_all_snapshots"](dom, flags)]


@derived("domain_snapshot_list_all_children")
def domain_snapshot_num_children(ops: Ops, snap: SnapshotRef, flags: int) -> int:
    """As many as are listed."""
    return len(ops["domain_snapshot_list_all_children"](snap, flags))


@derived("domain_snapshot_list_all_children")
def domain_snapshot_list_children_names(ops: Ops, snap: SnapshotRef, flags: int) -> list[str]:
    """Names of those listed."""
    return [ref.name for ref in ops["domain_snapshot_list_all_children"](snap, flags)]


@derived("domain_snapshot_current")
def domain_has_current_snapshot(ops: Ops, dom: DomainRef, flags: int) -> bool:
    """Whether there is one to look up."""
    try:
        ops["domain_snapshot_current"](dom, flags)
    except NoDomainSnapshotError:
        return False
    return True


@derived("domain_snapshot_lookup_by_name", "domain_snapshot_current")
def domain_snapshot_is_current(ops: Ops, snap: SnapshotRef, flags: int) -> bool:
    """Whether the current one has its name; the snapshot must exist."""
    refuse("domain_snapshot_is_current", flags)
    ops["domain_snapshot_lookup_by_name"](snap.dom, snap.name, 0)
    try:
        return bool(ops["domain_snapshot_current"](snap.dom, 0).name == snap.name)
    except NoDomainSnapshotError:
        return False


@derived("domain_list_all_snapshots")
def domain_snapshot_has_metadata(ops: Ops, snap: SnapshotRef, flags: int) -> bool:
    """Whether the list of those with metadata has it."""
    refuse("domain_snapshot_has_metadata", flags)
    return is_listed(SNAPSHOT, lambda bits: ops["domain_list_all_snapshots"](snap.dom, bits), snap, "METADATA")
