"""Authentication by a user name and a password: SASL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError
from virtkit_remote import sasl
from virtkit_remote.daemon.authentication import SASL, Authentication

if TYPE_CHECKING:
    from virtkit_remote.daemon.client import Client


class Sasl(Authentication):
    """A user name and a password."""

    def __init__(self, store: sasl.Credentials) -> None:
        self._store = store

    def methods(self, client: Client) -> Sequence[int]:
        return [SASL]

    def mechanisms(self, client: Client) -> str:
        offered = sasl.mechanisms(confidential=client.confidential)
        if not offered:
            raise AuthFailedError(
                "the daemon cannot check passwords: install the library it needs with pip install virtkit-remote[sasl]",
                domain=ErrorDomain.RPC,
            )
        return ",".join(offered)

    def start(self, client: Client, mechanism: str, data: bytes | None) -> tuple[bool, bytes | None]:
        client.exchange = sasl.Server(mechanism, self._store, confidential=client.confidential)
        return self._settled(client, client.exchange.start(data))

    def step(self, client: Client, data: bytes | None) -> tuple[bool, bytes | None]:
        if client.exchange is None:
            raise AuthFailedError("a SASL step came before the exchange began", domain=ErrorDomain.RPC)
        return self._settled(client, client.exchange.step(data))

    @staticmethod
    def _settled(client: Client, answer: Any) -> tuple[bool, bytes | None]:
        if answer.complete:
            client.identity = client.identity._replace(sasl_user_name=client.exchange.user_name)
            client.exchange = None
            client.settle()
        return answer.complete, answer.data
