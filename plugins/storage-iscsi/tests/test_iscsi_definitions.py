"""Definitions of iSCSI pools: what is checked and claimed without asking anybody."""

from __future__ import annotations

import pytest

from virtkit.errors import ConfigUnsupportedError, InvalidArgError, XMLError
from virtkit.xml.pool import PoolSource, StoragePool
from virtkit_storage_iscsi.backend import IscsiBackend

HOST = "<host name='array'/>"
DEVICE = "<device path='iqn.2026-01.org.example:lab'/>"


def pool(source: str = HOST + DEVICE, target: str = "/dev/disk/by-path") -> StoragePool:
    return StoragePool.parse(
        f"<pool type='iscsi'><name>lab</name><source>{source}</source><target><path>{target}</path></target></pool>"
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (HOST + HOST + DEVICE, "2 hosts and 1 devices"),
        (HOST + "<device path='--logout'/>", "'--logout' is no name of an iSCSI target"),
        ("<host name='-array'/>" + DEVICE, "'-array' is no name or address"),
        ("<host name='array' port='70000'/>" + DEVICE, "70000 is no port"),
        (HOST + DEVICE + "<initiator><iqn name='host'/></initiator>", "'host' is no name"),
        (HOST + DEVICE + "<auth type='chap'><secret usage='a'/></auth>", "no username"),
    ],
)
def test_what_cannot_be_a_target_is_refused(source: str, reason: str) -> None:
    with pytest.raises(XMLError, match=reason):
        IscsiBackend().pool_check(pool(source))


def test_servers_authenticate_by_chap_alone() -> None:
    IscsiBackend().pool_check(pool(HOST + DEVICE + "<auth type='chap' username='joe'><secret usage='a'/></auth>"))
    with pytest.raises(ConfigUnsupportedError, match="by chap, not by ceph"):
        IscsiBackend().pool_check(pool(HOST + DEVICE + "<auth type='ceph' username='joe'><secret usage='a'/></auth>"))


def test_a_pool_claims_its_target_for_the_initiator() -> None:
    assert ["target:iqn.2026-01.org.example:lab"] == [*IscsiBackend().pool_claims(pool())]
    other = pool(HOST + DEVICE + "<initiator><iqn name='iqn.host'/></initiator>", "/srv/links")
    assert ["target:iqn.2026-01.org.example:lab as iqn.host", "path:/srv/links"] == [*IscsiBackend().pool_claims(other)]


def test_a_search_needs_a_server() -> None:
    with pytest.raises(InvalidArgError, match="name it by <host>"):
        list(IscsiBackend().pool_find_sources(PoolSource()))
