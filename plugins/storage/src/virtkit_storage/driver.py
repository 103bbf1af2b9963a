"""The driver: its sessions, and what it needs of the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit import discovery
from virtkit.driver import Finding, OpenRequest
from virtkit.errors import DriverError
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.services.tenancy import TenantDriver
from virtkit_storage.pools import PoolPart
from virtkit_storage.state import Session, StorageState
from virtkit_storage.uses import STORAGE
from virtkit_storage.volumes import VolumePart

if TYPE_CHECKING:
    from virtkit.store import Root


class StorageDriver(PoolPart, VolumePart, ConnectSpec["Session"], TenantDriver["Session"]):
    """Storage pools and volumes of this host."""

    name = "storage"
    hook_api = 1
    kinds = ("storage",)
    attaches = True
    error_domain = STORAGE

    def make_state(self, root: Root, request: OpenRequest) -> StorageState:
        return StorageState(root, request.peers)

    def make_session(self, state: StorageState, request: OpenRequest) -> Session:
        return Session(state, peer=request.peer)

    def connect_get_capabilities(self, conn: Session) -> str:
        from virtkit_storage import capabilities

        return capabilities.of_connection()

    def driver_diagnose(self) -> Sequence[Finding]:
        return [finding for name in discovery.names(discovery.BACKEND) for finding in _diagnosed(name)]


def _diagnosed(name: str) -> list[Finding]:
    subject = f"pools of type {name}"
    try:
        backend = discovery.backend(name)
    except DriverError as error:
        return [Finding(subject, False, str(error))]
    reason = backend.backend_probe()
    return [Finding(subject, reason is None, reason or "work"), *backend.backend_diagnose()]
