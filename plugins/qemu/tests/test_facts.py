"""From a monitor's answers to facts, and to disk and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtkit_qemu.facts import QUESTIONS, CPUModel, Facts, Machine, answers, decode, encode, facts_of, script

TOLD: dict[str, Any] = {
    "version": {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": "Debian 1:7.2"},
    "target": {"arch": "x86_64"},
    "commands": [{"name": "query-status"}, {"name": "quit"}],
    "machines": [
        {"name": "none", "cpu-max": 1, "hotpluggable-cpus": False},
        {
            "name": "pc-i440fx-7.2",
            "alias": "pc",
            "is-default": True,
            "deprecated": False,
            "cpu-max": 255,
            "hotpluggable-cpus": True,
            "default-cpu-type": "qemu64-x86_64-cpu",
            "default-ram-id": "pc.ram",
        },
    ],
    "cpus": [
        {
            "name": "qemu64",
            "typename": "qemu64-x86_64-cpu",
            "alias-of": "qemu64-v1",
            "migration-safe": True,
            "static": False,
            "deprecated": False,
            "unavailable-features": [],
        },
        {"name": "host", "typename": "host-x86_64-cpu", "static": False, "unavailable-features": ["kvm"]},
    ],
    "devices": [{"name": "pvpanic", "parent": "isa-device"}],
    "objects": [{"name": "memory-backend-ram", "parent": "memory-backend"}],
    "options": [{"option": "name", "parameters": [{"name": "guest"}, {"name": "debug-threads"}]}, {"option": ""}],
    "kvm": {"present": True, "enabled": False},
    "tpm_models": ["tpm-tis"],
}
PC = Machine("pc-i440fx-7.2", "pc", True, False, 255, True, "qemu64", "pc.ram")
FACTS = Facts(
    version=(7, 2, 22),
    package="Debian 1:7.2",
    target="x86_64",
    kvm=True,
    machines=(Machine("none", None, False, False, 1, False, None, None), PC),
    cpu_models=(
        CPUModel("host", "host-x86_64-cpu", None, False, False, False, ("kvm",)),
        CPUModel("qemu64", "qemu64-x86_64-cpu", "qemu64-v1", True, False, False, ()),
    ),
    devices=frozenset({"pvpanic"}),
    objects=frozenset({"memory-backend-ram"}),
    commands=frozenset({"query-status", "quit"}),
    options={"name": ("debug-threads", "guest")},
    tpm_backends=frozenset(),
    tpm_models=frozenset({"tpm-tis"}),
)
IDENTITY = {"path": "/usr/bin/qemu-system-x86_64", "inode": 7}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["format", "facts", "identity"]), inner),
)


def test_answers_become_facts() -> None:
    assert FACTS == facts_of(TOLD)


def test_a_machine_is_found_by_name_and_by_alias() -> None:
    assert PC == FACTS.machine("pc") == FACTS.machine("pc-i440fx-7.2") == FACTS.default_machine
    assert FACTS.machine("toaster") is None


def test_an_indispensable_answer_is_missed() -> None:
    with pytest.raises(KeyError, match="machines"):
        facts_of({key: answer for key, answer in TOLD.items() if key != "machines"})


def test_the_script_asks_every_question_and_then_quits() -> None:
    lines = [json.loads(line) for line in script().splitlines()]
    assert ["qmp_capabilities", *(command for command, _ in QUESTIONS.values()), "quit"] == [
        line["execute"] for line in lines
    ]
    assert [*QUESTIONS] == [line["id"] for line in lines[1:-1]]


def test_answers_are_told_by_their_question_and_refusals_are_none() -> None:
    printed = (
        b'{"QMP": {}}\r\n{"return": {}, "id": "negotiate"}\r\n{"return": 1, "id": "kvm"}\r\n'
        b'{"error": {"class": "CommandNotFound"}, "id": "cpus"}\r\n{"event": "SHUTDOWN"}\r\n'
    )
    assert {"negotiate": {}, "kvm": 1} == answers(printed)


def test_facts_are_decoded_as_they_were_encoded() -> None:
    assert (IDENTITY, FACTS) == decode(encode(IDENTITY, FACTS))


def test_facts_of_another_format_are_refused() -> None:
    document = json.loads(encode(IDENTITY, FACTS)) | {"format": 0}
    with pytest.raises(ValueError, match="format 0"):
        decode(json.dumps(document).encode())


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=len(encode(IDENTITY, FACTS)) - 1), st.binary(max_size=3))
def test_a_damaged_document_is_refused_and_nothing_worse(cut: int, junk: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and we say it in many ways
        decode(encode(IDENTITY, FACTS)[:cut] + junk)


@settings(deadline=None)
@given(ANYTHING)
def test_a_document_of_another_kind_is_refused_and_nothing_worse(document: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and we say it in many ways
        decode(json.dumps(document).encode())
