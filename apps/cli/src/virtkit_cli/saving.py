"""Commands that save domains to files, restore and dump them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainCoreDumpFlags, DomainCoreDumpFormat, DomainSaveImageXMLFlags, DomainSaveRestoreFlags
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.patterns import action
from virtkit_cli.values import document, word_of
from virtkit_cli.words import XPATH, print_document

if TYPE_CHECKING:
    from virtkit_cli.session import Session

RUNNING = Flag("running", "let it run when restored", DomainSaveRestoreFlags.RUNNING, excludes=("paused",))
PAUSED = Flag("paused", "leave it paused when restored", DomainSaveRestoreFlags.PAUSED)
BYPASS_CACHE = Flag("bypass-cache", "go around the host's cache", DomainSaveRestoreFlags.BYPASS_CACHE)
SECURE = Flag("security-info", "with passwords", DomainSaveImageXMLFlags.SECURE)
VERBOSE = Flag("verbose", "show how far it is; a terminal shows it anyway")
IMAGE = argument("file", "what `save` wrote", completes="file")
OTHER_XML = option("xml", "file with XML to restore it with", completes="file")
NEW_XML = argument("xml", "file with XML to restore it with", completes="file")


@command(
    DOMAIN.word, argument("file", "where to save it", completes="file"), OTHER_XML, BYPASS_CACHE, RUNNING, PAUSED,
    VERBOSE,
)  # fmt: skip
def save(session: Session, args: Arguments) -> None:
    """Save a running domain to a file and stop it."""
    domain = find_domain(session, args)
    xml = document(args.xml) if args.xml else None
    session.job(domain, f"Saving '{domain.name}'", lambda: domain.save(args.file, xml, args.flags))
    session.out.done(f"Domain '{domain.name}' saved to {args.file}", name=domain.name, file=args.file)


@command(
    IMAGE, OTHER_XML, BYPASS_CACHE, RUNNING, PAUSED,
    Flag("reset-nvram", "with the firmware's variables as new", DomainSaveRestoreFlags.RESET_NVRAM),
)  # fmt: skip
def restore(session: Session, args: Arguments) -> None:
    """Restore a domain from a file it was saved to."""
    session.connection.restore_domain(args.file, document(args.xml) if args.xml else None, args.flags)
    session.out.done(f"Domain restored from {args.file}", file=args.file)


@command(IMAGE, SECURE, *XPATH)
def save_image_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of a saved domain."""
    print_document(session, args, session.connection.save_image_xml_desc(args.file, args.flags))


@command(IMAGE, NEW_XML, RUNNING, PAUSED)
def save_image_define(session: Session, args: Arguments) -> None:
    """Change the XML of a saved domain."""
    session.connection.save_image_define_xml(args.file, document(args.xml), args.flags)
    session.out.done(f"State file {args.file} updated.", file=args.file)


@command(IMAGE, RUNNING, PAUSED)
def save_image_edit(session: Session, args: Arguments) -> None:
    """Edit the XML of a saved domain."""
    from virtkit_cli.editing import edit

    connection = session.connection
    text = connection.save_image_xml_desc(args.file, DomainSaveImageXMLFlags.SECURE)
    edit(session, args.file, text, lambda xml: connection.save_image_define_xml(args.file, xml, args.flags))


@command(DOMAIN.word, BYPASS_CACHE, RUNNING, PAUSED, VERBOSE)
def managedsave(session: Session, args: Arguments) -> None:
    """Save a domain, to go on at its next start."""
    domain = find_domain(session, args)
    session.job(domain, f"Saving '{domain.name}'", lambda: domain.managed_save(args.flags))
    session.out.done(f"Domain '{domain.name}' state saved", name=domain.name)


action(
    "managedsave-remove",
    "Drop the saved state of a domain.",
    DOMAIN,
    lambda domain: domain.managed_save_remove(),
    "Removed managedsave image for domain '{}'",
)


@command(DOMAIN.word, SECURE, *XPATH)
def managedsave_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of the saved state of a domain."""
    print_document(session, args, find_domain(session, args).managed_save_xml_desc(args.flags))


@command(DOMAIN.word, NEW_XML, RUNNING, PAUSED)
def managedsave_define(session: Session, args: Arguments) -> None:
    """Change the XML of the saved state of a domain."""
    domain = find_domain(session, args)
    domain.managed_save_define_xml(document(args.xml), args.flags)
    session.out.done(f"Managed save state file of domain '{domain.name}' updated.", name=domain.name)


@command(DOMAIN.word, RUNNING, PAUSED)
def managedsave_edit(session: Session, args: Arguments) -> None:
    """Edit the XML of the saved state of a domain."""
    from virtkit_cli.editing import edit

    domain = find_domain(session, args)
    text = domain.managed_save_xml_desc(DomainSaveImageXMLFlags.SECURE)
    edit(session, domain.name, text, lambda xml: domain.managed_save_define_xml(xml, args.flags))


FORMATS = {
    "elf": DomainCoreDumpFormat.RAW,
    **{word_of(format): format for format in DomainCoreDumpFormat if format},
}


@command(
    DOMAIN.word,
    argument("file", "where to write it", completes="file"),
    Flag("live", "while it runs", DomainCoreDumpFlags.LIVE, excludes=("crash", "reset")),
    Flag("crash", "and stop it as crashed", DomainCoreDumpFlags.CRASH, excludes=("reset",)),
    Flag("bypass-cache", "go around the host's cache", DomainCoreDumpFlags.BYPASS_CACHE),
    Flag("reset", "and reset it", DomainCoreDumpFlags.RESET),
    VERBOSE,
    Flag("memory-only", "its memory and no devices", DomainCoreDumpFlags.MEMORY_ONLY),
    option("format", "format, with --memory-only", choices=tuple(FORMATS)),
)
def dump(session: Session, args: Arguments) -> None:
    """Write the memory of a domain to a file."""
    if args.format and not args.memory_only:
        raise UsageError("dump takes --format only with --memory-only")
    domain = find_domain(session, args)

    def work() -> None:
        if args.format:
            domain.core_dump_with_format(args.file, FORMATS[args.format], args.flags)
        else:
            domain.core_dump(args.file, args.flags)

    session.job(domain, f"Dumping '{domain.name}'", work)
    session.out.done(f"Domain '{domain.name}' dumped to {args.file}", name=domain.name, file=args.file)
