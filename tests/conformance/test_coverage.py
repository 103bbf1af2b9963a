"""Every driver of this repository runs all classes of the suite for the kinds it serves."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

from virtkit.discovery import BACKEND, GROUPS, Installed, installed, load
from virtkit.testing import BASES, BaseSupport, Conformance

SUBJECTS = {"hypervisor": ("connection", "domain")}
"""Kind of driver -> subjects of the suite, where it is not the one of its name."""

PASSES_ON = {"remote": "test"}
"""Driver that passes calls on -> the one at the other end here, which decides over kinds and what is supported."""

DRIVERS = [each for kind in GROUPS if kind != BACKEND for each in installed(kind)]


def declared(module: ModuleType) -> set[type]:
    """The classes of the suite that a module runs."""
    tests = [each for name, each in vars(module).items() if name.startswith("Test") and issubclass(each, Conformance)]
    return {base for test in tests for base in test.__mro__ if base.__name__.startswith("Base")}


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: f"{driver.kind}-{driver.name}")
def test_no_class_of_the_suite_is_left_out(driver: Installed) -> None:
    module = import_module(f"tests.conformance.test_{'test_driver' if driver.name == 'test' else driver.name}")
    kinds = load(driver.kind, PASSES_ON.get(driver.name, driver.name)).kinds
    wanted = {base for kind in kinds for subject in SUBJECTS.get(kind, (kind,)) for base in BASES[subject]}
    if driver.name in PASSES_ON:
        wanted.discard(BaseSupport)
    assert set() == wanted - declared(module)
