"""Commands about the program itself: help, completion, version, connection."""

from __future__ import annotations

from virtkit.errors import VirtError
from virtkit_cli.command import COMMANDS, Argument, Arguments, Flag, UsageError, Word, command, parser_of, usage
from virtkit_cli.session import Session


@command("help", "List the commands, or explain one.", Argument("command", "name of a command", required=False))
def help_(session: Session, args: Arguments) -> None:
    """List or explain commands."""
    from virtkit_cli.main import GROUPS

    if args.command:
        declared = COMMANDS.get(args.command)
        if declared is None:
            raise UsageError(f"no command is named {args.command!r}; see virtkit help")
        session.out.write(f"{usage(declared)}\n\n{declared.help}")
        text = parser_of(declared).format_help()
        session.out.write(text[text.index("option") :].rstrip() if "option" in text else "")
        return
    rows = [
        {"group": title, "command": name, "help": declared.help}
        for group, title in GROUPS.items()
        for name, declared in sorted(COMMANDS.items())
        if declared.group == group
    ]
    session.out.table({"command": "Command", "help": "What it does", "group": "About"}, rows)


@command(
    "connect",
    "Use another connection for the commands that follow.",
    Argument("uri", "what to connect to", required=False),
    Flag("readonly", "refuse all that changes anything"),
)
def connect(session: Session, args: Arguments) -> None:
    """Open another connection."""
    session.reopen(args.uri, readonly=args.readonly)
    session.out.done(f"connected to {session.connection.uri}", uri=session.connection.uri)


COMPLETION = """\
_virtkit() {
    local IFS=$'\\n'
    COMPREPLY=($(virtkit complete -- "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null))
    [[ ${COMPREPLY[0]} == FILES ]] && COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _virtkit virtkit
"""


@command(
    "completion",
    'Print the script that makes a shell complete commands: eval "$(virtkit completion)".',
    Argument("shell", "which shell", required=False, choices=("bash", "zsh")),
)
def completion(session: Session, args: Arguments) -> None:
    """Print the completion script."""
    prefix = "autoload -U +X bashcompinit && bashcompinit\n" if args.shell == "zsh" else ""
    session.out.document(prefix + COMPLETION)


@command(
    "complete",
    "Print what can complete a command line; the completion script calls it.",
    Argument("words", "place of the word to complete, then the words so far", many=True),
)
def complete(session: Session, args: Arguments) -> None:
    """One candidate per line; the single line FILES asks the shell for file names."""
    place, words = int(args.words[0]), args.words[1:]
    current = words[place] if place < len(words) else ""
    for candidate in candidates(session, words[1:place], current):
        if candidate == "FILES" or candidate.startswith(current):
            session.out.write(candidate)


GLOBAL_VALUES = ("-c", "--connect")


def candidates(session: Session, before: list[str], current: str) -> list[str]:
    """What can stand at a place of a command line.

    Args:
        session: Where names of objects are looked up; failing to connect offers none.
        before: The words before it, without the program's name.
        current: What is typed of it.
    """
    words = list(before)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in GLOBAL_VALUES and words:
            session.reopen(words.pop(0), readonly=True)
    if not words:
        return sorted(COMMANDS)
    declared = COMMANDS.get(words[0])
    if declared is None:
        return []
    if current.startswith("-"):
        return [f"--{word.name}" for word in declared.words]
    given = sum(not word.startswith("-") for word in words[1:])
    for word in declared.words:
        if words[-1] == f"--{word.name}" and not isinstance(word, Flag):
            return _values(session, word)
    arguments = declared.arguments
    if given < len(arguments) or (arguments and arguments[-1].many):
        return _values(session, arguments[min(given, len(arguments) - 1)])
    return []


def _values(session: Session, word: Word) -> list[str]:
    if isinstance(word, Flag):
        return []
    if word.choices:
        return list(word.choices)
    if word.completes == "file":
        return ["FILES"]
    if word.completes == "command" or word.name == "command":
        return sorted(COMMANDS)
    listing = LISTINGS.get(word.completes)
    if listing is None:
        return []
    try:
        return [found.name for found in getattr(session.connection, listing)()]
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
"""What an argument completes -> the method of a connection that lists it."""
