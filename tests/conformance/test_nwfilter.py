"""The driver of network filters passes the conformance suite, opened in this process and by virtkitd.

Each is in a network namespace of its own, where the rules of the bindings are in force.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace
from virtkit.testing import (
    BaseConnection,
    BaseNWFilterBindingCreation,
    BaseNWFilterBindingDescription,
    BaseNWFilterBindingLookup,
    BaseNWFilterDefinition,
    BaseNWFilterDescription,
    BaseNWFilterEnumeration,
    BaseNWFilterLookup,
    BaseReadOnly,
    BaseSupport,
    Can,
    Offer,
    Profile,
)

FILTER = Offer(Can.LIST | Can.DESCRIBE | Can.DEFINE)
BINDING = Offer(Can.LIST | Can.DESCRIBE | Can.CREATE)

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    if os.geteuid():
        pytest.skip("a network namespace needs root")
    with Namespace() as namespace:
        running = Virtkitd(tmp_path_factory.mktemp("virtkitd"), configuration="[log]\nlevel = 'warning'\n")
        with namespace.entered():
            running.start()
        yield running
        running.stop()


@pytest.fixture(params=["embed", "virtkitd"])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Profile:
    if request.param == "virtkitd":
        daemon: Virtkitd = request.getfixturevalue("daemon")
        return Profile(uri=daemon.uri("nwfilter:///system"), nwfilter=FILTER, nwfilter_binding=BINDING)
    return Profile(
        uri=f"nwfilter:///embed?root={tmp_path}",
        wrong_uris=("nwfilter:///nowhere", "nwfilter:///embed?root=here", "nwfilter:///embed", "nwfilter:///"),
        nwfilter=FILTER,
        nwfilter_binding=BINDING,
    )


class TestConnection(BaseConnection):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    @pytest.fixture
    def profile(self, tmp_path: Path) -> Profile:
        """In this process only: the remote driver offers everything, and passes the daemon's answers on."""
        return Profile(uri=f"nwfilter:///embed?root={tmp_path}", nwfilter=FILTER, nwfilter_binding=BINDING)


class TestNWFilterLookup(BaseNWFilterLookup):
    pass


class TestNWFilterEnumeration(BaseNWFilterEnumeration):
    pass


class TestNWFilterDescription(BaseNWFilterDescription):
    pass


class TestNWFilterDefinition(BaseNWFilterDefinition):
    pass


class TestNWFilterBindingLookup(BaseNWFilterBindingLookup):
    pass


class TestNWFilterBindingDescription(BaseNWFilterBindingDescription):
    pass


class TestNWFilterBindingCreation(BaseNWFilterBindingCreation):
    pass
