"""What the daemon logs, as text and as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from virtkit.errors import SystemCallError
from virtkit_remote.daemon import logs
from virtkit_remote.daemon.config import Log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    if logs._handler is not None:
        root.removeHandler(logs._handler)
        logs._handler.close()
        logs._handler = None
    root.setLevel(level)


def record(message: str, *arguments: Any, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("virtkit.lab", logging.WARNING, __file__, 1, message, arguments, None)
    made.created = 0.0
    vars(made).update(fields)
    return made


def test_text_has_time_level_and_message() -> None:
    text = logs.TextFormatter().format(record("%s is cut", "client 3", client=3))
    time, level, message = text.split(" ", 2)
    assert 0.0 == datetime.fromisoformat(time).timestamp()
    assert ("WARNING", "client 3 is cut") == (level, message)


def test_a_moment_has_milliseconds_and_the_zone_of_the_host() -> None:
    for seconds in (0.0, 0.25, 1.0, 1.5, 1750000000.875, 1.5):  # zones change over the year
        text = datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
        assert text == logs.moment(seconds)


@pytest.mark.parametrize("forged", ["a\nERROR root came in", "a\r\x1b[2Jb", "a\u2028b", "a\x85b"])
def test_a_message_is_one_line_whatever_it_quotes(forged: str) -> None:
    text = logs.TextFormatter().format(record("user %s", forged))
    assert ([text], False) == (text.splitlines(), "\x1b" in text)


def test_json_has_the_extras_as_keys() -> None:
    entry = json.loads(logs.JsonFormatter().format(record("%s is cut", "client 3", client=3, bytes=9)))
    assert 0.0 == datetime.fromisoformat(entry.pop("time")).timestamp()
    assert {
        "level": "warning", "logger": "virtkit.lab", "message": "client 3 is cut", "client": 3, "bytes": 9,
    } == entry  # fmt: skip


@pytest.mark.parametrize("formatter", [logs.TextFormatter(), logs.JsonFormatter()])
def test_a_traceback_is_there(formatter: logging.Formatter) -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        made = record("it failed")
        made.exc_info = sys.exc_info()
    first, *rest = formatter.format(made).splitlines()
    assert "it failed" in first
    assert all(line.startswith("    ") for line in rest)
    assert "ValueError" in first + "".join(rest)


def test_a_log_goes_to_its_file_at_its_level(tmp_path: Path) -> None:
    logs.configure(Log(level="warning", format="json", file=str(tmp_path / "log")))
    logging.getLogger("virtkit.lab").info("quiet")
    logging.getLogger("virtkit.lab").warning("loud")
    assert ["loud"] == [json.loads(line)["message"] for line in (tmp_path / "log").read_text().splitlines()]


def test_a_log_configured_again_goes_to_the_new_file_alone(tmp_path: Path) -> None:
    logs.configure(Log(file=str(tmp_path / "old")))
    logs.configure(Log(file=str(tmp_path / "new")))
    logging.getLogger("virtkit.lab").warning("loud")
    assert ("", True) == ((tmp_path / "old").read_text(), "loud" in (tmp_path / "new").read_text())


def test_a_log_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    logs.configure(Log(file=str(tmp_path / "log")))
    (tmp_path / "log").rename(tmp_path / "log.1")
    logging.getLogger("virtkit.lab").warning("loud")
    assert ("", True) == ((tmp_path / "log.1").read_text(), "loud" in (tmp_path / "log").read_text())


def test_without_a_file_it_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Log())
    logging.getLogger("virtkit.lab").warning("loud")
    assert capsys.readouterr().err.endswith("WARNING loud\n")


def test_a_file_that_cannot_be_written_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    logs.configure(Log(file=str(tmp_path / "log")))
    with pytest.raises(SystemCallError, match=r"change log\.file"):
        logs.configure(Log(file=str(tmp_path / "missing" / "log")))
    logging.getLogger("virtkit.lab").warning("loud")
    assert "loud" in (tmp_path / "log").read_text()
