"""Headers of image files: what is told of them, compared with qemu-img, and what hostile ones come to."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from virtkit.services.runner import find_program
from virtkit.storage.image import HEAD_SIZE, MAX_SIZE, RAW, READ_LIMIT, Image, identify
from virtkit.xml.volume import FORMAT

MIB = 2**20
SECRET = ("--object", "secret,id=s,data=letmein")
READS = 6

LAYERS = {
    "base.raw": ("-f", "raw", "3M"),
    "base.qcow2": ("-f", "qcow2", "5M"),
    "base.vmdk": ("-f", "vmdk", "5M"),
}
IMAGES = {
    "plain.raw": ("-f", "raw", "3M"),
    "v2.qcow2": ("-f", "qcow2", "-o", "compat=0.10", "5M"),
    "v3.qcow2": ("-f", "qcow2", "5M"),
    "small-clusters.qcow2": ("-f", "qcow2", "-o", "cluster_size=512", "5M"),
    "large-clusters.qcow2": ("-f", "qcow2", "-o", "cluster_size=2M", "5M"),
    "lazy.qcow2": ("-f", "qcow2", "-o", "lazy_refcounts=on", "5M"),
    "divided.qcow2": ("-f", "qcow2", "-o", "extended_l2=on,cluster_size=128k", "5M"),
    "on-raw.qcow2": ("-f", "qcow2", "-b", "base.raw", "-F", "raw"),
    "on-qcow2.qcow2": ("-f", "qcow2", "-o", "compat=0.10", "-b", "base.qcow2", "-F", "qcow2"),
    "elsewhere.qcow2": ("-f", "qcow2", "-o", "data_file=data", "5M"),
    "elsewhere-raw.qcow2": ("-f", "qcow2", "-o", "data_file=data,data_file_raw=on", "5M"),
    "aes.qcow2": (*SECRET, "-f", "qcow2", "-o", "encrypt.format=aes,encrypt.key-secret=s", "5M"),
    "luks.qcow2": (
        *SECRET,
        *("-f", "qcow2", "-b", "base.raw", "-F", "raw"),
        *("-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10"),
    ),
    "plain.luks": (*SECRET, "-f", "luks", "-o", "key-secret=s,iter-time=10", "5M"),
    "plain.qcow": ("-f", "qcow", "5M"),
    "on-raw.qcow": ("-f", "qcow", "-b", "base.raw", "-F", "raw"),
    "aes.qcow": (*SECRET, "-f", "qcow", "-o", "encrypt.format=aes,encrypt.key-secret=s", "5M"),
    "plain.qed": ("-f", "qed", "5M"),
    "on-raw.qed": ("-f", "qed", "-b", "base.raw", "-F", "raw"),
    "on-qcow2.qed": ("-f", "qed", "-b", "base.qcow2", "-F", "qcow2"),
    "sparse.vmdk": ("-f", "vmdk", "-o", "subformat=monolithicSparse", "5M"),
    "flat.vmdk": ("-f", "vmdk", "-o", "subformat=monolithicFlat", "5M"),
    "parts.vmdk": ("-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", "5G"),
    "flat-parts.vmdk": ("-f", "vmdk", "-o", "subformat=twoGbMaxExtentFlat", "5G"),
    "stream.vmdk": ("-f", "vmdk", "-o", "subformat=streamOptimized", "5M"),
    "on-vmdk.vmdk": ("-f", "vmdk", "-b", "base.vmdk", "-F", "vmdk"),
    "plain.vdi": ("-f", "vdi", "5M"),
    "whole.vdi": ("-f", "vdi", "-o", "static=on", "5M"),
    "plain.vhdx": ("-f", "vhdx", "5M"),
    "whole.vhdx": ("-f", "vhdx", "-o", "subformat=fixed", "5M"),
    "plain.vpc": ("-f", "vpc", "5M"),
    "whole.vpc": ("-f", "vpc", "-o", "subformat=fixed", "5M"),
    "plain.ploop": ("-f", "parallels", "5M"),
}
EXTERNAL = {"elsewhere.qcow2", "elsewhere-raw.qcow2", "flat.vmdk", "parts.vmdk", "flat-parts.vmdk"}

needs_qemu_img = pytest.mark.skipif(find_program("qemu-img") is None, reason="qemu-img is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("images")
    for name, (*options, last) in {**LAYERS, **IMAGES}.items():
        size = () if last in LAYERS or "-b" in options else (last,)
        arguments = ["qemu-img", "create", "-q", *options, *(() if size else (last,)), name, *size]
        subprocess.run(arguments, cwd=made, check=True, timeout=60)
    return made


class File:
    """A file in memory that counts what is asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def read(self, offset: int, size: int) -> bytes:
        self.asked.append((offset, size))
        return self.data[offset : offset + size]

    def identify(self) -> Image:
        image = identify(self.data[:HEAD_SIZE], self.read)
        assert all(0 <= offset and 0 < size <= READ_LIMIT and offset + size <= MAX_SIZE for offset, size in self.asked)
        assert len(self.asked) <= READS
        assert image.capacity is None or 0 <= image.capacity <= MAX_SIZE
        assert 0 <= image.offset <= MAX_SIZE
        for text in image.backing, image.data_file:
            assert text is None or text.encode()
        return image


def image_of(path: Path) -> Image:
    with path.open("rb") as file:
        return identify(os.pread(file.fileno(), HEAD_SIZE, 0), lambda at, size: os.pread(file.fileno(), size, at))


def told(info: dict[str, Any], external: bool) -> Image:
    """The answer of qemu-img in our words."""
    facts = info.get("format-specific", {}).get("data", {})
    kind = {"luks": "raw", "parallels": "ploop"}.get(info["format"], info["format"])
    qcow2 = kind == "qcow2"
    cipher = facts.get("encrypt", {}).get("format", {"luks": "luks", "qcow": "aes"}.get(info["format"]))
    return Image(
        kind,
        None if kind == "raw" else info["virtual-size"],
        info.get("backing-filename"),
        info.get("backing-filename-format"),
        {"aes": "qcow"}.get(cipher, cipher) if info.get("encrypted") else None,
        facts.get("compat") if qcow2 else None,
        info["cluster-size"] if qcow2 else None,
        facts.get("lazy-refcounts", False),
        facts.get("extended-l2", False),
        facts.get("payload-offset", 0),
        external,
        facts.get("data-file"),
    )


@needs_qemu_img
@pytest.mark.parametrize("name", [*LAYERS, *IMAGES])
def test_a_header_tells_what_qemu_img_tells(folder: Path, name: str) -> None:
    arguments = ["qemu-img", "info", "--output=json", name]
    info = json.loads(subprocess.run(arguments, cwd=folder, check=True, timeout=60, stdout=subprocess.PIPE).stdout)
    image = image_of(folder / name)
    assert told(info, name in EXTERNAL) == image
    assert info["virtual-size"] == image.capacity_in(os.path.getsize(folder / name))


def qcow2(
    *,
    version: int = 3,
    name: bytes = b"",
    name_offset: int | None = None,
    name_size: int | None = None,
    bits: int = 16,
    capacity: int = MIB,
    cipher: int = 0,
    incompatible: int = 0,
    length: int = 104,
    extensions: bytes = b"",
) -> bytes:
    """A header of qcow2, its backing file's name behind the extensions."""
    start = 72 if version == 2 else length
    at = (start + len(extensions) + 8 if name else 0) if name_offset is None else name_offset
    size = len(name) if name_size is None else name_size
    head = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", version, at, size, bits, capacity, cipher, 1, 0, 0, 1, 0, 0)
    if version == 3:
        head += struct.pack(">QQQII", incompatible, 0, 0, 4, length)
    return head.ljust(start, b"\0") + extensions + bytes(8) + name


def extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">II", kind, len(data)) + data.ljust((len(data) + 7) & ~7, b"\0")


BACKING_FORMAT = 0xE2792ACA
DATA_FILE = 0x44415441

NONSENSE = {
    "an unknown version": qcow2(version=4),
    "tiny clusters": qcow2(bits=8),
    "huge clusters": qcow2(bits=22),
    "a capacity of 64 bits": qcow2(capacity=2**63),
    "an unknown cipher": qcow2(cipher=3),
    "a long name": qcow2(name=b"n" * 1024),
    "a name beyond the file": qcow2(name=b"n", name_offset=60000, name_size=100),
    "a name beyond the first cluster": qcow2(name=b"n", name_offset=2**40),
    "a name that leaves the first cluster": qcow2(name=b"n" * 1000, bits=9, name_offset=500),
    "a short header": qcow2(length=96),
    "a header longer than a cluster": qcow2(length=520, bits=9),
    "half a header": qcow2()[:80],
    "little of a header": qcow2()[:20],
    "qcow with tiny clusters": b"QFI\xfb" + struct.pack(">IQIIQBBHIQ", 1, 0, 0, 0, MIB, 5, 9, 0, 0, 48),
    "qcow with a name beyond the file": b"QFI\xfb" + struct.pack(">IQIIQBBHIQ", 1, 2**63, 9, 0, MIB, 12, 9, 0, 0, 48),
    "QED with odd clusters": b"QED\0" + struct.pack("<IIIQQQQQII", 65537, 4, 1, 0, 0, 0, 65536, MIB, 0, 0),
    "QED with a name outside of its header": b"QED\0"
    + struct.pack("<IIIQQQQQII", 65536, 4, 0, 1, 0, 0, 65536, MIB, 8, 8),
    "VMDK of 2**64 bytes": b"KDMV" + struct.pack("<IIQQQQ", 1, 3, 2**55, 128, 1, 20),
    "VMDK of an unknown version": b"KDMV" + struct.pack("<IIQQQQ", 4, 3, 2**5, 128, 1, 20),
    "a descriptor of VMDK that does not end": b"# Disk DescriptorFile\n" + b"#" * READ_LIMIT,
    "VHDX without tables": b"vhdxfile".ljust(HEAD_SIZE, b"\0"),
    "LUKS of an unknown version": b"LUKS\xba\xbe\0\3".ljust(HEAD_SIZE, b"\0"),
    "an old cow": b"OOOM\0\0\0\1".ljust(2048, b"\0"),
    "half a cow": b"OOOM\0\0\0\2".ljust(600, b"\0"),
    "another script": b"#!/bin/sh\necho\n".ljust(HEAD_SIZE, b"\0"),
}


@pytest.mark.parametrize("data", NONSENSE.values(), ids=NONSENSE)
def test_a_header_that_contradicts_its_format_makes_the_file_raw(data: bytes) -> None:
    assert RAW == File(data).identify()


@pytest.mark.parametrize("data", [b"", b"Q", b"QFI\xfb", b"text\n", bytes(HEAD_SIZE), bytes(40000)])
def test_a_file_without_a_header_is_raw(data: bytes) -> None:
    assert RAW == File(data).identify()


def test_a_plain_qcow2_is_known_by_its_first_bytes() -> None:
    file = File(qcow2())
    assert Image("qcow2", MIB, compat="1.1", cluster_size=65536) == file.identify()
    assert [] == file.asked


def test_raw_data_takes_one_further_look() -> None:
    file = File(bytes(HEAD_SIZE))
    file.identify()
    assert [(32769, 5)] == file.asked


def test_a_capacity_up_to_63_bits_is_told() -> None:
    assert MAX_SIZE == File(qcow2(capacity=MAX_SIZE)).identify().capacity


def test_an_iso_image_is_known_whatever_begins_it() -> None:
    data = b"QFI\xfb".ljust(32769, b"\0") + b"CD001"
    assert Image("iso") == File(data).identify()


@pytest.mark.parametrize("version", [2, 3])
def test_the_backing_format_stands_in_an_extension_among_others(version: int) -> None:
    extensions = extension(0x6803F857, bytes(97)) + extension(BACKING_FORMAT, b"raw")
    image = File(qcow2(version=version, name=b"/base", extensions=extensions)).identify()
    assert ("/base", "raw") == (image.backing, image.backing_format)


def test_a_backing_format_that_is_not_stated_is_not_guessed() -> None:
    image = File(qcow2(name=b"/base.qcow2")).identify()
    assert ("/base.qcow2", None) == (image.backing, image.backing_format)


@pytest.mark.parametrize("word", [b"", b"raw\n", b"RAW", b"\xff", b"a" * 16, b"../raw", b"ra\0w"])
def test_a_backing_format_that_is_no_word_is_unknown(word: bytes) -> None:
    image = File(qcow2(name=b"/base", extensions=extension(BACKING_FORMAT, word))).identify()
    assert ("/base", None) == (image.backing, image.backing_format)


def test_extensions_that_do_not_fit_end_the_search() -> None:
    long = struct.pack(">II", 7, 2**32 - 1) + extension(BACKING_FORMAT, b"raw")
    assert File(qcow2(name=b"/base", extensions=long)).identify().backing_format is None


def test_extensions_without_end_are_not_followed_forever() -> None:
    many = b"".join(extension(kind, b"") for kind in range(1, 8000))
    file = File(qcow2(name=b"/base", name_offset=None, extensions=many, bits=21))
    assert "/base" == file.identify().backing


@pytest.mark.parametrize(
    ("name", "backing"),
    [
        (b"/caf\xc3\xa9", "/café"),
        (b"/caf\xe9", "/caf\ufffd"),
        (b"/a\x01b", "/a\ufffdb"),
        (b"/a\0/b", "/a"),
        (b"\0/b", None),
        (b"json:{}", "json:{}"),
        (b"n" * 1023, "n" * 1023),
    ],
)
def test_the_name_of_a_backing_file_is_told_as_text(name: bytes, backing: str | None) -> None:
    assert backing == File(qcow2(name=name)).identify().backing


def test_a_name_may_lie_in_the_header_and_is_told_then_too() -> None:
    assert "QFI\ufffd" == File(qcow2(extensions=b"QFI\xfb", name_offset=104, name_size=4)).identify().backing


def test_data_elsewhere_is_told_also_without_a_name() -> None:
    image = File(qcow2(incompatible=4)).identify()
    assert (True, None) == (image.external, image.data_file)


def test_the_name_of_a_data_file_matters_only_where_there_is_one() -> None:
    names = extension(DATA_FILE, b"/etc/shadow")
    assert "/etc/shadow" == File(qcow2(incompatible=4, extensions=names)).identify().data_file
    assert File(qcow2(extensions=names)).identify().data_file is None


DESCRIPTOR = b"""# Disk DescriptorFile
version=1
CID=1
parentCID=ffffffff
createType="custom"
RW 2048 FLAT "/dev/sda" 0
RDONLY 1024 ZERO
"""
HINT = b'parentFileNameHint="/base.vmdk"\n'


def vmdk(sectors: int, at: int = 1) -> bytes:
    head = b"KDMV" + struct.pack("<IIQQQQ", 1, 3, sectors, 128, at, 20)
    return head.ljust(512, b"\0")


def test_a_descriptor_of_vmdk_has_its_data_elsewhere() -> None:
    assert Image("vmdk", 3072 * 512, external=True) == File(DESCRIPTOR).identify()
    assert Image("vmdk", 3072 * 512, external=True) == File(DESCRIPTOR + b"#" * 600).identify()


def test_a_vmdk_image_without_capacity_is_a_descriptor() -> None:
    assert Image("vmdk", 3072 * 512, external=True) == File(vmdk(0, 3) + bytes(1024) + DESCRIPTOR).identify()


def test_the_parent_of_a_vmdk_image_is_seen_where_qemu_looks() -> None:
    image = File(vmdk(2048, 100) + HINT).identify()
    assert ("/base.vmdk", "vmdk", False) == (image.backing, image.backing_format, image.external)


def test_a_descriptor_of_vmdk_names_its_parent() -> None:
    assert "/base.vmdk" == File(DESCRIPTOR + HINT).identify().backing


def vhdx(regions: int = 1, items: int = 2, parent: bool = False) -> bytes:
    """A VHDX of 1 MiB: one region, two items; its tables count `regions` and `items` of them."""
    metadata, capacity, parameters = (
        UUID(text).bytes_le
        for text in (
            *("8b7ca206-4790-4b9a-b8fe-575f050f886e", "2fa54224-cd1b-4876-b211-5dbed83bf4b8"),
            "caa16737-fa36-4d43-b3b6-33f0aa44e76b",
        )
    )
    region = b"regi" + struct.pack("<III", 0, regions, 0) + metadata + struct.pack("<QII", 320 * 1024, 65536, 1)
    table = (b"metadata" + struct.pack("<HH", 0, items)).ljust(32, b"\0")
    table += capacity + struct.pack("<IIQ", 4096, 8, 0) + parameters + struct.pack("<IIQ", 4104, 8, 0)
    values = struct.pack("<QII", MIB, 2**20, 2 if parent else 0)
    return b"vhdxfile".ljust(192 * 1024, b"\0") + region.ljust(128 * 1024, b"\0") + table.ljust(4096, b"\0") + values


def test_vhdx_tells_its_capacity_and_whether_it_has_a_parent() -> None:
    assert Image("vhdx", MIB) == File(vhdx()).identify()
    assert Image("vhdx", MIB, external=True) == File(vhdx(parent=True)).identify()


@pytest.mark.parametrize(("regions", "items"), [(0, 2), (1, 1)])
def test_vhdx_does_not_look_beyond_the_entries_its_tables_count(regions: int, items: int) -> None:
    assert RAW == File(vhdx(regions, items)).identify()


def test_luks_is_raw_data_with_encryption_behind_a_header() -> None:
    head = b"LUKS\xba\xbe\0\1".ljust(104, b"\0") + struct.pack(">I", 4096) + bytes(404)
    image = File(head).identify()
    assert Image("raw", encryption="luks", offset=2 * MIB) == image
    assert 3 * MIB == image.capacity_in(5 * MIB)
    assert 0 == image.capacity_in(MIB)


def luks2(text: bytes) -> bytes:
    return (b"LUKS\xba\xbe\0\2" + struct.pack(">Q", 16384)).ljust(4096, b"\0") + text.ljust(12288, b"\0")


def test_luks2_says_in_json_where_its_data_begins() -> None:
    data = luks2(b'{"segments":{"0":{"type":"crypt","offset":"16777216","size":"dynamic"}}}')
    assert Image("raw", encryption="luks2", offset=16 * MIB) == File(data).identify()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 12000,
        b"\xff",
        b"{}",
        b"[1]",
        b'{"segments":[]}',
        b'{"segments":{"0":{"offset":null}}}',
        b'{"segments":{"0":{"offset":1e999}}}',
        b'{"segments":{"0":{"offset":"-5"}}}',
        b'{"segments":{"0":{"offset":"' + b"9" * 5000 + b'"}}}',
    ],
)
def test_luks2_without_a_readable_segment_is_luks2_still(text: bytes) -> None:
    assert Image("raw", encryption="luks2") == File(luks2(text)).identify()


OTHERS = {
    "cow": (b"OOOM\0\0\0\2" + b"/base".ljust(1024, b"\0") + bytes(4) + struct.pack(">Q", MIB), "/base"),
    "bochs": (
        (b"Bochs Virtual HD Image".ljust(32, b"\0") + b"Redolog".ljust(16, b"\0") + b"Growing".ljust(16, b"\0"))
        + struct.pack("<IIIIIIQ", 0x20000, 512, 1, 1, 1, 0, MIB).ljust(448, b"\0"),
        None,
    ),
    "cloop": (b"#!/bin/sh\n#V2.0 Format\n".ljust(128, b"\0") + struct.pack(">II", 65536, 16), None),
    "ploop": (b"WithoutFreeSpace" + struct.pack("<IIIIIIIII", 2, 16, 1, 128, 1, 2048, 9, 0, 0).ljust(48, b"\0"), None),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_formats_of_others_tell_their_capacity(kind: str) -> None:
    data, backing = OTHERS[kind]
    assert Image(kind, MIB, backing) == File(data).identify()


@pytest.mark.parametrize(("magic", "place"), [(b"conectix", 60), (b"vdi", 76)])
def test_a_differencing_image_has_data_elsewhere(magic: bytes, place: int) -> None:
    data = bytearray(512)
    if magic == b"vdi":
        data[64:72] = b"\x7f\x10\xda\xbe\1\0\1\0"
        data[place : place + 4] = struct.pack("<I", 4)
    else:
        data[0:16] = b"conectix" + struct.pack(">II", 2, 0x10000)
        data[place : place + 4] = struct.pack(">I", 4)
    assert File(bytes(data)).identify().external


@needs_qemu_img
@pytest.mark.parametrize("name", IMAGES)
def test_every_format_is_one_that_documents_of_volumes_know(folder: Path, name: str) -> None:
    assert FORMAT.read is not None
    assert FORMAT.read(image_of(folder / name).format)


MAGICS = st.sampled_from(
    [
        *(b"QFI\xfb\0\0\0\1", b"QFI\xfb\0\0\0\2", b"QFI\xfb\0\0\0\3", b"QED\0", b"OOOM\0\0\0\2", b"KDMV\1\0\0\0"),
        *(b"# Disk DescriptorFile\n", b"conectix", b"vhdxfile", b"LUKS\xba\xbe\0\1", b"LUKS\xba\xbe\0\2"),
        *(b"Bochs Virtual HD Image\0", b"#!/bin/sh\n#V2.0 Format\n", b"WithouFreSpacExt\2\0\0\0", b""),
    ]
)


@given(magic=MAGICS, data=st.binary(max_size=2000))
def test_random_bytes_are_bounded(magic: bytes, data: bytes) -> None:
    File(magic + data).identify()


PLACES = st.one_of(
    st.integers(0, 128), st.integers(0, 700), st.integers(196608, 196720), st.integers(2 * MIB, 2 * MIB + 200)
)
EDGES = [b"\0", b"\xff", b"\xff" * 4, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7), bytes(8)]
PATCHES = st.lists(st.tuples(PLACES, st.sampled_from(EDGES) | st.binary(min_size=1, max_size=8)), max_size=4)


@needs_qemu_img
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(name=st.sampled_from(sorted(IMAGES)), patches=PATCHES, length=st.none() | st.integers(0, 2 * MIB + 200))
def test_real_headers_with_wrong_bytes_are_bounded(
    folder: Path, name: str, patches: list[tuple[int, bytes]], length: int | None
) -> None:
    with (folder / name).open("rb") as file:
        data = bytearray(file.read(3 * MIB)[:length])
    for place, patch in patches:
        if place < len(data):
            data[place : place + len(patch)] = patch
    File(bytes(data)).identify()
