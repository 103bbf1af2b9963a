from __future__ import annotations

import sys

import pytest

from tools import check

Capture = pytest.CaptureFixture[str]


def step(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_a_failed_step_fails_the_check_and_shows_what_it_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    steps = {"sound": step("print('quiet')"), "broken": step("print('the reason'); raise SystemExit(3)")}
    monkeypatch.setattr(check, "steps", lambda: steps)

    assert 1 == check.main()

    printed = capsys.readouterr().out
    assert "the reason" in printed
    assert "quiet" not in printed
    assert ["sound passed", "broken FAILED"] == [" ".join(line.split()[:2]) for line in printed.splitlines()[-2:]]


def test_the_check_passes_when_every_step_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "steps", lambda: {"sound": step("pass")})
    assert 0 == check.main()


def test_a_step_that_hangs_is_ended_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TIMEOUT", 0.2)
    assert not check.run("hanging", step("import time; time.sleep(60)")).passed


def test_generators_are_checked_and_never_run_for_real() -> None:
    generators = {name: command for name, command in check.steps().items() if name.startswith("generate_")}
    assert generators
    assert all("--check" == command[-1] for command in generators.values())
