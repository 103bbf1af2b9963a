"""Documents of recorded volume groups are libvirt's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from virtkit_storage_lvm import documents, reports
from virtkit_storage_lvm.reports import LogicalVolume

DATA = Path(__file__).parent / "data"
NODE = re.compile(r" *<(permissions|timestamps)>.*?</\1>\n", re.DOTALL)


@pytest.fixture
def volumes() -> dict[str, LogicalVolume]:
    return {volume.name: volume for volume in reports.volumes((DATA / "lvs.json").read_bytes())}


def document(found: LogicalVolume) -> str:
    """The document of a volume, with what the storage driver adds."""
    volume = documents.volume_of("vg-lab", found)
    document = documents.described("vg-lab", found)
    document.type, document.name, document.key = volume.type.name.lower(), volume.name, volume.key
    document.capacity, document.allocation, document.physical = volume.capacity, volume.allocation, volume.physical
    return document.format()


def libvirts(name: str) -> str:
    return NODE.sub("", (DATA / f"volume-{name}.xml").read_text())


@pytest.mark.parametrize("name", ["disk", "sparse", "snap"])
def test_the_document_of_a_volume_is_libvirts_but_for_its_node(name: str, volumes: dict[str, LogicalVolume]) -> None:
    assert libvirts(name) == document(volumes[name])


def test_a_stripe_ends_where_it_ends_not_where_all_of_them_would(volumes: dict[str, LogicalVolume]) -> None:
    theirs = libvirts("striped").replace("171966464", "155189248").replace("33554432'", "16777216'")
    assert theirs == document(volumes["striped"])


def test_the_parts_of_a_raid_volume_have_paths(volumes: dict[str, LogicalVolume]) -> None:
    theirs = libvirts("raid").replace("'raid_rimage", "'/dev/mapper/vg--lab-raid_rimage")
    assert theirs == document(volumes["raid"])


def test_a_thin_volume_lies_nowhere_and_a_thin_snapshot_has_its_origin(volumes: dict[str, LogicalVolume]) -> None:
    thin, snap = document(volumes["thin"]), document(volumes["thinsnap"])
    assert "<device" not in thin
    assert "<backingStore>" not in thin
    assert "<backingStore>\n    <path>/dev/vg-lab/thin</path>" in snap


def test_what_lies_on_a_missing_device_is_left_out(volumes: dict[str, LogicalVolume]) -> None:
    lost = volumes["disk"]._replace(stretches=(reports.Stretch("[unknown]", 0, 4), reports.Stretch("/dev/sda", 4, 8)))
    assert ["/dev/sda"] == [device.path for device in documents.described("vg-lab", lost).source.devices]


def test_each_group_is_a_source() -> None:
    found = reports.devices((DATA / "pvs.json").read_bytes())
    [source] = documents.sources([*found, reports.Device("/dev/spare", "", missing=False)])
    assert ("vg-lab", ["/dev/ubdb", "/dev/ubdc"]) == (source.name, [device.path for device in source.devices])
    assert 1 == len(documents.sources(reports.devices((DATA / "pvs-partial.json").read_bytes())))
