"""The asynchronous API is the synchronous one, awaited."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import virtkit
from virtkit import aio

ROOT = Path(__file__).parents[3]
CLASSES = [name for name, module in virtkit.EXPORTS.items() if module.startswith("virtkit.api.")]

NOT_AWAITED = {"is_alive", "is_encrypted", "events"}
NOT_AWAITED |= {"lxc_enter_namespace", "lxc_enter_security_label", "lxc_enter_cgroup"}
"""Methods that only look, only begin, or ask nobody but the kernel."""


def public(cls: type) -> dict[str, Any]:
    return {name: inspect.getattr_static(cls, name) for name in dir(cls) if not name.startswith("_")}


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_name_is_there_with_the_same_parameters(name: str) -> None:
    own = public(getattr(aio, name))
    for member, value in public(getattr(virtkit, name)).items():
        if inspect.isfunction(value):
            assert inspect.signature(value).parameters == inspect.signature(own[member]).parameters, member
            assert inspect.iscoroutinefunction(own[member]) == (member not in NOT_AWAITED), member
        elif isinstance(value, property):
            assert isinstance(own[member], property), member


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Subscription"])
def test_what_is_awaited_is_what_the_synchronous_method_returns(name: str) -> None:
    own = public(getattr(aio, name))
    for member, value in public(getattr(virtkit, name)).items():
        if inspect.isfunction(value) and member != "events":
            assert inspect.signature(value).return_annotation == inspect.signature(own[member]).return_annotation


def test_opening_takes_the_same_arguments() -> None:
    assert inspect.signature(virtkit.open) == inspect.signature(aio.open)


def test_the_generated_modules_are_those_that_the_generator_writes() -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate_aio.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (0, "") == (done.returncode, done.stdout)


def test_the_synchronous_api_imports_neither_this_nor_asyncio() -> None:
    script = "import sys, virtkit.api.connection; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert not {"asyncio", "virtkit.aio"} & set(done.stdout.split())
