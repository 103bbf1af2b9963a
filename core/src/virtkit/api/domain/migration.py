"""Moving a domain to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.api.connection import Connection
    from virtkit.api.domain import Domain
    from virtkit.params import Value


class DomainMigration(NamedUUIDHandle[DomainRef]):
    """Migration. Parameters are `virtkit.constants.MIGRATE_PARAM_*`, flags `virtkit.enums.DomainMigrateFlags`."""

    __slots__ = ()

    def migrate(self, destination: Connection, params: Mapping[str, Value] | None = None, flags: int = 0) -> Domain:
        """Move it to the host of another connection, and return it there.

        This program leads both sides through the migration; with PEER2PEER the source's side does it alone. Where it
        fails the domain goes on at the source.

        Raises:
            NotSupportedError: One of the drivers cannot migrate.
            OperationInvalidError: It does not run and OFFLINE is not given, or TUNNELLED without PEER2PEER.
            OperationFailedError: The migration was tried, and failed.
        """
        from virtkit.api.domain import Domain
        from virtkit.api.domain.managed import ManagedMigration
        from virtkit.constants import MIGRATE_PARAM_DEST_NAME
        from virtkit.enums import DomainMigrateFlags

        params = params or {}
        if flags & DomainMigrateFlags.PEER2PEER:
            self.migrate_to_uri(destination.uri, params, flags)
            return destination.lookup_domain_by_name(str(params.get(MIGRATE_PARAM_DEST_NAME, self.name)))
        return Domain(
            destination, ManagedMigration(self.ref, self.connection.ops, destination.ops, params, flags).run()
        )

    def migrate_to_uri(self, dconnuri: str | None, params: Mapping[str, Value] | None = None, flags: int = 0) -> None:
        """Have the source move it to another host by itself.

        Args:
            dconnuri: With PEER2PEER the URI by which the source connects to the destination's daemon; else None.
            params: Parameters of the migration.
            flags: PEER2PEER, unless the hypervisor itself receives guests.

        Raises:
            InvalidArgError: The URI is one of this very host.
        """
        from virtkit.api.domain.managed import refuse_same_host
        from virtkit.enums import DomainMigrateFlags

        if flags & DomainMigrateFlags.PEER2PEER:
            refuse_same_host(dconnuri)
        self.connection.ops["domain_migrate_perform3_params"](self.ref, dconnuri, params or {}, b"", flags)

    def migrate_start_post_copy(self, flags: int = 0) -> None:
        """Let it go on at the destination now and fetch the rest of its memory there; POSTCOPY must have been given."""
        self.connection.ops["domain_migrate_start_post_copy"](self.ref, flags)

    def migrate_max_downtime(self, flags: int = 0) -> int:
        """The longest pause that a migration may cause, in ms."""
        return self.connection.ops["domain_migrate_get_max_downtime"](self.ref, flags)

    def migrate_set_max_downtime(self, downtime: int, flags: int = 0) -> None:
        """Set the longest pause that a migration may cause, in ms."""
        self.connection.ops["domain_migrate_set_max_downtime"](self.ref, downtime, flags)

    def migrate_max_speed(self, flags: int = 0) -> int:
        """The bandwidth a migration may use, in MiB/s; `virtkit.enums.DomainMigrateMaxSpeedFlags`."""
        return self.connection.ops["domain_migrate_get_max_speed"](self.ref, flags)

    def migrate_set_max_speed(self, bandwidth: int, flags: int = 0) -> None:
        """Set the bandwidth a migration may use, in MiB/s; flags as in `migrate_max_speed`."""
        self.connection.ops["domain_migrate_set_max_speed"](self.ref, bandwidth, flags)

    def migrate_compression_cache(self, flags: int = 0) -> int:
        """The memory a migration may use to find repeated pages, in bytes."""
        return self.connection.ops["domain_migrate_get_compression_cache"](self.ref, flags)

    def migrate_set_compression_cache(self, cache_size: int, flags: int = 0) -> None:
        """Set the memory a migration may use to find repeated pages, in bytes."""
        self.connection.ops["domain_migrate_set_compression_cache"](self.ref, cache_size, flags)
