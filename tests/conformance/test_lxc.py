"""The LXC driver passes the conformance suite for what it declares: real containers, in process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.host import needs_containers, remains
from tests.containers.rootfs import make_root
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

HOST = Can.IDENTIFY | Can.DESCRIBE | Can.INFO
DOMAIN = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
    | Can.PAUSE | Can.SHUTDOWN | Can.REBOOT | Can.RENAME | Can.METADATA
)  # fmt: skip


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_containers(root=False)
    return make_root(tmp_path_factory.mktemp("rootfs"))


def domain_offer(rootfs: Path) -> Offer:
    def domain_xml(name: str, uuid: str) -> str:
        return f"""<domain type='lxc'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>64</memory>
            <os><type>exe</type><init>/sbin/init</init></os><features><privnet/></features>
            <devices><filesystem type='mount'><source dir='{rootfs}'/><target dir='/'/></filesystem>
            <console type='pty'/></devices></domain>"""

    return Offer(DOMAIN, xml=domain_xml)


@pytest.fixture
def profile(tmp_path: Path, rootfs: Path) -> Iterator[Profile]:
    yield Profile(
        uri=f"lxc:///embed?root={tmp_path}",
        wrong_uris=("lxc:///nowhere", "lxc:///embed?root=here", "lxc:///embed"),
        host=Offer(HOST),
        domain=domain_offer(rootfs),
    )
    assert {} == remains(tmp_path / "run" / "lxc")


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
