"""Starting, stopping, saving and dumping a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import NO_ID, DomainRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import Value


class DomainLifecycle(NamedUUIDHandle[DomainRef]):
    """From start to stop."""

    __slots__ = ()

    def create(self, flags: int = 0) -> None:
        """Start it; from its saved state if it has one. `virtkit.enums.DomainCreateFlags`.

        Raises:
            OperationInvalidError: It runs already.
        """
        self.ref = self.connection.ops["domain_create_with_flags"](self.ref, flags)

    def create_with_files(self, files: Sequence[int], flags: int = 0) -> None:
        """Start a container and hand it open descriptors, numbered from 3 on inside; flags as in `create`."""
        self.ref = self.connection.ops["domain_create_with_files"](self.ref, flags, files)

    def destroy(self, flags: int = 0) -> None:
        """Stop it at once; one without a definition is gone. `virtkit.enums.DomainDestroyFlags`.

        Raises:
            OperationInvalidError: It does not run.
        """
        self.connection.ops["domain_destroy_flags"](self.ref, flags)
        self.ref = self.ref._replace(id=NO_ID)

    def shutdown(self, flags: int = 0) -> None:
        """Ask the guest to shut down, and do not wait for it; `virtkit.enums.DomainShutdownFlags` says how to ask."""
        self.connection.ops["domain_shutdown_flags"](self.ref, flags)

    def reboot(self, flags: int = 0) -> None:
        """Ask the guest to reboot, and do not wait for it; `virtkit.enums.DomainRebootFlags` says how to ask."""
        self.connection.ops["domain_reboot"](self.ref, flags)

    def reset(self, flags: int = 0) -> None:
        """Push the reset button: the guest loses what it has not written."""
        self.connection.ops["domain_reset"](self.ref, flags)

    def suspend(self) -> None:
        """Stop its CPUs; its memory stays where it is."""
        self.connection.ops["domain_suspend"](self.ref)

    def resume(self) -> None:
        """Let its CPUs go on after `suspend`."""
        self.connection.ops["domain_resume"](self.ref)

    def pm_suspend_for_duration(self, target: int, duration: int = 0, flags: int = 0) -> None:
        """Ask the guest to suspend itself; `target` is a `virtkit.enums.NodeSuspendTarget`.

        `duration` in seconds until it wakes up, 0 for as long as nobody calls `pm_wakeup`. Needs the guest agent.
        """
        self.connection.ops["domain_pm_suspend_for_duration"](self.ref, target, duration, flags)

    def pm_wakeup(self, flags: int = 0) -> None:
        """Wake a guest that suspended itself."""
        self.connection.ops["domain_pm_wakeup"](self.ref, flags)

    def set_lifecycle_action(self, type: int, action: int, flags: int = 0) -> None:
        """Choose what happens when the guest powers off, reboots or crashes.

        `virtkit.enums.DomainLifecycle`, `DomainLifecycleAction`, and `DomainModificationImpact` for the flags.
        """
        self.connection.ops["domain_set_lifecycle_action"](self.ref, type, action, flags)

    def inject_nmi(self, flags: int = 0) -> None:
        """Send the guest a non-maskable interrupt."""
        self.connection.ops["domain_inject_nmi"](self.ref, flags)

    def fd_associate(self, name: str, files: Sequence[int], flags: int = 0) -> None:
        """Give descriptors the name by which the domain's XML refers to them; `virtkit.enums.DomainFDAssociateFlags`.

        They are kept until the connection closes or the domain is gone.
        """
        self.connection.ops["domain_fd_associate"](self.ref, name, flags, files)

    # Saved states

    def save(self, to: str, dxml: str | None = None, flags: int = 0) -> None:
        """Stop it and write its state to a file of the host; `virtkit.enums.DomainSaveRestoreFlags`.

        `dxml` replaces the description to restore it with; None keeps it.
        """
        self.connection.ops["domain_save_flags"](self.ref, to, dxml, flags)

    def save_params(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """As `save`, with `virtkit.constants.DOMAIN_SAVE_PARAM_*`."""
        self.connection.ops["domain_save_params"](self.ref, params, flags)

    def managed_save(self, flags: int = 0) -> None:
        """Stop it and keep its state where the next `create` finds it; `virtkit.enums.DomainSaveRestoreFlags`."""
        self.connection.ops["domain_managed_save"](self.ref, flags)

    def has_managed_save_image(self, flags: int = 0) -> bool:
        """Whether `create` would continue from a saved state."""
        return self.connection.ops["domain_has_managed_save_image"](self.ref, flags)

    def managed_save_remove(self, flags: int = 0) -> None:
        """Drop the state that `managed_save` kept."""
        self.connection.ops["domain_managed_save_remove"](self.ref, flags)

    def managed_save_xml_desc(self, flags: int = 0) -> str:
        """The description kept with the saved state; `virtkit.enums.DomainSaveImageXMLFlags`."""
        return self.connection.ops["domain_managed_save_get_xml_desc"](self.ref, flags)

    def managed_save_define_xml(self, dxml: str | None, flags: int = 0) -> None:
        """Change the description kept with the saved state; `virtkit.enums.DomainSaveRestoreFlags`."""
        self.connection.ops["domain_managed_save_define_xml"](self.ref, dxml, flags)

    def core_dump(self, to: str, flags: int = 0) -> None:
        """Write its memory to a file of the host; `virtkit.enums.DomainCoreDumpFlags`."""
        self.connection.ops["domain_core_dump"](self.ref, to, flags)

    def core_dump_with_format(self, to: str, dump_format: int, flags: int = 0) -> None:
        """As `core_dump`, in a `virtkit.enums.DomainCoreDumpFormat`."""
        self.connection.ops["domain_core_dump_with_format"](self.ref, to, dump_format, flags)
