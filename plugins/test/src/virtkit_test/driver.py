"""The test driver: from a URI to a simulated host."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from virtkit.driver import Credential, Driver, OpenRequest
from virtkit.enums import ConnectCredentialType, ErrorDomain
from virtkit.errors import AuthFailedError, InvalidArgError
from virtkit.events import EventHub
from virtkit_test.block import BlockPart
from virtkit_test.checkpoint import CheckpointPart
from virtkit_test.definition import DefinitionPart
from virtkit_test.devices import DevicePart
from virtkit_test.figures import FiguresPart
from virtkit_test.guest import GuestPart
from virtkit_test.host import HostPart
from virtkit_test.interface import InterfacePart
from virtkit_test.lifecycle import LifecyclePart
from virtkit_test.network import NetworkPart
from virtkit_test.nodedevice import NodeDevicePart
from virtkit_test.resources import ResourcesPart
from virtkit_test.saving import SavingPart
from virtkit_test.snapshot import SnapshotPart
from virtkit_test.state import DefaultState, TestState
from virtkit_test.storage import PoolPart, VolumePart
from virtkit_test.tuning import InterfaceTuningPart, TuningPart

if TYPE_CHECKING:
    from virtkit_test.nodefile import Users

TEST = ErrorDomain.TEST

DEFAULT = "/default"
"""Path of the host that all connections of a process share."""


class TestDriver(
    HostPart,
    DefinitionPart,
    LifecyclePart,
    SavingPart,
    FiguresPart,
    ResourcesPart,
    TuningPart,
    BlockPart,
    DevicePart,
    InterfaceTuningPart,
    GuestPart,
    SnapshotPart,
    CheckpointPart,
    NetworkPart,
    PoolPart,
    VolumePart,
    InterfacePart,
    NodeDevicePart,
    Driver[TestState],
):
    """Hosts that exist in memory only.

    `test:///default` starts as libvirt's does and is one for all connections of a process, until the last of them is
    closed. `test:///PATH` is a host of one connection, described by a node file.
    """

    __test__ = False  # not a test class, whatever pytest makes of its name

    name = "test"
    hook_api = 1
    kinds = ("hypervisor", "network", "storage", "interface", "nodedev")
    error_domain = TEST
    waits = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: TestState | None = None
        self._sharing = 0

    def driver_open(self, request: OpenRequest) -> TestState:
        """Open a host.

        Raises:
            InvalidArgError: The URI has no path.
            AuthFailedError: The node file asks for a user, and who opens it is none of its users.
            VirtError: As for reading the node file.
        """
        path = request.uri.path
        if path in ("", "/"):
            raise InvalidArgError(
                f"{request.uri}: which host? Use test:///default or test:///PATH of a node file", domain=TEST
            )
        if path == DEFAULT:
            return self._open_shared()
        from virtkit_test.nodefile import read_node

        state, users = read_node(path)
        try:
            _authenticate(request, users)
        except BaseException:
            state.close()
            raise
        return state

    def _open_shared(self) -> TestState:
        with self._lock:
            if self._shared is None:
                self._shared = DefaultState()
            self._sharing += 1
            return self._shared

    def driver_close(self, conn: TestState) -> None:
        """Close a connection's view; the last one lets the host go."""
        with self._lock:
            if conn is self._shared:
                self._sharing -= 1
                if self._sharing:
                    return
                self._shared = None
        conn.close()

    def driver_events(self, conn: TestState) -> EventHub:
        """The hub of the host."""
        return conn.hub


def _authenticate(request: OpenRequest, users: Users) -> None:
    """Ask for a user and, unless that user has none, a password."""
    if not users:
        return
    ask = request.authenticate
    if ask is None:
        raise AuthFailedError(f"{request.uri} asks for a user: open it with an authenticate function", domain=TEST)
    names = ask([Credential(ConnectCredentialType.AUTHNAME, f"User for {request.uri}")])
    name = names[0] if names else ""
    if name in users and users[name] is None:
        return
    import hmac

    answers = ask([Credential(ConnectCredentialType.PASSPHRASE, f"Password of {name} for {request.uri}")])
    given, expected = answers[0] if answers else "", users.get(name)
    if expected is None or not hmac.compare_digest(given.encode(), expected.encode()):
        raise AuthFailedError(f"{request.uri}: the file lists no such user with that password", domain=TEST)
