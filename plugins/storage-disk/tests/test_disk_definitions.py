"""Definitions of disk pools: what is checked and claimed without looking at a disk."""

from __future__ import annotations

import pytest

from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.pool import StoragePool
from virtkit_storage_disk.backend import DiskBackend


def pool(devices: str = "<device path='/dev/vdb'/>", format_: str = "gpt", target: str = "/dev") -> StoragePool:
    source = f"<source>{devices}<format type='{format_}'/></source>"
    return StoragePool.parse(f"<pool type='disk'><name>lab</name>{source}<target><path>{target}</path></target></pool>")


def test_a_disk_is_one_device_with_an_absolute_path() -> None:
    DiskBackend().pool_check(pool())
    with pytest.raises(XMLError, match="has 2 devices"):
        DiskBackend().pool_check(pool("<device path='/dev/vdb'/><device path='/dev/vdc'/>"))
    with pytest.raises(XMLError, match="'--wipe' is no absolute path"):
        DiskBackend().pool_check(pool("<device path='--wipe'/>"))


@pytest.mark.parametrize("format_", ["pc98", "bsd", "lvm2", "ext4"])
def test_tables_that_nobody_reads_are_refused(format_: str) -> None:
    with pytest.raises(ConfigUnsupportedError, match="choose unknown, dos, gpt"):
        DiskBackend().pool_check(pool(format_=format_))


def test_a_pool_claims_its_disk_and_a_target_that_others_do_not_share() -> None:
    assert ["device:/dev/no-such"] == [*DiskBackend().pool_claims(pool("<device path='/dev/no-such'/>"))]
    shared = pool(target="/dev/disk/by-id")
    assert ["device:/dev/vdb"] == [*DiskBackend().pool_claims(shared)]
    assert "path:/srv/links" in DiskBackend().pool_claims(pool(target="/srv/links"))
