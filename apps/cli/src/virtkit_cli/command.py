"""Commands: how one is declared, found, and how its words are read.

    @command(DOMAIN.word, Flag("reason", "also say why"))
    def domstate(session: Session, args: Arguments) -> None:
        \"\"\"Show the state of a domain.\"\"\"

The function's name is the command's, with `-` for `_`; the first line of its docstring is its help. The words follow
virsh: a value is given by place, in the declared order, or as `--name value` or `--name=value`; flags in any place;
after `--` nothing is a name. A command prints through its session (`session.out`), so that tables for people and
`--json` for programs come from the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit_cli.catalog import MODULE_OF

if TYPE_CHECKING:
    from virtkit_cli.session import Session

    Body = Callable[[Session, "Arguments"], Any]


class Arguments(SimpleNamespace):
    """What was given: each word under its name with `_` for `-`.

    Attributes:
        flags: The sum of the bits of the flags that were given.
    """

    flags: int


class UsageError(Exception):
    """The words of a command are wrong; the message says what was expected."""


class Flag(NamedTuple):
    """A word that is there or not.

    Attributes:
        name: As `--name` on the command line.
        help: One line.
        bit: What it adds to `Arguments.flags`.
        excludes: Names of the words it does not go with.
        short: As `-s` on the command line.
    """

    name: str
    help: str
    bit: int = 0
    excludes: tuple[str, ...] = ()
    short: str = ""


class Value(NamedTuple):
    """A word with a value; made by `argument` or `option`.

    Attributes:
        name: As `--name` on the command line.
        help: One line.
        type: Reads the text; raises ValueError with what it expects.
        required: The command needs it.
        many: Takes all values left over, as a list.
        default: What it is when not given.
        by_name: It cannot be given by place.
        completes: What a shell offers: `domain`, `network`, `file`, ...; empty for nothing.
        choices: The texts allowed.
        short: As `-s` on the command line.
    """

    name: str
    help: str
    type: Callable[[str], Any] = str
    required: bool = True
    many: bool = False
    default: Any = None
    by_name: bool = False
    completes: str = ""
    choices: Sequence[str] = ()
    short: str = ""


Word = Flag | Value


def argument(name: str, help: str, type: Callable[[str], Any] = str, **more: Any) -> Value:
    """A value that the command needs; `more` as in `Value`."""
    return Value(name, help, type, **more)


def option(name: str, help: str, type: Callable[[str], Any] = str, **more: Any) -> Value:
    """A value that may be left out; `more` as in `Value`."""
    return Value(name, help, type, required=False, **more)


class Command(NamedTuple):
    """A command: its words, its one-line help and its function."""

    name: str
    help: str
    words: tuple[Word, ...]
    body: Body

    @property
    def values(self) -> list[Value]:
        """What may be given by place, in order."""
        return [word for word in self.words if isinstance(word, Value) and not word.by_name]


COMMANDS: dict[str, Command] = {}
"""The commands of the modules that have been imported."""


def command(*words: Word) -> Callable[[Body], Body]:
    """Declare the command that a function is."""

    def register(body: Body) -> Body:
        declare(body.__name__.strip("_").replace("_", "-"), (body.__doc__ or "").partition("\n")[0], words, body)
        return body

    return register


def declare(name: str, help: str, words: Sequence[Word], body: Body) -> None:
    """Declare a command that is one of several made by a table."""
    COMMANDS[name] = Command(name, help, tuple(words), body)


def find(name: str) -> Command:
    """The command of a name; its module is imported now.

    Raises:
        UsageError: There is none.
    """
    module = MODULE_OF.get(name)
    if module is None:
        from difflib import get_close_matches

        near = get_close_matches(name, MODULE_OF, 1)
        raise UsageError(
            f"no command is named {name!r}; " + (f"did you mean {near[0]}?" if near else "see virtkit help")
        )
    import_module(f"virtkit_cli.{module}")
    return COMMANDS[name]


def parse(where: str, words: Sequence[Word], given: Sequence[str]) -> Arguments:
    """Read the words of a command.

    Args:
        where: Name of the command, for messages.
        words: What it takes.
        given: What stands on the command line after its name.

    Raises:
        UsageError: A word is unknown, of the wrong type, missing, too many, or does not go with another.
    """
    reader = Reader(where, words)
    rest = list(given)
    literal = False
    while rest:
        text = rest.pop(0)
        if text == "--" and not literal:
            literal = True
        elif text.startswith("--") and not literal:
            reader.named(text[2:], rest)
        elif not literal and reader.lettered(text, rest):
            continue
        else:
            reader.placed(text)
    return reader.done()


class Reader:
    """The words of one command while they are read."""

    def __init__(self, where: str, words: Sequence[Word], manual: str = "") -> None:
        self.where = where
        self.manual = manual or f"virtkit help {where}"
        self.words = {word.name: word for word in words}
        self.given: dict[str, Any] = {}

    def named(self, text: str, rest: list[str]) -> None:
        """Take `name`, `name=value`, or `name` whose value is the next of the rest."""
        name, equals, value = text.partition("=")
        word = self.words.get(name)
        if word is None:
            raise self.wrong(f"takes no --{name}")
        if isinstance(word, Flag):
            if equals:
                raise self.wrong(f"takes no value for --{name}")
            self.given[name] = True
        elif equals or rest:
            self.put(word, value if equals else rest.pop(0))
        else:
            raise self.wrong(f"needs a value after --{name}: {word.help}")

    def lettered(self, text: str, rest: list[str]) -> bool:
        """Take `-i`, `-it`, `-u NAME` or `-uNAME`; False: it is a value."""
        word = next((each for each in self.words.values() if each.short and text.startswith(f"-{each.short}")), None)
        begun = any(
            isinstance(each, Value) and each.many and not each.by_name for each in map(self.words.get, self.given)
        )
        if word is None or begun:
            return False
        if len(text) > 2:
            rest.insert(0, text[2:] if isinstance(word, Value) else f"-{text[2:]}")
        self.named(word.name, rest)
        return True

    def placed(self, text: str) -> None:
        """Take a value that stands without a name."""
        for word in self.words.values():
            if isinstance(word, Value) and not word.by_name and (word.many or word.name not in self.given):
                self.put(word, text)
                return
        raise self.wrong(f"takes no further value: {text!r}")

    def put(self, word: Value, text: str) -> None:
        """Take the value of a word."""
        try:
            value = word.type(text)
        except ValueError as cause:
            raise self.wrong(f"--{word.name} {text!r}: {cause}") from cause
        if word.choices and value not in word.choices:
            raise self.wrong(f"--{word.name} {text!r}: one of {', '.join(word.choices)} is expected")
        if word.many:
            self.given.setdefault(word.name, []).append(value)
        else:
            self.given[word.name] = value

    def done(self) -> Arguments:
        """Everything that was given, after the last of it."""
        args = Arguments(flags=0)
        for word in self.words.values():
            key = word.name.replace("-", "_")
            if isinstance(word, Flag):
                setattr(args, key, word.name in self.given)
                if word.name in self.given:
                    args.flags |= word.bit
                    self.check_alone(word)
            elif word.required and word.name not in self.given:
                raise self.wrong(f"needs --{word.name}: {word.help}")
            else:
                setattr(args, key, self.given.get(word.name, [] if word.many else word.default))
        return args

    def check_alone(self, word: Flag) -> None:
        """Refuse what does not go with a flag."""
        for name in word.excludes:
            if name in self.given:
                raise self.wrong(f"takes --{word.name} or --{name}, not both")

    def wrong(self, what: str) -> UsageError:
        """The error for a wrong word."""
        return UsageError(f"{self.where} {what}; see {self.manual}")


def usage(declared: Command) -> str:
    """One line that shows the words of a command."""
    shown = [declared.name]
    for word in declared.words:
        if isinstance(word, Flag):
            shown.append(f"[--{word.name}]")
        else:
            text = f"<{word.name}>" if word.required else f"[--{word.name} <{noun(word)}>]"
            shown.append(text + "..." * word.many)
    return " ".join(shown)


def allowed(word: Word) -> str:
    """The values a word may have, to be put behind its help."""
    return f": {', '.join(word.choices)}" if isinstance(word, Value) and word.choices else ""


def noun(word: Value) -> str:
    """What the value of a word is."""
    return word.completes or getattr(word.type, "__name__", "value").replace("str", "text")
