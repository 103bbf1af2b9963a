"""What the header of an image file tells, read without starting a program.

    image = identify(os.pread(file, HEAD_SIZE, 0), lambda offset, size: os.pread(file, size, offset))
    image.format, image.capacity_in(os.fstat(file).st_size)

A header is written by whoever writes the file, a guest among them, so nothing in it is believed before it is bounded:

* A header that contradicts its format (unknown version, impossible cluster size, a capacity of 2**63 bytes or more, a
  backing file's name that is longer than 1023 bytes or ends beyond the file) makes the file raw: QEMU too refuses to
  open such a file in that format.
* What merely cannot be understood (a backing format that is no word, a LUKS2 header without a readable segment) is left
  out, and the rest is told.
* A backing file's name that is not UTF-8, or that XML cannot carry, is told with U+FFFD for what is wrong: that a file
  is not self-contained is never hidden.
* The backing file is never looked at, and a backing format that the header does not state is None.

Never raised is anything but what `read` raises. `read` is asked at most 6 times, each time for at most `READ_LIMIT`
bytes, at offsets that fit 63 bits.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

HEAD_SIZE = 512
"""Bytes at the start of a file that tell most formats."""

READ_LIMIT = 64 * 1024
"""Bytes that are read at once at most: the descriptor of a VMDK image, the longest header, is some KiB of text."""

MAX_SIZE = 2**63 - 1
"""Capacities and offsets above cannot be: a file's offset is signed and has 64 bits."""

NAME_LIMIT = 1023
"""Bytes of a backing file's name: the limit of the qcow2 specification, and of QEMU for other formats."""

Read = Callable[[int, int], bytes]
"""Gives up to `size` bytes from `offset`: `read(offset, size)`; fewer where the file ends."""


class Image(NamedTuple):
    """What a header tells.

    Attributes:
        format: In libvirt's words, and `vhdx`. A file of LUKS is `raw` with `encryption`.
        capacity: Bytes that a guest sees; None: what the file holds from `offset` on.
        backing: Name of the backing file as it stands in the header; None: there is none.
        backing_format: Its format, in QEMU's words, as the header states it; None: the header does not.
        encryption: `luks`, `luks2` or `qcow` (AES of qcow and qcow2); None: not encrypted.
        compat: Version of qcow2: `0.10` or `1.1`.
        cluster_size: Bytes; of qcow2 alone.
        lazy_refcounts: Whether qcow2 writes its reference counts late.
        extended_l2: Whether qcow2 divides its clusters.
        offset: Where a guest's data begins in a file whose capacity is None.
        external: Whether data lies in files besides this one and `backing`: extents of VMDK, a data file of qcow2, the
            unnamed parent of a differencing VDI, VHD or VHDX.
        data_file: Name of the data file of qcow2; None: none, or none that can be read.
    """

    format: str
    capacity: int | None = None
    backing: str | None = None
    backing_format: str | None = None
    encryption: str | None = None
    compat: str | None = None
    cluster_size: int | None = None
    lazy_refcounts: bool = False
    extended_l2: bool = False
    offset: int = 0
    external: bool = False
    data_file: str | None = None

    def capacity_in(self, size: int) -> int:
        """Bytes that a guest sees, in a file or device of `size` bytes."""
        return max(0, size - self.offset) if self.capacity is None else self.capacity


RAW = Image("raw")


def identify(head: bytes, read: Read) -> Image:
    """What kind of image a file is.

    Not told apart from raw data: DMG and VHD of fixed size, whose marks are at the end, and `fat`, which has none.

    Args:
        head: The first `HEAD_SIZE` bytes of the file, fewer where it is shorter.
        read: Gives more of the file where that is needed.
    """
    parse = _PARSERS.get(head[:4])
    image = None if parse is None else parse(head, read)
    if image is None and head[64:68] == _VDI_MAGIC:
        image = _vdi(head)
    if image is None:
        image = _ISO if read(_ISO_OFFSET, 5) == b"CD001" else RAW
    return image


# ISO 9660 (ECMA-119), section 8: the first volume descriptor is in sector 16, its identifier follows the type.
_ISO = Image("iso")
_ISO_OFFSET = 16 * 2048 + 1


# qcow and qcow2: QEMU's "QCow2 image format specification" (docs/interop/qcow2.txt); qcow is its version 1.
_QCOW = struct.Struct(">4xIQIIQBB2xIQ")  # version, name's place, time, capacity, bits of cluster and L2, cipher
_QCOW2 = struct.Struct(">8xQIIQI")  # offset and size of the backing file's name, cluster bits, capacity, cipher
_QCOW3 = struct.Struct(">72xQQ8x4xI")  # incompatible features, compatible features, length of the header
_QCOW2_LENGTH = 72
_QCOW3_LENGTH = 104
_QCOW_CIPHERS: dict[int, str | None] = {0: None, 1: "qcow", 2: "luks"}
_EXTERNAL_DATA = 1 << 2
_EXTENDED_L2 = 1 << 4
_LAZY_REFCOUNTS = 1 << 0
_BACKING_FORMAT = 0xE2792ACA
_DATA_FILE = 0x44415441
_EXTENSIONS_SIZE = 8 * 1024  # those that QEMU writes have some hundred bytes
_EXTENSIONS_COUNT = 64
_FORMAT_WORD = re.compile(rb"[a-z0-9][a-z0-9_.+-]{0,14}")


def _qcow(head: bytes, read: Read) -> Image | None:
    if len(head) < _QCOW2_LENGTH:
        return _qcow1(head, read) if head[4:8] == b"\0\0\0\1" else None
    version = head[4:8]
    if version == b"\0\0\0\3":
        return _qcow3(head, read)
    if version == b"\0\0\0\2":
        return _qcow2(head, read, "0.10", _QCOW2_LENGTH, 0, 0)
    return _qcow1(head, read) if version == b"\0\0\0\1" else None


def _qcow3(head: bytes, read: Read) -> Image | None:
    if len(head) < _QCOW3_LENGTH:
        return None
    incompatible, compatible, length = _QCOW3.unpack_from(head)
    return None if length < _QCOW3_LENGTH else _qcow2(head, read, "1.1", length, incompatible, compatible)


def _qcow2(head: bytes, read: Read, compat: str, length: int, incompatible: int, compatible: int) -> Image | None:
    name_offset, name_size, cluster_bits, capacity, cipher = _QCOW2.unpack_from(head)
    if not 9 <= cluster_bits <= 21 or capacity > MAX_SIZE or cipher not in _QCOW_CIPHERS:
        return None
    cluster_size = 1 << cluster_bits
    if length > cluster_size or name_offset > cluster_size:
        return None
    external = incompatible & _EXTERNAL_DATA != 0
    backing = None
    extensions: dict[int, bytes] = {}
    if name_offset or external:
        extensions = _extensions(read, length, name_offset or cluster_size)
    if name_offset:
        if name_size > min(NAME_LIMIT, cluster_size - name_offset):
            return None
        name = read(name_offset, name_size) if name_size else b""
        if len(name) < name_size:
            return None
        backing = _text(name)
    word = extensions.get(_BACKING_FORMAT, b"")
    return Image(
        "qcow2",
        capacity,
        backing,
        word.decode() if backing and _FORMAT_WORD.fullmatch(word) else None,
        _QCOW_CIPHERS[cipher],
        compat,
        cluster_size,
        compatible & _LAZY_REFCOUNTS != 0,
        incompatible & _EXTENDED_L2 != 0,
        0,
        external,
        _text(extensions.get(_DATA_FILE, b"")) if external else None,
    )


def _extensions(read: Read, start: int, end: int) -> dict[int, bytes]:
    """Header extensions by type: each is a type, a length, and that many bytes, padded to a multiple of 8."""
    area = read(start, min(end - start, _EXTENSIONS_SIZE)) if start < end else b""
    found: dict[int, bytes] = {}
    at = 0
    while at + 8 <= len(area) and len(found) < _EXTENSIONS_COUNT:
        kind, size = struct.unpack_from(">II", area, at)
        at += 8
        if kind == 0:
            break
        found[kind] = area[at : at + size]  # of one that does not fit, what there is, and then no other
        at += (size + 7) & ~7
    return found


def _qcow1(head: bytes, read: Read) -> Image | None:
    if len(head) < _QCOW.size:
        return None
    _, name_offset, name_size, _, capacity, cluster_bits, _, cipher, _ = _QCOW.unpack_from(head)
    if not 9 <= cluster_bits <= 16 or capacity > MAX_SIZE or cipher > 1:
        return None
    name = _name(read, name_offset, name_size) if name_offset else b""
    if name is None:
        return None
    return Image("qcow", capacity, _text(name), encryption=_QCOW_CIPHERS[cipher])


# QED: QEMU's "QED Image File Format" (docs/interop/qed_spec.txt).
_QED = struct.Struct("<4xI4xIQ24xQII")  # cluster size, clusters of the header, features, capacity, backing file's name
_QED_BACKING = 1 << 0
_QED_RAW_BACKING = 1 << 2


def _qed(head: bytes, read: Read) -> Image | None:
    if len(head) < _QED.size:
        return None
    cluster_size, clusters, features, capacity, name_offset, name_size = _QED.unpack_from(head)
    fits = 4096 <= cluster_size <= 2**26 and cluster_size & (cluster_size - 1) == 0 and capacity <= MAX_SIZE
    if not fits:
        return None
    if not features & _QED_BACKING:
        return Image("qed", capacity)
    name = _name(read, name_offset, name_size)
    if name is None or name_offset + name_size > cluster_size * clusters:
        return None
    backing = _text(name)
    return Image("qed", capacity, backing, "raw" if backing and features & _QED_RAW_BACKING else None)


# cow: the header of User Mode Linux's copy-on-write file, version 2 (mconsole's cow_user.c).
def _cow(head: bytes, read: Read) -> Image | None:
    if head[4:8] != b"\0\0\0\2":
        return None
    rest = read(8, 1024 + 4 + 8)  # name of the backing file, its time, capacity
    capacity = int.from_bytes(rest[1028:], "big")
    return Image("cow", capacity, _text(rest[:1024])) if len(rest) == 1036 and capacity <= MAX_SIZE else None


# VMDK: VMware's "Virtual Disk Format 5.0".
_SECTOR = 512
_VMDK = struct.Struct("<4xI4xQ8xQQ")  # version, capacity, offset and size of the descriptor; in sectors
_VMDK_PARENT = b"parentFileNameHint"
_VMDK_TEXT_SIZE = 20 * _SECTOR  # of a descriptor inside an image
_VMDK_EXTENT = re.compile(rb"^[ \t]*(?:RW|RDONLY|NOACCESS)[ \t]+([0-9]{1,19})[ \t]+[A-Z]", re.MULTILINE)


def _vmdk(head: bytes, read: Read) -> Image | None:
    if len(head) < _VMDK.size:
        return None
    version, sectors, text_sector, _ = _VMDK.unpack_from(head)
    if not 1 <= version <= 3 or sectors > MAX_SIZE // _SECTOR:
        return None
    # QEMU looks for the parent here whatever the header says, and we must not see less than it does.
    parent = _vmdk_parent(read(_SECTOR, _VMDK_TEXT_SIZE))
    if sectors or not text_sector:
        return Image("vmdk", sectors * _SECTOR, parent, "vmdk" if parent else None)
    # Without a capacity the image is no more than a descriptor.
    offset = text_sector * _SECTOR
    image = _vmdk_descriptor(read(offset, READ_LIMIT)) if offset <= MAX_SIZE - READ_LIMIT else None
    return image and (image._replace(backing=parent, backing_format="vmdk") if parent else image)


def _vmdk_text(head: bytes, read: Read) -> Image | None:
    if not head.startswith(b"# Disk DescriptorFile"):
        return None
    return _vmdk_descriptor(head if len(head) < HEAD_SIZE else read(0, READ_LIMIT))


def _vmdk_descriptor(text: bytes) -> Image | None:
    """What a descriptor tells; of one that does not fit `READ_LIMIT`, nothing."""
    whole = text.split(b"\0", 1)[0]
    capacity = sum(map(int, _VMDK_EXTENT.findall(whole))) * _SECTOR
    if len(whole) >= READ_LIMIT or capacity > MAX_SIZE:
        return None
    parent = _vmdk_parent(whole)
    return Image("vmdk", capacity, parent, "vmdk" if parent else None, external=True)


def _vmdk_parent(text: bytes) -> str | None:
    r"""The parent: what follows `parentFileNameHint="`, up to the next quotation mark."""
    _, found, rest = text.split(b"\0", 1)[0].partition(_VMDK_PARENT)
    name, closed, _ = rest[2:].partition(b'"')
    return _text(name) if found and closed else None


# VDI: VirtualBox's "Virtual Disk Image", header version 1.1.
_VDI_MAGIC = b"\x7f\x10\xda\xbe"
_VDI_DIFFERENCING = 4


def _vdi(head: bytes) -> Image | None:
    if len(head) < HEAD_SIZE or head[68:72] != b"\1\0\1\0":
        return None
    kind, capacity = struct.unpack_from("<I288xQ", head, 76)
    return Image("vdi", capacity, external=kind == _VDI_DIFFERENCING) if capacity <= MAX_SIZE else None


# VPC: Microsoft's "Virtual Hard Disk Image Format Specification", 1.0: a copy of the footer begins a dynamic disk.
_VPC = struct.Struct(">12xI32xQ4xI")  # version, current size, kind of disk
_VPC_DIFFERENCING = 4


def _vpc(head: bytes, read: Read) -> Image | None:
    if not head.startswith(b"conectix") or len(head) < _VPC.size:
        return None
    version, capacity, kind = _VPC.unpack_from(head)
    if version != 0x10000 or capacity > MAX_SIZE:
        return None
    return Image("vpc", capacity, external=kind == _VPC_DIFFERENCING)


# VHDX: [MS-VHDX], "Virtual Hard Disk v2 (VHDX) File Format": region table, metadata region, metadata items.
_VHDX_TABLES = (192 * 1024, 256 * 1024)
_VHDX_TABLE_SIZE = 4096
_VHDX_METADATA = UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
_VHDX_CAPACITY = UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le
_VHDX_PARAMETERS = UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le
_VHDX_HAS_PARENT = 1 << 1


def _vhdx(head: bytes, read: Read) -> Image | None:
    if not head.startswith(b"vhdxfile"):
        return None
    for table in _VHDX_TABLES:
        regions = _guids(read(table, _VHDX_TABLE_SIZE), b"regi", "<8xI", 16, "<Q")
        base = regions.get(_VHDX_METADATA, MAX_SIZE)
        if base <= MAX_SIZE - 2**33:  # items are below that, at offsets of 32 bits
            break
    else:
        return None
    items = _guids(read(base, _VHDX_TABLE_SIZE), b"metadata", "<10xH", 32, "<I")
    if not items.keys() >= {_VHDX_CAPACITY, _VHDX_PARAMETERS}:
        return None
    size = read(base + items[_VHDX_CAPACITY], 8)
    parameters = read(base + items[_VHDX_PARAMETERS], 8)
    capacity = int.from_bytes(size, "little")
    if len(size) < 8 or len(parameters) < 8 or capacity > MAX_SIZE:
        return None
    return Image("vhdx", capacity, external=parameters[4] & _VHDX_HAS_PARENT != 0)


# LUKS: "LUKS On-Disk Format Specification" 1.2.3, and "LUKS2 On-Disk Format Specification" 1.1.
_LUKS2_JSON = 4096


def _luks(head: bytes, read: Read) -> Image | None:
    if head[:6] != b"LUKS\xba\xbe" or len(head) < 108:
        return None
    version = head[6:8]
    if version == b"\0\1":
        return Image("raw", encryption="luks", offset=int.from_bytes(head[104:108], "big") * _SECTOR)
    if version == b"\0\2":
        return Image("raw", encryption="luks2", offset=_luks2_offset(head, read))
    return None


def _luks2_offset(head: bytes, read: Read) -> int:
    """Where the first segment begins; 0: the header does not tell."""
    import json

    size = int.from_bytes(head[8:16], "big") - _LUKS2_JSON
    text = read(_LUKS2_JSON, min(size, READ_LIMIT)) if size > 0 else b""
    try:
        offset = int(json.loads(text.split(b"\0", 1)[0])["segments"]["0"]["offset"])
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):  # no JSON, or other JSON
        return 0
    return offset if 0 <= offset <= MAX_SIZE else 0


# Bochs: "Disk image modes" of the Bochs development guide, redolog of version 1 and 2.
def _bochs(head: bytes, read: Read) -> Image | None:
    if not head.startswith(b"Bochs Virtual HD Image\0") or len(head) < 96:
        return None
    place = {0x10000: 84, 0x20000: 88}.get(int.from_bytes(head[64:68], "little"))
    capacity = MAX_SIZE + 1 if place is None else int.from_bytes(head[place : place + 8], "little")
    return Image("bochs", capacity) if capacity <= MAX_SIZE else None


# cloop: Knoppix' compressed loop device, version 2: a script of 128 bytes, then size and number of blocks.
def _cloop(head: bytes, read: Read) -> Image | None:
    if not head.startswith(b"#!/bin/sh\n#V2.0 Format\n") or len(head) < 136:
        return None
    block, blocks = struct.unpack_from(">II", head, 128)
    capacity = block * blocks
    return Image("cloop", capacity) if capacity <= MAX_SIZE else None


# ploop: QEMU's "Parallels Expandable Image File Format" (docs/interop/parallels.txt), version 2.
def _ploop(head: bytes, read: Read) -> Image | None:
    size = {b"WithouFreSpacExt": 8, b"WithoutFreeSpace": 4}.get(head[:16])
    if size is None or head[16:20] != b"\2\0\0\0" or len(head) < 64:
        return None
    sectors = int.from_bytes(head[36 : 36 + size], "little")
    return Image("ploop", sectors * _SECTOR) if sectors <= MAX_SIZE // _SECTOR else None


_PARSERS: dict[bytes, Callable[[bytes, Read], Image | None]] = {
    b"QFI\xfb": _qcow,
    b"QED\0": _qed,
    b"OOOM": _cow,
    b"KDMV": _vmdk,
    b"# Di": _vmdk_text,
    b"cone": _vpc,
    b"vhdx": _vhdx,
    b"LUKS": _luks,
    b"Boch": _bochs,
    b"#!/b": _cloop,
    b"With": _ploop,
}
"""By the first four bytes; each tells None of a header that contradicts its format."""


def _guids(table: bytes, magic: bytes, count_format: str, first: int, offset_format: str) -> dict[bytes, int]:
    """Offsets by GUID in a table of VHDX, whose entries have 32 bytes."""
    if not table.startswith(magic) or len(table) < first:
        return {}
    (count,) = struct.unpack_from(count_format, table)
    ends = range(first + 32, min(len(table), first + 32 * count) + 1, 32)
    return {table[end - 32 : end - 16]: struct.unpack_from(offset_format, table, end - 16)[0] for end in ends}


def _name(read: Read, offset: int, size: int) -> bytes | None:
    """The name of a backing file; None: it is too long or not in the file."""
    if size > NAME_LIMIT or offset > MAX_SIZE - NAME_LIMIT:
        return None
    name = read(offset, size) if size else b""
    return name if len(name) == size else None


_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(name: bytes) -> str | None:
    """A name as text: up to the first NUL, with U+FFFD for what is no text."""
    return _NOT_IN_XML.sub("\ufffd", name.split(b"\0", 1)[0].decode(errors="replace")) or None
