"""New partitions: names, places and types; and which partitions may be deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationUnsupportedError,
    ResourceBusyError,
    StorageVolExistsError,
    SystemCallError,
)
from virtkit_storage_disk import planning
from virtkit_storage_disk.planning import naming
from virtkit_storage_disk.table import MIB, Partition, Stretch, Table, parse

SIZE = 512 * MIB

EMPTY = Table("gpt", 512, Stretch(MIB, SIZE - 17408))

VDB = naming("/dev/vdb")


def recorded(name: str) -> Table:
    found = parse((Path(__file__).parent / "data" / name).read_bytes(), SIZE)
    assert found is not None
    return found


def place(table: Table, name: str, size: int = MIB, format_: str = "none") -> Partition:
    return planning.place("storage pool 'lab'", table, VDB, name, size, format_)


@pytest.mark.parametrize(
    ("disk", "separator", "first"),
    [
        ("/dev/vdb", False, "/dev/vdb1"),
        ("/dev/nvme0n1", False, "/dev/nvme0n1p1"),
        ("/dev/mapper/mpatha", False, "/dev/mapper/mpatha1"),
        ("/dev/mapper/mpatha", True, "/dev/mapper/mpathap1"),
        ("/dev/cciss/c0d0", False, "/dev/cciss/c0d0p1"),
    ],
)
def test_partitions_are_called_as_the_kernel_does(disk: str, separator: bool, first: str) -> None:
    names = naming(disk, separator)
    assert first == names.path(1)
    assert 12 == names.number(names.name(12))


@pytest.mark.parametrize(
    "name", ["vdb", "vdb0", "vdb01", "vdc1", "vdb1\n", "vdb-1", "vdb1p2", "--force", "vdb\u0661", ""]
)
def test_other_names_are_of_no_partition(name: str) -> None:
    assert VDB.number(name) is None


def test_a_partition_gets_the_first_room_that_is_large_enough() -> None:
    found = recorded("gpt.json")
    assert Stretch(51 * MIB, 60 * MIB) == place(found, "vdb2", 9 * MIB).place
    assert Stretch(111 * MIB, 121 * MIB) == place(found, "vdb2", 10 * MIB).place


def test_a_capacity_is_rounded_up_to_a_sector() -> None:
    assert Stretch(MIB, MIB + 1024) == place(EMPTY, "vdb1", 513).place
    assert Stretch(MIB, MIB + 4096) == place(EMPTY._replace(sector=4096), "vdb1", 0).place


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    with pytest.raises(SystemCallError, match=f"largest free stretch has {1048543 * 512 - 111 * MIB}") as caught:
        place(recorded("gpt.json"), "vdb2", 450 * MIB)
    assert 28 == caught.value.int1


def test_a_gpt_table_takes_any_free_number() -> None:
    assert 128 == place(EMPTY, "vdb128").number
    for name in ("vdb129", "data", "vdc1"):
        with pytest.raises(InvalidArgError, match=f"can be called '{name}': its name is vdb1"):
            place(EMPTY, name)
    with pytest.raises(StorageVolExistsError):
        place(recorded("gpt.json"), "vdb3")


def test_a_dos_table_takes_four_numbers_and_the_next_logical_one() -> None:
    found = recorded("dos.json")
    assert Stretch(151 * MIB, 152 * MIB) == place(found, "vdb3").place
    assert Stretch(74 * MIB, 75 * MIB) == place(found, "vdb7").place
    for name in ("vdb8", "other"):
        with pytest.raises(InvalidArgError, match="its name is vdb3 or vdb7"):
            place(found, name)
    with pytest.raises(InvalidArgError, match=r"its name is vdb1$"):
        place(Table("dos", 512, Stretch(512, SIZE)), "vdb5")


def test_a_full_table_takes_nothing() -> None:
    four = tuple(Partition(number, Stretch(number * MIB, (number + 1) * MIB), "83") for number in range(1, 5))
    with pytest.raises(InvalidArgError, match="none: the table is full"):
        place(Table("dos", 512, Stretch(512, SIZE), four), "vdb5")


def test_an_extended_partition_is_primary_and_the_only_one() -> None:
    assert "f" == place(Table("dos", 512, Stretch(512, SIZE)), "vdb1", MIB, "extended").type
    with pytest.raises(InvalidArgError, match=r"its name is vdb3$"):
        place(recorded("dos.json"), "vdb7", MIB, "extended")
    with pytest.raises(ConfigUnsupportedError, match="has an extended partition already"):
        place(recorded("dos.json"), "vdb3", MIB, "extended")
    with pytest.raises(ConfigUnsupportedError, match="no partitions of format extended: choose none, linux,"):
        place(EMPTY, "vdb1", MIB, "extended")


def test_other_tables_are_not_changed() -> None:
    with pytest.raises(OperationUnsupportedError, match="format sun is read but not changed"):
        place(recorded("sun.json"), "vdb1")
    with pytest.raises(OperationUnsupportedError):
        planning.require_deletable("lab", recorded("sun.json"), VDB, Partition(1, Stretch(0, MIB)))


@pytest.mark.parametrize(("number", "reason"), [(2, "holds vdb5, vdb6"), (5, "before vdb6")])
def test_what_others_stand_on_is_not_deleted(number: int, reason: str) -> None:
    found = recorded("dos.json")
    partition = found.find(number)
    assert partition is not None
    with pytest.raises(ResourceBusyError, match=reason):
        planning.require_deletable("storage pool 'lab'", found, VDB, partition)


@pytest.mark.parametrize("number", [1, 4, 6])
def test_others_are(number: int) -> None:
    found = recorded("dos.json")
    partition = found.find(number)
    assert partition is not None
    planning.require_deletable("storage pool 'lab'", found, VDB, partition)


def test_sfdisk_is_told_in_sectors() -> None:
    partition = place(EMPTY._replace(sector=4096), "vdb7", 8192, "linux-swap")
    script = planning.partition_script(EMPTY._replace(sector=4096), partition)
    assert b"/dev/p7 : start=256, size=2, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F\n" == script
    assert b"label: gpt\n" == planning.label_script("gpt")


def test_an_unknown_table_becomes_dos_and_on_large_disks_gpt() -> None:
    assert ["dos", "gpt", "gpt"] == [
        planning.made_label("unknown", SIZE),
        planning.made_label("unknown", 2 << 40),
        planning.made_label("gpt", SIZE),
    ]
