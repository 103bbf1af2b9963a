"""A connection whose functions record how they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from virtkit.api.connection import Connection
from virtkit.driver import Driver, OpenRequest
from virtkit.events import EventHub
from virtkit.ops import Part
from virtkit.uri import parse


class LabDriver(Driver[str]):
    """Serves no function; publishes events."""

    def __init__(self) -> None:
        self.hub = EventHub("lab")
        self.alive = True

    def driver_alive(self, conn: str) -> bool:
        return self.alive

    def driver_encrypted(self, conn: str) -> bool:
        return conn == "over TLS"

    def driver_events(self, conn: str) -> EventHub:
        return self.hub


class LabParts:
    """Drivers of a connection as `virtkit.opening.Parts` has them, without discovery."""

    def __init__(self, *, readonly: bool, session: str, kinds: tuple[str, ...]) -> None:
        self.request = OpenRequest(parse("lab:///default"), readonly, None, {})
        self.driver = LabDriver()
        self.session = session
        self.kinds = kinds
        self.closed = 0

    def attach(self, kind: str) -> Part | None:
        return Part(self.driver, self.session) if kind in self.kinds else None

    def close(self) -> None:
        self.closed += 1


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
            return answer

        return call


class Lab:
    """A connection, what it called, and what stands behind it."""

    def __init__(
        self, *, readonly: bool = False, session: str = "", kinds: tuple[str, ...] = ("hypervisor", "network")
    ) -> None:
        self.parts = LabParts(readonly=readonly, session=session, kinds=kinds)
        self.conn = Connection(self.parts)  # type: ignore[arg-type]
        self.recorder = Recorder()
        self.conn.ops = self.recorder

    def answer(self, **answers: Any) -> None:
        """What functions return, or raise, from now on."""
        self.recorder.answers.update(answers)

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        return self.recorder.calls


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def make_lab() -> type[Lab]:
    return Lab
