"""Contents: uploads, downloads, clones, wiping, encryption."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.storage.tests.documents import MIB, of_format, qemu_img, volume_xml
from virtkit import Connection, StoragePool, StorageVol
from virtkit.enums import (
    StorageVolCreateFlags,
    StorageVolDownloadFlags,
    StorageVolUploadFlags,
    StorageVolWipeAlgorithm,
)
from virtkit.errors import (
    InvalidArgError,
    NoSecretError,
    OperationInvalidError,
    OperationUnsupportedError,
    StorageVolExistsError,
    XMLError,
)
from virtkit_storage import extents

DATA = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def volume(pool: StoragePool) -> StorageVol:
    """A volume of 4 MiB without any blocks."""
    return pool.create_volume(volume_xml("a.img", 4 * MIB, allocation=0))


def contents(volume: StorageVol, offset: int = 0, length: int = 0) -> bytes:
    received = io.BytesIO()
    volume.download_to(received, offset=offset, length=length)
    return received.getvalue()


# Streams


def test_a_part_is_overwritten_and_read(volume: StorageVol) -> None:
    volume.upload_from(io.BytesIO(DATA), offset=MIB + 5)
    assert DATA == contents(volume, MIB + 5, MIB)
    assert bytes(10) + DATA[:10] == contents(volume, MIB - 5, 20)
    assert 4 * MIB == len(contents(volume))


def test_an_upload_past_the_end_makes_a_file_longer(volume: StorageVol) -> None:
    volume.upload_from(io.BytesIO(DATA), offset=4 * MIB)
    assert 5 * MIB == volume.info().capacity


def test_reading_from_beyond_the_end_reads_nothing(volume: StorageVol) -> None:
    assert b"" == contents(volume, 5 * MIB, 10)


def test_a_long_upload_is_brought_to_the_storage_while_it_comes(
    volume: StorageVol, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = []
    monkeypatch.setattr(extents, "begin_flush", lambda file, start, end: ranges.append((start, end)))
    monkeypatch.setattr("virtkit_storage.contents.FLUSH_BYTES", 100_000)
    volume.upload_from(io.BytesIO(DATA), offset=5)
    assert all(end - start >= 100_000 for start, end in ranges)
    assert [5, *(end for _, end in ranges[:-1])] == [start for start, _ in ranges]


def test_more_than_was_announced_is_refused(volume: StorageVol) -> None:
    sink = volume.upload(length=100)
    with pytest.raises(InvalidArgError, match="more was sent"):
        sink.write(DATA)
    sink.abort()
    assert 4 * MIB == len(contents(volume)), "it is in use no longer"


def test_holes_stay_holes_both_ways(pool: StoragePool, volume: StorageVol, tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with open(sparse, "wb") as file:
        file.seek(2 * MIB)
        file.write(DATA)
        file.truncate(4 * MIB)
    with open(sparse, "rb") as file:
        volume.upload_from(file, flags=StorageVolUploadFlags.SPARSE_STREAM)
    assert sparse.read_bytes() == Path(volume.path()).read_bytes()
    assert MIB == volume.info().allocation
    with open(tmp_path / "back", "wb") as file:
        volume.download_to(file, flags=StorageVolDownloadFlags.SPARSE_STREAM)
    assert sparse.read_bytes() == (tmp_path / "back").read_bytes()
    assert 2 * MIB > (tmp_path / "back").stat().st_blocks * 512


def test_a_hole_that_is_uploaded_replaces_data(volume: StorageVol, tmp_path: Path) -> None:
    volume.upload_from(io.BytesIO(DATA * 4))
    (tmp_path / "empty").touch()
    os.truncate(tmp_path / "empty", 4 * MIB)
    with open(tmp_path / "empty", "rb") as file:
        volume.upload_from(file, flags=StorageVolUploadFlags.SPARSE_STREAM)
    assert bytes(4 * MIB) == contents(volume)
    assert 0 == volume.info().allocation


def test_a_volume_in_use_is_not_uploaded_to(volume: StorageVol) -> None:
    source = volume.download()
    with pytest.raises(OperationInvalidError, match="is being downloaded"):
        volume.upload_from(io.BytesIO(DATA))
    assert bytes(10) == contents(volume, 0, 10), "but it is read by others"
    source.close()  # type: ignore[attr-defined]
    volume.upload_from(io.BytesIO(DATA))


def test_an_upload_that_is_given_up_lets_go_of_the_volume(volume: StorageVol) -> None:
    sink = volume.upload()
    sink.write(b"half")
    sink.abort()
    assert b"half" == contents(volume, 0, 4)


# Clones


def test_a_volume_is_not_cloned_onto_itself(pool: StoragePool, volume: StorageVol) -> None:
    with pytest.raises(StorageVolExistsError, match=r"has a volume 'a\.img' already"):
        pool.create_volume_from(volume_xml("a.img"), volume)


def test_a_clone_is_as_large_as_its_source_at_least(pool: StoragePool, volume: StorageVol) -> None:
    volume.upload_from(io.BytesIO(DATA), offset=3 * MIB)
    same = pool.create_volume_from(volume_xml("same", MIB), volume)
    larger = pool.create_volume_from(volume_xml("larger", 8 * MIB), volume)
    assert (4 * MIB, 8 * MIB) == (same.info().capacity, larger.info().capacity)
    assert contents(volume) == contents(same) == contents(larger, 0, 4 * MIB)
    assert bytes(4 * MIB) == contents(larger, 4 * MIB)
    assert MIB == same.info().allocation, "holes stay holes"


@pytest.mark.parametrize(
    ("source", "target"), [("raw", "qcow2"), ("qcow2", "raw"), ("qcow2", "qcow2"), ("vmdk", "vdi")]
)
def test_a_clone_may_have_another_format(pool: StoragePool, source: str, target: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    original = pool.create_volume(volume_xml("source", MIB, target=of_format(source)))
    qemu_img("convert", "-f", "raw", "-O", source, tmp_path / "data", original.path())
    copy = pool.create_volume_from(volume_xml("copy", target=of_format(target)), original)
    assert f"<format type='{target}'/>" in copy.xml_desc()
    qemu_img("convert", "-f", target, "-O", "raw", copy.path(), tmp_path / "back")
    assert DATA == (tmp_path / "back").read_bytes()


def test_a_clone_of_a_chain_has_all_of_it(pool: StoragePool, tmp_path: Path) -> None:
    base = pool.create_volume(volume_xml("base", MIB))
    base.upload_from(io.BytesIO(DATA))
    backing = f"<backingStore><path>{base.path()}</path><format type='raw'/></backingStore>"
    top = pool.create_volume(volume_xml("top", MIB, target=of_format("qcow2"), more=backing))
    assert DATA == contents(pool.create_volume_from(volume_xml("copy"), top))


def test_blocks_are_shared_only_where_the_filesystem_can(pool: StoragePool, volume: StorageVol, folder: Path) -> None:
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()
    if kind in ("btrfs", "xfs"):
        pytest.skip(f"{kind} may share blocks; the test kernel's tests have such a filesystem")
    with pytest.raises(OperationUnsupportedError, match="shares no blocks between files"):
        pool.create_volume_from(volume_xml("copy"), volume, StorageVolCreateFlags.REFLINK)
    assert ["a.img"] == os.listdir(folder)


# Wiping


def test_wiping_overwrites_what_is_there(volume: StorageVol) -> None:
    volume.upload_from(io.BytesIO(DATA))
    volume.wipe()
    assert bytes(4 * MIB) == contents(volume)
    assert MIB == volume.info().allocation, "holes stay holes"


def test_a_wiped_image_has_no_format_any_more(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.qcow2", target=of_format("qcow2")))
    volume.wipe()
    assert "<format type='raw'/>" in volume.xml_desc()


def test_trimming_gives_the_blocks_back(volume: StorageVol) -> None:
    volume.upload_from(io.BytesIO(DATA))
    volume.wipe_pattern(StorageVolWipeAlgorithm.TRIM)
    assert (4 * MIB, 0) == (volume.info().capacity, volume.info().allocation)
    assert bytes(4 * MIB) == contents(volume)


def test_an_algorithm_nobody_knows_is_refused(volume: StorageVol) -> None:
    with pytest.raises(InvalidArgError, match=r"no wiping algorithm 99; known are 0 \(ZERO\)"):
        volume.wipe_pattern(99)


@pytest.mark.parametrize("algorithm", [each for each in StorageVolWipeAlgorithm if each.name not in ("ZERO", "TRIM")])
def test_patterns_are_written_by_scrub(pool: StoragePool, algorithm: StorageVolWipeAlgorithm) -> None:
    volume = pool.create_volume(volume_xml("a.img", 65536))
    volume.upload_from(io.BytesIO(b"secret" * 1000))
    volume.wipe_pattern(algorithm)
    assert b"secret" not in contents(volume)
    assert 65536 == volume.info().capacity


def test_a_missing_program_is_told_with_its_package(volume: StorageVol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtkit_storage.wiping.find_program", lambda name: None)
    with pytest.raises(OperationUnsupportedError, match="by the pattern dod: apt-get install scrub"):
        volume.wipe_pattern(StorageVolWipeAlgorithm.DOD)


# Encryption


@pytest.fixture
def secret(connection: Connection) -> Iterator[virtkit.Secret]:
    """A secret with a value."""
    made = connection.define_secret("<secret ephemeral='yes' private='yes'/>")
    made.set_value(b"open sesame")
    yield made
    made.undefine()


def encrypted(format_: str, secret: str) -> str:
    """A volume's target that is encrypted."""
    named = f"<secret type='passphrase' uuid='{secret}'/>" if secret else ""
    return f"{of_format(format_)}<encryption format='luks'>{named}</encryption>"


@pytest.mark.parametrize("format_", ["raw", "qcow2"])
def test_an_encrypted_volume_opens_with_its_secret(
    pool: StoragePool, secret: virtkit.Secret, format_: str, tmp_path: Path
) -> None:
    source = pool.create_volume(volume_xml("plain", MIB))
    source.upload_from(io.BytesIO(DATA))
    volume = pool.create_volume_from(volume_xml("a.img", MIB, target=encrypted(format_, secret.uuid_string)), source)
    assert MIB == volume.info().capacity
    assert "<encryption format='luks'>" in volume.xml_desc()
    assert DATA[:4096] not in Path(volume.path()).read_bytes()
    (tmp_path / "key").write_bytes(b"open sesame")
    opens = (
        {"driver": "luks", "key-secret": "s"}
        if format_ == "raw"
        else {"driver": "qcow2", "encrypt": {"format": "luks", "key-secret": "s"}}
    )
    image = "json:" + json.dumps({**opens, "file": {"driver": "file", "filename": volume.path()}})
    key = f"secret,id=s,file={tmp_path / 'key'}"
    subprocess.run(
        ["qemu-img", "convert", "--object", key, "-O", "raw", image, tmp_path / "back"], check=True, timeout=60
    )
    assert DATA == (tmp_path / "back").read_bytes()


def test_a_volume_is_decrypted_by_the_secret_whose_use_it_is(
    connection: Connection, pool: StoragePool, folder: Path
) -> None:
    usage = f"<usage type='volume'><volume>{folder}/a.img</volume></usage>"
    secret = connection.define_secret(f"<secret ephemeral='yes' private='yes'>{usage}</secret>")
    secret.set_value(b"open sesame")
    source = pool.create_volume(volume_xml("plain", MIB))
    source.upload_from(io.BytesIO(DATA))
    volume = pool.create_volume_from(volume_xml("a.img", MIB, target=encrypted("raw", "")), source)
    assert f"<secret type='passphrase' uuid='{secret.uuid_string}'/>" in volume.xml_desc()
    assert DATA == contents(pool.create_volume_from(volume_xml("copy"), volume))
    volume.resize(2 * MIB)
    assert 2 * MIB == volume.info().capacity


def test_a_clone_of_an_encrypted_volume_keeps_its_key(pool: StoragePool, secret: virtkit.Secret) -> None:
    volume = pool.create_volume(volume_xml("a.img", MIB, target=encrypted("raw", secret.uuid_string)))
    copy = pool.create_volume_from(volume_xml("copy", target=encrypted("raw", "")), volume)
    assert Path(volume.path()).read_bytes() == Path(copy.path()).read_bytes()


def test_an_encrypted_volume_without_a_secret_is_refused(pool: StoragePool, folder: Path) -> None:
    with pytest.raises(XMLError, match=f"names no secret: define one with usage type='volume' for {folder}/a.img"):
        pool.create_volume(volume_xml("a.img", target=encrypted("raw", "")))
    assert [] == os.listdir(folder)


def test_a_secret_without_a_value_is_told(connection: Connection, pool: StoragePool, folder: Path) -> None:
    empty = connection.define_secret("<secret ephemeral='yes' private='yes'/>")
    with pytest.raises(NoSecretError, match="has no value: set one first"):
        pool.create_volume(volume_xml("a.img", target=encrypted("raw", empty.uuid_string)))
    assert [] == os.listdir(folder)
