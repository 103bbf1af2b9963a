"""Wheels of every distribution, and clean virtual environments to install them in."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = sorted(
    path.parent for pattern in ("core", "plugins/*", "apps/*") for path in ROOT.glob(f"{pattern}/pyproject.toml")
)
TIMEOUT = 300
"""Seconds for one pip run: it may have to fetch wheels."""


class Environment:
    """A virtual environment that holds only what a test installs from the wheelhouse."""

    def __init__(self, root: Path, wheelhouse: Path) -> None:
        self.bin = root / "bin"
        self._wheelhouse = wheelhouse
        self._variables = {
            "HOME": str(root / "home"),
            "PATH": f"{self.bin}{os.pathsep}{os.defpath}",
            "XDG_CACHE_HOME": str(root / "cache"),
            "XDG_RUNTIME_DIR": str(root / "run"),
        }
        venv.create(root, with_pip=False, symlinks=True)

    def install(self, *requirements: str | Path) -> None:
        """Install from the wheelhouse alone: a dependency that no wheel declares is then missing."""
        source = ["--no-index", "--find-links", str(self._wheelhouse)]
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "install", *source]
        checked([*command, *map(str, requirements)], self._variables)

    def run(self, program: str, *arguments: str) -> str:
        """Standard output of a program of the environment, which has to succeed."""
        return checked([str(self.bin / program), *arguments], self._variables)

    def python(self, source: str) -> str:
        """Standard output of a piece of Python."""
        return self.run("python", "-c", source)


def checked(command: Sequence[str], variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of our distributions, of all they depend on, and of hatchling for authors of drivers."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--wheel-dir", str(folder)]
    checked([*command, *map(str, DISTRIBUTIONS), "hatchling"])
    return folder


@pytest.fixture
def environment(tmp_path: Path, wheelhouse: Path) -> Callable[..., Environment]:
    """Make a clean environment and install the given requirements in it."""

    def make(*requirements: str | Path) -> Environment:
        made = Environment(tmp_path / "environment", wheelhouse)
        made.install(*requirements)
        return made

    return make
