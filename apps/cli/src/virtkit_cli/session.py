"""What a command works with: the connection, opened when first needed, and the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import virtkit

if TYPE_CHECKING:
    from virtkit import Connection
    from virtkit_cli.output import Output


class Session:
    """One run of the program; its commands share a connection.

    Attributes:
        uri: What `--connect` said, or None.
        readonly: Open read-only.
        out: Where to print.
    """

    def __init__(self, out: Output, uri: str | None = None, *, readonly: bool = False) -> None:
        self.out = out
        self.uri = uri
        self.readonly = readonly
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The connection."""
        if self._connection is None:
            self._connection = virtkit.open(self.uri, readonly=self.readonly)
        return self._connection

    def reopen(self, uri: str | None, *, readonly: bool) -> None:
        """Use another connection from now on."""
        self.close()
        self.uri, self.readonly = uri, readonly

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
