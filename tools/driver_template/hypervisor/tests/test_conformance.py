"""What the driver says it can do, and the suite of virtkit that holds it to that."""

from __future__ import annotations

import pytest

from virtkit.testing import (
    BaseConnection,
    BaseDomainActivity,
    BaseDomainAutostart,
    BaseDomainDefinition,
    BaseDomainDescription,
    BaseDomainEnumeration,
    BaseDomainEvents,
    BaseDomainInfo,
    BaseDomainLookup,
    BaseDomainPersistence,
    BaseDomainStates,
    BaseReadOnly,
    BaseSupport,
    Can,
    Offer,
    Profile,
)


def domain_xml(name: str, uuid: str) -> str:
    """A domain that the driver takes and starts in a moment."""
    return f"""<domain type='template'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>1</memory>
  <vcpu>1</vcpu>
  <os><type>hvm</type></os>
</domain>"""


@pytest.fixture
def profile() -> Profile:
    return Profile(
        uri="template:///default",
        wrong_uris=("template:///nowhere",),
        domain=Offer(
            Can.LIST
            | Can.DESCRIBE
            | Can.INFO
            | Can.DEFINE
            | Can.CREATE
            | Can.START
            | Can.PAUSE
            | Can.AUTOSTART
            | Can.EVENTS,
            xml=domain_xml,
            not_yet=Can.SHUTDOWN,
        ),
    )


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


class TestDomainDescription(BaseDomainDescription):
    pass


class TestDomainInfo(BaseDomainInfo):
    pass


class TestDomainDefinition(BaseDomainDefinition):
    pass


class TestDomainActivity(BaseDomainActivity):
    pass


class TestDomainPersistence(BaseDomainPersistence):
    pass


class TestDomainAutostart(BaseDomainAutostart):
    pass


class TestDomainEvents(BaseDomainEvents):
    pass


class TestDomainStates(BaseDomainStates):
    pass
