"""A user who is not root, for tests that root runs: ids of its own, a home, and nothing of root's.

    with PlainUser() as user:
        done = user.run(sys.executable, "-m", "pytest", "tests/...")

Its programs run in a mount namespace of their own, in which everybody may read the interpreter and this clone, and in
which /etc tells of the user. The host's /etc is not changed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from virtkit_lxc.cgroups import Layout

NAME = "plain"
COUNT = 65_536
"""How many ids it has besides itself, where it has any."""

CLONE = Path(__file__).resolve().parents[2]
FILES = ("passwd", "group", "subuid", "subgid")
SECONDS = 300
END_SECONDS = 20.0


class PlainUser:
    """A plain user. What it started ends with the context.

    Args:
        ranges: It has ids besides itself.
        delegated: A control group of version 2 is its own.

    Attributes:
        uid: Its number, and that of its group: no other test's.
        home: Its home folder.
    """

    def __init__(self, *, ranges: bool = False, delegated: bool = False) -> None:
        number = os.getpid() % 10_000
        self.uid = 1_000_000 + number
        self._first = 100_000_000 + number * 100_000
        self._ranges = ranges
        self._groups = _group(number) if delegated else None
        self._folder = Path(tempfile.mkdtemp(prefix="virtkit-user-"))
        self.home = self._folder / "home"

    def __enter__(self) -> Self:
        self._folder.chmod(0o755)
        self.home.mkdir()
        os.chown(self.home, self.uid, self.uid)
        self._describe(self._folder / "etc")
        if self._groups is not None:
            for folder in (self._groups, self._groups / "session"):
                folder.mkdir()
                for path in (folder, *(folder / f"cgroup.{name}" for name in ("procs", "subtree_control", "threads"))):
                    os.chown(path, self.uid, self.uid)
        return self

    def _describe(self, etc: Path) -> None:
        """Write the files of /etc that tell of the user."""
        etc.mkdir()
        for name in FILES:
            if not Path("/etc", name).exists():
                pytest.skip(f"/etc/{name} is missing, so no test can put its own in its place")
            shutil.copy(f"/etc/{name}", etc / name)
        lines = {"passwd": f"{NAME}:x:{self.uid}:{self.uid}::{self.home}:/bin/sh", "group": f"{NAME}:x:{self.uid}:"}
        if self._ranges:
            lines |= dict.fromkeys(("subuid", "subgid"), f"{NAME}:{self._first}:{COUNT}")
        for name, line in lines.items():
            with open(etc / name, "a") as file:
                file.write(f"{line}\n")

    def run(self, *command: str | Path, timeout: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a program as the user, in the clone."""
        script = "\n".join(self._becoming())
        return subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", script, "sh", *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def _becoming(self) -> Iterator[str]:
        """The script that becomes the user."""
        kept = {path: self._folder / f"kept{n}" for n, path in enumerate((Path(sys.base_prefix), CLONE))}
        for path, place in kept.items():
            yield f"mkdir -p {place}; mount --bind {path} {place}"
        for closed in {each for path in kept if (each := _closed(path))}:
            yield f"mount -t tmpfs -o mode=755 none {closed}"
        for path, place in kept.items():
            yield f"mkdir -p {path}; mount --bind {place} {path}"
        for name in FILES:
            yield f"mount --bind {self._folder}/etc/{name} /etc/{name}"
        if self._groups is not None:
            yield f"echo $$ > {self._groups}/session/cgroup.procs"
        environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        words = " ".join(f"{name}={value}" for name, value in environment.items())
        yield f"cd {CLONE}"
        yield f'exec setpriv --reuid {self.uid} --regid {self.uid} --clear-groups env -i {words} "$@"'

    def processes(self) -> list[int]:
        """The processes of the user and of the ids that it has."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                owner = path.stat().st_uid
                if owner == self.uid or self._first <= owner < self._first + COUNT:
                    found.append(int(path.name))
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + END_SECONDS
        while left := self.processes():
            assert time.monotonic() < deadline, f"processes {left} do not end"
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        if self._groups is not None:
            for folder, _, _ in os.walk(self._groups, topdown=False):
                os.rmdir(folder)
        shutil.rmtree(self._folder)


def _group(number: int) -> Path:
    second = Layout.read().second
    if second is None:
        pytest.skip("the host has no control groups of version 2")
    return second / f"virtkit-user-{number}"


def _closed(path: Path) -> Path | None:
    """The highest folder above a path that others may not enter."""
    return next((each for each in reversed(path.parents) if not each.stat().st_mode & 0o001), None)
