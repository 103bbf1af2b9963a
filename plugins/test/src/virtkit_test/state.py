"""The state of one simulated host: everything its connections see."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.events import EventHub
from virtkit.services import objects
from virtkit.services.objects import ObjectTable
from virtkit_test.network import Network
from virtkit_test.storage import Pool


class TestState:
    """One simulated host, in memory only. All connections to `test:///default` of a process share one."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    def __init__(self) -> None:
        self.networks: ObjectTable[Network] = ObjectTable(objects.NETWORK, error_domain=ErrorDomain.TEST)
        self.pools: ObjectTable[Pool] = ObjectTable(objects.STORAGE_POOL, error_domain=ErrorDomain.TEST)
        self.hub = EventHub("virtkit-test-events")

    def close(self) -> None:
        """Let go of what a host holds; the last connection does."""
        self.hub.close()
