"""Start, stop, pause, save and restore domains.

The states of a domain are `virtkit.enums.DomainState`, each with an enumeration of reasons. Hooks and the guest itself
move a domain between them; whatever is not in the table is `OperationInvalidError` (libvirt's test driver answers
`InternalError` to a start, shutdown, suspend or resume in the wrong state):

| from            | by                                          | to: reason                                      |
|-----------------|---------------------------------------------|-------------------------------------------------|
| SHUTOFF         | `domain_create_with_flags`                  | RUNNING: BOOTED, or RESTORED from a saved state |
| SHUTOFF         | the same with START_PAUSED                  | PAUSED: USER                                    |
| (a file)        | `domain_restore_params`                     | RUNNING: RESTORED, or PAUSED                    |
| RUNNING         | `domain_suspend`                            | PAUSED: USER                                    |
| PAUSED          | `domain_suspend`                            | PAUSED, nothing happens                         |
| PAUSED          | `domain_resume`                             | RUNNING: UNPAUSED                               |
| RUNNING         | `domain_reboot`                             | RUNNING, when the guest complies                |
| RUNNING, PAUSED | `domain_reset`                              | the same                                        |
| RUNNING, PAUSED | `domain_shutdown_flags`                     | SHUTDOWN, SHUTOFF: SHUTDOWN, when it complies   |
| any active      | `domain_destroy_flags`                      | SHUTOFF: DESTROYED                              |
| RUNNING, PAUSED | `domain_save_params`, `domain_managed_save` | SHUTOFF: SAVED                                  |
| RUNNING, PAUSED | `domain_core_dump_with_format`              | the same, or SHUTOFF: CRASHED with CRASH        |
| RUNNING         | `domain_pm_suspend_for_duration`            | PMSUSPENDED, or SHUTOFF: SHUTDOWN for DISK      |
| PMSUSPENDED     | `domain_pm_wakeup`, the guest's timer       | RUNNING: WAKEUP                                 |
| RUNNING         | a disk error or a watchdog that pauses      | PAUSED: IOERROR, WATCHDOG                       |
| RUNNING         | a panic                                     | what `domain_set_lifecycle_action` says         |
| any active      | the hypervisor's process dies               | SHUTOFF: CRASHED                                |

Every move publishes a lifecycle event: STARTED, SUSPENDED, RESUMED, SHUTDOWN, STOPPED, PMSUSPENDED or CRASHED of
`virtkit.enums.DomainEventType`, with the detail that matches the reason. Instead of becoming SHUTOFF a transient domain
ceases to exist, after the STOPPED event. The id is new at each start and `virtkit.refs.NO_ID` from the end on.

At the least a driver implements `domain_create_with_flags`, `domain_destroy_flags` and, where its guests can be asked,
`domain_shutdown_flags`. The variants without flags are derived from those with flags; the `_params` variants of saving
and restoring and their `_flags` variants from each other.

A *saved state* is a file with the guest's memory and devices and the XML it ran with; its disks are not in it. A
*managed save image* is one that the driver keeps itself, at most one per domain, and that the next start uses up.
Saving, restoring and dumping are jobs: `domain_get_job_stats` shows their progress and `domain_abort_job_flags` ends
them (see `domain_statistics`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, definition, description, lifecycle, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import Value
    from virtkit.refs import DomainRef


class DomainLifecycleSpec(Spec[S]):
    """The life of a domain: from start to stop, with saved states between."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Start

    @lifecycle(acl="domain:start", since="0.8.2")
    def domain_create_with_flags(self, conn: S, dom: DomainRef, flags: int) -> DomainRef:
        """Start an inactive domain.

        A domain with a managed save image continues from it, and the image is removed once the guest runs; without one
        it boots. If the start fails the domain is inactive as before, what was claimed for it is let go, and the image
        stays.

        Events: STARTED with detail BOOTED or RESTORED; a domain left paused adds SUSPENDED with detail PAUSED.

        Args:
            flags: `virtkit.enums.DomainCreateFlags`. START_PAUSED leaves the vCPUs stopped until `domain_resume`.
                START_AUTODESTROY destroys the domain when the session that started it is closed, however that happens;
                it excludes a managed save image. START_BYPASS_CACHE reads the image without filling the host's file
                cache. START_FORCE_BOOT drops the image and boots. START_VALIDATE checks the definition against the
                schema. START_RESET_NVRAM starts with fresh firmware variables.

        Returns:
            The domain's reference with its new id.

        Raises:
            OperationInvalidError: It runs already; START_AUTODESTROY while it has a managed save image.
            ConfigUnsupportedError: Its definition asks for what this host cannot give (no such emulator, machine,
                accelerator).
            InternalError: The guest did not start; the message ends with what the hypervisor said.
            OperationFailedError: The managed save image is damaged; START_FORCE_BOOT gets past it.
        """
        raise not_supported("domain_create_with_flags")

    @lifecycle(acl="domain:start", since="0.1.1")
    def domain_create(self, conn: S, dom: DomainRef) -> None:
        """Start an inactive domain. Derived from `domain_create_with_flags`, with no flags."""
        raise not_supported("domain_create")

    @lifecycle(acl="domain:start", since="1.1.1")
    def domain_create_with_files(self, conn: S, dom: DomainRef, flags: int, files: Sequence[int]) -> DomainRef:
        """Start an inactive domain that inherits open descriptors, as `domain_create_with_flags` otherwise.

        Meant for containers: the first program of the guest finds them as descriptors 3, 4, ... in the order given.

        Args:
            flags: `virtkit.enums.DomainCreateFlags`.
            files: Open descriptors of this process. The caller closes them after the call; a driver that keeps one
                duplicates it.

        Raises:
            NotSupportedError: The driver cannot hand descriptors to a guest (the default).
            OperationInvalidError: The domain runs already.
        """
        raise not_supported("domain_create_with_files")

    @operation(acl="domain:write", since="9.0.0")
    def domain_fd_associate(self, conn: S, dom: DomainRef, name: str, flags: int, files: Sequence[int]) -> None:
        """Give a domain open descriptors under a name that its XML refers to, for disks opened by the caller.

        A disk source with that name (`fdgroup` in the XML) uses them at the next start or attachment. The association
        ends with the session that made it, or when the domain stops. A second call with the same name replaces the
        first.

        Args:
            name: The group's name.
            flags: `virtkit.enums.DomainFDAssociateFlags`. SECLABEL_RESTORE restores the security label of the files
                afterwards; SECLABEL_WRITABLE labels them writable though the disk is opened read-only.
            files: Descriptors. The caller closes them after the call, so that the driver duplicates them.

        Raises:
            InvalidArgError: No descriptor was given.
        """
        raise not_supported("domain_fd_associate")

    # Stop

    @lifecycle(acl=("domain:init_control", "domain:write:VIR_DOMAIN_SHUTDOWN_GUEST_AGENT"), since="0.9.10")
    def domain_shutdown_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Ask the guest to shut down, and return without waiting for it.

        The guest may take its time or ignore the request; the domain is off when the STOPPED event (detail SHUTDOWN)
        comes. What happens then is the domain's `on_poweroff` action.

        Args:
            flags: `virtkit.enums.DomainShutdownFlags`: which ways may be tried. DEFAULT (0) leaves it to the driver.
                ACPI_POWER_BTN presses the power button, GUEST_AGENT asks the agent in the guest, INITCTL and SIGNAL
                address the first program of a container, PARAVIRT a paravirtual control. Of several the driver tries
                its preferred one first and the next when one cannot be used.

        Raises:
            OperationInvalidError: The domain does not run.
            ArgumentUnsupportedError: GUEST_AGENT alone, and the domain has no agent channel.
            AgentUnresponsiveError: GUEST_AGENT alone, and the agent does not answer.
            OperationUnsupportedError: None of the ways asked for exists here.
        """
        raise not_supported("domain_shutdown_flags")

    @lifecycle(acl="domain:init_control", since="0.0.3")
    def domain_shutdown(self, conn: S, dom: DomainRef) -> None:
        """Ask the guest to shut down. Derived from `domain_shutdown_flags`, with no flags."""
        raise not_supported("domain_shutdown")

    @lifecycle(acl="domain:stop", since="0.9.4")
    def domain_destroy_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Stop a domain at once, as pulling the plug does.

        Works in every active state, also when the guest or the hypervisor no longer answers and while another job holds
        the domain: that job fails. When the hook returns the guest's process is gone and its devices are free. The
        definition, if there is one, stays; a transient domain ceases to exist.

        Event: STOPPED with detail DESTROYED.

        Args:
            flags: `virtkit.enums.DomainDestroyFlags`. GRACEFUL gives the hypervisor time to end by itself (write out
                its caches) and fails rather than kill it. REMOVE_LOGS deletes the guest's log.

        Raises:
            OperationInvalidError: The domain does not run.
            ResourceBusyError: GRACEFUL, and the process was still there at the end of that time.
        """
        raise not_supported("domain_destroy_flags")

    @lifecycle(acl="domain:stop", since="0.0.3")
    def domain_destroy(self, conn: S, dom: DomainRef) -> None:
        """Stop a domain at once. Derived from `domain_destroy_flags`, with no flags."""
        raise not_supported("domain_destroy")

    # Restart and pause

    @lifecycle(acl=("domain:init_control", "domain:write:VIR_DOMAIN_REBOOT_GUEST_AGENT"), since="0.1.0")
    def domain_reboot(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Ask the guest to restart, and return without waiting for it.

        The domain keeps its id. A REBOOT event (`virtkit.enums.DomainEventID`) tells that it happened. What happens is
        the domain's `on_reboot` action: with `destroy` it ends instead.

        Args:
            flags: `virtkit.enums.DomainRebootFlags`: which ways may be tried, as in `domain_shutdown_flags`.

        Raises:
            OperationInvalidError: The domain does not run.
            ArgumentUnsupportedError: GUEST_AGENT alone, and the domain has no agent channel.
            OperationUnsupportedError: None of the ways asked for exists here.
        """
        raise not_supported("domain_reboot")

    @lifecycle(acl="domain:reset", since="0.9.7")
    def domain_reset(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Restart a domain at once, as the reset button does.

        The guest is not asked, and what it had not written to its disks is lost. The domain keeps its id and stays
        paused if it was. A REBOOT event follows.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_reset")

    @lifecycle(acl="domain:suspend", since="0.0.3")
    def domain_suspend(self, conn: S, dom: DomainRef) -> None:
        """Stop a domain's vCPUs. Memory and devices are kept, and the host's resources stay in use.

        A domain that is paused already stays so, without error and without event. Otherwise the event is SUSPENDED with
        detail PAUSED.

        Raises:
            OperationInvalidError: The domain does not run, or the guest put itself to sleep (PMSUSPENDED).
        """
        raise not_supported("domain_suspend")

    @lifecycle(acl="domain:suspend", since="0.0.3")
    def domain_resume(self, conn: S, dom: DomainRef) -> None:
        """Let a paused domain go on.

        Event: RESUMED with detail UNPAUSED. A domain paused by a disk error is resumed like any other; it pauses again
        if the cause remains.

        Raises:
            OperationInvalidError: The domain does not run, is not paused, or sleeps (`domain_pm_wakeup` is for that).
            ResourceBusyError: It is paused by a job, such as an incoming migration, that has not ended.
        """
        raise not_supported("domain_resume")

    @accessor(acl="domain:write", since="3.9.0")
    def domain_set_lifecycle_action(self, conn: S, dom: DomainRef, type: int, action: int, flags: int) -> None:
        """Choose what becomes of a domain when its guest powers off, reboots or crashes.

        Args:
            type: `virtkit.enums.DomainLifecycle`: POWEROFF, REBOOT or CRASH.
            action: `virtkit.enums.DomainLifecycleAction`. DESTROY ends the domain, RESTART starts it afresh,
                RESTART_RENAME starts it under another name, PRESERVE leaves its remains to look at; for CRASH also
                COREDUMP_DESTROY and COREDUMP_RESTART, which write a core dump first.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Unknown type or action; an action that writes a core dump for another type than CRASH.
            OperationUnsupportedError: The driver does not have that action.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_lifecycle_action")

    @lifecycle(acl="domain:pm_control", since="0.9.10")
    def domain_pm_suspend_for_duration(self, conn: S, dom: DomainRef, target: int, duration: int, flags: int) -> None:
        """Have the guest put itself to sleep, through its agent.

        Args:
            target: `virtkit.enums.NodeSuspendTarget`: MEM sleeps with the memory powered (the domain becomes
                PMSUSPENDED), DISK writes the memory to the guest's disk and switches off, HYBRID does the first and
                keeps the second in reserve.
            duration: Seconds after which it is to wake; 0: not by itself. Drivers that cannot wake it refuse anything
                else.

        Raises:
            OperationInvalidError: The domain does not run.
            ArgumentUnsupportedError: It has no agent channel, or a duration that the driver cannot keep.
            AgentUnresponsiveError: The agent does not answer.
            InvalidArgError: Unknown target.
        """
        raise not_supported("domain_pm_suspend_for_duration")

    @lifecycle(acl="domain:pm_control", since="0.9.11")
    def domain_pm_wakeup(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Wake a guest that put itself to sleep. Does nothing to one that is awake.

        Events: STARTED with detail WAKEUP, and PMWAKEUP (`virtkit.enums.DomainEventID`).

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_pm_wakeup")

    # Saved states

    @lifecycle(acl="domain:hibernate", since="0.9.4")
    def domain_save_flags(self, conn: S, dom: DomainRef, to: str, dxml: str | None, flags: int) -> None:
        """Save a running domain to a file and stop it.

        The guest is paused, its memory and devices are written, and the domain stops. If writing fails or is aborted no
        file remains and the guest goes on as it was. The disks must not change until the state is restored, or what is
        restored does not fit them.

        Event: STOPPED with detail SAVED.

        Args:
            to: Absolute path on the driver's host; an existing file is overwritten.
            dxml: A domain document to store in place of the current one, with other host-side details (paths of disks,
                for instance) and nothing else changed; None: the current one.
            flags: `virtkit.enums.DomainSaveRestoreFlags`. BYPASS_CACHE keeps the file out of the host's cache. RUNNING
                and PAUSED say in which of the two states restoring leaves the domain; neither: the state it is in now.

        Raises:
            OperationInvalidError: The domain does not run, or something it uses cannot be saved (a passed-through
                device).
            InvalidArgError: RUNNING with PAUSED.
            XMLError: `dxml` is no valid domain.
            ConfigUnsupportedError: `dxml` changes what the guest sees.
            OperationFailedError: The file cannot be written.
            OperationAbortedError: `domain_abort_job_flags` ended it.
        """
        raise not_supported("domain_save_flags")

    @lifecycle(acl="domain:hibernate", since="0.0.3")
    def domain_save(self, conn: S, dom: DomainRef, to: str) -> None:
        """Save a running domain to a file and stop it. Derived from `domain_save_flags`, with None and no flags."""
        raise not_supported("domain_save")

    @lifecycle(acl="domain:hibernate", since="8.4.0")
    def domain_save_params(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """Save a running domain to a file and stop it. Derived from `domain_save_flags`.

        The same with what it takes named; a driver that knows more than path and document implements this one, and the
        other is derived.

        Args:
            params: `file` (string) is the path, `dxml` (string) the document to store. Without `file` the driver makes
                the image its managed save image, if it can.
            flags: `virtkit.enums.DomainSaveRestoreFlags`.

        Raises:
            InvalidArgError: A parameter nobody knows; `file` is missing and the driver cannot do without.
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_save_params")

    @lifecycle(acl="domain:start domain:write", since="0.9.4")
    def domain_restore_flags(self, conn: S, from_: str, dxml: str | None, flags: int) -> None:
        """Start a domain from a saved state.

        The domain in the file is started: the persistent one of that UUID if it exists and is inactive, else a
        transient one. The file stays.

        Event: STARTED with detail RESTORED, followed by RESUMED with detail UNPAUSED if it runs or SUSPENDED with
        detail RESTORED if it is left paused.

        Args:
            from_: Absolute path on the driver's host.
            dxml: A domain document to use in place of the stored one, with other host-side details only; None: the
                stored one.
            flags: `virtkit.enums.DomainSaveRestoreFlags`. BYPASS_CACHE keeps the file out of the host's cache. RUNNING
                and PAUSED overrule the state stored in the file. RESET_NVRAM starts with fresh firmware variables.

        Raises:
            SystemCallError: The file cannot be read; `int1` is the errno, 2 where there is none.
            OperationFailedError: It is no saved state of this driver, is incomplete or damaged; or its name belongs to
                a domain of another UUID.
            OperationInvalidError: That domain runs already.
            InvalidArgError: RUNNING with PAUSED.
            ConfigUnsupportedError: `dxml` changes what the guest sees.
        """
        raise not_supported("domain_restore_flags")

    @lifecycle(acl="domain:start domain:write", since="0.0.3")
    def domain_restore(self, conn: S, from_: str) -> None:
        """Start a domain from a saved state. Derived from `domain_restore_flags`, with None and no flags."""
        raise not_supported("domain_restore")

    @lifecycle(acl="domain:start domain:write", since="8.4.0")
    def domain_restore_params(self, conn: S, params: Mapping[str, Value], flags: int) -> None:
        """Start a domain from a saved state. Derived from `domain_restore_flags`.

        The same with what it takes named; a driver that knows more than path and document implements this one, and the
        other is derived.

        Args:
            params: `file` (string, required) is the path, `dxml` (string) the document to use.
            flags: `virtkit.enums.DomainSaveRestoreFlags`.

        Raises:
            InvalidArgError: `file` is missing, or a parameter nobody knows.
        """
        raise not_supported("domain_restore_params")

    @description(acl="domain:write", since="0.9.4")
    def domain_save_image_get_xml_desc(self, conn: S, file: str, flags: int) -> str:
        """Read the domain document out of a saved state.

        Args:
            file: Absolute path on the driver's host.
            flags: `virtkit.enums.DomainSaveImageXMLFlags`: SECURE includes secrets.

        Raises:
            SystemCallError: The file cannot be read; `int1` is the errno.
            OperationFailedError: It is no saved state of this driver.
        """
        raise not_supported("domain_save_image_get_xml_desc")

    @definition(acl="domain:write domain:hibernate", since="0.9.4")
    def domain_save_image_define_xml(self, conn: S, file: str, dxml: str, flags: int) -> None:
        """Replace the domain document in a saved state, before it is restored.

        Args:
            file: Absolute path on the driver's host.
            dxml: The document, with other host-side details only.
            flags: `virtkit.enums.DomainSaveRestoreFlags`: RUNNING or PAUSED changes the state in which restoring leaves
                the domain; 0 leaves that as stored.

        Raises:
            SystemCallError: The file cannot be read or written; `int1` is the errno.
            OperationFailedError: It is no saved state of this driver, or the document does not fit into it.
            InvalidArgError: RUNNING with PAUSED.
            ConfigUnsupportedError: `dxml` changes what the guest sees.
        """
        raise not_supported("domain_save_image_define_xml")

    # Managed save

    @lifecycle(acl="domain:hibernate", since="0.8.0")
    def domain_managed_save(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Save a running domain where the driver keeps such images, and stop it. The next start continues from there.

        As `domain_save_flags` otherwise; an older image of the domain is replaced.

        Args:
            flags: `virtkit.enums.DomainSaveRestoreFlags`: BYPASS_CACHE, RUNNING, PAUSED.

        Raises:
            OperationInvalidError: The domain does not run, or is transient.
            InvalidArgError: RUNNING with PAUSED.
            OperationFailedError: The image cannot be written.
        """
        raise not_supported("domain_managed_save")

    @accessor(acl="domain:read", readonly=True, since="0.8.0")
    def domain_has_managed_save_image(self, conn: S, dom: DomainRef, flags: int) -> bool:
        """Tell whether the next start continues from a managed save image. Derived from `connect_list_all_domains`."""
        raise not_supported("domain_has_managed_save_image")

    @lifecycle(acl="domain:hibernate", since="0.8.0")
    def domain_managed_save_remove(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Delete a domain's managed save image, so that the next start boots.

        Raises:
            SystemCallError: There is none (`int1` 2) or it cannot be deleted. The test driver takes the first as done.
        """
        raise not_supported("domain_managed_save_remove")

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_SAVE_IMAGE_XML_SECURE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_SAVE_IMAGE_XML_SECURE",
        since="3.7.0",
    )
    def domain_managed_save_get_xml_desc(self, conn: S, dom: DomainRef, flags: int) -> str:
        """Read the domain document out of a managed save image.

        Args:
            flags: `virtkit.enums.DomainSaveImageXMLFlags`: SECURE includes secrets; refused on a read-only connection.

        Raises:
            OperationInvalidError: The domain has no managed save image.
            OperationFailedError: The image is damaged.
        """
        raise not_supported("domain_managed_save_get_xml_desc")

    @definition(acl="domain:write domain:hibernate", since="3.7.0")
    def domain_managed_save_define_xml(self, conn: S, dom: DomainRef, dxml: str | None, flags: int) -> None:
        """Replace the domain document in a managed save image.

        Args:
            dxml: The document, with other host-side details only; None leaves it, to change the state alone.
            flags: `virtkit.enums.DomainSaveRestoreFlags`: RUNNING or PAUSED changes the state in which the start leaves
                the domain; 0 leaves that as stored.

        Raises:
            OperationInvalidError: The domain has no managed save image.
            InvalidArgError: RUNNING with PAUSED.
            ConfigUnsupportedError: `dxml` changes what the guest sees.
        """
        raise not_supported("domain_managed_save_define_xml")

    # Dumps

    @lifecycle(acl="domain:core_dump", since="1.2.3")
    def domain_core_dump_with_format(self, conn: S, dom: DomainRef, to: str, dumpformat: int, flags: int) -> None:
        """Write a running domain's memory to a file, to be looked at with a debugger.

        Args:
            to: Absolute path on the driver's host.
            dumpformat: `virtkit.enums.DomainCoreDumpFormat`: RAW, kdump compressed with zlib, lzo or snappy, or WIN_DMP
                for Windows guests. Others than RAW need MEMORY_ONLY.
            flags: `virtkit.enums.DomainCoreDumpFlags`. LIVE lets the guest run meanwhile, else it is paused for the
                time. CRASH ends the domain afterwards (STOPPED with detail CRASHED), RESET resets it; the three exclude
                each other. BYPASS_CACHE keeps the file out of the host's cache. MEMORY_ONLY writes memory and registers
                in ELF form, not the hypervisor's own format.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: Flags that exclude each other; unknown format.
            OperationUnsupportedError: The hypervisor does not write that format.
            OperationFailedError: The file cannot be written; none remains.
            OperationAbortedError: `domain_abort_job_flags` ended it.
        """
        raise not_supported("domain_core_dump_with_format")

    @lifecycle(acl="domain:core_dump", since="0.1.9")
    def domain_core_dump(self, conn: S, dom: DomainRef, to: str, flags: int) -> None:
        """Write a running domain's memory to a file. Derived from `domain_core_dump_with_format`, with RAW.

        Args:
            to: Absolute path on the driver's host.
            flags: `virtkit.enums.DomainCoreDumpFlags`.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_core_dump")

    @operation(acl="domain:inject_nmi", since="0.9.2")
    def domain_inject_nmi(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Send a non-maskable interrupt to the guest, which many systems answer with a crash dump.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_inject_nmi")
