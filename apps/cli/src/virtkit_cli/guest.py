"""Commands that ask the system inside a domain, most of them by way of the guest agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainAuthorizedSSHKeysSetFlags,
    DomainGetHostnameFlags,
    DomainGuestInfoTypes,
    DomainProcessSignal,
    DomainSetTimeFlags,
    DomainSetUserPasswordFlags,
)
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.patterns import action
from virtkit_cli.values import bytesize, document, number, word_of

if TYPE_CHECKING:
    from virtkit_cli.session import Session

MOUNTPOINT = option("mountpoint", "only these file systems", many=True)
USER = argument("user", "name of a user of the guest")
WHOM = {word_of(flag): flag for flag in DomainGetHostnameFlags}


@command(DOMAIN.word, option("source", "who to ask", choices=tuple(WHOM)))
def domhostname(session: Session, args: Arguments) -> None:
    """Print the name the guest has given itself."""
    session.out.value("hostname", find_domain(session, args).hostname(WHOM[args.source] if args.source else 0))


@command(
    DOMAIN.word,
    Flag("now", "set it to this host's time", excludes=("sync",)),
    Flag("pretty", "as a date"),
    Flag("sync", "set it from the domain's clock", DomainSetTimeFlags.SYNC),
    option("time", "set it to so many seconds since 1970", number),
)
def domtime(session: Session, args: Arguments) -> None:
    """Show or set the guest's time."""
    import time

    domain = find_domain(session, args)
    if args.now or args.sync or args.time is not None:
        seconds = args.time if args.time is not None else int(time.time()) if args.now else 0
        domain.set_time(seconds, 0, args.flags)
        session.out.done(name=domain.name)
        return
    now = domain.time()
    text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now.seconds)) if args.pretty else str(now.seconds)
    session.out.value("time", now.seconds + now.nseconds / 1e9 if now.nseconds else now.seconds, f"Time: {text}")


@command(DOMAIN.word)
def domfsinfo(session: Session, args: Arguments) -> None:
    """List the mounted file systems of a guest."""
    rows = [
        {"mountpoint": fs.mountpoint, "name": fs.name, "type": fs.fstype, "target": ",".join(fs.dev_aliases)}
        for fs in find_domain(session, args).fsinfo()
    ]
    if rows or session.out.json:
        heads = {"mountpoint": "Mountpoint", "name": "Name", "type": "Type", "target": "Target"}
        session.out.table(heads, rows)
    else:
        session.out.done("No filesystems are mounted in the domain")


@command(DOMAIN.word, MOUNTPOINT)
def domfsfreeze(session: Session, args: Arguments) -> None:
    """Hold what a guest writes to file systems."""
    count = find_domain(session, args).fsfreeze(args.mountpoint)
    session.out.done(f"Froze {count} filesystem(s)", count=count)


@command(DOMAIN.word, MOUNTPOINT)
def domfsthaw(session: Session, args: Arguments) -> None:
    """Let a guest write to file systems again."""
    count = find_domain(session, args).fsthaw(args.mountpoint)
    session.out.done(f"Thawed {count} filesystem(s)", count=count)


@command(
    DOMAIN.word,
    option("minimum", "only runs of at least so many bytes", bytesize, default=0),
    option("mountpoint", "only this file system"),
)
def domfstrim(session: Session, args: Arguments) -> None:
    """Have a guest tell its disks which blocks are unused."""
    find_domain(session, args).fstrim(args.mountpoint, args.minimum)
    session.out.done(name=args.domain)


@command(
    DOMAIN.word,
    Flag("user", "who is logged in", DomainGuestInfoTypes.USERS),
    Flag("os", "the operating system", DomainGuestInfoTypes.OS),
    Flag("timezone", "the time zone", DomainGuestInfoTypes.TIMEZONE),
    Flag("hostname", "the host name", DomainGuestInfoTypes.HOSTNAME),
    Flag("filesystem", "file systems", DomainGuestInfoTypes.FILESYSTEM),
    Flag("disk", "disks", DomainGuestInfoTypes.DISKS),
    Flag("interface", "network interfaces", DomainGuestInfoTypes.INTERFACES),
)
def guestinfo(session: Session, args: Arguments) -> None:
    """Show what a guest says of itself."""
    session.out.pairs(find_domain(session, args).guest_info(args.flags), "{:<20}: {}")


@command(
    DOMAIN.word, option("cpulist", "vCPUs, such as 0-3,^2"), Flag("enable", "use them", excludes=("disable",)),
    Flag("disable", "do not use them"),
)  # fmt: skip
def guestvcpus(session: Session, args: Arguments) -> None:
    """Show or choose which vCPUs a guest uses."""
    domain = find_domain(session, args)
    if not args.enable and not args.disable:
        session.out.pairs(domain.guest_vcpus())
        return
    if not args.cpulist:
        raise UsageError("guestvcpus needs --cpulist to change some")
    domain.set_guest_vcpus(args.cpulist, args.enable)
    session.out.done(vcpus=args.cpulist, enabled=args.enable)


@command(
    DOMAIN.word, USER, argument("password", "the new password; - reads a line of standard input"),
    Flag("encrypted", "it is encrypted already", DomainSetUserPasswordFlags.ENCRYPTED),
)  # fmt: skip
def set_user_password(session: Session, args: Arguments) -> None:
    """Set the password of a user of a guest."""
    import sys

    password = sys.stdin.readline().rstrip("\n") if args.password == "-" else args.password
    find_domain(session, args).set_user_password(args.user, password, args.flags)
    session.out.done(f"Password set successfully for {args.user} in {args.domain}", user=args.user)


@command(DOMAIN.word, USER)
def get_user_sshkeys(session: Session, args: Arguments) -> None:
    """List the keys with which one can log in as a user of a guest."""
    session.out.lines(find_domain(session, args).authorized_ssh_keys(args.user))


@command(
    DOMAIN.word,
    USER,
    option("file", "file with keys, one a line", completes="file"),
    Flag("reset", "replace the keys there are", excludes=("remove",)),
    Flag("remove", "remove these keys", DomainAuthorizedSSHKeysSetFlags.REMOVE),
)
def set_user_sshkeys(session: Session, args: Arguments) -> None:
    """Add, replace or remove keys with which one can log in as a user of a guest."""
    if not args.file and not args.reset:
        raise UsageError("set-user-sshkeys needs --file, or --reset to remove all keys")
    text = document(args.file) if args.file else ""
    keys = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    add = 0 if args.reset or args.remove else DomainAuthorizedSSHKeysSetFlags.APPEND
    find_domain(session, args).set_authorized_ssh_keys(args.user, keys, args.flags | add)
    session.out.done(user=args.user)


@command(
    DOMAIN.word,
    option("timeout", "seconds; -2 waits for ever, -1 is the driver's own, 0 does not wait", number, default=-2),
)
def guest_agent_timeout(session: Session, args: Arguments) -> None:
    """Choose how long to wait for the guest agent."""
    find_domain(session, args).agent_set_response_timeout(args.timeout)
    session.out.done(timeout=args.timeout)


TARGETS = ("mem", "disk", "hybrid")  # in the order of their numbers


@command(
    DOMAIN.word,
    argument("target", "where to", choices=TARGETS),
    option("duration", "seconds until it wakes up", number, default=0),
)
def dompmsuspend(session: Session, args: Arguments) -> None:
    """Ask a guest to suspend itself."""
    domain = find_domain(session, args)
    domain.pm_suspend_for_duration(TARGETS.index(args.target), args.duration)
    session.out.done(f"Domain '{domain.name}' successfully suspended", name=domain.name)


action(
    "dompmwakeup",
    "Wake a guest that suspended itself.",
    DOMAIN,
    lambda domain: domain.pm_wakeup(),
    "Domain '{}' successfully woken up",
)


def signal(text: str) -> int:
    """A signal by number or name, such as `9`, `kill` or `sigkill`."""
    if text.isdecimal():
        return int(text)
    name = text.upper().removeprefix("SIG")
    if name not in DomainProcessSignal.__members__:
        raise ValueError("the name or number of a signal is expected")
    return DomainProcessSignal[name]


@command(
    DOMAIN.word, argument("pid", "number of the process; negative for a group", number),
    argument("signame", "name or number of the signal", signal),
)  # fmt: skip
def send_process_signal(session: Session, args: Arguments) -> None:
    """Send a signal to a process of a container."""
    find_domain(session, args).send_process_signal(args.pid, args.signame)
    session.out.done(pid=args.pid, signal=int(args.signame))
