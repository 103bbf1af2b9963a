"""What goes on inside a container: its processes, namespaces, host name and addresses."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import DomainGetHostnameFlags, DomainProcessSignal, ErrorDomain
from virtkit.enums import DomainInterfaceAddressesSource as Source
from virtkit.errors import (
    ArgumentUnsupportedError,
    InvalidArgError,
    NoHostnameError,
    OperationFailedError,
    SystemCallError,
)
from virtkit.hookspecs.domain_guest import DomainGuestSpec
from virtkit.hookspecs.lxc import LxcSpec
from virtkit.network import addresses
from virtkit.network.links import Links
from virtkit_lxc import census, cgroups, interfaces
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from virtkit.records import DomainInterface
    from virtkit.refs import DomainRef
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState, Session

LXC = ErrorDomain.LXC

NAMESPACES = ("user", "ipc", "uts", "net", "pid", "mnt")
"""In the order in which libvirt's clients enter them."""


class InsidePart(DomainGuestSpec["Session"], LxcSpec["Session"]):
    """The functions of the driver about what goes on inside a container."""

    def domain_send_process_signal(
        self, conn: Session, dom: DomainRef, pid_value: int, signum: int, flags: int
    ) -> None:
        refuse("domain_send_process_signal", flags)
        number = _signal(signum)
        if pid_value == 0:
            raise InvalidArgError("there is no process 0: give the number of one, or -N for group N", domain=LXC)
        with conn.hold(dom, "domain_send_process_signal") as held, _opened(*held, pid_value) as pidfds:
            for pidfd in pidfds:
                try:
                    signal.pidfd_send_signal(pidfd, number)
                except OSError as error:
                    if error.errno != errno.ESRCH or len(pidfds) == 1:  # others of a group may be there still
                        raise _refused(held[1], pid_value, error) from error

    def lxc_domain_open_namespace(self, conn: Session, dom: DomainRef, flags: int) -> list[int]:
        refuse("lxc_domain_open_namespace", flags)
        with conn.hold(dom, "lxc_domain_open_namespace") as (_, guest):
            run = guest.running()
            opened: list[int] = []
            try:
                for kind in NAMESPACES:
                    path = Path(f"/proc/{run.pid}/ns/{kind}")
                    if path.exists() and not os.path.samefile(path, f"/proc/self/ns/{kind}"):
                        opened.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
                if run.started is None or not run.started.alive:
                    raise OperationFailedError(f"{guest.subject} has ended; start it again", domain=LXC)
            except BaseException:
                for descriptor in opened:
                    os.close(descriptor)
                raise
            return opened

    def domain_get_hostname(self, conn: Session, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_hostname", flags, DomainGetHostnameFlags.LEASE | DomainGetHostnameFlags.AGENT)
        if flags & DomainGetHostnameFlags.AGENT:
            raise ArgumentUnsupportedError(f"domain {dom.name!r} has no guest agent: use LEASE", domain=LXC)
        found = interfaces.plugged(conn.read().by_ref(dom).running().live)
        name = addresses.leased_name(conn.state.peers, found)
        if name is None:
            raise NoHostnameError(f"no network has given domain {dom.name!r} an address with a host name", domain=LXC)
        return name

    def domain_interface_addresses(
        self, conn: Session, dom: DomainRef, source: int, flags: int
    ) -> list[DomainInterface]:
        refuse("domain_interface_addresses", flags)
        found = interfaces.plugged(conn.read().by_ref(dom).running().live)
        if source == Source.LEASE:
            return addresses.leased(conn.state.peers, found)
        if source == Source.ARP:
            with Links(domain=LXC) as links:
                return addresses.neighbouring(links, found)
        if source == Source.AGENT:
            raise ArgumentUnsupportedError(f"domain {dom.name!r} has no guest agent: use LEASE or ARP", domain=LXC)
        raise InvalidArgError(f"there is no source {source} of addresses: use LEASE or ARP", domain=LXC)


def _signal(number: int) -> int:
    try:
        return int(DomainProcessSignal(number))
    except ValueError:
        raise InvalidArgError(f"there is no signal {number}: see signal(7)", domain=LXC) from None


@contextmanager
def _opened(state: LxcState, guest: Container, number: int) -> Iterator[list[int]]:
    """Pidfds of the process that a container knows by a number, or of the processes of group `-number`.

    Raises:
        SystemCallError: There is none.
    """
    run = guest.running()
    field = "NSpid" if number > 0 else "NSpgid"
    candidates = [run.pid or 0] if number == 1 else _processes(state, run)
    with ExitStack() as opened:
        found = []
        for pid in candidates:
            with ExitStack() as held, suppress(OSError):
                pidfd = os.pidfd_open(pid)
                held.callback(os.close, pidfd)
                if _number_inside(pid, run.pid or 0, field) == abs(number):
                    found.append(pidfd)
                    opened.push(held.pop_all())
        if not found or run.started is None or not run.started.alive:  # else `pid` may be another's by now
            raise _refused(guest, number, ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)))
        yield found


def _processes(state: LxcState, run: Run) -> list[int]:
    grouped = cgroups.processes(state.layout, run.cgroup)
    return grouped or census.processes(run.pid or 0)


def _number_inside(pid: int, init: int, field: str) -> int | None:
    """The number of a process, or of its group, in a container; None: it is in another pid namespace."""
    if os.stat(f"/proc/{pid}/ns/pid").st_ino != os.stat(f"/proc/{init}/ns/pid").st_ino:
        return None
    for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[-1])
    return None


def _refused(guest: Container, number: int, error: OSError) -> SystemCallError:
    which = f"process {number}" if number > 0 else f"process group {-number}"
    return SystemCallError(
        f"{guest.subject}: {which} cannot be signalled: {error.strerror}", domain=LXC, int1=error.errno or -1
    )
