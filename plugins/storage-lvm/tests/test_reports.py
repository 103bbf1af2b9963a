"""What LVM's programs report, read from recordings."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from virtkit_storage_lvm import reports
from virtkit_storage_lvm.reports import Device, Group, LogicalVolume, Stretch

DATA = Path(__file__).parent / "data"
MIB = 1 << 20


def recorded(name: str) -> bytes:
    return (DATA / f"{name}.json").read_bytes()


@pytest.fixture
def volumes() -> dict[str, LogicalVolume]:
    return {volume.name: volume for volume in reports.volumes(recorded("lvs"))}


def test_volumes_are_those_with_a_device_that_are_no_thin_pool(volumes: dict[str, LogicalVolume]) -> None:
    usable = [volume.name for volume in volumes.values() if volume.is_volume]
    assert ["disk", "raid", "snap", "spacer", "sparse", "striped", "thin", "thinsnap"] == usable


def test_the_rows_of_segments_are_one_volume(volumes: dict[str, LogicalVolume]) -> None:
    assert (
        LogicalVolume(
            name="disk",
            uuid="smvfem-QP2w-KrTD-BNyE-2U4F-IpAA-E4Re31",
            size=48 * MIB,
            active=True,
            is_open=True,
            roles=frozenset({"public", "origin", "thickorigin"}),
            origin="",
            origin_size=48 * MIB,
            thin_pool="",
            used=None,
            kind="linear",
            extent_size=4 * MIB,
            stretches=(Stretch("/dev/ubdb", 0, 32 * MIB), Stretch("/dev/ubdb", 56 * MIB, 72 * MIB)),
        )
        == volumes["disk"]
    )
    assert [volumes["disk"]] == reports.volumes(recorded("lvs-one"))


def test_a_stripe_has_its_own_part_of_each_device(volumes: dict[str, LogicalVolume]) -> None:
    assert (
        Stretch("/dev/ubdb", 132 * MIB, 148 * MIB),
        Stretch("/dev/ubdc", 0, 16 * MIB),
    ) == volumes["striped"].stretches


@pytest.mark.parametrize(
    ("name", "capacity", "allocation"),
    [
        ("disk", 48 * MIB, 48 * MIB),
        ("snap", 48 * MIB, 8 * MIB),
        ("sparse", 64 * MIB, 16 * MIB),
        ("raid", 16 * MIB, 16 * MIB),
        ("thin", 1024 * MIB, 8375186),
        ("skipped", 1024 * MIB, 0),
    ],
)
def test_sizes_are_what_a_guest_sees_and_what_is_taken(
    name: str, capacity: int, allocation: int, volumes: dict[str, LogicalVolume]
) -> None:
    assert (capacity, allocation) == (volumes[name].capacity, volumes[name].allocation)


def test_a_thin_volume_names_its_pool_and_its_use(volumes: dict[str, LogicalVolume]) -> None:
    thin = volumes["thinsnap"]
    assert (True, "thinpool", "thin", Decimal("0.78")) == (thin.is_thin, thin.thin_pool, thin.origin, thin.used)
    assert not thin.copies_on_write
    assert volumes["snap"].copies_on_write


def test_snapshots_of_a_volume_can_be_asked_for_and_none_are_none() -> None:
    assert ["snap"] == [volume.name for volume in reports.volumes(recorded("lvs-origin"))]
    assert [] == reports.volumes(recorded("lvs-none"))


def test_groups_and_devices_are_read() -> None:
    assert [Group("vg-lab", 504 * MIB, 276 * MIB, 4 * MIB, 0)] == reports.groups(recorded("vgs"))
    assert [
        Device("/dev/ubdb", "vg-lab", missing=False),
        Device("/dev/ubdc", "vg-lab", missing=False),
    ] == reports.devices(recorded("pvs"))
    assert Device("[unknown]", "vg-lab", missing=True) == reports.devices(recorded("pvs-partial"))[-1]


def test_signatures_are_read() -> None:
    assert ["ext4"] == reports.signatures(recorded("wipefs-ext4"))
    assert ["LVM2_member"] == reports.signatures(recorded("wipefs-lvm"))
    assert [] == reports.signatures(b'{"signatures": []}\n')
    assert [] == reports.signatures(b"")


@pytest.mark.parametrize(
    "report", [b"", b"{", b"[]", b"{}", b'{"report": []}', b'{"report": [{"vg": []}]}', b'{"report": [{"lv": [{}]}]}']
)
def test_what_is_no_report_is_refused(report: bytes) -> None:
    with pytest.raises((ValueError, LookupError)):
        reports.volumes(report)


def test_a_device_with_a_colon_in_its_name_is_read_whole() -> None:
    document = json.loads(recorded("lvs-one"))
    for row in document["report"][0]["lv"]:
        row["seg_pe_ranges"] = "/dev/disk/by-path/pci-0000:00:1f.2:3-4"
    [volume] = reports.volumes(json.dumps(document).encode())
    assert Stretch("/dev/disk/by-path/pci-0000:00:1f.2", 12 * MIB, 20 * MIB) == volume.stretches[0]
