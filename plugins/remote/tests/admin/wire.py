"""A client of the admin program that says whatever a test wants it to."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Any

from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.failures import decode_error
from virtkit_remote.protocol.frames import CALL, HEADER, OK, VERSION, pack
from virtkit_remote.protocol.schema import procedure_named
from virtkit_remote.protocol.tables import PROGRAMS

SECONDS = 30.0


class Wire:
    """A connection to an admin socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a procedure, named without the program; its results.

        Raises:
            VirtError: What the daemon answered.
        """
        procedure = procedure_named(f"admin_{name}")
        payload = encoder(procedure.args)(arguments) if procedure.args else b""
        self.socket.sendall(pack(PROGRAMS["admin"], procedure.number, CALL, 1, OK, payload))
        length = self._receive(4)
        message = length + self._receive(int.from_bytes(length, "big") - 4)
        assert VERSION == HEADER.unpack_from(message)[2]
        if HEADER.unpack_from(message)[6] != OK:
            raise decode_error(message, HEADER.size)
        return decoder(procedure.ret)(message, HEADER.size)[0] if procedure.ret else None

    def ended(self) -> bool:
        """Whether the daemon hangs up instead of saying anything more."""
        return self.socket.recv(1) == b""

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece, "the daemon hung up"
            data += piece
        return data

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.socket.close()
