"""TODO-DOC module domain_device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import TypedParams, Value
    from virtkit.records import SecurityLabel
    from virtkit.refs import DomainRef
    from virtkit.streams import Duplex, Screenshot


class DomainDeviceSpec(Spec[S]):
    """TODO-DOC class domain_device."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @accessor(acl="domain:read", readonly=True, since="0.6.1", may_block=False)
    def domain_get_security_label(self, conn: S, dom: DomainRef) -> SecurityLabel:
        """TODO-DOC virDomainGetSecurityLabel."""
        raise not_supported("domain_get_security_label")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.9",
    )
    def domain_set_interface_parameters(
        self, conn: S, dom: DomainRef, device: str, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virDomainSetInterfaceParameters."""
        raise not_supported("domain_set_interface_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.9")
    def domain_get_interface_parameters(self, conn: S, dom: DomainRef, device: str, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetInterfaceParameters."""
        raise not_supported("domain_get_interface_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.10.0", may_block=False)
    def domain_get_security_label_list(self, conn: S, dom: DomainRef) -> list[SecurityLabel]:
        """TODO-DOC virDomainGetSecurityLabelList."""
        raise not_supported("domain_get_security_label_list")

    @accessor(acl="domain:read", since="4.5.0")
    def domain_get_launch_security_info(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetLaunchSecurityInfo."""
        raise not_supported("domain_get_launch_security_info")

    @accessor(acl="domain:write", since="8.0.0")
    def domain_set_launch_security_state(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virDomainSetLaunchSecurityState."""
        raise not_supported("domain_set_launch_security_state")

    @operation(acl="domain:write", since="0.1.9")
    def domain_attach_device(self, conn: S, dom: DomainRef, xml: str) -> None:
        """TODO-DOC virDomainAttachDevice."""
        raise not_supported("domain_attach_device")

    @operation(acl="domain:write", since="0.1.9")
    def domain_detach_device(self, conn: S, dom: DomainRef, xml: str) -> None:
        """TODO-DOC virDomainDetachDevice."""
        raise not_supported("domain_detach_device")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.7.7",
    )
    def domain_attach_device_flags(self, conn: S, dom: DomainRef, xml: str, flags: int) -> None:
        """TODO-DOC virDomainAttachDeviceFlags."""
        raise not_supported("domain_attach_device_flags")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.7.7",
    )
    def domain_detach_device_flags(self, conn: S, dom: DomainRef, xml: str, flags: int) -> None:
        """TODO-DOC virDomainDetachDeviceFlags."""
        raise not_supported("domain_detach_device_flags")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.8.0",
    )
    def domain_update_device_flags(self, conn: S, dom: DomainRef, xml: str, flags: int) -> None:
        """TODO-DOC virDomainUpdateDeviceFlags."""
        raise not_supported("domain_update_device_flags")

    @operation(acl="domain:open_device", since="0.8.6")
    def domain_open_console(self, conn: S, dom: DomainRef, dev_name: str | None, flags: int) -> Duplex:
        """TODO-DOC virDomainOpenConsole."""
        raise not_supported("domain_open_console")

    @operation(acl="domain:screenshot", since="0.9.2")
    def domain_screenshot(self, conn: S, dom: DomainRef, screen: int, flags: int) -> Screenshot:
        """TODO-DOC virDomainScreenshot."""
        raise not_supported("domain_screenshot")

    @operation(acl="domain:send_input", since="0.9.3")
    def domain_send_key(
        self, conn: S, dom: DomainRef, codeset: int, holdtime: int, keycodes: Sequence[int], flags: int
    ) -> None:
        """TODO-DOC virDomainSendKey."""
        raise not_supported("domain_send_key")

    @operation(acl="domain:open_graphics", since="0.9.7")
    def domain_open_graphics(self, conn: S, dom: DomainRef, idx: int, flags: int, file: int) -> None:
        """TODO-DOC virDomainOpenGraphics."""
        raise not_supported("domain_open_graphics")

    @operation(acl="domain:open_device", since="1.0.2")
    def domain_open_channel(self, conn: S, dom: DomainRef, name: str | None, flags: int) -> Duplex:
        """TODO-DOC virDomainOpenChannel."""
        raise not_supported("domain_open_channel")

    @operation(acl="domain:open_graphics", since="1.2.8")
    def domain_open_graphics_fd(self, conn: S, dom: DomainRef, idx: int, flags: int) -> int:
        """TODO-DOC virDomainOpenGraphicsFD."""
        raise not_supported("domain_open_graphics_fd")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="4.4.0",
    )
    def domain_detach_device_alias(self, conn: S, dom: DomainRef, alias: str, flags: int) -> None:
        """TODO-DOC virDomainDetachDeviceAlias."""
        raise not_supported("domain_detach_device_alias")
