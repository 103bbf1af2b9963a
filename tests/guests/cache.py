"""The folder that built guests are kept in."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

DEFAULT = Path(__file__).parents[2] / ".cache" / "guests"
STEP_SECONDS = 300


class GuestBuildError(Exception):
    """A guest cannot be built here; the message says what is missing and how to get it."""


@frozen
class Cache:
    """Built guests, shared by every test process of the checkout.

    Attributes:
        folder: Where they are kept; made when something is built.
    """

    folder: Path = DEFAULT

    def built(self, name: str, build: Callable[[Path], None]) -> Path:
        """The file or folder `name`; made by `build`, which writes to the path it is given, unless it is there."""
        target = self.folder / name
        if target.exists():
            return target
        with self._locked():
            if target.exists():
                return target
            workshop = Path(tempfile.mkdtemp(prefix="building-", dir=self.folder))
            try:
                build(workshop / name)
                (workshop / name).rename(target)
            finally:
                shutil.rmtree(workshop, ignore_errors=True)
        return target

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def digest(*recipe: bytes) -> str:
    """Eight hexadecimal digits that change when any part of the recipe changes."""
    return hashlib.sha256(b"\0".join(recipe)).hexdigest()[:8]


def run(*command: str | Path, package: str, folder: Path | None = None) -> str:
    """What a build step printed.

    Args:
        command: Program and arguments.
        package: Debian package of the program, named when it is missing.
        folder: Where to run it.
    """
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=STEP_SECONDS, check=True)
    except FileNotFoundError as cause:
        raise GuestBuildError(f"{command[0]} is not installed: apt-get install {package}") from cause
    except subprocess.TimeoutExpired as cause:
        raise GuestBuildError(f"{command[0]} took more than {STEP_SECONDS} s") from cause
    except subprocess.CalledProcessError as cause:
        raise GuestBuildError(f"{' '.join(map(str, command))} failed: {cause.stderr.strip()}") from cause
    return done.stdout
