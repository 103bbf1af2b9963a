"""The program run in this process, on the test driver or on a connection that records what it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from virtkit.api.connection import Connection
from virtkit.driver import Driver, OpenRequest
from virtkit.events import EventHub
from virtkit.ops import Part
from virtkit.uri import parse
from virtkit_cli import main as program
from virtkit_cli.session import Session


class Result(NamedTuple):
    """How a run ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program with words; on test:///default unless they say otherwise."""
    monkeypatch.setenv("VIRTKIT_DEFAULT_URI", "test:///default")

    def call(*words: str) -> Result:
        status = program.main(words)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return call


@pytest.fixture
def done(run: Run) -> Callable[..., str]:
    """Run the program, which has to succeed; what it printed without the line that ends a command."""

    def call(*words: str) -> str:
        result = run(*words)
        assert (0, "") == (result.status, result.err)
        return result.out.removesuffix("\n")

    return call


class LabDriver(Driver[str]):
    """Publishes events and offers no function."""

    def __init__(self) -> None:
        self.hub = EventHub("lab")

    def driver_events(self, conn: str) -> EventHub:
        return self.hub


class LabParts:
    """Drivers of a connection as `virtkit.opening.Parts` has them, without discovery."""

    def __init__(self) -> None:
        self.request = OpenRequest(parse("lab:///default"), False, None, {})
        self.driver = LabDriver()

    def attach(self, kind: str) -> Part | None:
        return Part(self.driver, "")

    def close(self) -> None:
        """Nothing is open."""


class Recorder(dict[str, Callable[..., Any]]):
    """Every function of the API: remembers its call, answers what `answers` says."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}

    def __missing__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append((name, *arguments))
            answer = self.answers.get(name)
            if isinstance(answer, BaseException):
                raise answer
            return answer(*arguments) if callable(answer) else answer

        return call


class Lab:
    """The program on a connection that records.

    Attributes:
        calls: Function and arguments of each call, lookups left out.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.recorder = Recorder()
        self.parts = LabParts()

    def connection(self) -> Connection:
        connection = Connection(self.parts)  # type: ignore[arg-type]
        connection.ops = self.recorder
        return connection

    def answer(self, **answers: Any) -> None:
        """What functions return, or raise, from now on."""
        self.recorder.answers.update(answers)

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        return [call for call in self.recorder.calls if "lookup" not in call[0]]


@pytest.fixture
def lab(run: Run, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(run)
    monkeypatch.setattr(Session, "connection", property(lambda session: _kept(session, made)))
    return made


def _kept(session: Session, lab: Lab) -> Connection:
    if session._connection is None:
        session._connection = lab.connection()
    return session._connection
