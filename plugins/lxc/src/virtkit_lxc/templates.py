"""Templates: roots that several containers start from, each with what it changes in a layer of its own.

    ROOT/lib/lxc/templates/NAME             what all see and nobody changes
    ROOT/lib/lxc/layers/UUID/NAME/upper     what the container of that UUID has changed, and `work` beside it

A layer is there from the first start of a container until its definition goes; of one without a definition, until its
end. It holds data: one whose container is not known, as when its definition cannot be read, is left alone.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, SystemCallError
from virtkit.store.files import make_folder
from virtkit_lxc.plan import Overlay

if TYPE_CHECKING:
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

TEMPLATES, LAYERS = "templates", "layers"
"""Folders below that of the driver."""

SPECIAL = re.compile(r"[:,\\\"]")
"""What means something in the options of an overlay."""

_log = logging.getLogger(__name__)


def attach(state: LxcState, guest: Container, run: Run) -> Overlay | None:
    """The template that is the root of a container, and its layer, which is made if it is missing.

    Raises:
        SystemCallError: There is no such template, or the layer cannot be made; `int1` is the errno.
        ConfigUnsupportedError: The paths cannot be said to mount(8).
    """
    root = next((each for each in run.live.devices.filesystems if each.type == "template"), None)
    if root is None:
        return None
    name = (root.source and root.source.name) or ""
    lower = state.folders.lib / TEMPLATES / name
    layer = _layers(state, guest.uuid) / name
    if SPECIAL.search(str(layer)):
        raise ConfigUnsupportedError(
            f"{guest.subject} cannot start: {layer} holds a sign that no overlay takes: use another root",
            domain=LXC,
        )
    overlay = Overlay(lower, layer / "upper", layer / "work")
    try:
        status = os.stat(lower)
    except OSError as error:
        step = "virtkit root-create makes one"
        raise _failed(f"{guest.subject} cannot start: its template {name!r}, {lower}", error, step) from error
    try:
        make_folder(state.folders.lib / LAYERS)  # which nobody enters: programs in there may have privileges
        _make(overlay, status)
    except OSError as error:
        raise _failed(f"{guest.subject} cannot start: the layer {layer}", error, "look what is there") from error
    return overlay


def _failed(what: str, error: OSError, step: str) -> SystemCallError:
    return SystemCallError(f"{what}: {error.strerror}; {step}", domain=LXC, int1=error.errno or -1)


def forget(state: LxcState, uuid: bytes) -> None:
    """Remove the layers of a container that is off and has no definition any more; harmless when there are none."""
    folder = _layers(state, uuid)
    if folder.exists():
        shutil.rmtree(folder, onerror=lambda _, path, error: _log.error("%s is left: %s", path, error[1]))


def _make(overlay: Overlay, lower: os.stat_result) -> None:
    """Make a layer that is missing; its folder is what the container's root looks like, so it is as the template's."""
    overlay.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not overlay.upper.exists():
        made = overlay.upper.with_name("new")
        made.mkdir(mode=0o700, exist_ok=True)
        os.chown(made, lower.st_uid, lower.st_gid)
        made.chmod(stat.S_IMODE(lower.st_mode))
        made.rename(overlay.upper)


def _layers(state: LxcState, uuid: bytes) -> Path:
    return state.folders.lib / LAYERS / str(UUID(bytes=uuid))
