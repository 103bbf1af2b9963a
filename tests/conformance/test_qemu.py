"""The QEMU driver passes the conformance suite for what it declares: real guests under TCG."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guests import Cache, GuestBuildError, TinyGuest, tiny_guest
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
    BaseDomainMetadata,
    BaseDomainPersistence,
    BaseDomainRename,
    BaseDomainStates,
    BaseHost,
    BaseReadOnly,
    BaseSupport,
    Can,
    Offer,
    Profile,
)

pytestmark = pytest.mark.qemu

HOST = Can.IDENTIFY | Can.DESCRIBE | Can.INFO
DOMAIN = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
    | Can.PAUSE | Can.SHUTDOWN | Can.REBOOT | Can.RESET | Can.RENAME | Can.METADATA
)  # fmt: skip


@pytest.fixture(scope="session")
def tiny() -> TinyGuest:
    try:
        return tiny_guest(Cache())
    except GuestBuildError as error:
        pytest.skip(str(error))


@pytest.fixture
def profile(tmp_path: Path, tiny: TinyGuest) -> Profile:
    def domain_xml(name: str, uuid: str) -> str:
        return f"""<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>4</memory>
            <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>
            <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{tiny.image}'/>
            <target dev='vda' bus='virtio'/><readonly/></disk></devices></domain>"""

    return Profile(
        uri=f"qemu:///embed?root={tmp_path}",
        wrong_uris=("qemu:///nowhere", "qemu:///embed?root=here", "qemu:///embed"),
        host=Offer(HOST),
        domain=Offer(DOMAIN, xml=domain_xml),
    )


class TestConnection(BaseConnection):
    pass


class TestHost(BaseHost):
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


class TestDomainRename(BaseDomainRename):
    pass


class TestDomainMetadata(BaseDomainMetadata):
    pass
