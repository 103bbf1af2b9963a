"""The public API agrees with the hooks and with libvirt's functions, and the check notices when it does not."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tools import check_api
from virtkit.refs import DomainRef

HEAD = "class Lab(NamedUUIDHandle[DomainRef]):\n    "


class Specification:
    def domain_lookup_by_name(self, conn: Any, name: str) -> DomainRef: ...  # type: ignore[empty-body]

    def domain_set_metadata(self, conn: Any, dom: DomainRef, type: int, metadata: str | None) -> None: ...

    def domain_suspend(self, conn: Any, dom: DomainRef) -> None: ...

    def domain_destroy(self, conn: Any, dom: DomainRef) -> None: ...

    def domain_destroy_flags(self, conn: Any, dom: DomainRef, flags: int) -> None: ...

    def domain_fsfreeze(self, conn: Any, dom: DomainRef, mountpoints: Sequence[str]) -> int: ...  # type: ignore[empty-body]


HOOKS = {name: inspect.signature(value) for name, value in vars(Specification).items() if name.startswith("domain_")}


@pytest.fixture
def said_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the check says of methods written in a class of domain handles, beside what it says of none."""
    monkeypatch.setattr(check_api, "API", tmp_path)
    monkeypatch.setattr(check_api, "SUCCESSORS", {"domain_destroy": "domain_destroy_flags"})
    monkeypatch.setattr(check_api, "ADAPTED", {})

    def said(*lines: str) -> set[str]:
        (tmp_path / "lab.py").write_text(HEAD + "\n    ".join(lines))
        found = set(check_api.reached(HOOKS, set()))
        (tmp_path / "lab.py").write_text("")
        return found - set(check_api.reached(HOOKS, set()))

    return said


def test_the_api_agrees_with_hooks_and_functions(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == check_api.main(), capsys.readouterr().out


def test_a_method_that_agrees_is_silent(said_of: Any) -> None:
    assert not said_of("def suspend(self) -> None:", '    self.ops["domain_suspend"](self.ref)')


def test_a_missing_argument_is_found(said_of: Any) -> None:
    assert {"Lab.suspend -> domain_suspend: passes 0 arguments of 1"} == said_of(
        "def suspend(self) -> None:", '    self.ops["domain_suspend"]()'
    )


def test_swapped_arguments_are_found(said_of: Any) -> None:
    assert {
        "Lab.set_metadata -> domain_set_metadata: passes str for type: int",
        "Lab.set_metadata -> domain_set_metadata: passes int for metadata: str | None",
    } == said_of(
        "def set_metadata(self, type: int, metadata: str) -> None:",
        '    self.ops["domain_set_metadata"](self.ref, metadata, type)',
    )


def test_a_handle_of_another_object_is_found(said_of: Any) -> None:
    assert {"Lab.suspend -> domain_suspend: passes NetworkRef for dom: DomainRef"} == said_of(
        "def suspend(self, net: Network) -> None:", '    self.ops["domain_suspend"](net.ref)'
    )


def test_a_result_that_differs_is_found(said_of: Any) -> None:
    assert {"Lab.lookup -> domain_lookup_by_name: returns Network, not Domain"} == said_of(
        "def lookup(self, name: str) -> Network:", '    return self.ops["domain_lookup_by_name"](name)'
    )


def test_a_second_way_to_a_hook_is_found(said_of: Any) -> None:
    call = '    self.ops["domain_suspend"](self.ref)'
    assert {"domain_suspend: called by 2 methods"} == said_of(
        "def suspend(self) -> None:", call, "def pause(self) -> None:", call
    )


def test_a_method_for_a_hook_that_has_a_successor_is_found(said_of: Any) -> None:
    assert {"domain_destroy: called by 1 methods and in SUCCESSORS"} == said_of(
        "def destroy(self) -> None:", '    self.ops["domain_destroy"](self.ref)'
    )


def test_a_hook_that_no_method_calls_is_found() -> None:
    hooks = check_api.declared() | {"domain_weigh": inspect.Signature()}
    assert ["domain_weigh: called by 0 methods"] == [
        line for line in check_api.reached(hooks, set()) if "weigh" in line
    ]


def said_of_functions(*names: str) -> list[str]:
    rows = [{"name": name, "rpc": ""} for name in names]
    return [line for line in check_api.covered(rows, check_api.declared()) if line.startswith(names)]


def test_a_function_of_libvirt_that_nothing_stands_for_is_found() -> None:
    assert ["virDomainWeigh: no hook, no public name and no reason"] == said_of_functions("virDomainWeigh")


def test_a_local_getter_is_an_attribute_of_a_handle() -> None:
    assert not said_of_functions("virDomainGetUUIDString", "virSecretGetUsageID", "virDomainSnapshotGetConnect")


def test_an_entry_that_no_function_needs_is_found() -> None:
    assert "no function is named virInitialize" in check_api.covered([], {})


def test_a_docstring_that_names_what_does_not_exist_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_api, "API", tmp_path)
    text = '"""See `virtkit.enums.DomainWeightFlags`, `virtkit.constants.WEIGHT_*`.\n\nRaises:\n    WeightError: ..."""'
    (tmp_path / "lab.py").write_text(text)
    assert [
        "lab.py: virtkit.enums has no DomainWeightFlags",
        "lab.py: virtkit.errors has no WeightError",
        "lab.py: virtkit.constants has no WEIGHT_*",
    ] == list(check_api.described())
