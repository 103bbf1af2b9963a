"""What the driver of `vault.py` can do, and the classes of the suite about that."""

from __future__ import annotations

import pytest

from virtkit.testing import (
    BaseConnection,
    BaseHost,
    BaseNWFilterBindingCreation,
    BaseNWFilterBindingDescription,
    BaseNWFilterBindingLookup,
    BaseNWFilterDefinition,
    BaseNWFilterDescription,
    BaseNWFilterEnumeration,
    BaseNWFilterLookup,
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


@pytest.fixture
def profile() -> Profile:
    return Profile(
        uri="vault:///default",
        secret=Offer(Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.VALUE | Can.EVENTS),
        nwfilter=Offer(Can.LIST | Can.DESCRIBE | Can.DEFINE),
        nwfilter_binding=Offer(Can.LIST | Can.DESCRIBE | Can.CREATE),
    )


class TestConnection(BaseConnection):
    pass


class TestHost(BaseHost):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    pass


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
