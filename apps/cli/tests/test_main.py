"""Options before the command, several commands in one run, and how a run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from virtkit_cli import main as program
from virtkit_cli.command import UsageError
from virtkit_cli.main import split, split_options

from .conftest import Run

VIRTKIT = [sys.executable, "-m", "virtkit_cli.main"]


@pytest.mark.parametrize(
    ("arguments", "uri", "words"),
    [
        (["list"], None, ["list"]),
        (["-c", "test:///default", "list", "--all"], "test:///default", ["list", "--all"]),
        (["-ctest:///default", "list"], "test:///default", ["list"]),
        (["--connect", "test:///default", "list"], "test:///default", ["list"]),
        (["--connect=test:///default", "list"], "test:///default", ["list"]),
        (["-rqjc", "test:///default", "list"], "test:///default", ["list"]),
        (["--", "list"], None, ["list"]),
    ],
)
def test_options_stand_before_the_command(arguments: list[str], uri: str | None, words: list[str]) -> None:
    options, rest = split_options(arguments)
    assert (uri, words) == (options.connect, rest)


def test_letters_of_options_can_stand_together() -> None:
    options, _ = split_options(["-rqj", "list"])
    assert (True, True, True) == (options.readonly, options.quiet, options.json)


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["list"], [["list"]]),
        (["list; net-list"], [["list"], ["net-list"]]),
        (["list;net-list;"], [["list"], ["net-list"]]),
        (["dominfo 'my web'; list"], [["dominfo", "my web"], ["list"]]),
        (["dominfo", "my web", ";", "list"], [["dominfo", "my web"], ["list"]]),
        (["desc test '#1'"], [["desc", "test", "#1"]]),
        ([";;"], []),
    ],
)
def test_commands_are_split_at_semicolons(words: list[str], commands: list[list[str]]) -> None:
    assert commands == list(split(words))


def test_quotes_that_are_not_closed_are_refused() -> None:
    with pytest.raises(UsageError, match="No closing quotation"):
        list(split(["desc test 'open"]))


def test_commands_of_one_run_share_a_connection(run: Run) -> None:
    result = run("destroy test; domstate test; start test; domstate test")
    assert (0, "") == (result.status, result.err)
    assert "Domain 'test' destroyed\n\nshut off\n\nDomain 'test' started\n\nrunning\n\n" == result.out


def test_a_failed_command_ends_the_run(run: Run) -> None:
    result = run("destroy test; destroy test; start test")
    assert 1 == result.status
    assert "Domain 'test' destroyed\n\n" == result.out
    assert result.err.startswith("error: domain 'test'")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("domstate", "test"), 0),
        (("domstate", "nosuch"), 1),
        (("-c", "nosuch:///", "list"), 1),
        (("-r", "destroy", "test"), 1),
        (("define", "/nonexistent/file.xml"), 1),
        (("nosuch",), 2),
        (("domstate",), 2),
        (("domstate", "test", "--nosuch"), 2),
        (("-x", "list"), 2),
        (("-c",), 2),
        (("desc 'open",), 2),
    ],
)
def test_the_status_tells_how_a_run_ended(run: Run, words: tuple[str, ...], status: int) -> None:
    result = run(*words)
    assert status == result.status
    assert (status == 0) == (result.err == "")
    assert result.err == "" or (result.err.startswith("error: ") and result.err.count("\n") == 1)


def test_an_unknown_command_is_answered_with_the_nearest_one(run: Run) -> None:
    assert "error: no command is named 'dominf'; did you mean dominfo?\n" == run("dominf", "test").err


def test_a_file_that_is_no_text_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(b"\xff\xfe\x00")
    result = run("define", str(tmp_path / "x.xml"))
    assert (1, f"error: {tmp_path}/x.xml is not text in UTF-8\n") == (result.status, result.err)


def test_an_error_is_json_for_programs_and_a_sentence_for_people(run: Run) -> None:
    result = run("-j", "domstate", "nosuch")
    assert {"error", "code", "message"} == set(result.json)
    assert ("NoDomainError", 42) == (result.json["error"], result.json["code"])
    assert f"error: {result.json['message']}\n" == result.err


def test_quiet_leaves_out_headers_and_remarks(run: Run) -> None:
    assert " 1    test   running\n" == run("-q", "list").out
    assert "" == run("-q", "suspend", "test").out


def test_the_version_is_that_of_the_library(run: Run) -> None:
    import virtkit

    assert f"virtkit {virtkit.__version__}\n" == run("-V").out


def test_no_words_ask_for_help(run: Run) -> None:
    assert run("help").out == run().out == run("--help").out
    assert "    dominfo                  Show what is known about a domain.\n" in run().out


def test_help_explains_one_command(run: Run) -> None:
    assert run("help", "domstate").out == run("-h", "domstate").out
    assert run("help", "domstate").out.startswith("domstate <domain> [--reason]\n\nShow the state of a domain.\n")
    assert 2 == run("help", "nosuch").status


def test_an_interrupt_ends_with_its_own_status(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "run", interrupted)
    assert (130, "") == (run("list").status, run("list").err)


def test_connect_changes_the_connection_of_the_commands_that_follow(run: Run) -> None:
    result = run("suspend test; connect test:///default --readonly; suspend test")
    assert "Domain 'test' suspended\n\nConnected to test:///default\n\n" == result.out
    assert (1, True) == (result.status, "read-only" in result.err)


# The program as a process of its own


def process(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*VIRTKIT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )


def test_the_installed_command_prints_what_the_module_prints() -> None:
    installed = Path(sys.executable).with_name("virtkit")
    listed = subprocess.run(
        [installed, "-c", "test:///default", "-j", "list"], capture_output=True, text=True, check=True
    ).stdout
    assert ["test"] == [row["name"] for row in json.loads(listed)]


def test_a_reader_that_has_seen_enough_ends_the_program_quietly() -> None:
    writer = process("help")
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    errors = writer.stderr.read()
    assert (1, "") == (writer.wait(30), errors)
    writer.stderr.close()


def test_a_full_disk_is_a_failure() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*VIRTKIT, "help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (1, "error: input or output: No space left on device\n") == (done.returncode, done.stderr)


def test_ctrl_c_ends_a_wait_for_events() -> None:
    with process("-c", "test:///default", "event", "--event", "lifecycle", "--loop") as waiting:
        try:
            while len(os.listdir(f"/proc/{waiting.pid}/task")) == 1:
                assert waiting.poll() is None  # it has a second thread once it has subscribed
            waiting.send_signal(signal.SIGINT)
            out, err = waiting.communicate(timeout=60)
        finally:
            waiting.kill()
    assert (0, "events received: 0\n\n", "") == (waiting.returncode, out, err)
