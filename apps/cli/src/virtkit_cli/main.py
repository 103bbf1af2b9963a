"""The `virtkit` program: `virtkit [options] command [words]`, several commands with `;` between them."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from virtkit.errors import VirtError
from virtkit_cli.command import COMMANDS, UsageError, parse
from virtkit_cli.output import Output
from virtkit_cli.session import Session

GROUPS = {
    "domain": "Domains",
    "lifecycle": "Running domains",
    "resources": "Resources of domains",
    "snapshot": "Snapshots and checkpoints",
    "network": "Networks",
    "pool": "Storage pools",
    "volume": "Storage volumes",
    "interface": "Host interfaces",
    "device": "Host devices",
    "filters": "Filters and secrets",
    "host": "Host and hypervisor",
    "drivers": "Installed drivers",
    "shell": "This program",
}
"""Module of commands -> what its commands are about, in the order of the help."""

EXIT_FAILED = 1  # the driver refused or failed
EXIT_USAGE = 2  # the words are wrong
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status: 0 done, 1 refused or failed, 2 wrong words, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="virtkit", description="Manage virtual machines.", epilog="`virtkit help` lists the commands.",
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("-c", "--connect", metavar="URI", help="what to connect to, such as qemu:///system")
    parser.add_argument("-r", "--readonly", action="store_true", help="refuse all that changes anything")
    parser.add_argument("-q", "--quiet", action="store_true", help="no headers and remarks")
    parser.add_argument("-j", "--json", action="store_true", help="print JSON")
    parser.add_argument("-V", "--version", action="version", version=f"virtkit {_version()}")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="command ...")
    options = parser.parse_args(arguments)
    session = Session(Output(json=options.json, quiet=options.quiet), options.connect, readonly=options.readonly)
    load_commands()
    try:
        for words in split(options.words or ["help"]):
            run(session, words)
        sys.stdout.flush()
    except UsageError as error:
        return _fail(str(error), EXIT_USAGE)
    except VirtError as error:
        return _fail(error.message, EXIT_FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_FAILED
    except OSError as error:
        return _fail(f"{error.filename or 'input or output'}: {error.strerror}", EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        session.close()
    return 0


def load_commands() -> None:
    """Import the modules of commands."""
    for group in GROUPS:
        import_module(f"virtkit_cli.{group}")


def split(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands in the words of the command line; a single word may hold several, as a shell would quote them.

    Raises:
        UsageError: Quotes are not closed.
    """
    if len(words) == 1:
        lexer = shlex.shlex(words[0], posix=True, punctuation_chars=";")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError as cause:
            raise UsageError(f"{words[0]!r}: {cause}") from cause
    current: list[str] = []
    for word in [*words, ";"]:
        if word != ";":
            current.append(word)
        elif current:
            yield current
            current = []


def run(session: Session, words: Sequence[str]) -> None:
    """Run one command.

    Raises:
        UsageError: There is no such command, or its words are wrong.
    """
    name, *rest = words
    declared = COMMANDS.get(name)
    if declared is None:
        from difflib import get_close_matches

        near = get_close_matches(name, COMMANDS, 1)
        raise UsageError(
            f"no command is named {name!r}; " + (f"did you mean {near[0]}?" if near else "see virtkit help")
        )
    declared.body(session, parse(declared, rest))


def _fail(message: str, status: int) -> int:
    print(f"virtkit: {message}", file=sys.stderr)
    return status


def _version() -> str:
    import virtkit

    return virtkit.__version__


if __name__ == "__main__":
    sys.exit(main())
