"""Argument lists of LVM's programs."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from virtkit_storage_lvm import planning, reports
from virtkit_storage_lvm.planning import Creation
from virtkit_storage_lvm.reports import LogicalVolume

MIB = 1 << 20


@pytest.fixture
def volumes() -> dict[str, LogicalVolume]:
    report = (Path(__file__).parent / "data" / "lvs.json").read_bytes()
    return {volume.name: volume for volume in reports.volumes(report)}


def test_reports_are_asked_for_in_bytes_and_json() -> None:
    lvs = (
        "lvs --reportformat json --units b --nosuffix --options lv_name,lv_uuid,lv_size,lv_active,lv_role,"
        "lv_device_open,origin,origin_size,pool_lv,data_percent,segtype,seg_start,seg_pe_ranges,vg_extent_size"
    )
    assert f"{lvs} vg" == shlex.join(planning.list_volumes("vg"))
    assert f"{lvs} vg/disk" == shlex.join(planning.find_volume("vg", "disk"))
    assert f"{lvs} vg --select 'origin=\"disk\"'" == shlex.join(planning.list_snapshots("vg", "disk"))
    assert f"{lvs} vg --select 'segtype=\"thin-pool\"'" == shlex.join(planning.list_thin_pools("vg"))


def test_commands_for_groups() -> None:
    assert [
        "vgcreate --yes -- vg /dev/sda /dev/sdb",
        "vgchange --yes --activate y vg",
        "vgchange --yes --activate n vg",
        "vgremove --yes --force vg",
        "pvremove --yes -- /dev/sda",
        "wipefs --no-act --json -- /dev/sda",
        "wipefs --all --quiet -- /dev/sda",
    ] == [
        shlex.join(command)
        for command in (
            planning.make_group("vg", ["/dev/sda", "/dev/sdb"]),
            planning.activate("vg"),
            planning.deactivate("vg"),
            planning.remove_group("vg"),
            planning.release_devices(["/dev/sda"]),
            planning.list_signatures("/dev/sda"),
            planning.wipe_signatures("/dev/sda"),
        )
    ]


def text(creation: Creation) -> tuple[str, int]:
    return shlex.join(creation.command), creation.needs


def test_a_volume_is_made_of_whole_sectors() -> None:
    command = "lvcreate --yes --wipesignatures y --name disk --size 33333760b vg"
    assert (command, 33_333_333) == text(planning.create_linear("vg", "disk", 33_333_333))
    assert "512b" in planning.create_linear("vg", "disk", 0).command


def test_sizes_are_rounded_up_to_at_least_one_unit() -> None:
    assert [4, 4, 4, 8] == [planning.rounded(size, 4) for size in (0, 1, 4, 5)]


def test_a_thin_volume_takes_nothing_of_the_group() -> None:
    command = "lvcreate --yes --type thin --name disk --virtualsize 1048576b --thinpool vg/room"
    assert (command, 0) == text(planning.create_thin("vg", "disk", MIB, "room"))


def test_a_snapshot_has_room_of_its_own_but_for_a_thin_one(volumes: dict[str, LogicalVolume]) -> None:
    thick = "lvcreate --yes --snapshot --name s --size 5242880b vg/disk"
    assert (thick, 5 * MIB) == text(planning.create_snapshot("vg", "s", volumes["disk"], 5 * MIB))
    thin = "lvcreate --yes --snapshot --name s --setactivationskip n vg/thin"
    assert (thin, 0) == text(planning.create_snapshot("vg", "s", volumes["thin"], 5 * MIB))


def test_a_volume_is_extended_or_reduced(volumes: dict[str, LogicalVolume]) -> None:
    assert "lvextend --yes --size 67108864b vg/disk" == shlex.join(planning.resize("vg", volumes["disk"], 64 * MIB))
    assert "lvreduce --force --yes --size 4194304b vg/disk" == shlex.join(
        planning.resize("vg", volumes["disk"], 4 * MIB)
    )


def test_volumes_are_removed_by_their_full_names() -> None:
    assert "lvremove --yes vg/snap vg/disk" == shlex.join(planning.remove_volumes("vg", ["snap", "disk"]))


def test_the_thin_pool_with_most_room_is_chosen(volumes: dict[str, LogicalVolume]) -> None:
    room = volumes["thinpool"]
    large = room._replace(name="large", size=room.size * 4, used=None)
    assert planning.roomiest([]) is None
    assert large == planning.roomiest([room, large])
    assert room == planning.roomiest([room, large._replace(active=False)])
