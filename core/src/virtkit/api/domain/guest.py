"""What the system inside a domain is asked: most of it by way of the guest agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.params import TypedParams
    from virtkit.records import DomainInterface, FilesystemInfo, GuestTime


class DomainGuest(NamedUUIDHandle[DomainRef]):
    """The system inside.

    What needs the guest agent raises `AgentUnresponsiveError` where none answers.
    """

    __slots__ = ()

    def hostname(self, flags: int = 0) -> str:
        """The guest's host name; `virtkit.enums.DomainGetHostnameFlags` chooses whom to ask."""
        return self.connection.ops["domain_get_hostname"](self.ref, flags)

    def interface_addresses(self, source: int, flags: int = 0) -> list[DomainInterface]:
        """The guest's interfaces and addresses; `virtkit.enums.DomainInterfaceAddressesSource` says whom to ask."""
        return self.connection.ops["domain_interface_addresses"](self.ref, source, flags)

    def guest_info(self, types: int = 0, flags: int = 0) -> TypedParams:
        """Users, operating system, disks, ... of the guest; `virtkit.enums.DomainGuestInfoTypes`, 0 is all there is."""
        return self.connection.ops["domain_get_guest_info"](self.ref, types, flags)

    def agent_set_response_timeout(self, timeout: int, flags: int = 0) -> None:
        """How long to wait for the agent, in seconds, or a `virtkit.enums.DomainAgentResponseTimeoutValues`."""
        self.connection.ops["domain_agent_set_response_timeout"](self.ref, timeout, flags)

    def send_process_signal(self, pid_value: int, signum: int, flags: int = 0) -> None:
        """Signal a process of a container; `signum` is a `virtkit.enums.DomainProcessSignal`.

        A negative `pid_value` is a process group.
        """
        self.connection.ops["domain_send_process_signal"](self.ref, pid_value, signum, flags)

    # File systems

    def fsinfo(self, flags: int = 0) -> list[FilesystemInfo]:
        """The file systems mounted in the guest, and the disks each lies on."""
        return self.connection.ops["domain_get_fsinfo"](self.ref, flags)

    def fsfreeze(self, mountpoints: Sequence[str] = (), flags: int = 0) -> int:
        """Hold writing to file systems, all if none is given; returns how many were frozen."""
        return self.connection.ops["domain_fsfreeze"](self.ref, mountpoints, flags)

    def fsthaw(self, mountpoints: Sequence[str] = (), flags: int = 0) -> int:
        """Let file systems go on after `fsfreeze`; returns how many were thawed."""
        return self.connection.ops["domain_fsthaw"](self.ref, mountpoints, flags)

    def fstrim(self, mount_point: str | None = None, minimum: int = 0, flags: int = 0) -> None:
        """Tell the disks which blocks are unused, for runs of at least `minimum` bytes; None is every file system."""
        self.connection.ops["domain_fstrim"](self.ref, mount_point, minimum, flags)

    # Time

    def time(self, flags: int = 0) -> GuestTime:
        """The guest's clock."""
        return self.connection.ops["domain_get_time"](self.ref, flags)

    def set_time(self, seconds: int, nseconds: int = 0, flags: int = 0) -> None:
        """Set the guest's clock, in seconds since 1970, UTC; `virtkit.enums.DomainSetTimeFlags`."""
        self.connection.ops["domain_set_time"](self.ref, seconds, nseconds, flags)

    # CPUs

    def guest_vcpus(self, flags: int = 0) -> TypedParams:
        """Which vCPUs the guest knows, uses, and can switch off."""
        return self.connection.ops["domain_get_guest_vcpus"](self.ref, flags)

    def set_guest_vcpus(self, cpumap: str, state: bool, flags: int = 0) -> None:
        """Have the guest use some vCPUs or not, written as `0-3,^2`."""
        self.connection.ops["domain_set_guest_vcpus"](self.ref, cpumap, state, flags)

    # Access

    def set_user_password(self, user: str, password: str, flags: int = 0) -> None:
        """Set a user's password; `virtkit.enums.DomainSetUserPasswordFlags`: it may be encrypted already."""
        self.connection.ops["domain_set_user_password"](self.ref, user, password, flags)

    def authorized_ssh_keys(self, user: str, flags: int = 0) -> list[str]:
        """The keys with which one can log in as a user of the guest."""
        return self.connection.ops["domain_authorized_ssh_keys_get"](self.ref, user, flags)

    def set_authorized_ssh_keys(self, user: str, keys: Sequence[str], flags: int = 0) -> None:
        """Replace, add or remove such keys; `virtkit.enums.DomainAuthorizedSSHKeysSetFlags`."""
        self.connection.ops["domain_authorized_ssh_keys_set"](self.ref, user, keys, flags)
