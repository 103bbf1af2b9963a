"""Making and deleting volumes."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from virtkit.enums import StorageVolCreateFlags as Create
from virtkit.enums import StorageVolDeleteFlags, StorageVolType
from virtkit.enums import StorageVolWipeAlgorithm as Algorithm
from virtkit.errors import (
    ConfigUnsupportedError,
    OperationInvalidError,
    OperationUnsupportedError,
    StorageVolExistsError,
    VirtError,
    XMLError,
)
from virtkit.storage.backend import Volume
from virtkit.storage.image import HEAD_SIZE, identify
from virtkit.store.files import refusal
from virtkit.xml.volume import StorageVolume
from virtkit_storage import finding, images, wiping
from virtkit_storage.uses import STORAGE, Use

if TYPE_CHECKING:
    from virtkit.refs import StorageVolRef
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState

_log = logging.getLogger(__name__)


def create(state: StorageState, pool: Pool, xml: str, flags: int, clone: StorageVolRef | None = None) -> StorageVolRef:
    """Make a volume.

    Args:
        state: The pools.
        pool: The pool to make it in.
        xml: Its document.
        flags: `virtkit.enums.StorageVolCreateFlags`.
        clone: The volume whose contents it gets; None: it is empty.

    Raises:
        VirtError: As `storage_vol_create_xml` and `storage_vol_create_xml_from`. Nothing is left of it.
    """
    pool.active()
    source = None if clone is None else images.Source(*finding.now(state, clone))
    document = _read(state, pool, xml, flags, source)
    with ExitStack() as ends:
        use = _begin(state, pool, document)
        ends.callback(pool.uses.end, use)
        if source is not None:
            ends.enter_context(source.pool.uses.reading(source.volume.name, "being cloned"))
        _make(state, pool, document, use, source, flags)
        made = pool.backend.volume_find(pool.active(), document.name or "")
    if made is None:
        raise OperationInvalidError(f"volume {document.name!r} of {pool.subject} is gone already", domain=STORAGE)
    if pool.volumes is not None:
        pool.volumes[made.name] = made
    state.measure(pool)
    return finding.reference(pool, made)


def delete(state: StorageState, ref: StorageVolRef, flags: int) -> None:
    """Delete a volume; one that is being made is not made to the end.

    Raises:
        VirtError: As `storage_vol_delete`.
    """
    pool = state.pools.by_name(ref.pool)
    live = pool.active()
    making = pool.uses.of(ref.name)
    if making is not None and making.new is not None:
        making.cancel()
        return
    volume = finding.now(state, ref)[1]
    with pool.uses.changing(volume.name, "being deleted") as use:
        if flags & StorageVolDeleteFlags.ZEROED:
            wiping.overwrite(pool, volume, Algorithm.ZERO, use.guard)
        pool.backend.volume_delete(live, volume, flags & ~StorageVolDeleteFlags.ZEROED)
    finding.note(state, pool, volume.name)


# Documents


def _read(state: StorageState, pool: Pool, xml: str, flags: int, source: images.Source | None) -> StorageVolume:
    """Read the document of a new volume, and complete it.

    Raises:
        XMLError: It has no name, no capacity, or is no volume.
        VirtError: What the backend says of it.
    """
    document = StorageVolume.parse(xml, validate=bool(flags & Create.VALIDATE))
    if not document.name:
        raise XMLError("the volume has no <name>: give it one", domain=STORAGE)
    for notice in document.notices:
        _log.warning("volume %r of %s: %s", document.name, pool.subject, notice)
    backend = pool.backend
    document.target.format = document.target.format or backend.formats.volume or "raw"
    if document.target.encryption is not None and document.target.encryption.format in (None, "default"):
        document.target.encryption.format = "luks"
    if document.backing_store is not None and not document.backing_store.path:
        document.backing_store = None
    _size(state, document, source)
    backend.volume_check(pool.active(), document)
    if flags & Create.PREALLOC_METADATA and document.target.format != "qcow2":
        raise ConfigUnsupportedError(
            f"volume {document.name!r} of format {document.target.format!r} has no metadata to lay out: "
            "leave that flag out, or choose qcow2",
            domain=STORAGE,
        )
    return document


def _size(state: StorageState, document: StorageVolume, source: images.Source | None) -> None:
    if document.backing_store is not None:
        document.backing_store.format = document.backing_store.format or "raw"
        capacity = _capacity_of(state, document.backing_store.path or "", document.backing_store.format)
        document.capacity = capacity if document.capacity is None else document.capacity
    if source is not None:
        document.capacity = max(document.capacity or 0, source.volume.capacity)
        document.allocation = document.allocation or 0
    if document.capacity is None:
        raise XMLError(f"volume {document.name!r} has no <capacity>: give it one", domain=STORAGE)
    if document.allocation is None or document.allocation > document.capacity:
        document.allocation = document.capacity
    document.physical = None


def _capacity_of(state: StorageState, path: str, format_: str) -> int:
    """What a guest sees of an image that a new volume is to stand on.

    Raises:
        SystemCallError: It cannot be opened.
    """
    found = finding.at(state, path)
    if found is not None and found[1].format == format_:
        return found[1].capacity
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            image = identify(os.pread(file, HEAD_SIZE, 0), lambda offset, size: os.pread(file, size, offset))
            size = os.lseek(file, 0, os.SEEK_END)
        finally:
            os.close(file)
    except OSError as error:
        raise refusal("use the backing store", path, error, domain=STORAGE) from error
    return image.capacity_in(size) if format_ == image.format else size


# Making


def _begin(state: StorageState, pool: Pool, document: StorageVolume) -> Use:
    """Take the name of a new volume."""
    name, path = document.name or "", document.target.path or ""
    kind = StorageVolType[(document.type or "file").upper()]
    new = Volume(name, path, document.key or path, kind, document.capacity or 0, 0, 0, document.target.format or "")
    with state.pools.hold(pool.ref, "storage_vol_create_xml"):
        live = pool.active()
        use = pool.uses.begin(name, "being made", new=new)
    try:
        if pool.backend.volume_find(live, name) is not None:
            raise StorageVolExistsError(
                f"{pool.subject} has a volume {name!r} already: choose another name, or delete it", domain=STORAGE
            )
    except BaseException:
        pool.uses.end(use)
        raise
    return use


def _make(
    state: StorageState, pool: Pool, document: StorageVolume, use: Use, source: images.Source | None, flags: int
) -> None:
    """Make a volume, with what is to be in it."""
    live, backend = pool.active(), pool.backend
    cloned = False
    if source is not None and source.pool is pool:
        cloned = backend.volume_clone(live, document, source.volume, guard=use.guard)
    if not cloned:
        if source is not None and document.type == "dir":
            raise OperationUnsupportedError(
                f"volume {document.name!r} of {pool.subject} is a folder, into which nothing is copied: make it empty",
                domain=STORAGE,
            )
        backend.volume_create(live, document, guard=use.guard)
    try:
        if not cloned and document.type != "dir":
            _write(state, pool, document, use, source, flags)
        use.guard()
    except BaseException:
        _unmake(pool, document)
        raise


def _write(
    state: StorageState, pool: Pool, document: StorageVolume, use: Use, source: images.Source | None, flags: int
) -> None:
    live, backend, subject = pool.active(), pool.backend, f"volume {document.name!r} of {pool.subject}"
    room = backend.volume_find(live, document.name or "")
    if room is None:
        raise OperationInvalidError(f"{subject} is gone already", domain=STORAGE)
    file = backend.volume_open(live, room, write=True)
    try:
        target = images.Target(document, pool, file, _laid_out(document, flags), use.guard)
        if source is None:
            images.make(state, target)
        else:
            images.fill(state, target, source, reflink=bool(flags & Create.REFLINK))
        os.fsync(file)  # a server may say only now that it has no room
    except OSError as error:
        raise refusal(f"write {subject}", room.path, error, domain=STORAGE) from error
    finally:
        with suppress(OSError):
            os.close(file)


def _laid_out(document: StorageVolume, flags: int) -> str:
    """What qemu-img lays out beforehand: with the metadata also the data, of a volume that is to take up all of it."""
    if not flags & Create.PREALLOC_METADATA:
        return ""
    return "metadata" if (document.allocation or 0) < (document.capacity or 0) else "falloc"


def _unmake(pool: Pool, document: StorageVolume) -> None:
    """Remove a volume that could not be completed."""
    try:
        live, name = pool.active(), document.name or ""
        partial = pool.backend.volume_find(live, name)
        if partial is not None:
            pool.backend.volume_delete(live, partial, 0)
    except VirtError as error:
        _log.error("what was made of volume %r of %s stays behind: %s", document.name, pool.subject, error)
