"""TODO-DOC module domain_lifecycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, definition, description, lifecycle, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import Value
    from virtkit.refs import DomainRef


class DomainLifecycleSpec(Spec[S]):
    """TODO-DOC class domain_lifecycle."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @description(acl="domain:write", since="0.9.4", may_block=False)
    def domain_save_image_get_xml_desc(self, conn: S, file: str, flags: int) -> str:
        """TODO-DOC virDomainSaveImageGetXMLDesc."""
        raise not_supported("domain_save_image_get_xml_desc")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_SAVE_IMAGE_XML_SECURE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_SAVE_IMAGE_XML_SECURE",
        since="3.7.0",
    )
    def domain_managed_save_get_xml_desc(self, conn: S, dom: DomainRef, flags: int) -> str:
        """TODO-DOC virDomainManagedSaveGetXMLDesc."""
        raise not_supported("domain_managed_save_get_xml_desc")

    @accessor(acl="domain:read", readonly=True, since="0.8.0")
    def domain_has_managed_save_image(self, conn: S, dom: DomainRef, flags: int) -> bool:
        """TODO-DOC virDomainHasManagedSaveImage."""
        raise not_supported("domain_has_managed_save_image")

    @accessor(acl="domain:write", since="3.9.0")
    def domain_set_lifecycle_action(self, conn: S, dom: DomainRef, type: int, action: int, flags: int) -> None:
        """TODO-DOC virDomainSetLifecycleAction."""
        raise not_supported("domain_set_lifecycle_action")

    @definition(acl="domain:write domain:hibernate", since="0.9.4", may_block=False)
    def domain_save_image_define_xml(self, conn: S, file: str, dxml: str, flags: int) -> None:
        """TODO-DOC virDomainSaveImageDefineXML."""
        raise not_supported("domain_save_image_define_xml")

    @definition(acl="domain:write domain:hibernate", since="3.7.0")
    def domain_managed_save_define_xml(self, conn: S, dom: DomainRef, dxml: str | None, flags: int) -> None:
        """TODO-DOC virDomainManagedSaveDefineXML."""
        raise not_supported("domain_managed_save_define_xml")

    @lifecycle(acl="domain:start", since="0.1.1")
    def domain_create(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainCreate."""
        raise not_supported("domain_create")

    @lifecycle(acl="domain:stop", since="0.0.3", may_block=False)
    def domain_destroy(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainDestroy."""
        raise not_supported("domain_destroy")

    @lifecycle(acl=("domain:init_control", "domain:write:VIR_DOMAIN_REBOOT_GUEST_AGENT"), since="0.1.0")
    def domain_reboot(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainReboot."""
        raise not_supported("domain_reboot")

    @lifecycle(acl="domain:suspend", since="0.0.3")
    def domain_resume(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainResume."""
        raise not_supported("domain_resume")

    @lifecycle(acl="domain:init_control", since="0.0.3")
    def domain_shutdown(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainShutdown."""
        raise not_supported("domain_shutdown")

    @lifecycle(acl="domain:suspend", since="0.0.3")
    def domain_suspend(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainSuspend."""
        raise not_supported("domain_suspend")

    @lifecycle(acl="domain:core_dump", since="0.1.9")
    def domain_core_dump(self, conn: S, dom: DomainRef, to: str, flags: int) -> None:
        """TODO-DOC virDomainCoreDump."""
        raise not_supported("domain_core_dump")

    @lifecycle(acl="domain:start domain:write", since="0.0.3")
    def domain_restore(self, conn: S, from_: str) -> None:
        """TODO-DOC virDomainRestore."""
        raise not_supported("domain_restore")

    @lifecycle(acl="domain:hibernate", since="0.0.3")
    def domain_save(self, conn: S, dom: DomainRef, to: str) -> None:
        """TODO-DOC virDomainSave."""
        raise not_supported("domain_save")

    @lifecycle(acl="domain:hibernate", since="0.8.0")
    def domain_managed_save(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainManagedSave."""
        raise not_supported("domain_managed_save")

    @lifecycle(acl="domain:hibernate", since="0.8.0")
    def domain_managed_save_remove(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainManagedSaveRemove."""
        raise not_supported("domain_managed_save_remove")

    @lifecycle(acl="domain:start", since="0.8.2")
    def domain_create_with_flags(self, conn: S, dom: DomainRef, flags: int) -> DomainRef:
        """TODO-DOC virDomainCreateWithFlags."""
        raise not_supported("domain_create_with_flags")

    @lifecycle(acl="domain:hibernate", since="0.9.4")
    def domain_save_flags(self, conn: S, dom: DomainRef, to: str, dxml: str | None, flags: int) -> None:
        """TODO-DOC virDomainSaveFlags."""
        raise not_supported("domain_save_flags")

    @lifecycle(acl="domain:start domain:write", since="0.9.4")
    def domain_restore_flags(self, conn: S, from_: str, dxml: str | None, flags: int) -> None:
        """TODO-DOC virDomainRestoreFlags."""
        raise not_supported("domain_restore_flags")

    @lifecycle(acl="domain:stop", since="0.9.4", may_block=False)
    def domain_destroy_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainDestroyFlags."""
        raise not_supported("domain_destroy_flags")

    @lifecycle(acl="domain:reset", since="0.9.7")
    def domain_reset(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainReset."""
        raise not_supported("domain_reset")

    @lifecycle(acl=("domain:init_control", "domain:write:VIR_DOMAIN_SHUTDOWN_GUEST_AGENT"), since="0.9.10")
    def domain_shutdown_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainShutdownFlags."""
        raise not_supported("domain_shutdown_flags")

    @lifecycle(acl="domain:pm_control", since="0.9.10")
    def domain_pm_suspend_for_duration(self, conn: S, dom: DomainRef, target: int, duration: int, flags: int) -> None:
        """TODO-DOC virDomainPMSuspendForDuration."""
        raise not_supported("domain_pm_suspend_for_duration")

    @lifecycle(acl="domain:pm_control", since="0.9.11")
    def domain_pm_wakeup(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainPMWakeup."""
        raise not_supported("domain_pm_wakeup")

    @lifecycle(acl="domain:start", since="1.1.1")
    def domain_create_with_files(self, conn: S, dom: DomainRef, flags: int, files: Sequence[int]) -> DomainRef:
        """TODO-DOC virDomainCreateWithFiles."""
        raise not_supported("domain_create_with_files")

    @lifecycle(acl="domain:core_dump", since="1.2.3")
    def domain_core_dump_with_format(self, conn: S, dom: DomainRef, to: str, dumpformat: int, flags: int) -> None:
        """TODO-DOC virDomainCoreDumpWithFormat."""
        raise not_supported("domain_core_dump_with_format")

    @lifecycle(acl="domain:hibernate", since="8.4.0")
    def domain_save_params(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virDomainSaveParams."""
        raise not_supported("domain_save_params")

    @lifecycle(acl="domain:start domain:write", since="8.4.0")
    def domain_restore_params(self, conn: S, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virDomainRestoreParams."""
        raise not_supported("domain_restore_params")

    @operation(acl="domain:inject_nmi", since="0.9.2")
    def domain_inject_nmi(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainInjectNMI."""
        raise not_supported("domain_inject_nmi")

    @operation(acl="domain:write", since="9.0.0")
    def domain_fd_associate(self, conn: S, dom: DomainRef, name: str, flags: int, files: Sequence[int]) -> None:
        """TODO-DOC virDomainFDAssociate."""
        raise not_supported("domain_fd_associate")
