"""The state of one simulated host: everything its connections see."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.events import EventHub
from virtkit.records import NodeInfo
from virtkit.services import objects
from virtkit.services.objects import ObjectTable
from virtkit_test.domain import Domain
from virtkit_test.host import NODE
from virtkit_test.interface import Interface
from virtkit_test.network import Network
from virtkit_test.nodedevice import Device
from virtkit_test.storage import Pool

HERE = os.path.dirname(__file__)
PARTS = ("domains", "networks", "interfaces", "pools", "devices", "node")
TEST = ErrorDomain.TEST


class TestState:
    """One simulated host, in memory only. All connections to `test:///default` of a process share one.

    Attributes:
        node: What the host tells of its hardware.
        remembered: The interfaces as they were defined when changes to them were begun; None: none are open.
    """

    __test__ = False  # not a test class, whatever pytest makes of its name

    def __init__(self) -> None:
        self.domains: ObjectTable[Domain] = ObjectTable(objects.DOMAIN, error_domain=TEST)
        self.networks: ObjectTable[Network] = ObjectTable(objects.NETWORK, error_domain=TEST)
        self.interfaces: ObjectTable[Interface] = ObjectTable(objects.INTERFACE, error_domain=TEST)
        self.pools: ObjectTable[Pool] = ObjectTable(objects.STORAGE_POOL, error_domain=TEST)
        self.devices: ObjectTable[Device] = ObjectTable(objects.NODE_DEVICE, error_domain=TEST)
        self.node: NodeInfo = NODE
        self.remembered: list[Interface] | None = None
        self.hub = EventHub("virtkit-test-events")

    @cached_property
    def capabilities(self) -> str:
        """The capabilities document."""
        return _shipped("capabilities.xml")

    @cached_property
    def sysinfo(self) -> str:
        """The description of the host's firmware."""
        return _shipped("sysinfo.xml")

    def close(self) -> None:
        """Let go of what a host holds; the last connection does."""
        self.hub.close()


class DefaultState(TestState):
    """The host of `test:///default`, whose domains, networks, ... come into being when they are first looked at.

    Reading the node file takes longer than all the rest of opening a connection.
    """

    def __init__(self) -> None:
        self.remembered = None
        self.hub = EventHub("virtkit-test-events")
        self._reading = threading.Lock()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name not in PARTS:
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            with self._reading:
                if name not in self.__dict__:
                    from virtkit_test.nodefile import read_node

                    self.__dict__[name] = getattr(read_node(os.path.join(HERE, "default.xml"), name)[0], name)
            return self.__dict__[name]


def _shipped(name: str) -> str:
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()
