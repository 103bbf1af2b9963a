"""How a container is run whose root has just been made: the document of a domain. Pure, but for looks into the root."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit_lxc import roots, users
from virtkit_lxc.configuration import DEFAULT_INIT, SEARCH_PATH
from virtkit_lxc.rootfs.layout import ARCHITECTURES

if TYPE_CHECKING:
    from virtkit.roots import RootRequest
    from virtkit.xml.domain import Domain
    from virtkit_lxc.rootfs.layout import Image

SHELL = "/bin/sh"

UNSPEAKABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML has not."""

Settings = Mapping[str, Any]


def of_system(folder: Path, root: Path, request: RootRequest) -> Domain:
    """A container that runs the system in a root, or a shell where there is none.

    Args:
        folder: Where the root is going to be.
        root: Where it is now.
        request: How it was asked for.
    """
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.boot import IdMap, IdRange, OsType
    from virtkit.xml.domain.devices.character import Port
    from virtkit.xml.domain.devices.filesystem import Filesystem, FilesystemSource
    from virtkit.xml.domain.tune import Memory

    domain = Domain(type="lxc", name=request.name or folder.name)
    domain.memory = Memory(size=request.memory)
    domain.os.type = OsType(type="exe")
    domain.os.init = DEFAULT_INIT if _has(root, DEFAULT_INIT) else SHELL
    if request.ids is not None:
        first, count = request.ids
        domain.idmap = IdMap(
            uids=[IdRange(start=0, target=first, count=count)], gids=[IdRange(start=0, target=first, count=count)]
        )
    domain.features.privnet = True
    source = FilesystemSource(dir=str(folder))
    domain.devices.filesystems = [Filesystem(type="mount", source=source, target="/")]
    domain.devices.consoles = [Port(type="pty")]
    return domain


def of_image(folder: Path, root: Path, request: RootRequest, image: Image) -> Domain:
    """A container that runs what an image is for; see `of_system`.

    Raises:
        ConfigUnsupportedError: The image has it told what no document can say.
    """
    from virtkit.xml.domain.boot import InitVariable

    domain = of_system(folder, root, request)
    domain.description = f"OCI image {_checked(image.name) or folder.name}, {image.digest}"
    machine = next((ours for ours, theirs in ARCHITECTURES.items() if theirs == image.architecture), None)
    if domain.os.type is not None and machine != os.uname().machine:
        domain.os.type.arch = machine
    pairs = [each.partition("=") for each in _texts(image.settings, "Env")]
    domain.os.init_env = [InitVariable(name=name, value=value) for name, _, value in pairs if name]
    domain.os.init_dir = _text(image.settings, "WorkingDir") or None
    command = [*_texts(image.settings, "Entrypoint"), *_texts(image.settings, "Cmd")]
    if command:
        search = next((value for name, _, value in pairs if name == "PATH"), SEARCH_PATH)
        domain.os.init = _program(root, command[0], domain.os.init_dir or "/", search)
        domain.os.init_args = command[1:]
    domain.os.init_user, domain.os.init_group = _user(root, _text(image.settings, "User"))
    return domain


def _program(root: Path, name: str, folder: str, search: str) -> str:
    """The path of a program; one that is not there is taken at its word."""
    if "/" in name:
        return posixpath.normpath(posixpath.join("/", folder, name))
    return next((found for each in search.split(":") if _has(root, found := posixpath.join("/", each, name))), name)


def _user(root: Path, said: str) -> tuple[str | None, str | None]:
    """User and group; who names no group has that of the user in /etc/passwd."""
    user, _, group = said.partition(":")
    if not user:
        return None, group or None
    return user, group or next(_groups(root, user), None)


def _groups(root: Path, user: str) -> Iterator[str]:
    for line in users.lines_of(str(root), "passwd"):
        fields = line.split(":")
        if user in (fields[0], *fields[2:3]) and len(fields) > 3 and fields[3].isdigit():
            yield fields[3]


def _has(root: Path, path: str) -> bool:
    """Whether the container would find something at a path."""
    with suppress(OSError):
        folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.close(roots.open_inside(folder, path))
            return True
        finally:
            os.close(folder)
    return False


def _text(settings: Settings, key: str) -> str:
    found = settings.get(key)
    return _checked(found) if isinstance(found, str) else ""


def _texts(settings: Settings, key: str) -> list[str]:
    found = settings.get(key)
    return [_checked(str(each)) for each in found] if isinstance(found, list) else []


def _checked(text: str) -> str:
    """A text that a document can have."""
    if UNSPEAKABLE.search(text):
        raise ConfigUnsupportedError(
            f"the image tells of {text!r}, which has signs that no document of a domain can have: have it built without"
            " them",
            domain=ErrorDomain.LXC,
        )
    return text
