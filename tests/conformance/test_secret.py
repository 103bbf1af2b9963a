"""The secret driver passes the conformance suite, opened in this process and by virtkitd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.virtkitd import Virtkitd
from virtkit.testing import (
    BaseConnection,
    BaseReadOnly,
    BaseSecretDefinition,
    BaseSecretDescription,
    BaseSecretEnumeration,
    BaseSecretEvents,
    BaseSecretLookup,
    BaseSecretValue,
    BaseSupport,
    Can,
    Offer,
    Profile,
)

SECRET = Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.VALUE | Can.EVENTS


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path_factory.mktemp("virtkitd"), configuration="[log]\nlevel = 'warning'\n") as running:
        yield running


@pytest.fixture(params=["embed", "virtkitd"])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Profile:
    if request.param == "virtkitd":
        daemon: Virtkitd = request.getfixturevalue("daemon")
        return Profile(uri=daemon.uri("secret:///system"), secret=Offer(SECRET))
    return Profile(
        uri=f"secret:///embed?root={tmp_path}",
        wrong_uris=("secret:///nowhere", "secret:///embed?root=here", "secret:///embed", "secret:///"),
        secret=Offer(SECRET),
    )


class TestConnection(BaseConnection):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    @pytest.fixture
    def profile(self, tmp_path: Path) -> Profile:
        """In this process only: the remote driver offers everything, and passes the daemon's answers on."""
        return Profile(uri=f"secret:///embed?root={tmp_path}", secret=Offer(SECRET))


class TestSecretLookup(BaseSecretLookup):
    pass


class TestSecretEnumeration(BaseSecretEnumeration):
    pass


class TestSecretDescription(BaseSecretDescription):
    pass


class TestSecretDefinition(BaseSecretDefinition):
    pass


class TestSecretValue(BaseSecretValue):
    pass


class TestSecretEvents(BaseSecretEvents):
    pass
