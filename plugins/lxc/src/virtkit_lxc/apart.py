"""Calls on a thread of their own: the kernel keeps namespaces for each thread, so one that enters others ends after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def apart(do: Callable[[], T]) -> T:
    """Make a call on a thread that ends with it; what the call returns or raises, this does.

    Whoever is interrupted meanwhile waits for its end, so that what it makes can be undone.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def call() -> None:
        try:
            returned.append(do())
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever waits
            raised.append(error)

    thread = threading.Thread(target=call, name=f"{threading.current_thread().name}, apart")
    thread.start()
    try:
        thread.join()
    finally:
        thread.join()
    if raised:
        raise raised[0]
    return returned[0]
