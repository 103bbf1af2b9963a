"""Daemons behind a program of the user's own: `test+ext:///default?command=/path/to/tunnel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit_remote.client.transports.program import Program, ProgramTransport

if TYPE_CHECKING:
    from virtkit.driver import Authenticate
    from virtkit.uri import URI


class ExtTransport(ProgramTransport):
    """A connection through a program of which nothing is known."""

    name = "ext"


def connect(uri: URI, *, readonly: bool, timeout: float, authenticate: Authenticate | None = None) -> ExtTransport:
    """Start the program of a URI, without arguments; whether it reaches a daemon shows when bytes are sent."""
    command = uri.parameter("command")
    if not command:
        raise InvalidArgError(
            f"URI {uri}: transport ext needs the program to run; add ?command=PATH", domain=ErrorDomain.REMOTE
        )
    return ExtTransport(Program(uri, [command]), f"the daemon behind {command}")
