"""TODO-DOC module node_device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    definition,
    description,
    enumeration,
    lifecycle,
    lookup,
    not_supported,
)

if TYPE_CHECKING:
    from virtkit.refs import NodeDeviceRef


class NodeDeviceSpec(Spec[S]):
    """TODO-DOC class node_device."""

    error_domain = 22  # VIR_FROM_NODEDEV

    @lookup(acl="node_device:getattr", readonly=True, since="0.5.0", may_block=False)
    def node_device_lookup_by_name(self, conn: S, name: str) -> NodeDeviceRef:
        """TODO-DOC virNodeDeviceLookupByName."""
        raise not_supported("node_device_lookup_by_name")

    @lookup(acl="node_device:getattr", readonly=True, since="1.0.3", may_block=False)
    def node_device_lookup_scsi_host_by_wwn(self, conn: S, wwnn: str, wwpn: str, flags: int) -> NodeDeviceRef:
        """TODO-DOC virNodeDeviceLookupSCSIHostByWWN."""
        raise not_supported("node_device_lookup_scsi_host_by_wwn")

    @enumeration(
        acl="connect:search_node_devices", readonly=True, filters="node_device:getattr", since="0.5.0", may_block=False
    )
    def node_num_of_devices(self, conn: S, cap: str | None, flags: int) -> int:
        """TODO-DOC virNodeNumOfDevices."""
        raise not_supported("node_num_of_devices")

    @enumeration(
        acl="connect:search_node_devices", readonly=True, filters="node_device:getattr", since="0.5.0", may_block=False
    )
    def node_list_devices(self, conn: S, cap: str | None, flags: int) -> list[str]:
        """TODO-DOC virNodeListDevices."""
        raise not_supported("node_list_devices")

    @enumeration(acl="node_device:read", readonly=True, since="0.5.0", may_block=False)
    def node_device_num_of_caps(self, conn: S, dev: NodeDeviceRef) -> int:
        """TODO-DOC virNodeDeviceNumOfCaps."""
        raise not_supported("node_device_num_of_caps")

    @enumeration(acl="node_device:read", readonly=True, since="0.5.0", may_block=False)
    def node_device_list_caps(self, conn: S, dev: NodeDeviceRef) -> list[str]:
        """TODO-DOC virNodeDeviceListCaps."""
        raise not_supported("node_device_list_caps")

    @enumeration(
        acl="connect:search_node_devices", readonly=True, filters="node_device:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_node_devices(self, conn: S, flags: int) -> list[NodeDeviceRef]:
        """TODO-DOC virConnectListAllNodeDevices."""
        raise not_supported("connect_list_all_node_devices")

    @description(acl="node_device:read", readonly=True, since="0.5.0")
    def node_device_get_xml_desc(self, conn: S, dev: NodeDeviceRef, flags: int) -> str:
        """TODO-DOC virNodeDeviceGetXMLDesc."""
        raise not_supported("node_device_get_xml_desc")

    @accessor(acl="node_device:read", readonly=True, since="0.5.0", may_block=False)
    def node_device_get_parent(self, conn: S, dev: NodeDeviceRef) -> str | None:
        """TODO-DOC virNodeDeviceGetParent."""
        raise not_supported("node_device_get_parent")

    @accessor(acl="node_device:read", since="7.8.0", may_block=False)
    def node_device_get_autostart(self, conn: S, dev: NodeDeviceRef) -> bool:
        """TODO-DOC virNodeDeviceGetAutostart."""
        raise not_supported("node_device_get_autostart")

    @accessor(acl="node_device:write", since="7.8.0", may_block=False)
    def node_device_set_autostart(self, conn: S, dev: NodeDeviceRef, autostart: bool) -> None:
        """TODO-DOC virNodeDeviceSetAutostart."""
        raise not_supported("node_device_set_autostart")

    @accessor(acl="node_device:read", readonly=True, since="7.8.0", may_block=False)
    def node_device_is_persistent(self, conn: S, dev: NodeDeviceRef) -> bool:
        """TODO-DOC virNodeDeviceIsPersistent."""
        raise not_supported("node_device_is_persistent")

    @accessor(acl="node_device:read", readonly=True, since="7.8.0", may_block=False)
    def node_device_is_active(self, conn: S, dev: NodeDeviceRef) -> bool:
        """TODO-DOC virNodeDeviceIsActive."""
        raise not_supported("node_device_is_active")

    @definition(acl="node_device:write", since="7.3.0")
    def node_device_define_xml(self, conn: S, xml_desc: str, flags: int) -> NodeDeviceRef:
        """TODO-DOC virNodeDeviceDefineXML."""
        raise not_supported("node_device_define_xml")

    @definition(acl="node_device:delete", since="7.3.0", may_block=False)
    def node_device_undefine(self, conn: S, dev: NodeDeviceRef, flags: int) -> None:
        """TODO-DOC virNodeDeviceUndefine."""
        raise not_supported("node_device_undefine")

    @creation(acl="node_device:write node_device:start", since="0.6.3")
    def node_device_create_xml(self, conn: S, xml_desc: str, flags: int) -> NodeDeviceRef:
        """TODO-DOC virNodeDeviceCreateXML."""
        raise not_supported("node_device_create_xml")

    @lifecycle(acl="node_device:detach", since="0.6.1")
    def node_device_dettach(self, conn: S, dev: NodeDeviceRef) -> None:
        """TODO-DOC virNodeDeviceDettach."""
        raise not_supported("node_device_dettach")

    @lifecycle(acl="node_device:detach", since="0.6.1")
    def node_device_re_attach(self, conn: S, dev: NodeDeviceRef) -> None:
        """TODO-DOC virNodeDeviceReAttach."""
        raise not_supported("node_device_re_attach")

    @lifecycle(acl="node_device:detach", since="0.6.1")
    def node_device_reset(self, conn: S, dev: NodeDeviceRef) -> None:
        """TODO-DOC virNodeDeviceReset."""
        raise not_supported("node_device_reset")

    @lifecycle(acl="node_device:stop", since="0.6.3", may_block=False)
    def node_device_destroy(self, conn: S, dev: NodeDeviceRef) -> None:
        """TODO-DOC virNodeDeviceDestroy."""
        raise not_supported("node_device_destroy")

    @lifecycle(acl="node_device:detach", since="1.0.5")
    def node_device_detach_flags(self, conn: S, dev: NodeDeviceRef, driver_name: str | None, flags: int) -> None:
        """TODO-DOC virNodeDeviceDetachFlags."""
        raise not_supported("node_device_detach_flags")

    @lifecycle(acl="node_device:start", since="7.3.0", may_block=False)
    def node_device_create(self, conn: S, dev: NodeDeviceRef, flags: int) -> None:
        """TODO-DOC virNodeDeviceCreate."""
        raise not_supported("node_device_create")
