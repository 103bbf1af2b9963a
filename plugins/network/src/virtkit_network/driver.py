"""The driver: its sessions, and what it needs of the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.driver import Driver, Finding, OpenRequest
from virtkit.errors import InternalError
from virtkit.services.tenancy import Tenants
from virtkit_network.network import NETWORK
from virtkit_network.networks import NetworkPart
from virtkit_network.ports import PortPart
from virtkit_network.state import NetworkState, Session

if TYPE_CHECKING:
    from virtkit.events import EventHub

PATHS = ("/system", "/session", "/embed")


class NetworkDriver(NetworkPart, PortPart, Driver["Session"]):
    """Virtual networks of this host."""

    name = "network"
    hook_api = 1
    kinds = ("network",)
    error_domain = NETWORK

    def __init__(self) -> None:
        self._tenants = Tenants(lambda root, request: NetworkState(root))

    def driver_open(self, request: OpenRequest) -> Session:
        if request.root is None or request.uri.path not in PATHS:
            raise InternalError(
                f"{request.uri}: the path of a network URI is /system, /session or /embed?root=/DIR", domain=NETWORK
            )
        return Session(self._tenants.enter(request), peer=request.peer)

    def driver_close(self, conn: Session) -> None:
        self._tenants.close(conn)

    def driver_default_uri(self) -> str | None:
        return "network:///system" if os.geteuid() == 0 else "network:///session"

    def driver_reside(self, conn: Session) -> None:
        conn.own()

    def driver_reload(self, conn: Session) -> None:
        from virtkit_network import adoption

        adoption.restore_all(conn.own())

    def driver_events(self, conn: Session) -> EventHub | None:
        return conn.own().hub

    def driver_diagnose(self) -> Sequence[Finding]:
        from virtkit_network import diagnosis

        return diagnosis.findings()
