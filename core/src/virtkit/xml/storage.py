"""What pools, volumes and disks have in common: permissions, encryption, secrets."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, child, textchild
from virtkit.xml.values import INT, UNSIGNED, UUID, Refusal, Value, octal, one_of, refused_as

FILE_SYSTEMS = ("ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+", "xfs", "ocfs2", "vmfs")
"""File systems that a `fs` pool mounts."""


def _read_owner(text: str) -> int | None:
    number = 0 if INT.read is None else INT.read(text)
    if not -1 <= number < 2**32:
        raise Refusal(f"{text} is not the number of a user or group; -1 leaves the choice to the pool")
    return None if number == -1 else number


OWNER: Value[int] = Value(_read_owner, str)  # type: ignore[arg-type]
"""The number of a user or group; -1 reads as None."""


SECRET = refused_as(XMLError, UUID, ErrorDomain.NONE)
"""The UUID of a secret."""


def _known(*words: str) -> Value[str]:
    return refused_as(ConfigUnsupportedError, one_of(*words), ErrorDomain.STORAGE)


class Permissions(Element):
    """Owner, mode and security label of a file or directory."""

    mode = textchild("mode", octal(4))
    owner = textchild("owner", OWNER)
    group = textchild("group", OWNER)
    label = textchild("label")


class Timestamps(Element):
    """When a file was last accessed, changed and so on: `SECONDS` or `SECONDS.NANOSECONDS` since the epoch."""

    atime = textchild("atime")
    mtime = textchild("mtime")
    ctime = textchild("ctime")
    btime = textchild("btime")


class EncryptionSecret(Element):
    """The secret that opens an encrypted volume."""

    type = attribute("type", _known("passphrase"))
    uuid = attribute("uuid", SECRET)
    usage = attribute("usage")


class Cipher(Element):
    """The cipher of an encrypted volume."""

    name = attribute("name")
    size = attribute("size", UNSIGNED)
    mode = attribute("mode")
    hash = attribute("hash")


class Ivgen(Element):
    """The generator of initialization vectors."""

    name = attribute("name")
    hash = attribute("hash")


class Encryption(Element, always_open=True):
    """How a volume is encrypted."""

    format = attribute("format", _known("default", "qcow", "luks", "luks2"))
    engine = attribute("engine", one_of("qemu", "librbd"))
    secret = child("secret", EncryptionSecret)
    cipher = child("cipher", Cipher)
    ivgen = child("ivgen", Ivgen)


class AuthSecret(Element):
    """The secret that authenticates to a storage server, by UUID or by usage."""

    type = attribute("type")
    uuid = attribute("uuid", SECRET)
    usage = attribute("usage")
