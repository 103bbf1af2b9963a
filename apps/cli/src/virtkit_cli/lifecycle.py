"""Commands that start, stop, pause, save and restore domains, and their console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainDestroyFlags,
    DomainRebootFlags,
    DomainSaveRestoreFlags,
    DomainShutdownFlags,
)
from virtkit_cli.command import Argument, Arguments, Flag, Option, UsageError, command
from virtkit_cli.words import DOMAIN, FILE, VALIDATE, action, document, find_domain, flags

if TYPE_CHECKING:
    from virtkit_cli.session import Session

CREATE = {
    "paused": DomainCreateFlags.START_PAUSED,
    "autodestroy": DomainCreateFlags.START_AUTODESTROY,
    "bypass_cache": DomainCreateFlags.START_BYPASS_CACHE,
    "force_boot": DomainCreateFlags.START_FORCE_BOOT,
}
PAUSED = Flag("paused", "leave it paused")
AUTODESTROY = Flag("autodestroy", "destroy it when this program disconnects")


@command(
    "start",
    "Start a defined domain.",
    DOMAIN,
    PAUSED,
    AUTODESTROY,
    Flag("bypass-cache", "read a saved state around the host's cache"),
    Flag("force-boot", "boot afresh, dropping a saved state"),
    Flag("console", "attach to the console"),
)
def start(session: Session, args: Arguments) -> None:
    """Start a domain."""
    domain = find_domain(session, args)
    domain.create(flags(args, CREATE))
    session.out.done(f"Domain '{domain.name}' started", name=domain.name, id=domain.id)
    if args.console:
        from virtkit_cli.console import attach

        attach(session, domain)


@command(
    "create",
    "Start a domain from an XML file without defining it.",
    FILE,
    PAUSED,
    AUTODESTROY,
    VALIDATE,
    Flag("console", "attach to the console"),
)
def create(session: Session, args: Arguments) -> None:
    """Start a transient domain."""
    bits = {
        "paused": DomainCreateFlags.START_PAUSED,
        "autodestroy": DomainCreateFlags.START_AUTODESTROY,
        "validate": DomainCreateFlags.START_VALIDATE,
    }
    domain = session.connection.create_domain(document(args.file), flags(args, bits))
    session.out.done(f"Domain '{domain.name}' created from {args.file}", name=domain.name, id=domain.id)
    if args.console:
        from virtkit_cli.console import attach

        attach(session, domain)


MODES = {
    "acpi": "ACPI_POWER_BTN",
    "agent": "GUEST_AGENT",
    "initctl": "INITCTL",
    "signal": "SIGNAL",
    "paravirt": "PARAVIRT",
}
MODE = Option("mode", f"ways to tell the guest, with commas: {', '.join(MODES)}", default="")


def _modes(kind: type[DomainShutdownFlags] | type[DomainRebootFlags], words: str) -> int:
    unknown = set(filter(None, words.split(","))) - set(MODES)
    if unknown:
        raise UsageError(f"--mode: unknown {', '.join(sorted(unknown))}; known are {', '.join(MODES)}")
    return sum(int(kind[MODES[word]]) for word in words.split(",") if word)


@command("shutdown", "Ask the guest to power itself off.", DOMAIN, MODE)
def shutdown(session: Session, args: Arguments) -> None:
    """Shut a domain down."""
    domain = find_domain(session, args)
    domain.shutdown(_modes(DomainShutdownFlags, args.mode))
    session.out.done(f"Domain '{domain.name}' is being shutdown", name=domain.name)


@command("reboot", "Ask the guest to reboot.", DOMAIN, MODE)
def reboot(session: Session, args: Arguments) -> None:
    """Reboot a domain."""
    domain = find_domain(session, args)
    domain.reboot(_modes(DomainRebootFlags, args.mode))
    session.out.done(f"Domain '{domain.name}' is being rebooted", name=domain.name)


@command(
    "destroy",
    "Stop a domain at once, as pulling the plug would.",
    DOMAIN,
    Flag("graceful", "only if it goes without force"),
    Flag("remove-logs", "also remove its logs"),
)
def destroy(session: Session, args: Arguments) -> None:
    """Destroy a domain."""
    domain = find_domain(session, args)
    bits = {"graceful": DomainDestroyFlags.GRACEFUL, "remove_logs": DomainDestroyFlags.REMOVE_LOGS}
    domain.destroy(flags(args, bits))
    session.out.done(f"Domain '{domain.name}' destroyed", name=domain.name)


action(__name__, "suspend", "Pause a domain.", DOMAIN, find_domain, lambda d: d.suspend(), "Domain '{}' suspended")
action(__name__, "resume", "Let a paused domain run.", DOMAIN, find_domain, lambda d: d.resume(), "Domain '{}' resumed")
action(
    __name__,
    "reset",
    "Reset a domain, as its button would.",
    DOMAIN,
    find_domain,
    lambda d: d.reset(),
    "Domain '{}' was reset",
)
action(
    __name__,
    "inject-nmi",
    "Send the guest an NMI.",
    DOMAIN,
    find_domain,
    lambda d: d.inject_nmi(),
    "NMI sent to domain '{}'",
)
action(
    __name__,
    "managedsave-remove",
    "Drop the managed saved state of a domain.",
    DOMAIN,
    find_domain,
    lambda d: d.managed_save_remove(),
    "Removed managedsave image for domain '{}'",
)

SAVE = {
    "bypass_cache": DomainSaveRestoreFlags.BYPASS_CACHE,
    "running": DomainSaveRestoreFlags.RUNNING,
    "paused": DomainSaveRestoreFlags.PAUSED,
}
SAVE_FLAGS = (
    Flag("bypass-cache", "go around the host's cache"),
    Flag("running", "let it run when restored"),
    Flag("paused", "leave it paused when restored"),
)


@command(
    "save",
    "Save a running domain to a file and stop it.",
    DOMAIN,
    Argument("file", "where to save it", completes="file"),
    Option("xml", "file with XML to restore it with", completes="file"),
    *SAVE_FLAGS,
)
def save(session: Session, args: Arguments) -> None:
    """Save a domain."""
    domain = find_domain(session, args)
    with session.progress(domain, f"Saving '{domain.name}'"):
        domain.save(args.file, document(args.xml) if args.xml else None, flags(args, SAVE))
    session.out.done(f"Domain '{domain.name}' saved to {args.file}", name=domain.name, file=args.file)


@command(
    "restore",
    "Restore a domain from a file it was saved to.",
    Argument("file", "what `save` wrote", completes="file"),
    Option("xml", "file with XML to restore it with", completes="file"),
    *SAVE_FLAGS,
)
def restore(session: Session, args: Arguments) -> None:
    """Restore a domain."""
    session.connection.restore_domain(args.file, document(args.xml) if args.xml else None, flags(args, SAVE))
    session.out.done(f"Domain restored from {args.file}", file=args.file)


@command("managedsave", "Save a domain, to go on at its next start.", DOMAIN, *SAVE_FLAGS)
def managedsave(session: Session, args: Arguments) -> None:
    """Save a domain where its driver keeps it."""
    domain = find_domain(session, args)
    with session.progress(domain, f"Saving '{domain.name}'"):
        domain.managed_save(flags(args, SAVE))
    session.out.done(f"Domain '{domain.name}' state saved", name=domain.name)


@command(
    "console",
    "Attach to the console of a running domain; Ctrl+] detaches.",
    DOMAIN,
    Option("devname", "alias of the device; the first console if left out"),
    Flag("force", "take it from another client"),
)
def console(session: Session, args: Arguments) -> None:
    """Attach to a console."""
    from virtkit_cli.console import attach

    attach(session, find_domain(session, args), args.devname, force=args.force)


@command(
    "screenshot",
    "Save what the screen of a domain shows.",
    DOMAIN,
    Argument("file", "where to save it; named after the domain and the time if left out", required=False),
    Option("screen", "number of the screen", type=int, default=0),
)
def screenshot(session: Session, args: Arguments) -> None:
    """Take a screenshot."""
    import time

    from virtkit.streams import Hole

    domain = find_domain(session, args)
    shot = domain.screenshot(args.screen)
    file = args.file or f"{domain.name}-{time.strftime('%Y-%m-%d-%H:%M:%S')}.{shot.mime.rpartition('/')[2]}"
    with open(file, "wb") as target:
        for piece in shot.data:
            target.write(bytes(piece.length) if isinstance(piece, Hole) else piece)
    session.out.done(f"Screenshot saved to {file}, with type of {shot.mime}", file=file, mime=shot.mime)
