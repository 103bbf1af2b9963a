"""Who is at work on the volumes of a pool.

A volume is read by any number of calls at a time, or changed by one. What would come in between is refused at once
with the name of what is going on: such work may take hours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtkit.errors import OperationAbortedError, OperationInvalidError, OperationTimeoutError, StorageVolExistsError

if TYPE_CHECKING:
    from virtkit.storage.backend import Volume

STORAGE = 18

CANCEL_SECONDS = 60.0
"""How long the deletion of a volume that is being made waits for its making to end."""


class Use:
    """One piece of work on a volume.

    Attributes:
        volume: Name of the volume.
        what: What is done with it, as in "is being wiped".
        shared: Others may read it meanwhile.
        new: The volume as far as it is known, while it is being made; else None.
    """

    def __init__(self, pool: str, volume: str, what: str, *, shared: bool, new: Volume | None = None) -> None:
        self.volume = volume
        self.what = what
        self.shared = shared
        self.new = new
        self._pool = pool
        self._cancelled = threading.Event()
        self.ended = threading.Event()

    def guard(self) -> None:
        """Return if the work may go on.

        Raises:
            OperationAbortedError: It was cancelled.
        """
        if self._cancelled.is_set():
            raise OperationAbortedError(
                f"volume {self.volume!r} of storage pool {self._pool!r} was deleted while it was {self.what}",
                domain=STORAGE,
            )

    def cancel(self) -> None:
        """Have the next `guard` raise, and wait for the end of the work.

        Raises:
            OperationTimeoutError: It has not ended for a long time.
        """
        self._cancelled.set()
        if not self.ended.wait(CANCEL_SECONDS):
            raise OperationTimeoutError(
                f"volume {self.volume!r} of storage pool {self._pool!r} is still {self.what} {CANCEL_SECONDS:g} s "
                "after it was cancelled: the storage does not answer; try again",
                domain=STORAGE,
            )


class Uses:
    """The work that is going on in a pool."""

    def __init__(self, pool: str) -> None:
        self.pool = pool
        self._uses: list[Use] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Use]:
        return iter(self._uses.copy())

    def of(self, name: str) -> Use | None:
        """What changes or makes a volume now."""
        return next((use for use in self if use.volume == name and not use.shared), None)

    def new(self) -> dict[str, Volume]:
        """The volumes that are being made, by name."""
        return {use.volume: use.new for use in self if use.new is not None}

    def begin(self, name: str, what: str, *, shared: bool = False, new: Volume | None = None) -> Use:
        """Begin some work; to be ended with `end`.

        Args:
            name: The volume.
            what: Names the work: "being wiped".
            shared: It only reads.
            new: The volume as far as it is known, when it is made.

        Raises:
            OperationInvalidError: What is going on does not go together with it.
            StorageVolExistsError: `new`, and a volume of that name is being made already.
        """
        use = Use(self.pool, name, what, shared=shared, new=new)
        with self._lock:
            for other in self._uses:
                if other.volume == name and not (shared and other.shared):
                    error = StorageVolExistsError if new and other.new else OperationInvalidError
                    raise error(
                        f"volume {name!r} of storage pool {self.pool!r} is {other.what}: wait until that has ended",
                        domain=STORAGE,
                    )
            self._uses.append(use)
        return use

    def end(self, use: Use) -> None:
        """The work has ended, one way or the other."""
        with self._lock:
            self._uses.remove(use)
        use.ended.set()

    @contextmanager
    def reading(self, name: str, what: str) -> Iterator[Use]:
        """Read a volume; errors as from `begin`."""
        use = self.begin(name, what, shared=True)
        try:
            yield use
        finally:
            self.end(use)

    @contextmanager
    def changing(self, name: str, what: str, *, new: Volume | None = None) -> Iterator[Use]:
        """Change or make a volume; errors as from `begin`."""
        use = self.begin(name, what, new=new)
        try:
            yield use
        finally:
            self.end(use)
