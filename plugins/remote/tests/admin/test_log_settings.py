"""Outputs and filters of the log, as libvirt's administrators write them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtkit.errors import InvalidArgError, OperationUnsupportedError, SystemCallError
from virtkit_remote.daemon import log_settings, logs
from virtkit_remote.daemon.config import Log


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The file that the daemon logs to by its configuration, from info on."""
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    path = tmp_path / "daemon.log"
    logs.configure(configured(path))
    yield path
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
        handler.close()
    logs._handler = None
    root.setLevel(level)


def configured(path: Path) -> Log:
    return Log(file=str(path))


def written(path: Path) -> list[str]:
    """What a chatty and a quiet module write of all levels: `name level`."""
    before = len(path.read_text().splitlines()) if path.exists() else 0
    for name in ("lab.chatty", "lab.quiet"):
        for level in logs.LEVELS:
            logging.getLogger(name).log(logs.LEVELS[level], "%s %s", name.removeprefix("lab."), level)
    return [line.split(" ", 2)[2] for line in path.read_text().splitlines()[before:]]


def test_the_output_of_the_configuration_is_told(file: Path) -> None:
    assert [f"2:file:{file}"] == log_settings.outputs()
    assert [] == log_settings.filters()


def test_an_output_takes_what_is_as_important_as_its_level(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    log_settings.set_outputs(f"4:file:{other}", configured(file))
    assert [f"4:file:{other}"] == log_settings.outputs()
    assert ["chatty error", "quiet error"] == written(other)
    assert "" == file.read_text()


def test_no_output_is_that_of_the_configuration(file: Path) -> None:
    log_settings.set_outputs("1:stderr", configured(file))
    log_settings.set_outputs(None, configured(file))
    assert [f"2:file:{file}"] == log_settings.outputs()


def test_a_filter_silences_and_another_one_makes_talk(file: Path) -> None:
    log_settings.set_filters("4:chatty 1:quiet")
    assert ["chatty error", "quiet debug", "quiet info", "quiet warning", "quiet error"] == written(file)


def test_the_first_filter_about_a_module_decides(file: Path) -> None:
    log_settings.set_filters("4:chatty 1:lab")
    assert ["chatty error", "quiet debug", "quiet info", "quiet warning", "quiet error"] == written(file)


def test_filters_take_the_place_of_those_before(file: Path) -> None:
    log_settings.set_filters("4:chatty")
    log_settings.set_filters("3:*quiet*")
    assert ["3:*quiet*"] == log_settings.filters()
    assert ["chatty info", "chatty warning", "chatty error", "quiet warning", "quiet error"] == written(file)


def test_without_filters_all_is_as_before(file: Path) -> None:
    log_settings.set_filters("1:chatty")
    log_settings.set_filters("")
    assert ([], logging.INFO) == (log_settings.filters(), logging.getLogger().level)
    assert [f"2:file:{file}"] == log_settings.outputs()


def test_filters_stay_when_the_output_changes(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    log_settings.set_filters("1:quiet")
    log_settings.set_outputs(f"4:file:{other}", configured(file))
    assert (["1:*quiet*"], [f"4:file:{other}"]) == (log_settings.filters(), log_settings.outputs())
    assert ["chatty error", "quiet debug", "quiet info", "quiet warning", "quiet error"] == written(other)


@pytest.mark.parametrize("text", ["nonsense", "5:stderr", ":stderr", "2:", "2:file", "2:file:relative", "2:stderr:x"])
def test_what_is_no_output_is_refused(file: Path, text: str) -> None:
    with pytest.raises(InvalidArgError, match="is no output: write LEVEL:stderr"):
        log_settings.set_outputs(text, configured(file))
    assert [f"2:file:{file}"] == log_settings.outputs()


@pytest.mark.parametrize("text", ["2:syslog:virtkitd", "2:journald", "2:stderr 3:file:/tmp/x"])
def test_an_output_that_there_is_not_is_refused(file: Path, text: str) -> None:
    with pytest.raises(OperationUnsupportedError):
        log_settings.set_outputs(text, configured(file))
    assert [f"2:file:{file}"] == log_settings.outputs()


def test_a_file_that_cannot_be_written_leaves_the_log_as_it_was(file: Path, tmp_path: Path) -> None:
    log_settings.set_filters("1:quiet")
    with pytest.raises(SystemCallError, match="cannot log to"):
        log_settings.set_outputs(f"4:file:{tmp_path}/none/x.log", configured(file))
    assert ([f"2:file:{file}"], ["1:*quiet*"]) == (log_settings.outputs(), log_settings.filters())


@pytest.mark.parametrize("text", ["nonsense", "5:lab", "1:", "1:lab nonsense"])
def test_what_is_no_filter_is_refused(file: Path, text: str) -> None:
    with pytest.raises(InvalidArgError, match="is no filter: write LEVEL:NAME"):
        log_settings.set_filters(text)
    assert [] == log_settings.filters()
