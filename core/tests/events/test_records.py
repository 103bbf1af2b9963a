"""The records of events against the facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from virtkit import enums
from virtkit.enums import DomainEventID, NetworkEventID, NodeDeviceEventID, SecretEventID, StoragePoolEventID
from virtkit.events import EVENTS, KEY_OF, EventKey, GraphicsAddress, GraphicsIdentity, QemuMonitorEvent

PROGRAMS = json.loads((Path(__file__).parents[3] / "tools" / "facts" / "rpc.json").read_text())["programs"]
OBJECTS = {f"remote_nonnull_{kind}" for kind in ("domain", "network", "storage_pool", "node_device", "secret")}
ANNOTATIONS = {
    "remote_nonnull_string": {"str"},
    "remote_string": {"str | None"},
    "hyper": {"int"},
    "uhyper": {"int"},
    "remote_domain_event_graphics_address": {"GraphicsAddress"},
    "remote_typed_param[]": {"TypedParams"},
    "remote_domain_event_graphics_identity[]": {"list[GraphicsIdentity]"},
}
"""Wire type -> the annotations that stand for it; an int may also be any enumeration."""

Field = dict[str, Any]


def structs(program: str) -> dict[str, Any]:
    return {**PROGRAMS["remote"]["structs"], **PROGRAMS[program]["structs"]}


def payload(program: str, struct: str) -> Iterator[Field]:
    """The fields of a message without callback id and object; an embedded message counts as its own fields."""
    for field in structs(program)[struct]["fields"]:
        if field["name"] == "msg":
            yield from payload(program, field["type"])
        elif field["name"] != "callbackID" and field["type"] not in OBJECTS:
            yield field


def messages() -> dict[EventKey, tuple[str, str]]:
    """Event -> (program, message struct); the style with a callback id counts where there are two."""
    found: dict[EventKey, tuple[str, str]] = {}
    for program in ("remote", "qemu"):
        for procedure in PROGRAMS[program]["procedures"]:
            event = procedure.get("event")
            if event and event["style"] != "single":
                key = EventKey(event["class"], event.get("event_id", 0))
                if key not in found or event["style"] == "callback":
                    found[key] = (program, procedure["msg"])
    return found


MESSAGES = messages()


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_every_event_of_the_wire_has_a_record_and_no_other() -> None:
    assert set(EVENTS) == set(MESSAGES)


def test_each_record_belongs_to_one_event() -> None:
    assert {key: EVENTS[key] for key in KEY_OF.values()} == EVENTS


@pytest.mark.parametrize("key", EVENTS, ids=lambda key: f"{key.kind}-{key.id}")
def test_a_record_has_the_fields_of_its_message(key: EventKey) -> None:
    expected = [snake(field["name"]) for field in payload(*MESSAGES[key])]
    assert expected == list(EVENTS[key].__annotations__)


@pytest.mark.parametrize("key", EVENTS, ids=lambda key: f"{key.kind}-{key.id}")
def test_the_fields_of_a_record_have_the_types_of_the_wire(key: EventKey) -> None:
    annotations = list(EVENTS[key].__annotations__.values())
    for field, annotation in zip(payload(*MESSAGES[key]), annotations, strict=True):
        wire = f"{field['of']}[]" if field["type"] == "array" else field["type"]
        if wire in ("int", "uint"):
            assert annotation == "int" or issubclass(getattr(enums, annotation), int)
        else:
            assert annotation in ANNOTATIONS[wire]


@pytest.mark.parametrize("part", [GraphicsAddress, GraphicsIdentity])
def test_the_parts_of_a_graphics_event_are_those_of_the_wire(part: type) -> None:
    fields = structs("remote")[f"remote_domain_event_{snake(part.__name__)}"]["fields"]
    assert [field["name"] for field in fields] == list(part.__annotations__)


def test_the_ids_are_those_of_the_public_enumerations() -> None:
    ids = {
        "domain": DomainEventID,
        "network": NetworkEventID,
        "storage_pool": StoragePoolEventID,
        "node_device": NodeDeviceEventID,
        "secret": SecretEventID,
    }
    expected = {EventKey(kind, number) for kind, numbers in ids.items() for number in numbers}
    assert expected | {KEY_OF[QemuMonitorEvent]} == set(EVENTS)
