"""The documentation says what is so: what it shows is run, what it names exists."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import virtkit
from virtkit import errors

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = {
    "write-a-driver.md": ROOT / "examples" / "rack-driver",
    "write-a-storage-backend.md": ROOT / "examples" / "shelf-backend",
}
"""Page of the manual -> the distribution that it shows."""

MARK = "--- end of a command ---"


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def shown(page: Path) -> list[tuple[str, str]]:
    """Each command of a page's indented blocks, and what it prints there."""
    code = [
        line[4:] if line.startswith("    ") else "" if not line.strip() else None
        for line in page.read_text().splitlines()
    ]
    found: list[tuple[str, str]] = []
    inside = False
    for line in code:
        if line is None:
            inside = False
        elif line.startswith("$ "):
            inside = True
            found.append((line[2:], ""))
        elif inside:
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    return found


@pytest.mark.qemu
@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86_64 of Debian")
def test_the_commands_of_the_tutorial_print_what_it_shows(tmp_path: Path) -> None:
    commands = shown(ROOT / "docs" / "tutorial.md")
    files = {command.split()[1]: text for command, text in commands if command.startswith("cat ")}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    script = "".join(f"{command} 2>&1\necho '{MARK}'\n" for command, _ in commands)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    printed = done.stdout.split(MARK + "\n")
    assert len(commands) == len(printed) - 1
    same = doctest.OutputChecker().check_output
    for (command, expected), text in zip(commands, printed, strict=False):
        wanted, got = expected.strip("\n") + "\n", text.strip("\n") + "\n"
        assert same(wanted, got, doctest.ELLIPSIS), f"$ {command}\n{got}instead of\n{wanted}"


def test_the_python_of_the_tutorial_runs(capsys: pytest.CaptureFixture[str]) -> None:
    synchronous, asynchronous = blocks(ROOT / "docs" / "tutorial.md", "python")
    exec(compile(synchronous, "tutorial.md", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert ("test RUNNING 2048 MiB", True) == (first, "'web'" in second)
    exec(compile(asynchronous, "tutorial.md", "exec"), {})
    assert ["RUNNING", "test SUSPENDED"] == capsys.readouterr().out.splitlines()


def test_the_readme_shows_at_most_ten_lines_of_python() -> None:
    [source] = blocks(ROOT / "README.md", "python")
    assert len([line for line in source.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_example_of_the_manual_is_the_one_that_is_tested(page: str) -> None:
    folder, [module] = EXAMPLES[page], EXAMPLES[page].glob("*.py")
    assert [(folder / "pyproject.toml").read_text()] == blocks(ROOT / "docs" / "how-to" / page, "toml")
    assert [module.read_text()] == blocks(ROOT / "docs" / "how-to" / page, "python")


def test_every_error_that_is_explained_exists() -> None:
    named = set(re.findall(r"`(\w+Error)`", (ROOT / "docs" / "errors.md").read_text()))
    assert len(named) > 20
    assert all(issubclass(getattr(errors, name), virtkit.VirtError) for name in named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", page.read_text())
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_decision_is_in_the_list_with_its_status() -> None:
    listed = re.findall(r"\]\((\d{4}-[^)]+)\).*\| ([^|]+) \|$", (ROOT / "docs" / "adr" / "README.md").read_text(), re.M)
    records = {path.name: path.read_text() for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    assert dict(listed) == {name: text.partition("Status: ")[2].partition(".")[0] for name, text in records.items()}


def test_the_reference_is_written() -> None:
    from virtkit_cli.catalog import MODULE_OF

    subprocess.run([sys.executable, ROOT / "tools" / "build_docs.py"], check=True, capture_output=True, timeout=120)
    written = ROOT / "build" / "docs"
    assert set(MODULE_OF) == set(re.findall("^### (.*)$", (written / "commands.md").read_text(), re.MULTILINE))
    assert "### domain_suspend" in (written / "hooks" / "domain_lifecycle.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_named_exist(page: Path) -> None:
    from virtkit_cli.catalog import MODULE_OF

    for name in re.findall(r"`virtkit ([a-z][a-z-]*)", page.read_text()):
        assert name in MODULE_OF


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_of_make_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", page.read_text())) <= targets
