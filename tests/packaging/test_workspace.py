"""The root's configuration knows every distribution of the workspace."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import DISTRIBUTIONS, ROOT

FOLDERS = pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)


def configuration() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def package(folder: Path) -> str:
    [found] = [path.parent.name for path in folder.glob("src/*/py.typed")]
    return found


@FOLDERS
def test_import_rules_and_coverage_cover_every_package(folder: Path) -> None:
    tool = configuration()["tool"]
    name = package(folder)
    assert name in tool["importlinter"]["root_packages"]
    assert name in tool["coverage"]["run"]["source_pkgs"]
    rules = {rule["name"]: rule for rule in tool["importlinter"]["contracts"]}
    assert name in rules["Only virtkit.discovery imports stevedore"]["source_modules"]
    if name != "virtkit":
        assert name in rules["Core imports no plugin and no program"]["forbidden_modules"]
        assert name in rules["Plugins and programs never import each other"]["modules"]
    if folder.parent.name == "apps":
        assert name in rules["Programs use only the public API of virtkit"]["source_modules"]


@FOLDERS
def test_mypy_and_the_workspace_know_every_distribution(folder: Path) -> None:
    tool = configuration()["tool"]
    assert str(folder.relative_to(ROOT) / "src") in tool["mypy"]["mypy_path"]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] in tool["uv"]["sources"]


@FOLDERS
def test_every_distribution_has_a_readme_and_the_table_of_the_root_lists_it(folder: Path) -> None:
    name = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"]
    assert (folder / "README.md").read_text().startswith(f"# {name}\n")
    assert f"| `{name}` | `{package(folder)}` |" in (ROOT / "README.md").read_text()
