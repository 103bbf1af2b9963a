"""What the sessions of one root share.

Reading takes what is on disk. A process that owns the root has the secrets in memory; ephemeral ones are nowhere else,
and are gone when it lets go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtkit.events import EventHub
from virtkit.services.locks import ObjectLock
from virtkit.services.tenancy import Tenancy, Tenant
from virtkit_secret.definition import DOMAIN, Secret, Secrets
from virtkit_secret.storage import Definitions, Values

if TYPE_CHECKING:
    from virtkit.store import Root


class SecretState(Tenancy):
    """The secrets of one root.

    Attributes:
        hub: Where their events are published.
    """

    def __init__(self, root: Root) -> None:
        super().__init__(root, "secret")
        self.hub: EventHub = EventHub("virtkit-secret-events")
        self._definitions = Definitions(self.folders)
        self._values = Values(self.folders)
        self._ephemeral: dict[bytes, bytes] = {}  # values by UUID
        self._secrets = Secrets()
        self._reading = threading.Lock()
        self._changing = ObjectLock(f"the store of secrets in {self.folders.etc}", domain=DOMAIN)

    # Reading

    def view(self) -> Secrets:
        """The secrets as they are now.

        Raises:
            SystemCallError: They cannot be listed.
        """
        if not self.owned:
            with self._reading:
                if not self.owned:
                    self._secrets = Secrets(self._definitions.all())
        return self._secrets

    def value(self, secret: Secret) -> bytes | None:
        """The value of a secret; None where it has none. Errors as from `Values.load`."""
        return self._ephemeral.get(secret.ref.uuid) if secret.ephemeral else self._values.load(secret)

    # Owning

    def take_over(self) -> None:
        """Have the secrets in memory: what is on disk changes only through this process."""
        with self._reading:
            self._ephemeral.clear()
            self._secrets = Secrets(self._definitions.all())
            self.owned = True

    def let_go(self) -> None:
        """Forget what is not on disk."""
        with self._reading:
            self.owned = False
            self._ephemeral.clear()

    def close(self) -> None:
        """Let go of everything; the last session does."""
        self.hub.close()

    # Changing

    @contextmanager
    def change(self, call: str) -> Iterator[Secrets]:
        """The secrets, which no other call changes meanwhile.

        Args:
            call: What changes them, for the message another caller gets.

        Raises:
            OperationTimeoutError: Another call still does.
        """
        with self._changing.hold(call):
            yield self._secrets

    def store(self, secret: Secret) -> None:
        """Store a definition, new or in place of the one with its UUID. Raises `SystemCallError`."""
        if not secret.ephemeral:
            self._definitions.save(secret)
        self._secrets = self._secrets.with_(secret)

    def store_value(self, secret: Secret, value: bytes) -> None:
        """Store a value. Errors as from `Values.save`; the old one is kept then."""
        if secret.ephemeral:
            self._ephemeral[secret.ref.uuid] = value
        else:
            self._values.save(secret, value)

    def remove(self, secret: Secret) -> None:
        """Remove a secret, its value first: after a crash no value is there without its definition.

        Raises:
            SystemCallError: The system refuses. The secret is still there.
        """
        if not secret.ephemeral:
            self._values.delete(secret)
            self._definitions.delete(secret)
        self._ephemeral.pop(secret.ref.uuid, None)
        self._secrets = self._secrets.without(secret)


class Session(Tenant[SecretState]):
    """One connection to a root.

    Attributes:
        peer: It is for other drivers and not for a caller, so that it is told private values.
    """

    def __init__(self, state: SecretState, *, peer: bool) -> None:
        super().__init__(state)
        self.peer = peer

    def read(self) -> Secrets:
        """The secrets, for a call that only reads."""
        return self.state.view()
