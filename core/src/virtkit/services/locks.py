"""A lock per object that never waits without a deadline."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType

from virtkit.errors import OperationTimeoutError

LOCK_TIMEOUT = 30.0
"""Seconds a call waits for its object; the same as libvirt's."""


class ObjectLock:
    """The lock of one object. It is re-entrant: a call may make others on the same object.

    A guest that answers nothing delays only the callers that need this guest, and they learn which call is in the way.
    """

    __slots__ = ("_calls", "_domain", "_lock", "label")

    def __init__(self, label: str, *, domain: int = 0) -> None:
        """Make a lock.

        Args:
            label: Names the object in messages: `domain 'web'`. May be set again.
            domain: Error domain of the driver.
        """
        self.label = label
        self._domain = domain
        self._lock = threading.RLock()
        self._calls: list[tuple[str, float]] = []

    def hold(self, call: str, timeout: float = LOCK_TIMEOUT) -> AbstractContextManager[None]:
        """Hold the lock in a `with` block.

        Args:
            call: What holds it, for the message another caller gets: `suspend`.
            timeout: Seconds to wait; 0 tries once.

        Raises:
            OperationTimeoutError: (on entering) Another call still holds it; the message names that call, the object
                and since when.
        """
        return _Hold(self, call, timeout)

    def acquire(self, call: str, timeout: float) -> None:
        """Take the lock, as `hold` does on entering; each needs its `release`."""
        if not self._lock.acquire(timeout=max(timeout, 0)):
            raise self._timeout(call, timeout)
        self._calls.append((call, time.monotonic()))

    def release(self) -> None:
        """Give the lock back."""
        self._calls.pop()
        self._lock.release()

    def _timeout(self, call: str, timeout: float) -> OperationTimeoutError:
        # Read without the lock: the holder may be done by now.
        holder = next(iter(tuple(self._calls)), None)
        if holder is None:
            message = f"{call}: {self.label} was busy for {timeout:g} s; try again"
        else:
            since = time.monotonic() - holder[1]
            message = (
                f"{call}: {self.label} has been busy with {holder[0]} for {since:.1f} s; wait for it, "
                f"abort its job, or destroy the guest if it no longer answers"
            )
        return OperationTimeoutError(message, domain=self._domain, str1=call, str2=holder[0] if holder else None)


class _Hold:
    """What `ObjectLock.hold` returns."""

    __slots__ = ("_call", "_lock", "_timeout")

    def __init__(self, lock: ObjectLock, call: str, timeout: float) -> None:
        self._lock = lock
        self._call = call
        self._timeout = timeout

    def __enter__(self) -> None:
        self._lock.acquire(self._call, self._timeout)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
