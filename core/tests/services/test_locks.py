"""A lock per object."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from virtkit.errors import OperationTimeoutError
from virtkit.services.locks import ObjectLock

DEADLINE = 20.0


@contextmanager
def held_elsewhere(lock: ObjectLock, call: str) -> Iterator[None]:
    """Another thread holds the lock."""
    taken, free = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.hold(call):
            taken.set()
            assert free.wait(DEADLINE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(DEADLINE)
    try:
        yield
    finally:
        free.set()
        thread.join(DEADLINE)


def test_a_caller_that_waited_too_long_is_told_what_is_in_the_way() -> None:
    lock = ObjectLock("domain 'web'", domain=10)
    with held_elsewhere(lock, "suspend"), pytest.raises(OperationTimeoutError) as caught, lock.hold("info", 0.01):
        pass
    assert caught.value.message.startswith("info: domain 'web' has been busy with suspend for 0.")
    assert (caught.value.domain, caught.value.str1, caught.value.str2) == (10, "info", "suspend")


def test_a_zero_timeout_tries_once() -> None:
    lock = ObjectLock("domain 'web'")
    with lock.hold("info", 0):
        pass
    with held_elsewhere(lock, "suspend"), pytest.raises(OperationTimeoutError), lock.hold("info", 0):
        pass


def test_the_lock_is_free_after_the_holder_failed() -> None:
    lock = ObjectLock("domain 'web'")
    with pytest.raises(KeyError), lock.hold("suspend"):
        raise KeyError
    with held_elsewhere(lock, "resume"):
        pass


def test_a_call_may_make_others_on_the_same_object() -> None:
    lock = ObjectLock("domain 'web'")
    with lock.hold("reboot", 0):
        with lock.hold("destroy", 0):
            pass
        errors: list[OperationTimeoutError] = []

        def other() -> None:
            try:
                lock.acquire("info", 0)
            except OperationTimeoutError as error:
                errors.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(DEADLINE)
    assert [error.str2 for error in errors] == ["reboot"]


def test_one_object_does_not_delay_another() -> None:
    web, db = ObjectLock("domain 'web'"), ObjectLock("domain 'db'")
    with held_elsewhere(web, "suspend"), db.hold("suspend", 0):
        pass
