"""The connection that commands share, and long work."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from virtkit.errors import OperationFailedError
from virtkit_cli.output import Output
from virtkit_cli.session import Session


def session(uri: str = "test:///default") -> Session:
    return Session(Output(io.StringIO()), uri)


def nothing() -> None:
    return None


def test_the_connection_is_opened_when_it_is_first_needed() -> None:
    made = session("nosuch:///")
    made.close()
    assert made.uri == "nosuch:///"


def test_commands_share_the_connection_until_it_is_replaced() -> None:
    made = session()
    first = made.connection
    assert first is made.connection
    made.reopen("test:///default", readonly=True)
    assert first.is_closed
    assert made.connection.readonly
    made.close()


def test_long_work_returns_what_it_made() -> None:
    assert 3 == session().watched("Work", lambda: 3, nothing, nothing)


def test_the_error_of_long_work_is_raised() -> None:
    def fail() -> None:
        raise OperationFailedError("no")

    with pytest.raises(OperationFailedError):
        session().watched("Work", fail, nothing, nothing)


@pytest.fixture
def _ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl+C as soon as the program waits."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("concurrent.futures.wait", interrupted)


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_aborts_long_work_and_waits_for_its_end() -> None:
    aborted = threading.Event()
    ended: list[bool] = []

    def work() -> None:
        ended.append(aborted.wait(30))

    with pytest.raises(KeyboardInterrupt):
        session().watched("Work", work, nothing, aborted.set)
    assert [True] == ended


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_aborts_the_job_of_the_domain() -> None:
    class Domain:
        def __init__(self) -> None:
            self.aborted = threading.Event()

        def abort_job(self) -> None:
            self.aborted.set()

    domain = Domain()

    def work() -> None:
        assert domain.aborted.wait(30)

    job: Callable[..., None] = session().job
    with pytest.raises(KeyboardInterrupt):
        job(domain, "Saving", work)
    assert domain.aborted.is_set()
