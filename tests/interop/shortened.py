"""Short names of folders: a unix socket has 107 bytes for its path, which pytest's own folders may use up alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shortened(folder: Path) -> Iterator[Path]:
    """Another name of a folder."""
    place = Path(tempfile.mkdtemp(prefix="vk-"))
    place.chmod(0o755)
    try:
        link = place / "d"
        link.symlink_to(folder.resolve())
        yield link
    finally:
        shutil.rmtree(place)
