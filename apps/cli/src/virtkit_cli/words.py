"""Words that many commands share, and what they say."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from virtkit_cli.command import Arguments, Flag, UsageError, argument, option

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit_cli.session import Session

FILE = argument("file", "file with an XML document; - is standard input", completes="file")
LIVE, CONFIG = 1, 2  # of every kind of flags that says what is changed
IMPACT = (
    Flag("live", "change the running domain", LIVE),
    Flag("config", "change the definition", CONFIG),
    Flag("current", "change what is current: the default", excludes=("live", "config")),
)
PERSISTENT = Flag("persistent", "change the definition, and the domain if it runs")
PRINT_XML = Flag("print-xml", "print the XML and do nothing")
XPATH = (
    option("xpath", "print what an XPath expression finds, instead of the document"),
    Flag("wrap", "with --xpath: print one document, whose root holds what was found"),
)
TABLE = Flag("table", "print a table: the default", excludes=("name", "uuid"))


def chosen(word: str, text: str, known: Collection[str]) -> list[str]:
    """The words of a list with commas.

    Raises:
        UsageError: One is not known.
    """
    given = [each for each in text.split(",") if each]
    unknown = [each for each in given if each not in known]
    if unknown:
        raise UsageError(f"--{word}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    return given


def listed(args: Arguments, active: int, inactive: int) -> int:
    """The flags of a list that has active objects unless `--all` or `--inactive` is given."""
    if args.all:
        return args.flags & ~inactive
    return args.flags if args.inactive else args.flags | active


def print_document(session: Session, args: Arguments, text: str) -> None:
    """Print a document, or what `--xpath` finds in it."""
    if args.xpath:
        from virtkit_cli.xpath import found

        text = found(text, args.xpath, wrap=args.wrap)
    session.out.document(text)


def lasting(args: Arguments, domain: Domain) -> int:
    """What `--live`, `--config`, `--current` and `--persistent` say of a domain."""
    if not args.persistent:
        return args.flags
    if args.current:
        raise UsageError("--persistent and --current do not go together")
    return args.flags | CONFIG | (LIVE if domain.is_active() else 0)
