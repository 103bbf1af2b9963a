"""What is written into a new volume: an empty image, or the contents of another volume."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from virtkit.errors import OperationFailedError, OperationUnsupportedError
from virtkit.storage import qemu_img
from virtkit.storage.image import Image
from virtkit.store.files import refusal
from virtkit.xml.storage import Encryption
from virtkit.xml.volume import Features
from virtkit_storage import extents, finding, secrets
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.storage.backend import Guard, Volume
    from virtkit.xml.volume import StorageVolume
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState

PLAIN = ("raw", "iso", "none", "")
"""Formats in which what a guest sees lies as it is."""

LONGEST_CHAIN = 200
"""Images one upon the other; libvirt and QEMU end there too."""


class Source(NamedTuple):
    """A volume that is copied, and its pool."""

    pool: Pool
    volume: Volume

    @property
    def subject(self) -> str:
        """What messages call it."""
        return f"volume {self.volume.name!r} of {self.pool.subject}"

    @property
    def image(self) -> Image:
        """What its header tells."""
        return self.volume.details if isinstance(self.volume.details, Image) else Image(self.volume.format or "raw")


class Target(NamedTuple):
    """A new volume, open for writing.

    Attributes:
        document: What it is to be.
        pool: Its pool.
        file: The open file or device, as large as the document says.
        preallocate: What qemu-img reserves of an image, see `virtkit.storage.qemu_img.Options`.
        guard: Ends the work when it was cancelled.
    """

    document: StorageVolume
    pool: Pool
    file: int
    preallocate: str
    guard: Guard

    @property
    def subject(self) -> str:
        """What messages call it."""
        return f"volume {self.document.name!r} of {self.pool.subject}"

    @property
    def format(self) -> str:
        """What is written into it; where storage holds no images a document's format is not about the contents."""
        return (self.document.target.format or "raw") if self.pool.backend.holds_images else "raw"

    @property
    def plain(self) -> bool:
        """Whether a guest's data lies in it as it is."""
        return self.format in PLAIN and self.document.target.encryption is None


def is_plain(volume: Volume) -> bool:
    """Whether a guest's data lies in a volume as it is."""
    encrypted = isinstance(volume.details, Image) and volume.details.encryption is not None
    return volume.format in PLAIN and not encrypted


def make(state: StorageState, target: Target) -> None:
    """Write an empty image; a plain volume is left as it is.

    Raises:
        VirtError: As `virtkit.storage.qemu_img.create`.
    """
    if target.plain:
        return
    document = target.document
    qemu_img.create(
        target.file,
        target.format,
        document.capacity or 0,
        _options(target),
        passphrase=_passphrase(state, target),
        subject=target.subject,
        guard=target.guard,
    )


def fill(state: StorageState, target: Target, source: Source, *, reflink: bool) -> None:
    """Write the contents of another volume, converted where the formats differ.

    Args:
        state: The pools.
        target: The new volume.
        source: The other one.
        reflink: Share its blocks.

    Raises:
        OperationUnsupportedError: The blocks cannot be shared.
        VirtError: As `virtkit.storage.qemu_img.convert`.
    """
    alike = _alike(target, source)
    if reflink or alike:
        with _opened(source) as file:
            _copy(target, source, file, reflink=reflink, alike=alike)
        return
    with _opened(source) as file, ExitStack() as layers:
        opening = qemu_img.Opening(file, source.image.format, _chain(state, source, layers), _key(state, source))
        qemu_img.convert(
            opening,
            target.file,
            target.format,
            target.document.capacity or 0,
            _options(target),
            passphrase=_passphrase(state, target),
            subject=target.subject,
            guard=target.guard,
        )


def resize(state: StorageState, source: Source, capacity: int, *, shrink: bool, allocate: bool, guard: Guard) -> None:
    """Change the capacity of an image.

    Raises:
        VirtError: As `virtkit.storage.qemu_img.resize`.
    """
    with _opened(source, write=True) as file, ExitStack() as layers:
        qemu_img.resize(
            qemu_img.Opening(file, source.image.format, _chain(state, source, layers), _key(state, source)),
            capacity,
            shrink=shrink,
            preallocate="falloc" if allocate else "",
            subject=source.subject,
            guard=guard,
        )


def _alike(target: Target, source: Source) -> bool:
    """Whether a copy of the bytes is what is wanted: both plain, or encrypted with one key."""
    wanted = target.document.target
    if is_plain(source.volume):
        return target.plain
    kept = wanted.encryption is not None and wanted.encryption.secret is None
    return source.image.format == target.format == "raw" and kept


def _copy(target: Target, source: Source, file: int, *, reflink: bool, alike: bool) -> None:
    if reflink and not (alike or source.image.format == target.format):
        raise OperationUnsupportedError(
            f"{target.subject} cannot share the blocks of {source.subject}, whose format is {source.image.format}: "
            "clone it without reflink, or in the same format",
            domain=STORAGE,
        )
    try:
        if reflink and not extents.clone(file, target.file):
            raise OperationUnsupportedError(
                f"the storage of {target.subject} shares no blocks between files: clone {source.volume.name!r} "
                "without reflink",
                domain=STORAGE,
            )
        if not reflink:
            extents.copy(file, target.file, source.volume.physical, target.guard)
        if extents.is_regular(target.file):
            os.ftruncate(target.file, target.document.capacity or 0 if target.plain else source.volume.physical)
        os.fsync(target.file)
    except OSError as error:
        path = target.document.target.path or ""
        raise refusal(f"copy {source.subject} to {target.subject}", path, error, domain=STORAGE) from error


@contextmanager
def _opened(source: Source, *, write: bool = False) -> Iterator[int]:
    file = source.pool.backend.volume_open(source.pool.active(), source.volume, write=write)
    try:
        yield file
    finally:
        try:
            os.close(file)
        except OSError as error:  # a server says only now that it has no room
            raise refusal(f"write {source.subject}", source.volume.path, error, domain=STORAGE) from error


def _chain(state: StorageState, source: Source, layers: ExitStack) -> list[qemu_img.Layer]:
    """The images under a volume, opened. All must be volumes of active pools: a header may name any file of the host.

    Raises:
        OperationFailedError: One is not.
    """
    if source.image.external:
        raise OperationFailedError(
            f"{source.subject} has data in other files, which are not read: convert it with qemu-img by hand",
            domain=STORAGE,
        )
    chain: list[qemu_img.Layer] = []
    above = source
    while above.volume.backing is not None:
        path = os.path.join(os.path.dirname(above.volume.path), above.volume.backing)
        found = finding.at(state, path) if len(chain) < LONGEST_CHAIN else None
        if found is None:
            raise OperationFailedError(
                f"{source.subject} stands on {path}, which is no volume of an active pool and so is not read: "
                "make a pool of its folder, or flatten the volume",
                domain=STORAGE,
            )
        format_ = above.image.backing_format or "raw"
        above = Source(*found)
        chain.append(qemu_img.Layer(layers.enter_context(_opened(above)), format_))
        if format_ in PLAIN:
            break
    return chain


def _options(target: Target) -> qemu_img.Options:
    place, backing = target.document.target, target.document.backing_store
    features = place.features or Features()
    return qemu_img.Options(
        compat=place.compat,
        cluster_size=place.cluster_size,
        lazy_refcounts=bool(features.lazy_refcounts),
        extended_l2=bool(features.extended_l2),
        backing=None if backing is None else backing.path,
        backing_format=None if backing is None else backing.format,
        preallocate=target.preallocate,
        encryption=place.encryption,
    )


def _passphrase(state: StorageState, target: Target) -> bytes | None:
    place = target.document.target
    if place.encryption is None:
        return None
    return secrets.passphrase(state.peers, place.encryption, target.subject, place.path or "")


def _key(state: StorageState, source: Source) -> bytes | None:
    """The passphrase of a volume that exists: that of the secret whose use it is."""
    if source.image.encryption is None:
        return None
    return secrets.passphrase(state.peers, Encryption(), source.subject, source.volume.path)
