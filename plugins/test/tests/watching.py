"""Events as lists: what was told since one began to listen."""

from __future__ import annotations

from typing import Any

from plugins.test.tests.bench import Bench
from virtkit.events import EventKey


class Watch:
    """Keeps the events of some keys, as (name, *fields of the record)."""

    def __init__(self, bench: Bench, *keys: EventKey) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.hub = bench.connection._hub(keys[0])
        for key in keys:
            self.hub.subscribe(key, lambda ref, event: self.seen.append((ref.name, *event)))

    def take(self) -> list[tuple[Any, ...]]:
        """What came since the last call."""
        assert self.hub.drain()
        taken, self.seen[:] = list(self.seen), []
        return taken
