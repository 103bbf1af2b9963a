"""The `virtkit` program: `virtkit [options] command [words]`, several commands with `;` between them."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator, Sequence

from virtkit.errors import VirtError
from virtkit_cli.command import Arguments, Flag, Reader, UsageError, Value, find, option, parse
from virtkit_cli.output import Output
from virtkit_cli.session import Session

OPTIONS = (
    option("connect", "what to connect to, such as qemu:///system", completes="uri", short="c"),
    Flag("readonly", "refuse all that changes anything", short="r"),
    Flag("quiet", "no headers, remarks and progress", short="q"),
    Flag("json", "print JSON", short="j"),
    Flag("version", "print the version", short="V"),
    Flag("help", "print this", short="h"),
)
"""What stands before the command."""

EXIT_FAILED = 1  # the driver refused or failed
EXIT_USAGE = 2  # the words are wrong
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status: 0 done, 1 refused or failed, 2 wrong words, 130 interrupted.

    `exec` gives that of its program.
    """
    try:
        options, words = split_options(sys.argv[1:] if arguments is None else arguments)
    except UsageError as error:
        return _fail(str(error), EXIT_USAGE)
    if options.version:
        print(f"virtkit {_version()}")
        return 0
    if options.help or not words:
        words = ["help", *words[:1]]
    atexit.register(gc.freeze)  # the interpreter then ends without looking for garbage: 20 ms of 150
    session = Session(Output(json=options.json, quiet=options.quiet), options.connect, readonly=options.readonly)
    try:
        for each in split(words):
            run(session, each)
        sys.stdout.flush()
    except UsageError as error:
        return _fail(str(error), EXIT_USAGE)
    except VirtError as error:
        if options.json:
            session.out.document_of({"error": type(error).__name__, "code": error.code, "message": error.message})
        return _fail(error.message, EXIT_FAILED)
    except BrokenPipeError:  # who reads has seen enough; nothing more can be flushed to them at exit
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115 - for the rest of the process
        return EXIT_FAILED
    except OSError as error:
        return _fail(f"{error.filename or 'input or output'}: {error.strerror}", EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        session.close()
    return session.status


def split_options(arguments: Sequence[str]) -> tuple[Arguments, list[str]]:
    """What stands before the command, and the rest.

    Raises:
        UsageError: An option is unknown, or lacks its value.
    """
    names = {f"-{word.short}": word.name for word in OPTIONS}
    reader = Reader("virtkit", OPTIONS, "virtkit help")
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "--":
        text = rest.pop(0)
        if text[:2] in names:  # also -cURI
            text, attached = names[text[:2]], text[2:]
            rest[:0] = _detached(text, attached)
        elif not text.startswith("--"):
            raise reader.wrong(f"takes no {text}")
        reader.named(text.removeprefix("--"), rest)
    return reader.done(), rest[1:] if rest[:1] == ["--"] else rest


def _detached(name: str, attached: str) -> list[str]:
    """What follows a letter in its word: the value, or more letters."""
    if not attached:
        return []
    takes_value = any(isinstance(word, Value) for word in OPTIONS if word.name == name)
    return [attached if takes_value else f"-{attached}"]


def split(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands in the words of the command line; a single word may hold several, as a shell would quote them.

    Raises:
        UsageError: Quotes are not closed.
    """
    if len(words) == 1 and not words[0].isidentifier():
        import shlex

        lexer = shlex.shlex(words[0], posix=True, punctuation_chars=";")
        lexer.whitespace_split = True
        lexer.commenters = ""
        try:
            words = list(lexer)
        except ValueError as cause:
            raise UsageError(f"{words[0]!r}: {cause}") from cause
    current: list[str] = []
    for word in [*words, ";"]:
        if not word or word.strip(";"):
            current.append(word)
        elif current:
            yield current
            current = []


def run(session: Session, words: Sequence[str]) -> None:
    """Run one command.

    Raises:
        UsageError: There is no such command, or its words are wrong.
    """
    declared = find(words[0])
    args = parse(declared.name, declared.words, words[1:])
    if declared.body(session, args) is not False:
        session.out.end()


def _fail(message: str, status: int) -> int:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr)
    return status


def _version() -> str:
    import virtkit

    return virtkit.__version__


if __name__ == "__main__":
    sys.exit(main())
