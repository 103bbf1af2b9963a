"""What the example driver can do, which is to list: the suite asks no more of it."""

from __future__ import annotations

import pytest

from virtkit.testing import (
    BaseConnection,
    BaseDomainEnumeration,
    BaseDomainInfo,
    BaseDomainLookup,
    BaseReadOnly,
    BaseSupport,
    Can,
    Offer,
    Profile,
)


@pytest.fixture
def profile() -> Profile:
    return Profile(uri="rack:///", domain=Offer(Can.LIST | Can.INFO))


class TestConnection(BaseConnection):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    pass


class TestDomainLookup(BaseDomainLookup):
    pass


class TestDomainEnumeration(BaseDomainEnumeration):
    pass


class TestDomainInfo(BaseDomainInfo):
    pass
