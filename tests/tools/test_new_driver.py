"""A new driver starts as a package that passes the conformance suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.new_driver import ROOT, new_driver

TIMEOUT = 300
"""Seconds for a conformance run, which takes a few."""


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def test_a_new_driver_passes_the_conformance_suite(tmp_path: Path) -> None:
    made = run(sys.executable, "tools/new_driver.py", "rack-unit", "--into", tmp_path)
    assert made.returncode == 0, made.stderr
    package, site = tmp_path / "rack-unit", tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", "--quiet")
    installed = run(*pip, "--target", site, package)
    assert installed.returncode == 0, installed.stderr

    done = run(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", package, package),
        PYTHONPATH=str(site),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"(\d+) passed", done.stdout)
    assert counted is not None
    assert int(counted[1]) > 250


def test_nothing_of_the_template_is_left_in_a_new_driver(tmp_path: Path) -> None:
    package = new_driver("lab", "hypervisor", tmp_path)
    paths = [path for path in package.rglob("*") if path.is_file()]
    texts = [str(path.relative_to(tmp_path)) + path.read_text() for path in paths]
    assert [] == [text for text in texts if "template" in text.lower()]
    assert package / "src" / "virtkit_lab" / "driver.py" in paths


@pytest.mark.parametrize("name", ["Lab", "9p", "a_b", "a--b", "-a", "../a", ""])
def test_a_name_that_no_scheme_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a driver"):
        new_driver(name, "hypervisor", tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    done = run(sys.executable, "tools/new_driver.py", "lab", "--into", tmp_path)
    assert (1, True) == (done.returncode, "exists already" in done.stderr)
    assert [] == list((tmp_path / "lab").iterdir())
