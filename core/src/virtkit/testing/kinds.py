"""The kinds of objects the suite knows, and which functions make up what a driver can do with each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit import enums
from virtkit.errors import (
    NoDomainError,
    NoInterfaceError,
    NoNetworkError,
    NoNodeDeviceError,
    NoNWFilterBindingError,
    NoNWFilterError,
    NoSecretError,
    NoStoragePoolError,
    NoStorageVolError,
    VirtError,
)
from virtkit.events import (
    DomainLifecycleEvent,
    NetworkLifecycleEvent,
    NodeDeviceLifecycleEvent,
    SecretLifecycleEvent,
    StoragePoolLifecycleEvent,
)

if TYPE_CHECKING:
    from virtkit import Connection
    from virtkit.xml.element import Document


class Can(Flag):
    """What a driver can do with the objects of a kind. `ObjectKind.functions` says which functions each takes."""

    IDENTIFY = auto()
    """Of a host: name the hypervisor, its version and the host."""
    LIST = auto()
    """List them; lookups, counts and lists of names follow."""
    DESCRIBE = auto()
    """Describe them in XML."""
    INFO = auto()
    """Tell state and sizes."""
    DEFINE = auto()
    """Store and remove definitions."""
    CREATE = auto()
    """Make one from XML that has no definition: a transient one, where the kind has states."""
    START = auto()
    """Start and stop a defined one."""
    AUTOSTART = auto()
    """Mark one to be started with its driver."""
    EVENTS = auto()
    """Publish what happens to them."""
    PAUSE = auto()
    """Suspend and resume a domain."""
    SHUTDOWN = auto()
    """Ask a domain's guest to shut down; the guest of the profile complies."""
    REBOOT = auto()
    """Ask a domain's guest to restart."""
    RESET = auto()
    """Restart a domain at once."""
    RENAME = auto()
    """Give a domain another name."""
    METADATA = auto()
    """Keep a domain's title, description and elements of applications."""
    BUILD = auto()
    """Make and delete the storage of a pool."""
    REFRESH = auto()
    """Scan a pool again."""
    CLONE = auto()
    """Make a volume with the contents of another."""
    RESIZE = auto()
    """Change a volume's capacity."""
    WIPE = auto()
    """Overwrite a volume with zeros."""
    CONTENTS = auto()
    """Read and write a volume's contents."""
    CHANGES = auto()
    """Bracket changes of host interfaces, and take them back."""
    VALUE = auto()
    """Keep a secret's value."""
    UPDATE = auto()
    """Change a part of a network."""
    LEASES = auto()
    """Tell which addresses a network's guests have been given."""
    PORTS = auto()
    """Plug guests' interfaces into a network, and limit them."""


NOTHING = Can(0)


class ObjectKind(NamedTuple):
    """A kind of object, in the words of the public API.

    Attributes:
        name: Field of `Profile` and middle of the API's names: `lookup_<name>_by_name`.
        plural: As in `list_<plural>`.
        driver: Kind of driver that serves it: a key of `virtkit.hookspecs.KINDS`.
        functions: What each ability takes; `Can.EVENTS` takes none.
        missing: The error of one that does not exist.
        document: Module and class of its XML model.
        filters: Enumeration of the list's filters; empty where there are none.
        event: Record of its lifecycle events; None where there are none.
        event_types: Enumeration of what such an event tells.
        removal: Methods that remove one, in order.
        key: Attribute of a handle that identifies the object.
    """

    name: str
    plural: str
    driver: str
    functions: Mapping[Can, tuple[str, ...]]
    missing: type[VirtError] = VirtError
    document: tuple[str, str] = ("", "")
    filters: str = ""
    event: type[Any] | None = None
    event_types: str = ""
    removal: tuple[str, ...] = ()
    key: str = "name"

    @property
    def noun(self) -> str:
        """What one is called."""
        return self.name.replace("_", " ")

    @property
    def model(self) -> type[Document]:
        """The class of its documents."""
        module, name = self.document
        found: type[Document] = getattr(import_module(f"virtkit.xml.{module}"), name)
        return found

    def flag(self, name: str) -> int:
        """A filter of its list."""
        return int(getattr(enums, self.filters)[name])

    def event_type(self, name: str) -> int:
        """What a lifecycle event tells, by name."""
        return int(getattr(enums, self.event_types)[name])

    def list(self, conn: Connection, *filters: str) -> list[Any]:
        """All objects that pass the filters."""
        flags = sum(self.flag(name) for name in filters)
        found: list[Any] = getattr(conn, f"list_{self.plural}")(*([flags] if flags else []))
        return found

    def keys(self, conn: Connection, *filters: str) -> set[str]:
        """What identifies the objects that pass the filters."""
        return {self.key_of(each) for each in self.list(conn, *filters)}

    def key_of(self, obj: Any) -> str:
        """What identifies an object."""
        key: str = getattr(obj, self.key)
        return key

    def by_name(self, conn: Connection, name: str) -> Any:
        """The object of a name."""
        return getattr(conn, f"lookup_{self.name}_by_name")(name)

    def by_uuid(self, conn: Connection, uuid: str) -> Any:
        """The object of a UUID."""
        return getattr(conn, f"lookup_{self.name}_by_uuid")(uuid)

    def define(self, conn: Connection, xml: str, flags: int = 0) -> Any:
        """Define an object."""
        return getattr(conn, f"define_{self.name}")(xml, flags)

    def create(self, conn: Connection, xml: str) -> Any:
        """Make an object from XML that has no definition."""
        return getattr(conn, f"create_{self.name}")(xml)


HOST = ObjectKind(
    "host", "hosts", "hypervisor",
    {
        Can.IDENTIFY: ("connect_get_type", "connect_get_version", "connect_get_hostname"),
        Can.DESCRIBE: ("connect_get_capabilities",),
        Can.INFO: ("node_get_info",),
    },
)  # fmt: skip
DOMAIN = ObjectKind(
    "domain", "domains", "hypervisor",
    {
        Can.LIST: ("connect_list_all_domains", "domain_lookup_by_name", "domain_lookup_by_uuid", "domain_lookup_by_id"),
        Can.DESCRIBE: ("domain_get_xml_desc",),
        Can.INFO: ("domain_get_info", "domain_get_state"),
        Can.DEFINE: ("domain_define_xml_flags", "domain_undefine_flags"),
        Can.CREATE: ("domain_create_xml", "domain_destroy_flags"),
        Can.START: ("domain_create_with_flags", "domain_destroy_flags"),
        Can.AUTOSTART: ("domain_set_autostart",),
        Can.EVENTS: (),
        Can.PAUSE: ("domain_suspend", "domain_resume"),
        Can.SHUTDOWN: ("domain_shutdown_flags",),
        Can.REBOOT: ("domain_reboot",),
        Can.RESET: ("domain_reset",),
        Can.RENAME: ("domain_rename",),
        Can.METADATA: ("domain_get_metadata", "domain_set_metadata"),
    },
    missing=NoDomainError,
    document=("domain", "Domain"),
    filters="ConnectListAllDomainsFlags",
    event=DomainLifecycleEvent,
    event_types="DomainEventType",
    removal=("destroy", "undefine"),
)  # fmt: skip
NETWORK = ObjectKind(
    "network", "networks", "network",
    {
        Can.LIST: ("connect_list_all_networks", "network_lookup_by_name", "network_lookup_by_uuid"),
        Can.DESCRIBE: ("network_get_xml_desc",),
        Can.DEFINE: ("network_define_xml_flags", "network_undefine"),
        Can.CREATE: ("network_create_xml_flags", "network_destroy"),
        Can.START: ("network_create", "network_destroy"),
        Can.AUTOSTART: ("network_set_autostart",),
        Can.EVENTS: (),
        Can.UPDATE: ("network_update",),
        Can.LEASES: ("network_get_dhcp_leases",),
        Can.PORTS: (
            "network_list_all_ports", "network_port_create_xml", "network_port_delete", "network_port_get_xml_desc",
            "network_port_get_parameters", "network_port_set_parameters",
        ),
    },
    missing=NoNetworkError,
    document=("network", "Network"),
    filters="ConnectListAllNetworksFlags",
    event=NetworkLifecycleEvent,
    event_types="NetworkEventLifecycleType",
    removal=("destroy", "undefine"),
)  # fmt: skip
STORAGE_POOL = ObjectKind(
    "storage_pool", "storage_pools", "storage",
    {
        Can.LIST: (
            "connect_list_all_storage_pools", "storage_pool_lookup_by_name", "storage_pool_lookup_by_uuid",
        ),
        Can.DESCRIBE: ("storage_pool_get_xml_desc",),
        Can.INFO: ("storage_pool_get_info",),
        Can.DEFINE: ("storage_pool_define_xml", "storage_pool_undefine"),
        Can.CREATE: ("storage_pool_create_xml", "storage_pool_destroy"),
        Can.START: ("storage_pool_create", "storage_pool_destroy"),
        Can.AUTOSTART: ("storage_pool_set_autostart",),
        Can.EVENTS: (),
        Can.BUILD: ("storage_pool_build", "storage_pool_delete"),
        Can.REFRESH: ("storage_pool_refresh",),
    },
    missing=NoStoragePoolError,
    document=("pool", "StoragePool"),
    filters="ConnectListAllStoragePoolsFlags",
    event=StoragePoolLifecycleEvent,
    event_types="StoragePoolEventLifecycleType",
    removal=("destroy", "undefine"),
)  # fmt: skip
STORAGE_VOL = ObjectKind(
    "storage_vol", "volumes", "storage",
    {
        Can.LIST: (
            "storage_pool_list_all_volumes", "storage_vol_lookup_by_name", "storage_vol_lookup_by_key",
            "storage_vol_lookup_by_path", "storage_vol_get_path",
        ),
        Can.DESCRIBE: ("storage_vol_get_xml_desc",),
        Can.INFO: ("storage_vol_get_info_flags",),
        Can.CREATE: ("storage_vol_create_xml", "storage_vol_delete"),
        Can.CLONE: ("storage_vol_create_xml_from",),
        Can.RESIZE: ("storage_vol_resize",),
        Can.WIPE: ("storage_vol_wipe",),
        Can.CONTENTS: ("storage_vol_download", "storage_vol_upload"),
    },
    missing=NoStorageVolError,
    document=("volume", "StorageVolume"),
    removal=("delete",),
)  # fmt: skip
INTERFACE = ObjectKind(
    "interface", "interfaces", "interface",
    {
        Can.LIST: ("connect_list_all_interfaces", "interface_lookup_by_name", "interface_lookup_by_mac_string"),
        Can.DESCRIBE: ("interface_get_xml_desc",),
        Can.DEFINE: ("interface_define_xml", "interface_undefine"),
        Can.START: ("interface_create", "interface_destroy"),
        Can.CHANGES: ("interface_change_begin", "interface_change_commit", "interface_change_rollback"),
    },
    missing=NoInterfaceError,
    document=("interface", "Interface"),
    filters="ConnectListAllInterfacesFlags",
    removal=("destroy", "undefine"),
)  # fmt: skip
NODE_DEVICE = ObjectKind(
    "node_device", "node_devices", "nodedev",
    {
        Can.LIST: (
            "connect_list_all_node_devices", "node_device_lookup_by_name", "node_device_get_parent",
            "node_device_list_caps",
        ),
        Can.DESCRIBE: ("node_device_get_xml_desc",),
        Can.CREATE: ("node_device_create_xml", "node_device_destroy"),
        Can.EVENTS: (),
    },
    missing=NoNodeDeviceError,
    document=("nodedev", "NodeDevice"),
    filters="ConnectListAllNodeDeviceFlags",
    event=NodeDeviceLifecycleEvent,
    event_types="NodeDeviceEventLifecycleType",
    removal=("destroy",),
)  # fmt: skip
SECRET = ObjectKind(
    "secret", "secrets", "secret",
    {
        Can.LIST: ("connect_list_all_secrets", "secret_lookup_by_uuid", "secret_lookup_by_usage"),
        Can.DESCRIBE: ("secret_get_xml_desc",),
        Can.DEFINE: ("secret_define_xml", "secret_undefine"),
        Can.VALUE: ("secret_get_value", "secret_set_value"),
        Can.EVENTS: (),
    },
    missing=NoSecretError,
    document=("secret", "Secret"),
    filters="ConnectListAllSecretsFlags",
    event=SecretLifecycleEvent,
    event_types="SecretEventLifecycleType",
    removal=("undefine",),
    key="uuid_string",
)  # fmt: skip
NWFILTER = ObjectKind(
    "nwfilter", "nwfilters", "nwfilter",
    {
        Can.LIST: ("connect_list_all_nwfilters", "nwfilter_lookup_by_name", "nwfilter_lookup_by_uuid"),
        Can.DESCRIBE: ("nwfilter_get_xml_desc",),
        Can.DEFINE: ("nwfilter_define_xml_flags", "nwfilter_undefine"),
    },
    missing=NoNWFilterError,
    document=("nwfilter", "NWFilter"),
    removal=("undefine",),
)  # fmt: skip
NWFILTER_BINDING = ObjectKind(
    "nwfilter_binding", "nwfilter_bindings", "nwfilter",
    {
        Can.LIST: ("connect_list_all_nwfilter_bindings", "nwfilter_binding_lookup_by_port_dev"),
        Can.DESCRIBE: ("nwfilter_binding_get_xml_desc",),
        Can.CREATE: ("nwfilter_binding_create_xml", "nwfilter_binding_delete"),
    },
    missing=NoNWFilterBindingError,
    document=("nwfilterbinding", "NWFilterBinding"),
    removal=("delete",),
    key="port_dev",
)  # fmt: skip

OBJECT_KINDS = (
    HOST, DOMAIN, NETWORK, STORAGE_POOL, STORAGE_VOL, INTERFACE, NODE_DEVICE, SECRET, NWFILTER, NWFILTER_BINDING,
)  # fmt: skip
