"""The tables against the facts they were made from."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from plugins.remote.tests.protocol import oracle
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.schema import Array, Field, Opaque, Optional, Scalar, String, Struct

FACTS = [(program, fact) for program, facts in oracle.PROGRAMS.items() for fact in facts["procedures"]]


@pytest.mark.parametrize(("program", "fact"), FACTS, ids=[fact["name"] for _, fact in FACTS])
def test_a_procedure_is_as_the_facts_have_it(program: str, fact: dict[str, Any]) -> None:
    found = schema.procedure(oracle.PROGRAMS[program]["program"], fact["num"])
    event = fact.get("event", {})
    expected = {
        "program": program,
        "number": fact["num"],
        "args": fact["args"],
        "ret": fact["ret"],
        "msg": fact.get("msg"),
        "kind": fact["kind"],
        "priority": fact["priority"] == "high",
        "before_auth": fact.get("allowed_before_auth", False),
        "stream": fact.get("stream", ""),
        "sparse": "sparse_flag" in fact,
        "fds_call": {"n": schema.ANY}.get(fact.get("fds_call", 0), fact.get("fds_call", 0)),
        "fds_reply": {"n": schema.ANY}.get(fact.get("fds_reply", 0), fact.get("fds_reply", 0)),
        "event_class": event.get("class", ""),
        "event_id": event.get("event_id", -1),
        "event_style": event.get("style", ""),
    }
    assert found is not None
    assert expected == {key: value for key, value in found._asdict().items() if key != "name"}
    assert found is schema.procedure_named(found.name)


def test_every_program_has_its_procedures() -> None:
    counts = {program: len(schema.procedures(program)) for program in schema.PROGRAMS}
    assert {"remote": 443, "qemu": 7, "lxc": 1, "keepalive": 2, "admin": 19, "virtkit": 1} == counts


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("domain_get_info", (0x20008086, 16)),
        ("qemu_domain_monitor_command", (0x20008087, 1)),
        ("lxc_domain_open_namespace", (0x00068000, 1)),
        ("admin_connect_open", (0x06900690, 1)),
        ("keepalive_ping", (0x6B656570, 1)),
    ],
)
def test_a_procedure_has_the_name_of_its_hook(name: str, number: tuple[int, int]) -> None:
    found = schema.procedure(*number)
    assert found is not None
    assert name == found.name


@pytest.mark.parametrize("number", [(0x20008086, 0), (0x20008086, -1), (0x20008086, 444), (0x20008088, 1), (0, 0)])
def test_an_unknown_number_is_no_procedure(number: tuple[int, int]) -> None:
    assert schema.procedure(*number) is None


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schema.procedure_named("domain_fly")
    with pytest.raises(KeyError):
        schema.fields("remote_domain_fly_args")


def test_fields_have_the_names_and_types_of_the_wire() -> None:
    assert schema.fields("remote_connect_list_all_domains_ret") == (
        Field("domains", Array(Struct("remote_nonnull_domain"), 16384, False)),
        Field("ret", Scalar("uint")),
    )
    assert schema.fields("remote_nonnull_domain") == (
        Field("name", String(4194304)),
        Field("uuid", Opaque(16, True)),
        Field("id", Scalar("int")),
    )
    assert Field("name", Optional(String(4194304))) == schema.fields("remote_connect_open_args")[0]
    assert Field("value", Opaque(65536, False)) == schema.fields("remote_secret_set_value_args")[1]


def test_importing_the_protocol_compiles_and_reads_no_struct_or_procedure() -> None:
    program = """
import sys
from virtkit_remote.protocol import codec, failures, frames, schema
print("json" in sys.modules, [each.cache_info().currsize for each in (
    schema.fields, schema.procedures, codec.decoder, codec.encoder)])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "False [0, 0, 0, 0]\n" == done.stdout
