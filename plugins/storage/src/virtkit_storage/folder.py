"""The backend `dir`: a folder of the host."""

from __future__ import annotations

from virtkit.define.pool import TYPES
from virtkit.storage.directory import DirectoryBackend


class FolderBackend(DirectoryBackend):
    """A pool that is a folder."""

    name = "dir"
    hook_api = 1
    shape = TYPES["dir"]
