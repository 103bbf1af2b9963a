"""What the daemon writes about itself: through `logging`, as text for people or as an object per line.

A module logs as it always does; what belongs to the record beside its message goes into `extra`:

    _log.warning("%s is cut: %s", client, reason, extra={"client": client.number, "bytes": waiting})

Text shows the message alone. In JSON such extras are keys of their own, behind `time`, `level`, `logger` and `message`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import datetime
from functools import lru_cache
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import SystemCallError

if TYPE_CHECKING:
    from virtkit_remote.daemon.config import Log

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
"""Word of the configuration -> level of `logging`."""

OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; the rest came in as `extra`."""

SECOND_LENGTH = len("2026-01-31T12:00:00")

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def moment(seconds: float) -> str:
    """A time since 1970 as `2026-01-31T12:00:00.000+01:00`, in the host's zone."""
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    start, zone = _second(whole)
    return f"{start}.{milliseconds:03d}{zone}"


@lru_cache(maxsize=1)
def _second(seconds: int) -> tuple[str, str]:
    """What stands before and behind the milliseconds: a busy daemon writes many lines in one second."""
    text = datetime.fromtimestamp(seconds).astimezone().isoformat()
    return text[:SECOND_LENGTH], text[SECOND_LENGTH:]


def one_line(text: str) -> str:
    """A text with its control characters written out: what a client sends can forge no line of a log."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class TextFormatter(logging.Formatter):
    """`TIME LEVEL MESSAGE`; the lines of a traceback follow, indented."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{moment(record.created)} {record.levelname} {one_line(record.getMessage())}"
        if record.exc_info:
            text += "".join(f"\n    {line}" for line in self.formatException(record.exc_info).splitlines())
        return text


class JsonFormatter(logging.Formatter):
    """An object per line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": moment(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in vars(record).items() if key not in OWN}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


_handler: logging.Handler | None = None


def configure(settings: Log) -> None:
    """Have everything logged as configured; again after a reload, which also opens a file anew that was moved away.

    Raises:
        SystemCallError: The file cannot be written; what was in force stays so.
    """
    global _handler
    handler = _made(settings)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(LEVELS[settings.level])
    old, _handler = _handler, handler
    if old is not None:
        root.removeHandler(old)
        old.close()


def _made(settings: Log) -> logging.Handler:
    if not settings.file:
        return logging.StreamHandler(sys.stderr)
    try:
        return WatchedFileHandler(settings.file, encoding="utf-8")
    except OSError as cause:
        raise SystemCallError(
            f"cannot log to {settings.file}: {cause.strerror}; change log.file in the configuration",
            domain=int(ErrorDomain.RPC),
            int1=cause.errno or -1,
        ) from cause
