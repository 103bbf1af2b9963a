from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_python_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [source] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)

    exec(compile(source, str(README), "exec"), {})

    printed = capsys.readouterr().out.splitlines()
    assert "test RUNNING" == printed[0]
    assert "<domain type='test' id='1'>" in printed
