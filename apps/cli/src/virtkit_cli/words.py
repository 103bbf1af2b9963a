"""Words that many commands share, the objects they name, and the commands that all kinds of objects have."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit_cli.command import Arguments, Flag, UsageError, Value, argument, declare, option

if TYPE_CHECKING:
    from virtkit import Domain, Network, StoragePool, StorageVol
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


# Objects


class Target(NamedTuple):
    """A kind of object that commands act on.

    Attributes:
        word: Names the object.
        find: Looks it up.
    """

    word: Value
    find: Callable[[Session, Arguments], Any]


_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def looks_like_uuid(text: str) -> bool:
    """Whether a word can be a UUID rather than a name."""
    return _UUID.fullmatch(text) is not None


def find_domain(session: Session, args: Arguments) -> Domain:
    """The domain that `--domain` names.

    Raises:
        NoDomainError: There is none.
    """
    return domain_named(session, args.domain)


def domain_named(session: Session, text: str) -> Domain:
    """The domain of an id, else a UUID, else a name."""
    from contextlib import suppress

    from virtkit.errors import NoDomainError

    connection = session.connection
    if text.isdecimal():
        with suppress(NoDomainError):
            return connection.lookup_domain_by_id(int(text))
    if looks_like_uuid(text):
        with suppress(NoDomainError):
            return connection.lookup_domain_by_uuid(text)
    return connection.lookup_domain_by_name(text)


def find_network(session: Session, args: Arguments) -> Network:
    """The network that `--network` names."""
    if looks_like_uuid(args.network):
        return session.connection.lookup_network_by_uuid(args.network)
    return session.connection.lookup_network_by_name(args.network)


def find_pool(session: Session, args: Arguments) -> StoragePool:
    """The pool that `--pool` names."""
    return pool_named(session, args.pool)


def pool_named(session: Session, text: str) -> StoragePool:
    """The pool of a UUID or a name."""
    if looks_like_uuid(text):
        return session.connection.lookup_storage_pool_by_uuid(text)
    return session.connection.lookup_storage_pool_by_name(text)


def volume_named(session: Session, text: str, pool: str | None = None) -> StorageVol:
    """The volume of a name in a pool, else of a key, else of a path."""
    from virtkit.errors import NoStorageVolError

    if pool:
        return pool_named(session, pool).lookup_volume_by_name(text)
    try:
        return session.connection.lookup_volume_by_key(text)
    except NoStorageVolError:
        return session.connection.lookup_volume_by_path(text)


DOMAIN = Target(argument("domain", "name, id or UUID of a domain", completes="domain"), find_domain)
NETWORK = Target(argument("network", "name or UUID of a network", completes="network"), find_network)
POOL = Target(argument("pool", "name or UUID of a storage pool", completes="pool"), find_pool)


# Values


def number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number is expected") from None


SIZE = re.compile(r"([0-9]+)([a-zA-Z]*)")
SCALES = {"": 1, "b": 1, "bytes": 1}
SCALES |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgtpe", 1)}
SCALES |= {f"{letter}{tail}": 1024**power for power, letter in enumerate("kmgtpe", 1) for tail in ("", "ib")}


def scaled(text: str, unit: str) -> int:
    """A size such as `512M` or `2GiB` in bytes; a number alone is in `unit`."""
    match = SIZE.fullmatch(text)
    scale = SCALES.get((match[2] or unit).lower()) if match else None
    if match is None or scale is None:
        raise ValueError("a size is expected: a number, and a unit such as KiB, M or GB")
    return int(match[1]) * scale


def kib(text: str) -> int:
    """A size in KiB, rounded up; a number alone is in KiB."""
    return -(-scaled(text, "KiB") // 1024)


def bytesize(text: str) -> int:
    """A size in bytes."""
    return scaled(text, "bytes")


def document(path: str) -> str:
    """The text of an XML file, `-` being standard input.

    Raises:
        OSError: It cannot be read.
        XMLError: It is not text.
    """
    try:
        if path == "-":
            return sys.stdin.read()
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as cause:
        from virtkit.errors import XMLError

        raise XMLError(f"{path} is not text in UTF-8") from cause


def chosen(word: str, text: str, known: Iterable[str]) -> list[str]:
    """The words of a list with commas.

    Raises:
        UsageError: One is not known.
    """
    given = [each for each in text.split(",") if each]
    unknown = [each for each in given if each not in known]
    if unknown:
        raise UsageError(f"--{word}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    return given


def word_of(member: Any) -> str:
    """The name of a member of an enumeration, as a word on the command line."""
    name: str = member.name
    return name.lower().replace("_", "-")


def asked(question: Callable[[], Any]) -> Any:
    """The answer to a question that not every driver has an answer to; None then."""
    from virtkit.errors import NotSupportedError

    try:
        return question()
    except NotSupportedError:
        return None


def listed(args: Arguments, active: int, inactive: int) -> int:
    """The flags of a list that has active objects unless `--all` or `--inactive` is given."""
    if args.all:
        return args.flags & ~inactive
    return args.flags if args.inactive else args.flags | active


def when(seconds: int | None) -> str | None:
    """A time since 1970 as people read it."""
    import time

    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))


# Commands that all kinds of objects have


def action(name: str, help: str, target: Target, act: Callable[[Any], object], done: str) -> None:
    """Declare a command that does one thing to one object; `done` says so, `{}` being the object's name."""

    def body(session: Session, args: Arguments) -> None:
        item = target.find(session, args)
        act(item)
        session.out.done(done.format(item.name), name=item.name)

    declare(name, help, [target.word], body)


def fact(name: str, help: str, target: Target, key: str, ask: Callable[[Any], object]) -> None:
    """Declare a command that prints one fact of one object."""

    def body(session: Session, args: Arguments) -> None:
        session.out.value(key, ask(target.find(session, args)))

    declare(name, help, [target.word], body)


def switch(name: str, help: str, target: Target, noun: str) -> None:
    """Declare the autostart command of a kind."""

    def body(session: Session, args: Arguments) -> None:
        item = target.find(session, args)
        item.set_autostart(not args.disable)
        verb = "unmarked" if args.disable else "marked"
        session.out.done(f"{noun} {verb} as autostarted".format(item.name), name=item.name, autostart=not args.disable)

    declare(name, help, [target.word, Flag("disable", "do not")], body)


def printer(name: str, help: str, target: Target, *flags: Flag) -> None:
    """Declare the command that prints the XML of a kind."""

    def body(session: Session, args: Arguments) -> None:
        item = target.find(session, args)
        print_document(session, args, item.xml_desc(args.flags) if flags else item.xml_desc())

    declare(name, help, [target.word, *flags, *XPATH], body)


def print_document(session: Session, args: Arguments, text: str) -> None:
    """Print a document, or what `--xpath` finds in it."""
    if args.xpath:
        from virtkit_cli.xpath import found

        text = found(text, args.xpath, wrap=args.wrap)
    session.out.document(text)


def maker(
    name: str, help: str, make: Callable[[Session, str, int], Any], done: str, *flags: Flag
) -> None:  # fmt: skip
    """Declare a command that makes an object of an XML file; `done` says so, with `{name}` and `{file}`."""

    def body(session: Session, args: Arguments) -> None:
        item = make(session, document(args.file), args.flags)
        facts = {key: getattr(item, attr) for key, attr in FACTS.items() if hasattr(item, attr)}
        session.out.done(done.format(**facts, file=args.file), **facts)

    declare(name, help, [FILE, *flags], body)


FACTS = {"name": "name", "uuid": "uuid_string", "port": "port_dev"}
"""What is told of an object that was made: key in JSON -> attribute of its handle."""


def editor(
    name: str, help: str, target: Target, define: Callable[[Any, str], object], flags: int = 0
) -> None:  # fmt: skip
    """Declare the command that opens the XML of a kind in an editor.

    Args:
        name: The command.
        help: One line.
        target: The kind.
        define: Takes the object and the edited text.
        flags: For `xml_desc`.
    """

    def body(session: Session, args: Arguments) -> None:
        from virtkit.errors import InvalidArgError
        from virtkit_cli.editing import edit

        item = target.find(session, args)
        try:
            text = item.xml_desc(flags) if flags else item.xml_desc()
        except InvalidArgError:  # a driver whose objects have one description does not know the flag
            text = item.xml_desc()
        edit(session, item.name, text, lambda xml: define(item, xml))

    declare(name, help, [target.word], body)


def lasting(args: Arguments, domain: Domain) -> int:
    """What `--live`, `--config`, `--current` and `--persistent` say of a domain."""
    if not args.persistent:
        return args.flags
    if args.current:
        raise UsageError("--persistent and --current do not go together")
    return args.flags | CONFIG | (LIVE if domain.is_active() else 0)
