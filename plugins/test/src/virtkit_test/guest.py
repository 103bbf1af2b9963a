"""What a guest agent would answer, for guests that do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainInterfaceAddressesSource,
    DomainProcessSignal,
    DomainSetTimeFlags,
    DomainSetUserPasswordFlags,
    DomainState,
    ErrorDomain,
    IPAddrType,
)
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError, OperationInvalidError
from virtkit.hookspecs.domain_guest import DomainGuestSpec
from virtkit.records import DomainInterface, FilesystemInfo, GuestTime, IPAddress
from virtkit.spec import quick
from virtkit_test.block import target
from virtkit_test.domain import DOMAIN, Domain
from virtkit_test.filters import refuse
from virtkit_test.network import guest_address

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

HOSTNAME = "testhost"
MOUNTPOINTS = ("/", "/boot")
"""Every guest has these two, on partitions of its first disk."""

FILE_SYSTEM = "ext4"

ADDRESSES_PER_GUEST = 20
"""Of a network: guests have consecutive ids, and each its own range."""


class GuestPart(DomainGuestSpec["TestState"]):
    """The functions that other drivers ask the guest for."""

    @quick
    def domain_get_hostname(self, conn: TestState, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_hostname", flags)
        conn.domains.by_ref(dom).require_active()
        return HOSTNAME

    @quick
    def domain_interface_addresses(
        self, conn: TestState, dom: DomainRef, source: int, flags: int
    ) -> list[DomainInterface]:
        refuse("domain_interface_addresses", flags)
        if source not in set(DomainInterfaceAddressesSource):
            raise ArgumentUnsupportedError(f"there is no source of addresses {source}", domain=TEST)
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        return [_addresses(conn, domain, place, one) for place, one in enumerate(domain.document.devices.interfaces)]

    @quick
    def domain_get_fsinfo(self, conn: TestState, dom: DomainRef, flags: int) -> list[FilesystemInfo]:
        refuse("domain_get_fsinfo", flags)
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        disks = [target(disk) for disk in domain.document.devices.disks if disk.device == "disk"]
        return [
            FilesystemInfo(mountpoint, f"{disk}{number}", FILE_SYSTEM, [disk])
            for disk in disks[:1]
            for number, mountpoint in enumerate(MOUNTPOINTS, 1)
        ]

    @quick
    def domain_fsfreeze(self, conn: TestState, dom: DomainRef, mountpoints: Sequence[str], flags: int) -> int:
        refuse("domain_fsfreeze", flags)
        return _mark(conn, dom, mountpoints, frozen=True)

    @quick
    def domain_fsthaw(self, conn: TestState, dom: DomainRef, mountpoints: Sequence[str], flags: int) -> int:
        refuse("domain_fsthaw", flags)
        return _mark(conn, dom, mountpoints, frozen=False)

    @quick
    def domain_fstrim(self, conn: TestState, dom: DomainRef, mount_point: str | None, minimum: int, flags: int) -> None:
        refuse("domain_fstrim", flags)
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        if mount_point:
            _require_mounted(domain, (mount_point,))

    @quick
    def domain_set_user_password(
        self, conn: TestState, dom: DomainRef, user: str | None, password: str | None, flags: int
    ) -> None:
        refuse("domain_set_user_password", flags & ~DomainSetUserPasswordFlags.ENCRYPTED)
        conn.domains.by_ref(dom).require_active()

    @quick
    def domain_get_time(self, conn: TestState, dom: DomainRef, flags: int) -> GuestTime:
        refuse("domain_get_time", flags)
        domain = conn.domains.by_ref(dom)
        _require_running(domain)
        return domain.time

    @quick
    def domain_set_time(self, conn: TestState, dom: DomainRef, seconds: int, nseconds: int, flags: int) -> None:
        refuse("domain_set_time", flags & ~DomainSetTimeFlags.SYNC)
        if not 0 <= nseconds < 1_000_000_000:
            raise InvalidArgError(f"a second has 10**9 nanoseconds, {nseconds} is not among them", domain=DOMAIN)
        with conn.domains.hold(dom, "domain_set_time") as domain:
            domain.require_active()
            domain.time = GuestTime(seconds, nseconds)

    @quick
    def domain_send_process_signal(
        self, conn: TestState, dom: DomainRef, pid_value: int, signum: int, flags: int
    ) -> None:
        refuse("domain_send_process_signal", flags)
        if pid_value != 1:
            raise InvalidArgError(f"a simulated guest has only a process 1, not {pid_value}", domain=TEST)
        if signum not in set(DomainProcessSignal):
            raise InvalidArgError(f"there is no signal {signum}", domain=TEST)
        conn.domains.by_ref(dom)


def _addresses(conn: TestState, domain: Domain, place: int, interface: Interface) -> DomainInterface:
    name = interface.target.dev or "" if interface.target is not None else ""
    mac = interface.mac.address if interface.mac is not None else None
    if interface.type == "network" and interface.source is not None and interface.source.network:
        offset = ADDRESSES_PER_GUEST * (domain.ref.id - 1) + place
        address, prefix = guest_address(conn.networks.by_name(interface.source.network), offset)
    else:
        address, prefix = f"192.168.0.{1 + place}", 24
    kind = IPAddrType.IPV6 if ":" in address else IPAddrType.IPV4
    return DomainInterface(name, mac, [IPAddress(kind, address, prefix)])


def _mark(conn: TestState, dom: DomainRef, mountpoints: Sequence[str], *, frozen: bool) -> int:
    """Freeze or thaw; returns how many changed."""
    with conn.domains.hold(dom, "domain_fsfreeze" if frozen else "domain_fsthaw") as domain:
        domain.require_active()
        _require_mounted(domain, mountpoints)
        wanted = set(mountpoints or MOUNTPOINTS)
        changed = wanted - domain.frozen if frozen else wanted & domain.frozen
        domain.frozen ^= changed
        return len(changed)


def _require_mounted(domain: Domain, mountpoints: Sequence[str]) -> None:
    for mountpoint in mountpoints:
        if mountpoint not in MOUNTPOINTS:
            raise OperationInvalidError(
                f"guest {domain.name!r} has nothing mounted at {mountpoint!r}, only at {', '.join(MOUNTPOINTS)}",
                domain=TEST,
            )


def _require_running(domain: Domain) -> None:
    if domain.state != DomainState.RUNNING:
        raise OperationInvalidError(f"domain {domain.name!r} is not running: start or resume it first", domain=TEST)
