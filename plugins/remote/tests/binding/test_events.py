"""Events become messages and messages events, in both styles."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.remote.tests.binding.samples import Samples
from plugins.remote.tests.protocol.vectors import Vector, vectors
from virtkit.events import EVENTS, EventKey
from virtkit_remote.binding.events import NO_CALLBACK, event_decoder, event_encoder, event_procedures
from virtkit_remote.protocol.frames import HEADER, MESSAGE, OK, MessageType, pack
from virtkit_remote.protocol.tables import PROGRAMS

REFERENCES = {
    "domain": "DomainRef",
    "qemu_monitor": "DomainRef",
    "network": "NetworkRef",
    "storage_pool": "StoragePoolRef",
    "node_device": "NodeDeviceRef",
    "secret": "SecretRef",
}
CALLBACK = 7
STYLES = sorted(event_procedures(), key=str)
TOLD = [
    each for each in vectors() if each.type is MessageType.MESSAGE and each.procedure in event_procedures().values()
]


def sample(key: EventKey) -> tuple[Any, Any]:
    """A reference and a record of an event."""
    samples = Samples()
    record: Any = EVENTS[key]
    values = [samples.of(annotation) for annotation in record.__annotations__.values()]
    return samples.of(REFERENCES[key.kind]), record(*values)


@pytest.mark.parametrize(("key", "style"), STYLES, ids=str)
def test_an_event_through_the_wire_is_the_event(key: EventKey, style: str) -> None:
    ref, record = sample(key)
    message = event_encoder(key, style)(CALLBACK, ref, record)
    _, program, _, number, kind, serial, status = HEADER.unpack_from(message)
    found = event_decoder(program, number)
    assert found is not None
    callback, told, received = found[1](message)
    assert (MESSAGE, 1, OK, key, ref) == (kind, serial, status, found[0], told)
    assert (NO_CALLBACK if style == "legacy" else CALLBACK) == callback
    lacks_reason = style == "legacy" and record._fields == ("reason",)
    assert (record._replace(reason=0) if lacks_reason else record) == received
    assert type(record) is type(received)


@pytest.mark.parametrize("vector", TOLD, ids=str)
def test_what_libvirt_told_is_read(vector: Vector) -> None:
    program, number = PROGRAMS[vector.procedure.program], vector.procedure.number
    found = event_decoder(program, number)
    assert found is not None
    _, ref, record = found[1](pack(program, number, MESSAGE, 1, OK, vector.payload))
    assert (REFERENCES[found[0].kind], EVENTS[found[0]]) == (type(ref).__name__, type(record))


def test_what_is_no_event_is_none() -> None:
    assert event_decoder(PROGRAMS["remote"], 1) is None
