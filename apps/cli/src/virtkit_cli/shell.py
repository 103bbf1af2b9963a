"""Commands about the program itself: help, completion, connection."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit_cli.catalog import GROUPS, MODULE_OF
from virtkit_cli.command import (
    COMMANDS,
    Arguments,
    Flag,
    UsageError,
    Value,
    allowed,
    argument,
    command,
    find,
    option,
    usage,
)

if TYPE_CHECKING:
    from virtkit_cli.command import Command, Word
    from virtkit_cli.session import Session


@command(option("command", "name of a command", completes="command"))
def help_(session: Session, args: Arguments) -> None:
    """List the commands, or explain one."""
    if args.command:
        _explain(session, find(args.command))
        return
    for module in GROUPS:
        import_module(f"virtkit_cli.{module}")
    if session.out.json:
        names = [(group.title, name) for group in GROUPS.values() for name in group.names.split()]
        rows = [{"group": title, "command": name, "help": COMMANDS[name].help} for title, name in names]
        session.out.table({}, rows)
        return
    session.out.write(USAGE)
    for group in GROUPS.values():
        session.out.write(f"\n{group.title}:")
        session.out.pairs({name: COMMANDS[name].help for name in group.names.split()}, "    {:<24} {}")


USAGE = """\
virtkit [-c URI] [-r] [-q] [-j] COMMAND [WORDS]
    -c, --connect URI    what to connect to, such as qemu:///system; else the default of the configuration
    -r, --readonly       refuse all that changes anything
    -q, --quiet          no headers, remarks and progress
    -j, --json           print JSON
    -V, --version        print the version

Several commands stand in one run with `;` between them: virtkit 'start web; console web'.
`virtkit help COMMAND` explains one, `eval "$(virtkit completion)"` completes them in bash."""


def _explain(session: Session, declared: Command) -> None:
    words = [(_shown(word), word.help + allowed(word)) for word in declared.words]
    if session.out.json:
        named = [{"name": word.name, "help": word.help} for word in declared.words]
        session.out.record({}, {"command": declared.name, "help": declared.help, "words": named})
        return
    session.out.write(f"{usage(declared)}\n\n{declared.help}")
    if words:
        session.out.write("")
    width = max((len(name) for name, _ in words), default=0)
    for name, help in words:
        session.out.write(f"    {name:<{width}}  {help}")


def _shown(word: Word) -> str:
    if isinstance(word, Flag):
        return f"--{word.name}"
    return f"[--{word.name}] VALUE" if word.required else f"--{word.name} VALUE"


@command(
    option("name", "URI to connect to; the default if left out"), Flag("readonly", "refuse all that changes anything")
)
def connect(session: Session, args: Arguments) -> None:
    """Use another connection for the commands that follow."""
    session.reopen(args.name, readonly=args.readonly)
    session.out.done(f"Connected to {session.connection.uri}", uri=session.connection.uri)


@command(option("text", "what to print", many=True))
def echo(session: Session, args: Arguments) -> None:
    """Print the words given."""
    session.out.value("text", " ".join(args.text))


# Completion

COMPLETION = """\
_virtkit() {
    local IFS=$'\\n' word=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=($(virtkit -q complete -- "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null))
    [[ ${COMPREPLY[0]} == //files ]] && COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _virtkit virtkit
"""
FILES = "//files"
"""Tells the shell to offer its own file names; no object has such a name."""


@command(option("shell", "which shell", choices=("bash", "zsh"), default="bash"))
def completion(session: Session, args: Arguments) -> None:
    """Print the script that makes a shell complete commands: eval "$(virtkit completion)"."""
    prefix = "autoload -U +X bashcompinit && bashcompinit\n" if args.shell == "zsh" else ""
    session.out.stream.write(prefix + COMPLETION)


@command(argument("words", "place of the word to complete, then the words so far", many=True))
def complete(session: Session, args: Arguments) -> None:
    """Print what can complete a command line; the completion script calls it."""
    if not args.words[0].isdecimal():
        raise UsageError("complete needs the place of a word, then words")
    place, words = int(args.words[0]), args.words[1:]
    current = words[place] if place < len(words) else ""
    for candidate in candidates(session, words[1:place], current):
        if candidate == FILES or candidate.startswith(current):
            session.out.write(candidate)


def candidates(session: Session, before: list[str], current: str) -> list[str]:
    """What can stand at a place of a command line.

    Args:
        session: Where names of objects are looked up; failing to connect offers none.
        before: The words before it, without the program's name.
        current: What is typed of it.
    """
    from virtkit_cli.main import OPTIONS, split_options

    try:
        options, words = split_options(before)
        declared = find(words[0]) if words else None
    except UsageError:
        return []
    session.reopen(options.connect, readonly=True)
    if declared is None:
        return [f"--{word.name}" for word in OPTIONS] if current.startswith("-") else list(MODULE_OF)
    return _words_of(session, declared, words[1:], current)


def _words_of(session: Session, declared: Command, given: list[str], current: str) -> list[str]:
    """What can follow the words of a command."""
    if current.startswith("-"):
        return [f"--{word.name}" for word in declared.words if f"--{word.name}" not in given]
    values = {f"--{word.name}": word for word in declared.words if isinstance(word, Value)}
    named = [word for name, word in values.items() if name in given]
    if given and given[-1] in values:
        return _values(session, values[given[-1]], given)
    flags = sum(word.startswith("-") for word in given)
    placed = len(given) - flags - len(named)
    for word in declared.values:
        if word in named and not word.many:
            continue
        if placed == 0 or word.many:
            return _values(session, word, given)
        placed -= 1
    return []


def _values(session: Session, word: Value, given: list[str]) -> list[str]:
    """What can be the value of a word."""
    if word.choices:
        return list(word.choices)
    if word.completes == "file":
        return [FILES]
    if word.completes == "command":
        return list(MODULE_OF)
    try:
        return names(session, word.completes, next((text for text in given if not text.startswith("-")), ""))
    except VirtError:
        return []


LISTINGS = {
    "domain": "list_domains",
    "network": "list_networks",
    "pool": "list_storage_pools",
    "interface": "list_interfaces",
    "device": "list_node_devices",
    "nwfilter": "list_nwfilters",
}
"""What a word completes -> the method of a connection that lists it."""


def names(session: Session, what: str, first: str) -> list[str]:
    """Names of objects of a kind, or of what belongs to the domain that the first value of the command names."""
    from virtkit_cli.objects import domain_named

    if what in LISTINGS:
        return [item.name for item in getattr(session.connection, LISTINGS[what])()]
    if what == "volume":
        pools = session.connection.list_storage_pools()
        return [volume.path() for pool in pools if pool.is_active() for volume in pool.list_volumes()]
    if what == "snapshot":
        return domain_named(session, first).list_snapshot_names()
    if what == "checkpoint":
        return [item.name for item in domain_named(session, first).list_checkpoints()]
    if what == "disk":
        from virtkit_cli.disk import disks

        return [disk.target.dev for disk in disks(domain_named(session, first)) if disk.target and disk.target.dev]
    if what == "nic":
        from virtkit_cli.nic import device_of, interfaces, mac_of

        return [device_of(item) or mac_of(item) or "" for item in interfaces(domain_named(session, first))]
    return []
