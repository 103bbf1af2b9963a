"""The catalog of commands agrees with the modules that declare them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from virtkit_cli.catalog import GROUPS, MODULE_OF
from virtkit_cli.command import COMMANDS, Flag

MODULES_AFTER_LIST = """
import sys
from virtkit_cli.command import find
find("list")
print(*sorted(name for name in sys.modules if name.startswith("virtkit_cli.") or name in ("lxml", "argparse")))
"""


def python(source: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", source, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", autouse=True)
def _everything() -> None:
    for module in GROUPS:
        import_module(f"virtkit_cli.{module}")


def test_every_command_of_the_catalog_is_declared_and_no_other() -> None:
    assert set(MODULE_OF) == set(COMMANDS)


def test_no_command_is_listed_twice() -> None:
    names = [name for group in GROUPS.values() for name in group.names.split()]
    assert len(names) == len(set(names)) == len(MODULE_OF)


@pytest.mark.parametrize("module", GROUPS)
def test_a_module_declares_the_commands_of_its_group(module: str) -> None:
    source = f"import virtkit_cli.{module}, virtkit_cli.command as c; print(*c.COMMANDS)"
    assert set(GROUPS[module].names.split()) == set(python(source).split())


@pytest.mark.parametrize("name", MODULE_OF)
def test_a_command_explains_itself_and_all_its_words(name: str) -> None:
    declared = COMMANDS[name]
    assert declared.help.endswith(".")
    assert all(word.help for word in declared.words)


@pytest.mark.parametrize("name", MODULE_OF)
def test_the_words_of_a_command_have_different_names_and_exclude_known_ones(name: str) -> None:
    names = [word.name for word in COMMANDS[name].words]
    assert len(names) == len(set(names))
    for word in COMMANDS[name].words:
        if isinstance(word, Flag):
            assert set(word.excludes) <= set(names)


@pytest.mark.parametrize("name", MODULE_OF)
def test_no_value_by_place_follows_one_that_takes_all(name: str) -> None:
    values = COMMANDS[name].values
    assert not any(value.many for value in values[:-1])
    needed = [value.required for value in values]
    assert sorted(needed, reverse=True) == needed


def test_only_the_module_of_a_command_is_imported() -> None:
    modules = set(python(MODULES_AFTER_LIST).split())
    assert {"virtkit_cli.catalog", "virtkit_cli.command", "virtkit_cli.domain", "virtkit_cli.states"} <= modules
    assert not modules & {"virtkit_cli.network", "virtkit_cli.event", "virtkit_cli.shell", "lxml", "argparse"}
