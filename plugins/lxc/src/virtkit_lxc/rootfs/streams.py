"""Bytes of an image: hashed while they are read, unpacked while they are hashed."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, OperationFailedError

ALGORITHMS = {"sha256": 64, "sha512": 128}
"""Algorithms of digests -> their digits."""

CHUNK = 1024 * 1024
"""Bytes read at once where nobody says how many."""

PLAIN = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
)
"""Media types of layers; with `+gzip` or `.gzip`, or `+zstd`, they are compressed."""


class Checked(io.RawIOBase):
    """A stream that is checked against a digest when it has been read.

    Args:
        file: Where the bytes come from.
        digest: `ALGORITHM:HEX`.
        what: What messages call it.
        size: How many bytes there have to be; None: as many as the digest is right for.
    """

    def __init__(self, file: IO[bytes], digest: str, what: str, size: int | None = None) -> None:
        super().__init__()
        self._file, self._what, self._size = file, what, size
        algorithm, _, self._wanted = digest.partition(":")
        self._hash = hashlib.new(algorithm)
        self._count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes: all that are left, or at most `size`."""
        found = self._file.read(-1 if size is None else size)
        self._hash.update(found)
        self._count += len(found)
        if self._size is not None and self._count > self._size:
            raise self.wrong(f"more than {self._size} bytes")
        return found

    def finish(self) -> None:
        """Read what is left, and check all of it.

        Raises:
            OperationFailedError: It is something else.
        """
        while self.read(CHUNK):
            pass
        if self._size is not None and self._count != self._size:
            raise self.wrong(f"{self._count} bytes instead of {self._size}")
        if self._hash.hexdigest() != self._wanted:
            raise self.wrong(f"digest {self._hash.name}:{self._hash.hexdigest()}")

    def wrong(self, found: str) -> OperationFailedError:
        """The error for what was found in it."""
        return OperationFailedError(f"{self._what} has {found}: it is damaged, copy it anew", domain=ErrorDomain.LXC)


@contextmanager
def unpacked(packed: Checked, media: str) -> Iterator[IO[bytes]]:
    """The tar archive of a layer.

    Args:
        packed: The layer.
        media: Its media type.

    Raises:
        ConfigUnsupportedError: It is not known here, or takes a library that is not installed.
        OperationFailedError: It is damaged.
    """
    plain = media.removesuffix("+gzip").removesuffix(".gzip").removesuffix("+zstd")
    if plain not in PLAIN:
        raise ConfigUnsupportedError(
            f"layers of media type {media!r} are not known; known are tar, gzip and zstd", domain=ErrorDomain.LXC
        )
    stream = cast("IO[bytes]", packed)
    if media.endswith("gzip"):
        with _damage_told(packed, EOFError, zlib.error, gzip.BadGzipFile), gzip.GzipFile(fileobj=stream) as opened:
            yield cast("IO[bytes]", opened)
    elif media.endswith("zstd"):
        zstd = _zstd()
        with _damage_told(packed, EOFError, zstd.ZstdError), zstd.open(stream, "rb") as opened:
            yield opened
    else:
        yield stream


@contextmanager
def _damage_told(packed: Checked, *errors: type[Exception]) -> Iterator[None]:
    """Tell what libraries find in our words."""
    try:
        yield
    except errors as error:
        raise packed.wrong(str(error)) from error


def _zstd() -> Any:
    """The library for zstd: Python's own since 3.14, or the same for older ones."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        try:
            from backports import zstd  # type: ignore[import-not-found, no-redef, unused-ignore]
        except ImportError as error:
            raise ConfigUnsupportedError(
                "a layer of the image is compressed with zstd, which this Python cannot unpack:"
                " pip install 'virtkit-lxc[zstd]'",
                domain=ErrorDomain.LXC,
            ) from error
    return zstd
