"""Frames of real traffic between libvirt 9.0.0 and its clients, a file per program in `plugins/remote/tests/vectors`.

A line is procedure, type, status, payload in hex. Left out are errors, whose texts are libvirt's, stream data, which
has no inner form, and what was malformed on purpose.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from virtkit_remote.protocol import schema
from virtkit_remote.protocol.frames import MessageType, Status
from virtkit_remote.protocol.schema import Procedure

FOLDER = Path(__file__).resolve().parent.parent / "vectors"


class Vector(NamedTuple):
    """A frame.

    `struct` is what its payload decodes to, None if it is empty; `offset` is where in the payload that begins.
    """

    procedure: Procedure
    type: MessageType
    status: Status
    payload: bytes

    @property
    def struct(self) -> str | None:
        match self.type:
            case MessageType.CALL | MessageType.CALL_WITH_FDS:
                return self.procedure.args
            case MessageType.REPLY | MessageType.REPLY_WITH_FDS:
                return self.procedure.ret
            case MessageType.STREAM_HOLE:
                return "virNetStreamHole"
        return self.procedure.msg

    @property
    def offset(self) -> int:
        return 4 if self.type in (MessageType.CALL_WITH_FDS, MessageType.REPLY_WITH_FDS) else 0

    def __str__(self) -> str:
        return f"{self.procedure.name} {self.type.name}"


def vectors() -> list[Vector]:
    """All frames."""
    return [vector(path.stem, line) for path in sorted(FOLDER.glob("*.txt")) for line in path.read_text().splitlines()]


def vector(program: str, line: str) -> Vector:
    number, kind, status, *payload = line.split(" ")
    procedure = schema.procedure(schema.PROGRAMS[program], int(number))
    if procedure is None:
        raise LookupError(f"{program} has no procedure {number}")
    return Vector(procedure, MessageType(int(kind)), Status(int(status)), bytes.fromhex("".join(payload)))
