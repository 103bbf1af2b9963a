"""The driver: its sessions, and what it needs of the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit import discovery
from virtkit.driver import Driver, Finding, OpenRequest
from virtkit.errors import DriverError, InternalError
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.services.tenancy import Tenants
from virtkit_storage.pools import PoolPart
from virtkit_storage.state import Session, StorageState
from virtkit_storage.uses import STORAGE
from virtkit_storage.volumes import VolumePart

if TYPE_CHECKING:
    from virtkit.events import EventHub

PATHS = ("/system", "/session", "/embed")


class StorageDriver(PoolPart, VolumePart, ConnectSpec["Session"], Driver["Session"]):
    """Storage pools and volumes of this host."""

    name = "storage"
    hook_api = 1
    kinds = ("storage",)
    attaches = True
    error_domain = STORAGE

    def __init__(self) -> None:
        self._tenants = Tenants(lambda root, request: StorageState(root, request.peers))

    def driver_open(self, request: OpenRequest) -> Session:
        if request.root is None or request.uri.path not in PATHS:
            raise InternalError(
                f"{request.uri}: the path of a storage URI is /system, /session or /embed?root=/DIR", domain=STORAGE
            )
        return Session(self._tenants.enter(request), peer=request.peer)

    def driver_close(self, conn: Session) -> None:
        self._tenants.close(conn)

    def driver_default_uri(self) -> str | None:
        return "storage:///system" if os.geteuid() == 0 else "storage:///session"

    def driver_reside(self, conn: Session) -> None:
        conn.own()

    def driver_events(self, conn: Session) -> EventHub | None:
        return conn.own().hub

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
