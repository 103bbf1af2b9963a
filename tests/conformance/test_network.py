"""The network driver passes the conformance suite with isolated networks, in this process and by virtkitd.

Both run in network namespaces that are made for them: this machine's links are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace
from virtkit.testing import (
    BaseConnection,
    BaseNetworkActivity,
    BaseNetworkAutostart,
    BaseNetworkDefinition,
    BaseNetworkDescription,
    BaseNetworkEnumeration,
    BaseNetworkEvents,
    BaseNetworkLeases,
    BaseNetworkLookup,
    BaseNetworkPersistence,
    BaseNetworkPorts,
    BaseNetworkUpdate,
    BaseReadOnly,
    BaseSupport,
    Can,
    Offer,
    Profile,
)

NETWORK = (
    Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
    | Can.UPDATE | Can.LEASES | Can.PORTS
)  # fmt: skip


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    folder = tmp_path_factory.mktemp("virtkitd")
    running = Virtkitd(folder, configuration="[log]\nlevel = 'warning'\n")
    with Namespace() as host, ExitStack() as stack:
        with host.entered():
            stack.enter_context(running)
        yield running


@pytest.fixture(params=["embed", "virtkitd"])
def profile(request: pytest.FixtureRequest, tmp_path: Path, network: Namespace) -> Profile:
    if request.param == "virtkitd":
        daemon: Virtkitd = request.getfixturevalue("daemon")
        return Profile(uri=daemon.uri("network:///system"), network=Offer(NETWORK))
    return Profile(
        uri=f"network:///embed?root={tmp_path}",
        wrong_uris=("network:///nowhere", "network:///embed?root=here", "network:///embed", "network:///"),
        network=Offer(NETWORK),
    )


class TestConnection(BaseConnection):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    @pytest.fixture
    def profile(self, tmp_path: Path, network: Namespace) -> Profile:
        """In this process only: the remote driver offers everything, and passes the daemon's answers on."""
        return Profile(uri=f"network:///embed?root={tmp_path}", network=Offer(NETWORK))


class TestNetworkLookup(BaseNetworkLookup):
    pass


class TestNetworkEnumeration(BaseNetworkEnumeration):
    pass


class TestNetworkDescription(BaseNetworkDescription):
    pass


class TestNetworkDefinition(BaseNetworkDefinition):
    pass


class TestNetworkActivity(BaseNetworkActivity):
    pass


class TestNetworkPersistence(BaseNetworkPersistence):
    pass


class TestNetworkAutostart(BaseNetworkAutostart):
    pass


class TestNetworkEvents(BaseNetworkEvents):
    pass


class TestNetworkUpdate(BaseNetworkUpdate):
    pass


class TestNetworkLeases(BaseNetworkLeases):
    pass


class TestNetworkPorts(BaseNetworkPorts):
    pass
