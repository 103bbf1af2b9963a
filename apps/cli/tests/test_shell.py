"""Completion, and the documents in an editor."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from virtkit_cli.shell import FILES

from .conftest import Run


@pytest.fixture
def completed(run: Run) -> Callable[..., list[str]]:
    """What completes the last of some words."""

    def call(*words: str) -> list[str]:
        result = run("-q", "complete", "--", str(len(words)), "virtkit", *words)
        assert (0, "") == (result.status, result.err)
        return result.out.split()

    return call


Completed = Callable[..., list[str]]


def test_commands_are_completed(completed: Completed) -> None:
    assert ["dominfo"] == completed("domin")
    assert {"net-list", "net-start"} <= set(completed("-r", "net-"))
    assert ["dominfo"] == completed("help", "domin")


def test_options_before_the_command_are_completed(completed: Completed) -> None:
    assert ["--readonly"] == completed("--re")


def test_words_of_a_command_are_completed_unless_given(completed: Completed) -> None:
    assert ["--domain", "--reason"] == completed("domstate", "--")
    assert ["--domain"] == completed("domstate", "--reason", "--")


def test_names_of_objects_are_completed(completed: Completed) -> None:
    assert ["test"] == completed("start", "")
    assert ["test"] == completed("start", "--domain", "t")
    assert ["default"] == completed("net-start", "d")
    assert ["default-pool"] == completed("vol-list", "")
    assert ["eth1"] == completed("iface-start", "")
    assert ["vda"] == completed("domblkinfo", "test", "")
    assert ["testnet0"] == completed("domifstat", "test", "")
    assert "computer" in completed("nodedev-info", "")


def test_the_connection_of_the_command_line_is_asked(completed: Completed) -> None:
    assert ["test"] == completed("-c", "test:///default", "start", "")
    assert [] == completed("-c", "nosuch:///", "start", "")


def test_words_with_few_values_are_completed(completed: Completed) -> None:
    assert ["poweroff", "reboot", "crash"] == completed("set-lifecycle-action", "test", "")
    assert ["restart", "rename-restart"] == [
        word for word in completed("set-lifecycle-action", "test", "crash", "re") if "core" not in word
    ]


def test_names_of_files_are_left_to_the_shell(completed: Completed) -> None:
    assert [FILES] == completed("define", "")


def test_nothing_completes_what_is_wrong_or_full(completed: Completed) -> None:
    assert [] == completed("nosuch", "")
    assert [] == completed("domstate", "test", "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_the_printed_script(tmp_path: Path) -> None:
    (tmp_path / "guest.xml").touch()
    script = (
        f'PATH="{Path(sys.executable).parent}:$PATH"; eval "$(virtkit completion)"; cd {tmp_path}\n'
        'ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _virtkit; echo "${COMPREPLY[@]}"; }\n'
        "ask virtkit -c test:///default domst\nask virtkit -c test:///default start ''\nask virtkit define gu\n"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert (0, "domstate domstats\ntest\nguest.xml\n", "") == (done.returncode, done.stdout, done.stderr)


def test_zsh_gets_its_own_prologue(run: Run) -> None:
    assert run("completion", "zsh").out.startswith("autoload -U +X bashcompinit && bashcompinit\n")


# The editor


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Make a sed script the user's editor."""
    monkeypatch.delenv("VISUAL", raising=False)

    def use(script: str) -> None:
        monkeypatch.setenv("EDITOR", f"sed -i '{script}'")

    return use


Use = Callable[[str], None]


def test_an_edited_document_is_defined(run: Run, editor: Use) -> None:
    editor('s/<memory unit=.KiB.>8388608/<memory unit="KiB">4194304/')
    text = run("edit test; dumpxml test --inactive").out
    assert text.startswith("XML configuration of test edited.\n\n")
    assert "<memory unit='KiB'>4194304</memory>" in text


def test_a_document_left_as_it_was_is_not_defined(run: Run, editor: Use) -> None:
    editor("")
    assert "XML configuration of default not changed.\n\n" == run("net-edit", "default").out
    assert {"name": "test", "changed": False} == run("-j", "edit", "test").json


def test_a_document_that_is_refused_is_an_error(run: Run, editor: Use) -> None:
    editor("s/<domain /<nothing /")
    assert 1 == run("edit", "test").status


def test_an_editor_that_does_not_run_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "/nonexistent/editor")
    result = run("edit", "test")
    assert (2, True) == (result.status, "/nonexistent/editor" in result.err)
