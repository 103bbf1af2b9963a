"""What a client had open when it has left."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from plugins.remote.tests.daemon.daemons import until
from virtkit_remote.daemon.client import Client


def test_it_is_kept_until_the_daemons_own_sessions_are_open() -> None:
    closed = threading.Event()
    client = object.__new__(Client)  # a fake: a client of no server, that has something open
    client.session = SimpleNamespace(close=closed.set)  # type: ignore[assignment]
    client.server = SimpleNamespace(residing=threading.Event())  # type: ignore[assignment]
    leaving = threading.Thread(target=client._close_session)
    leaving.start()
    until(lambda: client.session is None, "it leaves")
    assert not closed.is_set()
    assert client.server.residing is not None
    client.server.residing.set()
    leaving.join()
    assert closed.is_set()
