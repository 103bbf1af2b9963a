"""What is logged and where to, as libvirt's administrators write it, of a daemon that runs.

    daemon-log-outputs  2:stderr                       from info on, to standard error
    daemon-log-outputs  3:file:/var/log/virtkitd.log   from warning on, to a file
    daemon-log-filters  1:virtkit_qemu 4:streams       all of QEMU's driver, of streams errors alone

A level is 1 debug, 2 info, 3 warning or 4 error. There is one output; its level is for what no filter is about. A
filter is about the loggers whose names, those of modules, match its pattern, with any text before and behind. The first
that is about a logger decides, also where it lets through what is below the level of the output.

Nothing is kept here beside `logging` itself: what is told is what is in force, and reading the configuration again puts
that in force.
"""

from __future__ import annotations

import fnmatch
import logging
from typing import TYPE_CHECKING, NamedTuple

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, OperationUnsupportedError
from virtkit_remote.daemon import logs

if TYPE_CHECKING:
    from virtkit_remote.daemon.config import Log

NAMES = {"1": "debug", "2": "info", "3": "warning", "4": "error"}
"""libvirt's level -> word of the configuration."""

NUMBERS = {logs.LEVELS[name]: number for number, name in NAMES.items()}
"""Level of `logging` -> libvirt's."""

ELSEWHERE = ("syslog", "journald")
"""Outputs of libvirt's that this daemon does not have."""


class Filter(NamedTuple):
    """The least level that some loggers write."""

    level: int
    pattern: str

    def __str__(self) -> str:
        return f"{NUMBERS[self.level]}:{self.pattern}"


class Sieve(logging.Filter):
    """Passes what is important enough: by the first filter about a logger, else by the level of the output."""

    def __init__(self, filters: tuple[Filter, ...], level: int) -> None:
        super().__init__()
        self.filters = filters
        self.level = level

    def filter(self, record: logging.LogRecord) -> bool:
        levels = (each.level for each in self.filters if fnmatch.fnmatchcase(record.name, each.pattern))
        return record.levelno >= next(levels, self.level)


def outputs() -> list[str]:
    """Where the log goes, with the level."""
    handler = _handler()
    level = NUMBERS[_level(handler)]
    file = handler.baseFilename if isinstance(handler, logging.FileHandler) else ""
    return [f"{level}:file:{file}" if file else f"{level}:stderr"]


def filters() -> list[str]:
    """The filters in force."""
    return [str(each) for each in _filters(_handler())]


def set_outputs(text: str | None, settings: Log) -> None:
    """Log elsewhere; the filters stay.

    Args:
        text: The output; None or empty: the one of the configuration.
        settings: What the configuration says.

    Raises:
        InvalidArgError: The text is none.
        OperationUnsupportedError: It is about an output that there is not, or about several.
        SystemCallError: The file cannot be written; what was in force stays so.
    """
    kept = _filters(_handler())
    logs.configure(_output(text.split(), settings) if text and text.split() else settings)
    _apply(kept)


def set_filters(text: str | None) -> None:
    """Put filters in force in place of those there are.

    Args:
        text: The filters; None or empty: none.

    Raises:
        InvalidArgError: One of them is none.
    """
    _apply(tuple(_filter(word) for word in (text or "").split()))


def _handler() -> logging.Handler:
    """What `virtkit_remote.daemon.logs` has put in force."""
    ours = (logs.TextFormatter, logs.JsonFormatter)
    return next(each for each in logging.getLogger().handlers if isinstance(each.formatter, ours))


def _sieve(handler: logging.Handler) -> Sieve | None:
    return next((each for each in handler.filters if isinstance(each, Sieve)), None)


def _filters(handler: logging.Handler) -> tuple[Filter, ...]:
    sieve = _sieve(handler)
    return sieve.filters if sieve else ()


def _level(handler: logging.Handler) -> int:
    """The level of the output; the root logger's is lower where a filter lets more through."""
    sieve = _sieve(handler)
    return sieve.level if sieve else logging.getLogger().level


def _apply(wanted: tuple[Filter, ...]) -> None:
    handler = _handler()
    level, old = _level(handler), _sieve(handler)
    if old is not None:
        handler.removeFilter(old)
    if wanted:
        handler.addFilter(Sieve(wanted, level))
    logging.getLogger().setLevel(min([level, *(each.level for each in wanted)]))


def _output(words: list[str], settings: Log) -> Log:
    if len(words) > 1:
        raise OperationUnsupportedError(
            f"the daemon logs to one place, not to {len(words)}: give one output", domain=ErrorDomain.LOGGING
        )
    level, _, target = words[0].partition(":")
    kind, _, file = target.partition(":")
    if kind in ELSEWHERE:
        raise OperationUnsupportedError(
            f"the daemon does not log to {kind}: give stderr, which systemd collects, or file:PATH",
            domain=ErrorDomain.LOGGING,
        )
    if level not in NAMES or not (target == "stderr" or (kind == "file" and file.startswith("/"))):
        raise InvalidArgError(
            f"{words[0]!r} is no output: write LEVEL:stderr or LEVEL:file:PATH, with a level of 1 to 4 and an absolute "
            "path",
            domain=ErrorDomain.LOGGING,
        )
    return attrs.evolve(settings, level=NAMES[level], file=file)


def _filter(word: str) -> Filter:
    level, _, pattern = word.partition(":")
    if level not in NAMES or not pattern:
        raise InvalidArgError(
            f"{word!r} is no filter: write LEVEL:NAME, with a level of 1 to 4 and a part of the name of a module",
            domain=ErrorDomain.LOGGING,
        )
    return Filter(logs.LEVELS[NAMES[level]], f"*{pattern.strip('*')}*")
