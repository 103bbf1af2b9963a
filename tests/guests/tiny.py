"""The tiny guest: one boot sector, up in a tenth of a second (`tiny.S` says what it does)."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from tests.guests.cache import Cache, digest, run

SOURCE = Path(__file__).with_name("tiny.S")
# SeaBIOS does not boot a disk of 512 bytes.
IMAGE_BYTES = 1 << 20


@frozen
class TinyGuest:
    """A bootable disk.

    Attributes:
        image: Raw disk image of 1 MiB; boots from any disk of pc or q35, with 1 MiB of memory.
        up: What it prints on ttyS0 once it runs.
        off: What it prints when it powers itself off.
    """

    image: Path
    up: bytes = b"TINY-UP"
    off: bytes = b"TINY-OFF"


def tiny_guest(cache: Cache) -> TinyGuest:
    """The tiny guest, assembled when it is not in the cache."""
    return TinyGuest(cache.built(f"tiny-{digest(SOURCE.read_bytes())}.img", _assemble))


def _assemble(image: Path) -> None:
    code = image.with_suffix(".o")
    run("as", "--32", "-o", code, SOURCE, package="binutils")
    run("ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-o", image, code, package="binutils")
    with image.open("r+b") as disk:
        disk.truncate(IMAGE_BYTES)
    image.chmod(0o644)
