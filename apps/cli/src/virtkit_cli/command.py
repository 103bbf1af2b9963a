"""Commands: how one is declared, and how its words are read.

    @command("dominfo", "Show what is known about a domain.", domain_argument())
    def dominfo(session: Session, args: Arguments) -> None:
        ...

The words follow virsh: what is declared as an argument may be given by place or as `--name value`, options in any
place. A command prints through its session (`session.out`), so that tables for people and `--json` for programs come
from the same rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from virtkit_cli.session import Session

Arguments = argparse.Namespace


class UsageError(Exception):
    """The words of a command are wrong; the message says what was expected."""


class Argument(NamedTuple):
    """A value, given by place or by name.

    Attributes:
        name: As `--name` on the command line, with `-` for `_` in the namespace.
        help: One line.
        required: The command needs it.
        many: Takes all values left over, as a list.
        type: Reads the text.
        completes: What a shell offers: `domain`, `network`, `pool`, `file`, ...; empty for nothing.
        choices: The words allowed.
    """

    name: str
    help: str
    required: bool = True
    many: bool = False
    type: Callable[[str], Any] = str
    completes: str = ""
    choices: Sequence[str] | None = None

    @property
    def key(self) -> str:
        """Its name in the namespace."""
        return self.name.replace("-", "_")


class Flag(NamedTuple):
    """An option without a value."""

    name: str
    help: str

    @property
    def key(self) -> str:
        """Its name in the namespace."""
        return self.name.replace("-", "_")


class Option(NamedTuple):
    """An option with a value, given by name only."""

    name: str
    help: str
    type: Callable[[str], Any] = str
    default: Any = None
    completes: str = ""
    choices: Sequence[str] | None = None

    @property
    def key(self) -> str:
        """Its name in the namespace."""
        return self.name.replace("-", "_")


Word = Argument | Flag | Option
Body = Callable[["Session", Arguments], Any]


class Command(NamedTuple):
    """A command: its words, its one-line help and its function."""

    name: str
    help: str
    words: tuple[Word, ...]
    body: Body
    group: str

    @property
    def arguments(self) -> list[Argument]:
        """What may be given by place, in order."""
        return [word for word in self.words if isinstance(word, Argument)]


COMMANDS: dict[str, Command] = {}
"""Every command by name, filled as the modules of commands are imported."""


def command(name: str, help: str, *words: Word, group: str = "") -> Callable[[Body], Body]:
    """Declare a command under a name; the module's name is its group, unless another module's is given."""

    def register(body: Body) -> Body:
        COMMANDS[name] = Command(name, help, words, body, (group or body.__module__).rpartition(".")[2])
        return body

    return register


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parser_of(declared: Command) -> argparse.ArgumentParser:
    """The parser of a command's words."""
    parser = _Parser(prog=declared.name, description=declared.help, allow_abbrev=False)
    for word in declared.words:
        if isinstance(word, Flag):
            parser.add_argument(f"--{word.name}", dest=word.key, action="store_true", help=word.help)
        else:
            default = [] if isinstance(word, Argument) and word.many else getattr(word, "default", None)
            parser.add_argument(
                f"--{word.name}",
                dest=word.key,
                type=word.type,
                default=default,
                choices=word.choices,
                action="append" if isinstance(word, Argument) and word.many else "store",
                metavar=word.key.upper(),
                help=word.help,
            )
    parser.add_argument("by_place", nargs="*", metavar="VALUE", help=argparse.SUPPRESS)
    return parser


def parse(declared: Command, words: Sequence[str]) -> Arguments:
    """Read the words of a command.

    Raises:
        UsageError: A word is unknown, of the wrong type, missing or too many.
    """
    args = parser_of(declared).parse_intermixed_args(list(words))
    values = list(args.by_place)
    for argument in declared.arguments:
        if argument.many:
            getattr(args, argument.key).extend(_value(argument, text) for text in values)
            values = []
        elif getattr(args, argument.key) is None and values:
            setattr(args, argument.key, _value(argument, values.pop(0)))
        if argument.required and getattr(args, argument.key) in (None, []):
            raise UsageError(f"{declared.name} needs --{argument.name}: {argument.help}")
    if values:
        raise UsageError(f"{declared.name} takes no further value: {values[0]!r}")
    return args


def _value(argument: Argument, text: str) -> Any:
    try:
        value = argument.type(text)
    except ValueError as cause:
        raise UsageError(f"--{argument.name}: {text!r} is not valid: {cause}") from cause
    if argument.choices and value not in argument.choices:
        raise UsageError(f"--{argument.name}: {text!r} is not one of {', '.join(argument.choices)}")
    return value


def usage(declared: Command) -> str:
    """One line that shows the words of a command."""
    shown = [declared.name]
    for word in declared.words:
        if isinstance(word, Flag):
            shown.append(f"[--{word.name}]")
        elif isinstance(word, Option):
            shown.append(f"[--{word.name} {word.key.upper()}]")
        else:
            text = f"{word.key.upper()}..." if word.many else word.key.upper()
            shown.append(text if word.required else f"[{text}]")
    return " ".join(shown)
