"""Sessions and logical units, read from a tree that looks like what the test kernel showed under /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit_storage_iscsi import sessions
from virtkit_storage_iscsi.sessions import Session

TARGET = "iqn.2026-01.org.example:lab"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def add_session(
    sys: Path, number: int, *, target: str = TARGET, interface: str = "default", name: str = "iqn.h"
) -> Path:
    folder = sys / "devices" / "platform" / f"host{number}" / f"session{number}"
    told = folder / "iscsi_session" / f"session{number}"
    for key, value in {"targetname": target, "ifacename": interface, "initiatorname": name}.items():
        write(told / key, value)
    (told / "device").symlink_to(folder)
    top = sys / "class" / "iscsi_session"
    top.mkdir(parents=True, exist_ok=True)
    (top / f"session{number}").symlink_to(told)
    return folder


def add_unit(folder: Path, place: str, *, type_: str = "0", device: str = "", wwid: str = "") -> Path:
    target = folder / f"target{place.rpartition(':')[0]}" / place
    write(target / "type", type_)
    write(target / "wwid", wwid)
    if device:
        write(target / "block" / device / "size", str((64 << 20) // 512))
    return target


@pytest.fixture
def session(tmp_path: Path) -> Session:
    folder = add_session(tmp_path, 3)
    add_unit(folder, "3:0:0:0", type_="12")
    add_unit(folder, "3:0:0:1", device="sda", wwid="naa.60000000000000000e00000000010001")
    add_unit(folder, "3:0:0:12", device="sdb")
    found = sessions.find(TARGET, "", str(tmp_path))
    assert found is not None
    return found


def test_a_session_is_found_by_target_and_initiator(tmp_path: Path) -> None:
    add_session(tmp_path, 1, target="iqn.other")
    add_session(tmp_path, 2, interface="virtkit-1", name="iqn.virt")
    add_session(tmp_path, 3)
    found = [sessions.find(TARGET, initiator, str(tmp_path)) for initiator in ("", "iqn.virt", "iqn.nobody")]
    assert [3, 2, None] == [each and each.number for each in found]


def test_where_the_kernel_knows_no_sessions_there_is_none(tmp_path: Path) -> None:
    assert sessions.find(TARGET, "", str(tmp_path)) is None


def test_disks_are_listed_and_controllers_are_not(session: Session) -> None:
    first, second = sessions.units(session)
    assert ("unit:0:0:1", 64 << 20, "360000000000000000e00000000010001", "/dev/sda") == (
        *(first.name, first.size, first.key),
        first.node,
    )
    assert ("unit:0:0:12", "") == (second.name, second.key)


def test_one_disk_is_found_by_its_name(session: Session) -> None:
    found = sessions.unit(session, "unit:0:0:12")
    assert found is not None
    assert "/dev/sdb" == found.node
    for name in ("unit:0:0:0", "unit:0:0:2", "unit:1:0:1", "unit:0:0", "sda", "unit:0:0:1/..", ""):
        assert sessions.unit(session, name) is None


def test_a_device_belongs_to_its_session_alone(session: Session, tmp_path: Path) -> None:
    for folder, name in {
        f"{session.folder}/target3:0:0/3:0:0:1/block/sda": "unit:0:0:1",
        f"{session.folder}/target3:0:0/3:0:0:1/block/sda/sda1": None,
        f"{session.folder}/target3:0:0/3:0:0:0/block/sdx": None,
        "/sys/devices/none": None,
    }.items():
        assert name == sessions.unit_name_at(session, folder)


def test_partitions_of_a_disk_are_known(session: Session) -> None:
    first, second = sessions.units(session)
    write(Path(first.folder) / "sda1" / "partition", "1")
    assert (["sda1"], []) == (sessions.partitions(first), sessions.partitions(second))


def test_a_disk_without_block_device_is_waited_for(session: Session) -> None:
    assert not sessions.pending(session)
    add_unit(Path(session.folder), "3:0:0:2")
    assert sessions.pending(session)


@pytest.mark.parametrize(
    ("identifier", "key"),
    [
        ("naa.6001405", "36001405"),
        ("eui.00253885", "200253885"),
        ("t10.IET     0001 ", "1IET_0001"),
        ("naa.", ""),
        ("", ""),
    ],
)
def test_keys_are_written_as_udev_writes_them(identifier: str, key: str) -> None:
    assert key == sessions.key_of(identifier)
