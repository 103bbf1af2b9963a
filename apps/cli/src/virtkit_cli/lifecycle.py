"""Commands that start and stop domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainDestroyFlags,
    DomainLifecycle,
    DomainLifecycleAction,
    DomainRebootFlags,
    DomainShutdownFlags,
)
from virtkit_cli.command import Arguments, Flag, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.patterns import action
from virtkit_cli.values import document
from virtkit_cli.words import FILE, IMPACT, chosen

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit_cli.session import Session

PAUSED = Flag("paused", "leave it paused", DomainCreateFlags.START_PAUSED)
AUTODESTROY = Flag("autodestroy", "destroy it when this program ends", DomainCreateFlags.START_AUTODESTROY)
RESET_NVRAM = Flag("reset-nvram", "with the firmware's variables as new", DomainCreateFlags.START_RESET_NVRAM)
CONSOLE = Flag("console", "attach to the console")


def numbers(text: str) -> list[int]:
    """Descriptors as `N,M,...`."""
    if not all(part.isdecimal() for part in text.split(",")):
        raise ValueError("descriptors are expected as N,M,...")
    return [int(part) for part in text.split(",")]


PASS_FDS = option("pass-fds", "open descriptors N,M,... that a container inherits as 3, 4, ...", numbers, by_name=True)


@command(
    DOMAIN.word,
    CONSOLE,
    PAUSED,
    AUTODESTROY,
    Flag("bypass-cache", "read a saved state around the host's cache", DomainCreateFlags.START_BYPASS_CACHE),
    Flag("force-boot", "boot afresh, dropping a saved state", DomainCreateFlags.START_FORCE_BOOT),
    RESET_NVRAM,
    PASS_FDS,
)
def start(session: Session, args: Arguments) -> None:
    """Start a defined domain."""
    domain = find_domain(session, args)
    if args.pass_fds:
        domain.create_with_files(args.pass_fds, args.flags)
    else:
        domain.create(args.flags)
    session.out.done(f"Domain '{domain.name}' started", name=domain.name, id=domain.id)
    _attach(session, args, domain)


@command(
    FILE,
    CONSOLE,
    PAUSED,
    AUTODESTROY,
    Flag("validate", "refuse a document with names that nobody knows", DomainCreateFlags.START_VALIDATE),
    RESET_NVRAM,
    PASS_FDS,
)
def create(session: Session, args: Arguments) -> None:
    """Start a domain from an XML file without defining it."""
    text, connection = document(args.file), session.connection
    if args.pass_fds:
        domain = connection.create_domain_with_files(text, args.pass_fds, args.flags)
    else:
        domain = connection.create_domain(text, args.flags)
    session.out.done(f"Domain '{domain.name}' created from {args.file}", name=domain.name, id=domain.id)
    _attach(session, args, domain)


def _attach(session: Session, args: Arguments, domain: Domain) -> None:
    if args.console:
        from virtkit_cli.terminal import attach

        attach(session, domain)


MODES = {
    "acpi": "ACPI_POWER_BTN",
    "agent": "GUEST_AGENT",
    "initctl": "INITCTL",
    "signal": "SIGNAL",
    "paravirt": "PARAVIRT",
}
MODE = option("mode", f"ways to tell the guest, with commas: {', '.join(MODES)}", default="")


def _modes(kind: type[DomainShutdownFlags] | type[DomainRebootFlags], text: str) -> int:
    return sum(int(kind[MODES[word]]) for word in chosen("mode", text, MODES))


@command(DOMAIN.word, MODE)
def shutdown(session: Session, args: Arguments) -> None:
    """Ask the guest to power itself off."""
    domain = find_domain(session, args)
    domain.shutdown(_modes(DomainShutdownFlags, args.mode))
    session.out.done(f"Domain '{domain.name}' is being shutdown", name=domain.name)


@command(DOMAIN.word, MODE)
def reboot(session: Session, args: Arguments) -> None:
    """Ask the guest to reboot."""
    domain = find_domain(session, args)
    domain.reboot(_modes(DomainRebootFlags, args.mode))
    session.out.done(f"Domain '{domain.name}' is being rebooted", name=domain.name)


@command(
    DOMAIN.word,
    Flag("graceful", "only if it goes without force", DomainDestroyFlags.GRACEFUL),
    Flag("remove-logs", "also remove its logs", DomainDestroyFlags.REMOVE_LOGS),
)
def destroy(session: Session, args: Arguments) -> None:
    """Stop a domain at once, as pulling the plug would."""
    domain = find_domain(session, args)
    domain.destroy(args.flags)
    session.out.done(f"Domain '{domain.name}' destroyed", name=domain.name)


action("suspend", "Pause a domain.", DOMAIN, lambda d: d.suspend(), "Domain '{}' suspended")
action("resume", "Let a paused domain run.", DOMAIN, lambda d: d.resume(), "Domain '{}' resumed")
action("reset", "Reset a domain, as its button would.", DOMAIN, lambda d: d.reset(), "Domain '{}' was reset")
action("inject-nmi", "Send the guest an NMI.", DOMAIN, lambda d: d.inject_nmi(), "")

WHEN = {"poweroff": DomainLifecycle.POWEROFF, "reboot": DomainLifecycle.REBOOT, "crash": DomainLifecycle.CRASH}
THEN = {
    "destroy": DomainLifecycleAction.DESTROY,
    "restart": DomainLifecycleAction.RESTART,
    "rename-restart": DomainLifecycleAction.RESTART_RENAME,
    "preserve": DomainLifecycleAction.PRESERVE,
    "coredump-destroy": DomainLifecycleAction.COREDUMP_DESTROY,
    "coredump-restart": DomainLifecycleAction.COREDUMP_RESTART,
}


@command(
    DOMAIN.word,
    argument("type", "what happens to the guest", choices=tuple(WHEN)),
    argument("action", "what is done then", choices=tuple(THEN)),
    *IMPACT,
)
def set_lifecycle_action(session: Session, args: Arguments) -> None:
    """Choose what is done when the guest powers off, reboots or crashes."""
    domain = find_domain(session, args)
    domain.set_lifecycle_action(WHEN[args.type], THEN[args.action], args.flags)
    session.out.done(name=domain.name, type=args.type, action=args.action)
