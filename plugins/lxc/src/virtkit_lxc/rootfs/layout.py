"""OCI image layouts: which image is meant, what it runs, and its layers, every byte checked against its digest.

    image = chosen(ImageLayout(Path("web.oci"), "v1"))
    for layer in image.layers:
        with image.layer(layer) as stream: ...

The form is that of the OCI image specification 1.1; of docker's second schema, which it came from, the media types are
known too. A layout comes from anybody: what is read of it at once is bounded, and none of its files is a link.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InvalidArgError, OperationFailedError, SystemCallError
from virtkit_lxc.rootfs.streams import ALGORITHMS, Checked, unpacked

if TYPE_CHECKING:
    from virtkit.roots import ImageLayout

LXC = ErrorDomain.LXC

DOCUMENT_LIMIT = 4 * 1024 * 1024
"""Bytes of an index, a manifest or a configuration, as registries have it."""

DEPTH_LIMIT = 4
"""Indexes in each other."""

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
NAME = "org.opencontainers.image.ref.name"

ARCHITECTURES = {
    "x86_64": "amd64", "i686": "386", "aarch64": "arm64", "armv7l": "arm", "ppc64le": "ppc64le", "s390x": "s390x",
    "riscv64": "riscv64",
}  # fmt: skip
"""Architecture as the kernel has it -> in OCI's words."""

Document = dict[str, Any]


class Blob(NamedTuple):
    """A file of the layout.

    Attributes:
        digest: `ALGORITHM:HEX`.
        size: Bytes.
        media: Media type.
        content: Digest of what is unpacked from it; empty where that is not told.
    """

    digest: str
    size: int
    media: str
    content: str = ""


class Image:
    """An image of a layout.

    Attributes:
        digest: Of its manifest.
        name: Its name in the layout; empty where it has none.
        architecture: In OCI's words.
        settings: How it is run: `Entrypoint`, `Cmd`, `Env`, `WorkingDir`, `User`.
        layers: From the lowest on.
    """

    def __init__(self, folder: Path, name: str, manifest: Blob, wanted: Platform) -> None:
        self._folder = folder
        self.digest, self.name = manifest.digest, name
        told = _document(folder, manifest)
        config = _document(folder, _blob(folder, told.get("config")))
        if config.get("os") != wanted.system or config.get("architecture") != wanted.architecture:
            raise ConfigUnsupportedError(
                f"{folder}: the image is for {config.get('os')}/{config.get('architecture')}, not for {wanted}: name"
                " the platform if it is what you want",
                domain=LXC,
            )
        self.architecture = wanted.architecture
        self.settings: Mapping[str, Any] = _mapping(config.get("config"))
        contents = _mapping(config.get("rootfs")).get("diff_ids")
        layers = told.get("layers")
        if not isinstance(layers, list) or not isinstance(contents, list) or len(layers) != len(contents):
            raise _damaged(folder, f"manifest {self.digest} and its configuration tell of different layers")
        self.layers = [_blob(folder, each, str(content)) for each, content in zip(layers, contents, strict=True)]

    @contextmanager
    def layer(self, layer: Blob) -> Iterator[Checked]:
        """The tar archive of a layer, to be read to its end; it is checked when the block is left.

        Raises:
            ConfigUnsupportedError: It is compressed in a way that is not known here.
            OperationFailedError: It is not what its digest says.
        """
        with ExitStack() as held:
            file = held.enter_context(_opened(self._folder, layer))
            packed = Checked(file, layer.digest, f"layer {layer.digest} in {self._folder}", layer.size)
            plain = held.enter_context(unpacked(packed, layer.media))
            content = Checked(plain, layer.content, f"the content of layer {layer.digest} in {self._folder}")
            yield content
            content.finish()
            packed.finish()


class Platform(NamedTuple):
    """What an image runs on."""

    system: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read `OS/ARCHITECTURE/VARIANT`; empty is this host."""
        machine = os.uname().machine
        parts = text.split("/") if text else ["linux", ARCHITECTURES.get(machine, machine)]
        if len(parts) not in (2, 3) or not all(parts):
            raise InvalidArgError(f"{text!r} is no platform: give one as linux/arm64", domain=LXC)
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(filter(None, self))

    def fits(self, described: Mapping[str, Any]) -> bool:
        """Whether an entry of an index is for it; one that says nothing may be."""
        return not described or (
            (described.get("os"), described.get("architecture")) == (self.system, self.architecture)
            and (not self.variant or described.get("variant") == self.variant)
        )


def chosen(source: ImageLayout) -> Image:
    """The image of a layout that is meant.

    Raises:
        SystemCallError: The layout or a file of it is missing; `int1` is the errno.
        InvalidArgError: It has several images, or none of the name that is given; the message has the names.
        ConfigUnsupportedError: It has none for the platform.
        OperationFailedError: It is damaged.
    """
    wanted = Platform.parse(source.platform)
    _check_version(source.folder)
    index = _parsed(source.folder, "index.json", _read(source.folder, "index.json"))
    entries = _manifests(index)
    named = [each for each in entries if source.name in ("", _name(each))]
    names = {_name(each) for each in named}
    if not named or len(names) > 1:
        there = ", ".join(sorted(filter(None, map(_name, entries)))) or "none"
        problem = f"no image {source.name!r}" if source.name else f"{len(names)} images"
        raise InvalidArgError(f"{source.folder} has {problem}: name one of its names, {there}", domain=LXC)
    manifest = _manifest(source.folder, named, wanted, DEPTH_LIMIT)
    if manifest is None:
        raise ConfigUnsupportedError(f"{source.folder} has no image for {wanted}: name another platform", domain=LXC)
    return Image(source.folder, names.pop(), manifest, wanted)


def _check_version(folder: Path) -> None:
    said = _parsed(folder, "oci-layout", _read(folder, "oci-layout")).get("imageLayoutVersion")
    if not str(said).startswith("1."):
        raise ConfigUnsupportedError(f"{folder} is an OCI image layout of version {said!r}; known is 1.0.0", domain=LXC)


def _name(entry: Mapping[str, Any]) -> str:
    return str(_mapping(entry.get("annotations")).get(NAME, ""))


def _manifests(index: Document) -> list[Document]:
    found = index.get("manifests")
    return [_mapping(each) for each in found] if isinstance(found, list) else []


def _manifest(folder: Path, entries: list[Document], wanted: Platform, depth: int) -> Blob | None:
    """The first manifest for a platform, looked for in indexes of the layout too."""
    for entry in entries:
        if not wanted.fits(_mapping(entry.get("platform"))):
            continue
        blob = _blob(folder, entry)
        if blob.media in MANIFESTS:
            return blob
        if blob.media in INDEXES and depth:
            found = _manifest(folder, _manifests(_document(folder, blob)), wanted, depth - 1)
            if found is not None:
                return found
    return None


def _blob(folder: Path, told: object, content: str = "") -> Blob:
    descriptor = _mapping(told)
    digest, size = descriptor.get("digest"), descriptor.get("size")
    for each in (digest, content or digest):
        algorithm, _, value = str(each).partition(":")
        if not re.fullmatch(r"[0-9a-f]+", value) or len(value) != ALGORITHMS.get(algorithm):
            raise _damaged(folder, f"{each!r} is no digest of {' or '.join(ALGORITHMS)}")
    if not isinstance(size, int) or size < 0:
        raise _damaged(folder, f"{digest} has no size")
    return Blob(str(digest), size, str(descriptor.get("mediaType", "")), content)


def _document(folder: Path, blob: Blob) -> Document:
    if blob.size > DOCUMENT_LIMIT:
        raise _damaged(folder, f"{blob.digest} has {blob.size} bytes, more than a document of an image may have")
    with _opened(folder, blob) as file:
        checked = Checked(file, blob.digest, f"{blob.digest} in {folder}", blob.size)
        text = checked.read(DOCUMENT_LIMIT)
        checked.finish()
    return _parsed(folder, blob.digest, text)


def _opened(folder: Path, blob: Blob) -> BinaryIO:
    return _file(folder, f"blobs/{blob.digest.replace(':', '/')}")


def _read(folder: Path, name: str) -> bytes:
    with _file(folder, name) as file:
        text = file.read(DOCUMENT_LIMIT + 1)
    if len(text) > DOCUMENT_LIMIT:
        raise _damaged(folder, f"{name} is longer than {DOCUMENT_LIMIT} bytes")
    return text


def _file(folder: Path, name: str) -> BinaryIO:
    try:
        found = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        step = ": is it an OCI image layout? skopeo copy IMAGE oci:FOLDER makes one" if "blobs" not in name else ""
        raise SystemCallError(f"{folder / name}: {error.strerror}{step}", domain=LXC, int1=error.errno or -1) from error
    file = open(found, "rb")  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(found).st_mode):
        file.close()
        raise _damaged(folder, f"{name} is no file")
    return file


def _parsed(folder: Path, name: str, text: bytes) -> Document:
    try:
        document = json.loads(text)
        if isinstance(document, dict):
            return document
    except (ValueError, RecursionError) as error:
        raise _damaged(folder, f"{name} is no JSON: {error}") from error
    raise _damaged(folder, f"{name} is no JSON object")


def _mapping(told: object) -> Document:
    return told if isinstance(told, dict) else {}


def _damaged(folder: Path, problem: str) -> OperationFailedError:
    return OperationFailedError(f"the image layout {folder} is damaged: {problem}; copy it anew", domain=LXC)
