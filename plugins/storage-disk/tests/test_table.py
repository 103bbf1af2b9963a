"""Partition tables: what `sfdisk` reports is read, and the room that is left is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit_storage_disk import table as tables
from virtkit_storage_disk.table import MIB, Partition, Stretch, Table, parse, parse_signatures

DATA = Path(__file__).parent / "data"

SIZE = 512 * MIB


def read(name: str) -> Table:
    found = parse((DATA / name).read_bytes(), SIZE)
    assert found is not None
    return found


def test_a_gpt_table_is_read() -> None:
    found = read("gpt.json")
    assert ("gpt", 512, Stretch(MIB, 1048543 * 512)) == found[:3]
    assert [(1, MIB, 51 * MIB), (3, 60 * MIB, 110 * MIB + 512)] == [(each.number, *each.place) for each in found[3]]
    assert ["linux", "linux-swap"] == [found.format_of(each) for each in found.partitions]


def test_a_dos_table_is_read_with_what_is_in_its_extended_partition() -> None:
    found = read("dos.json")
    assert {1: "linux", 2: "extended", 4: "linux-lvm", 5: "linux", 6: "linux-swap"} == {
        each.number: found.format_of(each) for each in found.partitions
    }
    assert [5, 6] == [each.number for each in found.logical]
    assert found.extended is not None
    assert 2 == found.extended.number


def test_a_table_without_partitions_is_one() -> None:
    assert () == read("gpt-empty.json").partitions
    assert "sun" == read("sun.json").label


def test_the_boot_sector_of_a_fat_file_system_is_no_table() -> None:
    assert parse((DATA / "vfat.json").read_bytes(), SIZE) is None


@pytest.mark.parametrize("report", [b"{}", b"[]", b'{"partitiontable": {}}', b"", b'{"partitiontable": null}'])
def test_what_is_no_report_is_refused(report: bytes) -> None:
    with pytest.raises(ValueError, match=r"report|Expecting"):
        parse(report, SIZE)


def test_signatures_are_named_once() -> None:
    assert ["gpt", "PMBR"] == parse_signatures((DATA / "wipefs-gpt.json").read_bytes())
    assert ["vfat"] == parse_signatures((DATA / "wipefs-vfat.json").read_bytes())
    assert [] == parse_signatures((DATA / "wipefs-none.json").read_bytes())
    assert [] == parse_signatures(b"")


def test_free_room_is_what_lies_between_partitions_from_whole_mebibytes_on() -> None:
    assert [Stretch(51 * MIB, 60 * MIB), Stretch(111 * MIB, 1048543 * 512)] == tables.free(read("gpt.json"))


def test_room_of_an_extended_partition_is_free_behind_the_last_logical_one() -> None:
    assert Stretch(74 * MIB, 151 * MIB) == tables.free_logical(read("dos.json"))
    assert [(74, 151), (151, 161), (171, 512)] == [
        (each.start / MIB, each.end / MIB) for each in tables.free(read("dos.json"))
    ]


def test_an_empty_extended_partition_leaves_room_for_what_describes_the_first_logical_one() -> None:
    empty = Table("dos", 512, Stretch(512, SIZE), (Partition(1, Stretch(MIB, 9 * MIB), "f"),))
    assert Stretch(2 * MIB, 9 * MIB) == tables.free_logical(empty)
    full = empty._replace(partitions=(*empty.partitions, Partition(5, Stretch(2 * MIB, 9 * MIB), "83")))
    assert tables.free_logical(full) is None


def test_what_is_less_than_a_mebibyte_is_no_room() -> None:
    assert [] == tables.free_primary(Table("gpt", 512, Stretch(MIB, 2 * MIB - 512)))


def test_overlapping_partitions_are_counted_as_taken() -> None:
    both = (Partition(3, Stretch(0, SIZE)), Partition(1, Stretch(MIB, 2 * MIB)))
    assert [] == tables.free_primary(Table("sun", 512, Stretch(0, SIZE), both))


def test_types_that_no_new_partition_gets_have_formats_too() -> None:
    found = Table("dos", 512, Stretch(512, SIZE))
    kinds = {"b": "fat32", "e": "fat16", "5": "extended", "7": "none"}
    assert kinds == {type_: found.format_of(Partition(1, Stretch(0, 1), type_)) for type_ in kinds}
