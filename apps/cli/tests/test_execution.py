"""The words of `virtkit exec`; what it does is tested with containers, in plugins/lxc."""

from __future__ import annotations

import pytest

from virtkit_cli import execution  # noqa: F401 - declares the command
from virtkit_cli.command import COMMANDS, Arguments, UsageError, parse


def read(*words: str) -> Arguments:
    return parse("exec", COMMANDS["exec"].words, words)


def test_letters_stand_alone_or_together() -> None:
    for words in (("-i", "-t"), ("-it",), ("-ti",), ("--interactive", "--tty")):
        args = read(*words, "web", "sh")
        assert (True, True, "web", ["sh"]) == (args.interactive, args.tty, args.domain, args.command)


def test_letters_take_values() -> None:
    args = read("-u", "app", "-g7", "-e", "A=1", "-eB=x=y", "--cwd", "/srv", "web", "sh")
    assert ("app", "7", "/srv", {"A": "1", "B": "x=y"}) == (args.user, args.group, args.cwd, dict(args.env))


def test_what_follows_the_program_is_its_own() -> None:
    assert ["ls", "-i", "-t"] == read("web", "ls", "-i", "-t").command
    assert ["ls", "--tty", "-i"] == read("-i", "web", "--", "ls", "--tty", "-i").command
    assert not read("web", "ls", "-t").tty


def test_a_variable_alone_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "of here")
    monkeypatch.delenv("NOTHING", raising=False)
    assert [("MODE", "of here")] == read("-e", "MODE", "web", "sh").env
    with pytest.raises(UsageError, match="set here"):
        read("-e", "NOTHING", "web", "sh")


def test_a_program_is_needed() -> None:
    with pytest.raises(UsageError, match="needs --command"):
        read("web")
