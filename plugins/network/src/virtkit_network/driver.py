"""The driver: its sessions, and what it needs of the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.driver import Finding, OpenRequest
from virtkit.services.tenancy import TenantDriver
from virtkit_network.network import NETWORK
from virtkit_network.networks import NetworkPart
from virtkit_network.ports import PortPart
from virtkit_network.state import NetworkState, Session

if TYPE_CHECKING:
    from virtkit.store import Root


class NetworkDriver(NetworkPart, PortPart, TenantDriver["Session"]):
    """Virtual networks of this host."""

    name = "network"
    hook_api = 1
    kinds = ("network",)
    error_domain = NETWORK

    def make_state(self, root: Root, request: OpenRequest) -> NetworkState:
        return NetworkState(root)

    def make_session(self, state: NetworkState, request: OpenRequest) -> Session:
        return Session(state, peer=request.peer)

    def driver_reload(self, conn: Session) -> None:
        from virtkit_network import adoption

        adoption.restore_all(conn.own())

    def driver_diagnose(self) -> Sequence[Finding]:
        from virtkit_network import diagnosis

        return diagnosis.findings()
