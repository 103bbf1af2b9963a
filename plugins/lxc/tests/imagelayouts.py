"""OCI image layouts, made by hand: the layers and the mistakes that a test wants, and the roots that become of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from virtkit.roots import ImageLayout, RootRequest, make

TAR = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

Descriptor = dict[str, Any]
Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, content: bytes | str = b"", kind: bytes = tarfile.REGTYPE, **fields: Any) -> Entry:
    """An entry of an archive; `fields` are those of `TarInfo`."""
    data = content.encode() if isinstance(content, str) else content
    told = tarfile.TarInfo(name)
    told.type, told.size, told.mode = kind, len(data), 0o755 if kind == tarfile.DIRTYPE else 0o644
    told.mtime = 1_000_000_000
    for field, value in fields.items():
        setattr(told, field, value)
    return told, data


def folder(name: str, **fields: Any) -> Entry:
    return entry(name, kind=tarfile.DIRTYPE, **fields)


def link(name: str, target: str, **fields: Any) -> Entry:
    return entry(name, kind=tarfile.SYMTYPE, linkname=target, **fields)


def hard_link(name: str, target: str, **fields: Any) -> Entry:
    return entry(name, kind=tarfile.LNKTYPE, linkname=target, **fields)


def archive(entries: Iterable[Entry]) -> bytes:
    """A tar archive."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        for told, content in entries:
            tar.addfile(told, io.BytesIO(content))
    return written.getvalue()


def archive_of(root: Path) -> bytes:
    """A tar archive of a folder."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(root, arcname=".")
    return written.getvalue()


class Layouts:
    """An image layout in a folder.

    Attributes:
        folder: Where it is.
        entries: What stands in its index.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[Descriptor] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, content: bytes, media: str) -> Descriptor:
        """Put a blob in; its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    def path(self, descriptor: Descriptor) -> Path:
        """The file of a blob."""
        return self.folder / "blobs" / str(descriptor["digest"]).replace(":", "/")

    def layer(self, tar: bytes, form: str = "+gzip") -> Descriptor:
        """Put a layer in; its descriptor, and the digest of its content under the key `content`."""
        packed = gzip.compress(tar, mtime=0) if form == "+gzip" else tar
        return self.blob(packed, TAR + form) | {"content": f"sha256:{hashlib.sha256(tar).hexdigest()}"}

    def manifest(
        self, *layers: bytes | Descriptor, config: dict[str, Any] | None = None, architecture: str = "amd64"
    ) -> Descriptor:
        """Put an image in; the descriptor of its manifest."""
        made = [each if isinstance(each, dict) else self.layer(each) for each in layers]
        told = {
            "os": "linux",
            "architecture": architecture,
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": [each["content"] for each in made]},
        }
        document = {
            "schemaVersion": 2,
            "config": self.blob(json.dumps(told).encode(), "application/vnd.oci.image.config.v1+json"),
            "layers": [{key: value for key, value in each.items() if key != "content"} for each in made],
        }
        return self.blob(json.dumps(document).encode(), MANIFEST)

    def index(self, *manifests: Descriptor) -> Descriptor:
        """Put an index in; its descriptor."""
        return self.blob(json.dumps({"schemaVersion": 2, "manifests": manifests}).encode(), INDEX)

    def name(self, descriptor: Descriptor, name: str = "") -> None:
        """Put an image or an index into the index of the layout."""
        named = {"annotations": {"org.opencontainers.image.ref.name": name}} if name else {}
        self.entries.append(descriptor | named)
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.entries}))


def unpacked(layouts: Layouts, *layers: bytes, **how: Any) -> Path:
    """The root that is made of some layers."""
    layouts.name(layouts.manifest(*layers))
    return made(layouts, **how)


def made(layouts: Layouts, ids: tuple[int, int] | None = None, **source: Any) -> Path:
    """The root that is made of the image of a layout."""
    root = layouts.folder.with_name("root")
    make("lxc", RootRequest(root, ImageLayout(layouts.folder, **source), ids=ids))
    return root


def content(root: Path) -> list[str]:
    """What is in a root."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def beside(layouts: Layouts) -> list[str]:
    """What is left beside a layout."""
    return sorted(set(os.listdir(layouts.folder.parent)) - {"layout"})
