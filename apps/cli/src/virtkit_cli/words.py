"""Words that many commands share, and how they find objects."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainModificationImpact
from virtkit_cli.command import Argument, Arguments, Flag, UsageError, command

if TYPE_CHECKING:
    from virtkit import Domain, Network, StoragePool, StorageVol
    from virtkit_cli.session import Session

DOMAIN = Argument("domain", "name, id or UUID of a domain", completes="domain")
NETWORK = Argument("network", "name or UUID of a network", completes="network")
POOL = Argument("pool", "name or UUID of a storage pool", completes="pool")
FILE = Argument("file", "file with an XML document; - is standard input", completes="file")
VALIDATE = Flag("validate", "refuse a document with names that nobody knows")
IMPACT = (
    Flag("live", "change the running domain"),
    Flag("config", "change the definition"),
    Flag("current", "change what is current: the default"),
)

SIZE = re.compile(r"([0-9]+)([a-zA-Z]*)")
SCALES = {"": 1, "b": 1, "bytes": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4}
SCALES |= {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SCALES |= {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}

_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def looks_like_uuid(text: str) -> bool:
    """Whether a word can be a UUID rather than a name."""
    return _UUID.fullmatch(text) is not None


def find_domain(session: Session, args: Arguments) -> Domain:
    """The domain that `--domain` names: by id, then UUID, then name.

    Raises:
        NoDomainError: There is none.
    """
    from virtkit.errors import NoDomainError

    text, connection = args.domain, session.connection
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


def find_pool(session: Session, text: str) -> StoragePool:
    """The pool of a name or UUID."""
    if looks_like_uuid(text):
        return session.connection.lookup_storage_pool_by_uuid(text)
    return session.connection.lookup_storage_pool_by_name(text)


def find_volume(session: Session, args: Arguments) -> StorageVol:
    """The volume that `--vol` names: in `--pool` by name, else by key or path."""
    from virtkit.errors import NoStorageVolError

    if args.pool:
        return find_pool(session, args.pool).lookup_volume_by_name(args.vol)
    try:
        return session.connection.lookup_volume_by_key(args.vol)
    except NoStorageVolError:
        return session.connection.lookup_volume_by_path(args.vol)


def document(path: str) -> str:
    """The text of an XML file, `-` being standard input.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as cause:
        raise UsageError(f"cannot read {path}: {cause}") from cause


def flags(args: Arguments, bits: Mapping[str, int]) -> int:
    """The sum of the flags whose options were given."""
    return sum(int(bit) for key, bit in bits.items() if getattr(args, key))


def impact(args: Arguments) -> int:
    """What `--live`, `--config` and `--current` say."""
    if args.current and (args.live or args.config):
        raise UsageError("--current goes with neither --live nor --config")
    kinds = DomainModificationImpact
    return flags(args, {"live": kinds.LIVE, "config": kinds.CONFIG})


def size_in(unit: str) -> type[int]:
    """A type of argument: a size with a unit (`512M`, `2GiB`), in `unit` where none is written; the value in bytes."""

    class Size(int):
        def __new__(cls, text: str) -> Size:
            match = SIZE.fullmatch(text)
            scale = SCALES.get((match[2] or unit).lower()) if match else None
            if match is None or scale is None:
                raise ValueError("a size is a number and a unit such as KiB, M or GB")
            return super().__new__(cls, int(match[1]) * scale)

    return Size


Find = Callable[["Session", Arguments], Any]


def action(
    group: str, name: str, help: str, word: Argument, find: Find, act: Callable[[Any], object], done: str
) -> None:
    """Declare a command that does one thing to one object.

    Args:
        group: Name of the declaring module.
        name: The command.
        help: One line.
        word: Names the object.
        find: Looks it up.
        act: Does it.
        done: What to say then; `{}` is the object's name.
    """

    @command(name, help, word, group=group)
    def body(session: Session, args: Arguments) -> None:
        item = find(session, args)
        act(item)
        session.out.done(done.format(item.name), name=item.name)


def switch(group: str, name: str, help: str, word: Argument, find: Find, noun: str) -> None:
    """Declare the autostart command of a kind."""

    @command(name, help, word, Flag("disable", "do not"), group=group)
    def body(session: Session, args: Arguments) -> None:
        item = find(session, args)
        item.set_autostart(not args.disable)
        verb = "unmarked" if args.disable else "marked"
        done = f"{noun} '{item.name}' {verb} as autostarted"
        session.out.done(done, name=item.name, autostart=not args.disable)


def printer(group: str, name: str, help: str, word: Argument, find: Find) -> None:
    """Declare the command that prints the XML of a kind."""

    @command(name, help, word, group=group)
    def body(session: Session, args: Arguments) -> None:
        session.out.document(find(session, args).xml_desc())
