"""Layers of an image, applied to a tree one after the other as the OCI image specification tells.

An archive is made by anybody. A name with `..` in it is refused, an absolute one counts from the root, links on its way
are followed in the tree alone, a hard link leads to a file of the tree; what is replaced is never written through.
`tarfile` only reads: its own way of unpacking, filters included, would drop what an image needs, such as setuid bits.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Self, cast

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError
from virtkit_lxc.rootfs.layout import Blob, Image
from virtkit_lxc.rootfs.tree import Tree

WHITEOUT = ".wh."
"""How the name of a file begins that tells to remove the rest of its name."""

OPAQUE = ".wh..wh..opq"
"""Name of a file that tells to remove what lower layers have in its folder."""

RESERVED = ".wh..wh."
"""How names begin that storage drivers keep for themselves."""

XATTR = "SCHILY.xattr."
"""How keys begin that tell extended attributes."""

KEPT = ("user.", "security.capability")
"""Extended attributes that are kept. Others are a host's: how it labels files, how it stacks file systems."""

HEADER_LIMIT = 1024 * 1024
"""Bytes of a header that extends another: names and attributes are shorter, and it is read at once."""

EXTENDING = b"xgXLK"
"""Types of such headers: those of POSIX for one file and for all that follow, Solaris' and the two of GNU."""

LAST_ID = 0xFFFFFFFE

CHUNK = 1024 * 1024


class _Member(tarfile.TarInfo):
    """An entry whose headers are bounded."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in EXTENDING and member.size > HEADER_LIMIT:
            raise tarfile.ReadError(f"a header has {member.size} bytes")
        return member


def unpack(image: Image, folder: Path, *, nodes: bool) -> None:
    """Unpack an image.

    Args:
        image: The image.
        folder: An empty folder.
        nodes: Whether device nodes are made, rather than left out.

    Raises:
        OperationFailedError: A layer is damaged, or an entry of it cannot be made; the message names it.
        ConfigUnsupportedError: A layer is in a form that is not known here.
    """
    with closing(Tree(folder)) as tree:
        for layer in image.layers:
            with image.layer(layer) as stream:
                _apply(cast("IO[bytes]", stream), layer, tree, nodes=nodes)


def _apply(stream: IO[bytes], layer: Blob, tree: Tree, *, nodes: bool) -> None:
    applied = _Layer(tree, nodes=nodes)
    name = "its beginning"
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member, encoding="utf-8") as archive:
            while (member := archive.next()) is not None:
                name = repr(member.name)
                applied.take(member, archive)
                archive.members = []  # type: ignore[attr-defined]  # it would remember all of them
        name = "its end"
        applied.date_folders()
    except (OSError, ValueError, OverflowError, tarfile.TarError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise OperationFailedError(
            f"layer {layer.digest} cannot be unpacked: {name}: {said}", domain=ErrorDomain.LXC
        ) from error


class _Layer:
    """A layer that is applied to a tree."""

    def __init__(self, tree: Tree, *, nodes: bool) -> None:
        self._tree = tree
        self._nodes = nodes
        self._written: set[str] = set()  # places of this layer and the folders around them: whiteouts spare them
        self._dated: dict[str, int] = {}

    def take(self, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        """Apply an entry."""
        *around, name = _parts(member.name) or [""]
        if not name:
            self._take_root(member)
            return
        parent, place = self._tree.folder(around, make=True)
        if name.startswith(WHITEOUT):
            self._white_out(parent, place, name)
            return
        here = f"{place}/{name}".lstrip("/")
        if member.isdir():
            self._make_folder(parent, name, here, member)
        elif member.ischr() or member.isblk():
            if self._nodes:
                self._tree.remove(parent, name, here)
                kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
                os.mknod(name, kind | 0o600, os.makedev(member.devmajor, member.devminor), dir_fd=parent)
                _dress(parent, name, member)
        else:
            self._maker(member)(parent, name, here, member, archive)
        self._note(here)

    def date_folders(self) -> None:
        """Give folders their times, which change as long as something is put into them."""
        for place, time in self._dated.items():
            try:
                parent, _ = self._tree.folder(place.split("/") if place else [])
            except (FileNotFoundError, NotADirectoryError):  # it was replaced later
                continue
            os.utime(f"/proc/self/fd/{parent}", ns=(time, time))

    def _maker(self, member: tarfile.TarInfo) -> Callable[[int, str, str, tarfile.TarInfo, tarfile.TarFile], None]:
        if member.issym():
            return self._make_link
        if member.islnk():
            return self._make_hard_link
        if member.isfifo():
            return self._make_fifo
        if member.isreg():
            return self._make_file
        raise ValueError(f"entries of type {member.type!r} are not known")

    def _take_root(self, member: tarfile.TarInfo) -> None:
        if not member.isdir():
            raise ValueError("it is no name")
        root, _ = self._tree.folder([])
        with _Opened(".", os.O_RDONLY | os.O_DIRECTORY, root) as folder:
            _dress_open(folder, member)
        self._dated[""] = _nanoseconds(member)

    def _white_out(self, parent: int, place: str, name: str) -> None:
        if name == OPAQUE:
            self._tree.empty(parent, place, sparing=self._written)
        elif not name.startswith(RESERVED):
            (hidden,) = _parts(name.removeprefix(WHITEOUT)) or [""]
            if not hidden:
                raise ValueError("it hides nothing")
            self._tree.remove(parent, hidden, f"{place}/{hidden}".lstrip("/"), sparing=self._written)

    def _make_folder(self, parent: int, name: str, here: str, member: tarfile.TarInfo) -> None:
        try:
            is_there = stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            is_there = False
        if not is_there:
            self._tree.remove(parent, name, here)
            os.mkdir(name, 0o700, dir_fd=parent)
        with _Opened(name, os.O_RDONLY | os.O_DIRECTORY, parent) as folder:
            _dress_open(folder, member)
        self._dated[here] = _nanoseconds(member)

    def _make_file(self, parent: int, name: str, here: str, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        content = archive.extractfile(member)
        assert content is not None
        self._tree.remove(parent, name, here)
        with _Opened(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, parent) as file:
            while chunk := content.read(CHUNK):
                _write(file, chunk)
            _dress_open(file, member)
            os.utime(file, ns=(_nanoseconds(member),) * 2)

    def _make_link(self, parent: int, name: str, here: str, member: tarfile.TarInfo, _: tarfile.TarFile) -> None:
        self._tree.remove(parent, name, here)
        os.symlink(member.linkname, name, dir_fd=parent)
        os.chown(name, *_owner(member), dir_fd=parent, follow_symlinks=False)
        os.utime(name, ns=(_nanoseconds(member),) * 2, dir_fd=parent, follow_symlinks=False)

    def _make_hard_link(self, parent: int, name: str, here: str, member: tarfile.TarInfo, _: tarfile.TarFile) -> None:
        *around, source = _parts(member.linkname) or [""]
        kept = os.dup(parent)
        try:
            folder, place = self._tree.folder(around)
            if here != f"{place}/{source}".lstrip("/"):
                with _Opened(source, os.O_PATH, folder):  # it is there, before something is removed for it
                    self._tree.remove(kept, name, here)
                os.link(source, name, src_dir_fd=folder, dst_dir_fd=kept, follow_symlinks=False)
        finally:
            os.close(kept)

    def _make_fifo(self, parent: int, name: str, here: str, member: tarfile.TarInfo, _: tarfile.TarFile) -> None:
        self._tree.remove(parent, name, here)
        os.mkfifo(name, 0o600, dir_fd=parent)
        _dress(parent, name, member)

    def _note(self, place: str) -> None:
        while place and place not in self._written:
            self._written.add(place)
            place = place.rpartition("/")[0]


class _Opened:
    """A descriptor of what a name in a folder stands for, no link."""

    def __init__(self, name: str, how: int, parent: int) -> None:
        self._descriptor = os.open(name, how | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent)

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _parts(name: str) -> list[str]:
    """The names of a path from the root on."""
    found = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in found:
        raise ValueError("it has .. in its name")
    return found


def _owner(member: tarfile.TarInfo) -> tuple[int, int]:
    if not (0 <= member.uid <= LAST_ID and 0 <= member.gid <= LAST_ID):
        raise ValueError(f"nobody has the ids {member.uid}:{member.gid}")
    return member.uid, member.gid


def _nanoseconds(member: tarfile.TarInfo) -> int:
    return int(member.mtime * 1_000_000_000)


def _dress_open(file: int, member: tarfile.TarInfo) -> None:
    """Give what is open its owner, mode and attributes; changing the owner takes some of those away, so it is first."""
    os.chown(file, *_owner(member))
    os.chmod(file, member.mode & 0o7777)
    for key, value in member.pax_headers.items():
        attribute = key.removeprefix(XATTR)
        if attribute != key and attribute.startswith(KEPT):
            os.setxattr(file, attribute, value.encode("utf-8", "surrogateescape"))


def _dress(parent: int, name: str, member: tarfile.TarInfo) -> None:
    """Give a node, just made, its owner, mode and time."""
    os.chown(name, *_owner(member), dir_fd=parent, follow_symlinks=False)
    os.chmod(name, member.mode & 0o7777, dir_fd=parent)
    os.utime(name, ns=(_nanoseconds(member),) * 2, dir_fd=parent, follow_symlinks=False)


def _write(file: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(file, rest) :]
