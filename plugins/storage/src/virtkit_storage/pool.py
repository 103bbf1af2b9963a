"""A pool: its definition, what it is active with, and its volumes as far as they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit import discovery
from virtkit.enums import StoragePoolState
from virtkit.errors import ConfigUnsupportedError, NoDriverError, OperationInvalidError
from virtkit.refs import StoragePoolRef
from virtkit.xml.pool import StoragePool
from virtkit_storage.uses import STORAGE, Uses

if TYPE_CHECKING:
    from virtkit.storage.backend import Figures, StorageBackend, Volume


class Pool:
    """A pool of the driver.

    Attributes:
        name: Unique among the pools of a root.
        uuid: Likewise, 16 bytes.
        config: Its definition as it is stored; None: it is transient.
        autostart: It is to be started with the driver.
        live: What it is active with; None: it is not active.
        shown: The same with what was found at the last scan, such as the owner of its folder; None before one.
        building: It is being built.
        volumes: Its volumes by name, as of the last scan and what was done since; None: nobody has listed them yet.
        figures: Its sizes, as of the last look.
        uses: The work that is going on in it.
    """

    def __init__(self, name: str, uuid: bytes) -> None:
        self.name = name
        self.uuid = uuid
        self.config: StoragePool | None = None
        self.autostart = False
        self.live: StoragePool | None = None
        self.shown: StoragePool | None = None
        self.building = False
        self.volumes: dict[str, Volume] | None = None
        self.figures: Figures | None = None
        self.uses = Uses(name)

    @property
    def ref(self) -> StoragePoolRef:
        """What names it."""
        return StoragePoolRef(self.name, self.uuid)

    @property
    def subject(self) -> str:
        """What messages call it."""
        return f"storage pool {self.name!r}"

    @property
    def document(self) -> StoragePool:
        """What it is active with, else its definition."""
        document = self.live or self.config
        assert document is not None, "a pool without both is not in the table"
        return document

    @property
    def backend(self) -> StorageBackend:
        """What serves its type.

        Raises:
            ConfigUnsupportedError: None is installed; the message names the package.
            DriverError: It is broken.
        """
        return backend_of(self.document)

    @property
    def state(self) -> StoragePoolState:
        """Its state."""
        if self.building:
            return StoragePoolState.BUILDING
        return StoragePoolState.INACTIVE if self.live is None else StoragePoolState.RUNNING

    def active(self) -> StoragePool:
        """What it is active with.

        Raises:
            OperationInvalidError: It is not.
        """
        if self.live is None:
            raise OperationInvalidError(f"{self.subject} is not active: start it first", domain=STORAGE)
        return self.live

    def require_inactive(self) -> None:
        """Refuse what cannot be done with an active pool.

        Raises:
            OperationInvalidError: It is active, or being built.
        """
        if self.live is not None:
            raise OperationInvalidError(f"{self.subject} is active: stop it first", domain=STORAGE)
        if self.building:
            raise OperationInvalidError(f"{self.subject} is being built: wait until that has ended", domain=STORAGE)

    def stop(self) -> None:
        """It is not active any more."""
        self.live = self.shown = self.volumes = None


def backend_of(document: StoragePool) -> StorageBackend:
    """The backend for the type of a pool; errors as from `Pool.backend`."""
    try:
        return discovery.backend(document.type or "")
    except NoDriverError as error:
        raise ConfigUnsupportedError(
            f"storage pool {document.name!r} is of type {document.type!r}: {error.message}", domain=STORAGE
        ) from error
