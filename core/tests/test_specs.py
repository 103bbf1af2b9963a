"""The hook specifications agree with the facts, and the check that says so notices when they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools import check_specs
from tools.check_specs import Hook, disagreements, hooks, hooks_of, procedures
from virtkit.errors import NotSupportedError
from virtkit.hookspecs import KINDS, spec_class
from virtkit.refs import DomainRef, NetworkRef
from virtkit.spec import S, Spec, enumeration, lookup

FACTS = procedures()
HOOKS = {hook.name: hook for hook in hooks()}


class LabSpec(Spec[S]):
    """Declares three functions of the API wrongly."""

    @lookup(acl="domain:getattr", readonly=True, since="0.0.3", may_block=False)
    def domain_lookup_by_name(self, conn: S, title: str) -> DomainRef:
        """Find a domain."""
        raise NotImplementedError

    @lookup(acl="domain:getattr", readonly=True, since="0.0.5", may_block=False)
    def domain_lookup_by_uuid(self, conn: S, uuid: str) -> NetworkRef:
        """Find a domain."""
        raise NotImplementedError

    @enumeration(acl="domain:getattr", since="0.1.1")
    def domain_lookup_by_weight(self, conn: S, weight: int) -> DomainRef:
        """Find a domain."""
        raise NotImplementedError


def said_of(hook: Hook) -> list[str]:
    """What is wrong with a hook when all others are as they should be."""
    return list(disagreements([*(HOOKS | {hook.name: hook}).values()], FACTS))


def test_specifications_and_facts_agree() -> None:
    assert [] == list(disagreements(hooks(), FACTS))


def test_every_procedure_of_the_programs_is_accounted_for() -> None:
    calls = [each for name in ("remote", "qemu", "lxc", "virtkit") for each in check_specs.PROGRAMS[name]["procedures"]]
    bindings = check_specs.table("rpc-binding.tsv")
    left_out = [row for row in bindings if row["reason"] in check_specs.WITHOUT_HOOK]
    assert len([each for each in calls if each["kind"] == "call"]) == len(HOOKS) + len(left_out)


def test_a_wrong_declaration_is_noticed() -> None:
    own = {hook.name: hook for hook in hooks_of(LabSpec)}
    said = list(disagreements([*(HOOKS | own).values()], FACTS))
    assert "domain_lookup_by_name: takes (title), the wire has (name)" in said
    assert "domain_lookup_by_uuid: parameter uuid: str is no remote_uuid of the wire" in said
    assert "domain_lookup_by_uuid: returns NetworkRef, expected ['dom']" in said
    assert "domain_lookup_by_weight: no procedure of the wire" in said


def test_a_missing_hook_is_noticed() -> None:
    rest = [hook for hook in HOOKS.values() if hook.name != "domain_reboot"]
    assert ["domain_reboot: no hook declares this procedure"] == list(disagreements(rest, FACTS))


def test_a_hook_declared_twice_is_noticed() -> None:
    assert ["domain_reboot: declared 2 times"] == list(disagreements([*HOOKS.values(), HOOKS["domain_reboot"]], FACTS))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("domain_set_memory_flags", {"memory": "int", "dom": "DomainRef", "flags": "int"}),
        ("domain_set_memory_flags", {"dom": "DomainRef", "memory": "int"}),
        ("domain_set_memory_flags", {"dom": "NetworkRef", "memory": "int", "flags": "int"}),
        ("domain_set_memory_flags", {"dom": "DomainRef | None", "memory": "int", "flags": "int"}),
        ("domain_set_memory_flags", {"dom": "DomainRef", "memory": "str", "flags": "int"}),
        ("domain_restore", {"from": "str"}),
        ("domain_fsfreeze", {"dom": "DomainRef", "mountpoints": "Sequence[int]", "flags": "int"}),
        ("domain_set_perf_events", {"dom": "DomainRef", "params": "TypedParams", "flags": "int"}),
        ("domain_rename", {"dom": "DomainRef", "new_name": "str", "flags": "int"}),
        ("domain_create_with_files", {"dom": "DomainRef", "flags": "int"}),
    ],
)
def test_wrong_parameters_are_noticed(name: str, parameters: dict[str, str]) -> None:
    assert any(line.startswith(f"{name}: ") for line in said_of(HOOKS[name]._replace(parameters=parameters)))


@pytest.mark.parametrize(
    ("name", "returns"),
    [
        ("domain_get_info", "JobInfo"),
        ("domain_create", "DomainRef"),
        ("domain_get_xml_desc", "str | None"),
        ("connect_list_all_domains", "list[NetworkRef]"),
        ("connect_list_all_domains", "Sequence[DomainRef]"),
        ("domain_get_perf_events", "Mapping[str, Value]"),
        ("domain_open_console", "Sink"),
        ("lxc_domain_open_namespace", "int"),
    ],
)
def test_a_wrong_result_is_noticed(name: str, returns: str) -> None:
    lines = said_of(HOOKS[name]._replace(returns=returns))
    assert [f"{name}: returns {returns}"] == [line.partition(", expected")[0] for line in lines]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("domain_get_info", "family", "operation"),
        ("domain_get_xml_desc", "acl", ("domain:read",)),
        ("domain_destroy", "readonly", True),
        ("domain_migrate_perform3_params", "readonly", True),
        ("domain_get_xml_desc", "refused_flags", ""),
        ("connect_list_all_domains", "filters", ""),
        ("domain_get_info", "since", "9.9.9"),
        ("qemu_domain_attach", "program", "remote"),
        ("domain_suspend", "may_block", False),
    ],
)
def test_wrong_metadata_is_noticed(name: str, field: str, value: Any) -> None:
    meta = HOOKS[name].meta._replace(**{field: value})
    [line] = said_of(HOOKS[name]._replace(meta=meta))
    assert line.startswith(f"{name}: {field} is {value!r}, ")


@pytest.mark.parametrize(
    ("doc", "complaint"),
    [
        ("", "has no docstring that begins with a sentence"),
        ("TODO virDomainReboot.", "has no docstring that begins with a sentence"),
        ("Restarts the guest.", "its docstring is not in the imperative"),
        ("Restart the guest.\n\nArgs:\n    speed: How fast.\n", "explains (speed)"),
        ("Restart the guest.\n\nRaises:\n    SlowError: It is slow.\n", "names virtkit.errors.SlowError"),
        ("Restart the guest. See `virtkit.enums.RebootSpeed`.", "names RebootSpeed"),
        ("Restart the guest. Derived from `domain_reset`.", "says that it is derived from domain_reset"),
    ],
)
def test_a_wrong_docstring_is_noticed(doc: str, complaint: str) -> None:
    [line] = said_of(HOOKS["domain_reboot"]._replace(doc=doc))
    assert line.startswith(f"domain_reboot: {complaint}")


def test_a_hook_that_promises_not_to_block_but_is_derived_from_one_that_may_is_noticed() -> None:
    hook = HOOKS["domain_set_max_memory"]
    lines = said_of(hook._replace(meta=hook.meta._replace(may_block=False)))
    need = "domain_set_memory_flags"
    assert [f"{hook.name}: may_block is False, but {need}, from which it is derived, may"] == lines


def test_a_derived_hook_that_does_not_say_so_is_noticed() -> None:
    lines = said_of(HOOKS["domain_save"]._replace(doc="Save a running domain."))
    assert ["domain_save: does not say that it is derived from domain_save_flags"] == lines


@pytest.mark.parametrize("module", [module for modules in KINDS.values() for module in modules])
def test_an_unimplemented_hook_names_itself(module: str) -> None:
    cls = spec_class(module)
    for hook in hooks_of(cls):
        function: Callable[..., object] = getattr(cls(), hook.name)
        with pytest.raises(NotSupportedError, match=hook.name) as caught:
            function(*[None] * (len(hook.parameters) + 1))
        assert hook.name == caught.value.str2
