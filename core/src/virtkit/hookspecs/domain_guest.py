"""Ask something of the system inside a running guest.

Most of these hooks speak with a guest agent, a program inside the guest, over a channel that the domain's XML declares.
They share their errors, which the hooks below do not repeat:

- `OperationInvalidError`: the domain does not run;
- `ArgumentUnsupportedError`: it has no channel for an agent;
- `AgentUnresponsiveError`: nobody answers there, within the time that `domain_agent_set_response_timeout` set;
- `OperationUnsupportedError`: the agent does not know the command.

What an agent says comes from inside the guest: a driver bounds its size and depth, believes no number in it, and holds
no lock while it waits for it. That is also why these hooks need write permission even where they only read. Which of
them a driver offers it decides one by one; there is no least set. A driver that sees its guests' processes (containers)
answers from the host instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.params import TypedParams
    from virtkit.records import DomainInterface, FilesystemInfo, GuestTime
    from virtkit.refs import DomainRef


class DomainGuestSpec(Spec[S]):
    """The system inside the guest: agent, files, users, time, addresses."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Agent

    @operation(acl="domain:write", since="5.10.0")
    def domain_agent_set_response_timeout(self, conn: S, dom: DomainRef, timeout: int, flags: int) -> None:
        """Set how long the driver waits for a domain's guest agent. It holds until the driver restarts.

        Args:
            timeout: Seconds, or of `virtkit.enums.DomainAgentResponseTimeoutValues`: BLOCK waits for ever, DEFAULT is
                the driver's own choice, NOWAIT does not wait.

        Raises:
            InvalidArgError: Below BLOCK.
        """
        raise not_supported("domain_agent_set_response_timeout")

    @operation(acl="domain:write", since="5.7.0")
    def domain_get_guest_info(self, conn: S, dom: DomainRef, types: int, flags: int) -> TypedParams:
        """Gather what the guest tells about itself, in groups.

        Args:
            types: `virtkit.enums.DomainGuestInfoTypes`: USERS, OS, TIMEZONE, HOSTNAME, FILESYSTEM, DISKS, INTERFACES.
                0: all that can be had, leaving out what the agent does not know.

        Returns:
            The fields of libvirt's guest information, lists as `user.count`, `user.0.name`, ...

        Raises:
            OperationUnsupportedError: A group asked for by name that cannot be had.
        """
        raise not_supported("domain_get_guest_info")

    @operation(acl="domain:write", since="0.10.0")
    def domain_get_hostname(self, conn: S, dom: DomainRef, flags: int) -> str:
        """Tell the guest's host name.

        Args:
            flags: `virtkit.enums.DomainGetHostnameFlags`: LEASE looks it up in the DHCP leases of the guest's networks,
                AGENT asks the agent; 0 leaves the choice to the driver.

        Raises:
            NoHostnameError: The domain has none, as far as that source knows.
            InvalidArgError: Both flags.
        """
        raise not_supported("domain_get_hostname")

    @operation(
        acl=("domain:read", "domain:write:?source=VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT"),
        readonly=True,
        refused_flags="source=VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT",
        since="1.2.14",
    )
    def domain_interface_addresses(self, conn: S, dom: DomainRef, source: int, flags: int) -> list[DomainInterface]:
        """List a running guest's network interfaces with their addresses.

        Args:
            source: `virtkit.enums.DomainInterfaceAddressesSource`: LEASE, the DHCP leases of its networks; AGENT, which
                tells of interfaces the host does not know too, and is refused on a read-only connection; ARP, the
                host's neighbour table.

        Returns:
            One entry per interface: name (the guest's with AGENT, the host's otherwise), MAC address or None, addresses
            with prefix. An interface without known address has an empty list with AGENT and is left out otherwise.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: Unknown source.
        """
        raise not_supported("domain_interface_addresses")

    # Filesystems

    @operation(acl="domain:fs_freeze", since="1.2.11")
    def domain_get_fsinfo(self, conn: S, dom: DomainRef, flags: int) -> list[FilesystemInfo]:
        """List the filesystems mounted in the guest.

        Returns:
            Mount point, name and type of each, and the disks of the domain, by target, on which it lies; no disk for
            one the domain's XML does not have.
        """
        raise not_supported("domain_get_fsinfo")

    @operation(acl="domain:fs_freeze", since="1.2.5")
    def domain_fsfreeze(self, conn: S, dom: DomainRef, mountpoints: Sequence[str], flags: int) -> int:
        """Flush and freeze the guest's filesystems, so that a copy of its disks is consistent.

        Writers inside the guest wait until `domain_fsthaw`; the caller sees to it that this is soon.

        Args:
            mountpoints: Where; empty: all that can be frozen.

        Returns:
            How many are frozen now.

        Raises:
            OperationInvalidError: Some are frozen already.
        """
        raise not_supported("domain_fsfreeze")

    @operation(acl="domain:fs_freeze", since="1.2.5")
    def domain_fsthaw(self, conn: S, dom: DomainRef, mountpoints: Sequence[str], flags: int) -> int:
        """Let the guest write again to filesystems frozen by `domain_fsfreeze`.

        Args:
            mountpoints: Where; empty: all. Not every agent can thaw some only, and then thaws all.

        Returns:
            How many were thawed; 0 if none was frozen.
        """
        raise not_supported("domain_fsthaw")

    @operation(acl="domain:fs_trim", since="1.0.1")
    def domain_fstrim(self, conn: S, dom: DomainRef, mount_point: str | None, minimum: int, flags: int) -> None:
        """Have the guest tell its disks which blocks it no longer uses.

        Args:
            mount_point: Where; None: all filesystems. Drivers may offer only that.
            minimum: Bytes; shorter runs of free blocks are passed over. 0: none is.

        Raises:
            ArgumentUnsupportedError: One mount point only, and the driver does not offer that.
        """
        raise not_supported("domain_fstrim")

    # Users

    @operation(acl="domain:set_password", since="1.2.16")
    def domain_set_user_password(
        self, conn: S, dom: DomainRef, user: str | None, password: str | None, flags: int
    ) -> None:
        """Set the password of a user in the guest.

        Args:
            user: Login name.
            password: The password; never written to a log.
            flags: `virtkit.enums.DomainSetUserPasswordFlags`: ENCRYPTED says that it is given as the guest stores it.

        Raises:
            InvalidArgError: `user` or `password` is None.
            OperationFailedError: The guest refused it.
        """
        raise not_supported("domain_set_user_password")

    @operation(acl="domain:write", since="6.10.0")
    def domain_authorized_ssh_keys_get(self, conn: S, dom: DomainRef, user: str, flags: int) -> list[str]:
        """List the public keys with which one may log in as a user of the guest.

        Args:
            user: Login name.

        Returns:
            Lines of the user's `authorized_keys`, without comments; empty if there is none.
        """
        raise not_supported("domain_authorized_ssh_keys_get")

    @operation(acl="domain:write", since="6.10.0")
    def domain_authorized_ssh_keys_set(
        self, conn: S, dom: DomainRef, user: str, keys: Sequence[str], flags: int
    ) -> None:
        """Set, add or remove public keys with which one may log in as a user of the guest.

        Args:
            user: Login name.
            keys: Lines as in `authorized_keys`. May be empty only to remove all.
            flags: `virtkit.enums.DomainAuthorizedSSHKeysSetFlags`: APPEND adds those that are not there yet, REMOVE
                removes them; neither: they replace all.

        Raises:
            InvalidArgError: No keys with APPEND or REMOVE, or both flags.
        """
        raise not_supported("domain_authorized_ssh_keys_set")

    # Time

    @operation(acl="domain:write", since="1.2.5")
    def domain_get_time(self, conn: S, dom: DomainRef, flags: int) -> GuestTime:
        """Tell what time it is in the guest: seconds since 1970, UTC, and ns."""
        raise not_supported("domain_get_time")

    @operation(acl="domain:set_time", since="1.2.5")
    def domain_set_time(self, conn: S, dom: DomainRef, seconds: int, nseconds: int, flags: int) -> None:
        """Set the guest's clock, as is needed after it was paused or restored.

        Args:
            seconds: Since 1970, UTC.
            nseconds: 0 to 999999999.
            flags: `virtkit.enums.DomainSetTimeFlags`: SYNC has the guest read its hardware clock, and the time given is
                ignored.

        Raises:
            InvalidArgError: `nseconds` is out of range.
        """
        raise not_supported("domain_set_time")

    # vCPUs and processes

    @operation(acl="domain:write", since="2.0.0")
    def domain_get_guest_vcpus(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Tell which vCPUs the guest uses and which it can switch.

        Returns:
            STRING, lists such as `0-3,5`: `vcpus`, those the guest has; `online`, those it uses; `offlinable`, those it
            may be told not to use.
        """
        raise not_supported("domain_get_guest_vcpus")

    @operation(acl="domain:write", since="2.0.0")
    def domain_set_guest_vcpus(self, conn: S, dom: DomainRef, cpumap: str, state: bool, flags: int) -> None:
        """Have the guest use vCPUs or leave them idle. The hardware stays as it is (`domain_set_vcpu` changes that).

        Args:
            cpumap: Their numbers as a list such as `2-3,5`.
            state: True to use them, False to leave them idle.

        Raises:
            InvalidArgError: The list cannot be read, or names a vCPU the guest has not or cannot switch off.
        """
        raise not_supported("domain_set_guest_vcpus")

    @operation(acl="domain:send_signal", since="1.0.1")
    def domain_send_process_signal(self, conn: S, dom: DomainRef, pid_value: int, signum: int, flags: int) -> None:
        """Send a signal to a process in the guest. Needs no agent: drivers of containers do it from the host.

        Args:
            pid_value: The process's id in the guest; 1 is its first program. A negative one is a process group, where
                the driver has that.
            signum: `virtkit.enums.DomainProcessSignal`, which are numbered as on Linux.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: Unknown signal.
            ArgumentUnsupportedError: The driver signals process 1 only.
            SystemCallError: There is no such process; `int1` is the errno.
        """
        raise not_supported("domain_send_process_signal")
