"""A lock per object that never waits without a deadline."""

from __future__ import annotations

from contextlib import AbstractContextManager

LOCK_TIMEOUT = 30.0
"""Seconds a call waits for its object; the same as libvirt's."""


class ObjectLock:
    """The lock of one object. It is re-entrant: a call may make others on the same object.

    A guest that answers nothing delays only the callers that need this guest, and they learn which call is in the way.
    """

    def __init__(self, label: str, *, domain: int = 0) -> None:
        """Make a lock; `label` names the object in messages (`domain 'web'`), `domain` is the error domain."""

    def hold(self, call: str, timeout: float = LOCK_TIMEOUT) -> AbstractContextManager[None]:
        """Hold the lock in a `with` block.

        Args:
            call: What holds it, for the message another caller gets: `suspend`.
            timeout: Seconds to wait; 0 tries once.

        Raises:
            OperationTimeoutError: (on entering) Another call still holds it; the message names that call, the object
                and since when.
        """
        raise NotImplementedError
