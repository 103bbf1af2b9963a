"""TODO-DOC module domain_migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, migration, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import Value
    from virtkit.records import MigrateBegin, MigrateFinish, MigratePrepare
    from virtkit.refs import DomainRef
    from virtkit.streams import Sink


class DomainMigrationSpec(Spec[S]):
    """TODO-DOC class domain_migration."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @migration(acl="domain:migrate domain:start domain:write", since="0.3.2")
    def domain_migrate_prepare(
        self, conn: S, uri_in: str | None, flags: int, dname: str | None, resource: int
    ) -> MigratePrepare:
        """TODO-DOC virDomainMigratePrepare."""
        raise not_supported("domain_migrate_prepare")

    @migration(acl="domain:migrate", since="0.3.2")
    def domain_migrate_perform(
        self, conn: S, dom: DomainRef, cookie: bytes, uri: str, flags: int, dname: str | None, resource: int
    ) -> None:
        """TODO-DOC virDomainMigratePerform."""
        raise not_supported("domain_migrate_perform")

    @migration(acl="domain:migrate", since="0.3.2")
    def domain_migrate_finish(self, conn: S, dname: str, cookie: bytes, uri: str, flags: int) -> DomainRef:
        """TODO-DOC virDomainMigrateFinish."""
        raise not_supported("domain_migrate_finish")

    @migration(acl="domain:migrate domain:start domain:write", since="0.5.0")
    def domain_migrate_prepare2(
        self, conn: S, uri_in: str | None, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> MigratePrepare:
        """TODO-DOC virDomainMigratePrepare2."""
        raise not_supported("domain_migrate_prepare2")

    @migration(acl="domain:migrate", since="0.5.0")
    def domain_migrate_finish2(
        self, conn: S, dname: str, cookie: bytes, uri: str, flags: int, retcode: int
    ) -> DomainRef:
        """TODO-DOC virDomainMigrateFinish2."""
        raise not_supported("domain_migrate_finish2")

    @migration(acl="domain:migrate domain:start domain:write", since="0.7.2")
    def domain_migrate_prepare_tunnel(
        self, conn: S, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> Sink:
        """TODO-DOC virDomainMigratePrepareTunnel."""
        raise not_supported("domain_migrate_prepare_tunnel")

    @migration(acl="domain:migrate", since="0.8.0")
    def domain_migrate_set_max_downtime(self, conn: S, dom: DomainRef, downtime: int, flags: int) -> None:
        """TODO-DOC virDomainMigrateSetMaxDowntime."""
        raise not_supported("domain_migrate_set_max_downtime")

    @migration(acl="domain:migrate", since="0.9.0")
    def domain_migrate_set_max_speed(self, conn: S, dom: DomainRef, bandwidth: int, flags: int) -> None:
        """TODO-DOC virDomainMigrateSetMaxSpeed."""
        raise not_supported("domain_migrate_set_max_speed")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_begin3(
        self, conn: S, dom: DomainRef, xmlin: str | None, flags: int, dname: str | None, resource: int
    ) -> MigrateBegin:
        """TODO-DOC virDomainMigrateBegin3."""
        raise not_supported("domain_migrate_begin3")

    @migration(acl="domain:migrate domain:start domain:write", since="0.9.2")
    def domain_migrate_prepare3(
        self, conn: S, cookie_in: bytes, uri_in: str | None, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> MigratePrepare:
        """TODO-DOC virDomainMigratePrepare3."""
        raise not_supported("domain_migrate_prepare3")

    @migration(acl="domain:migrate domain:start domain:write", since="0.9.2")
    def domain_migrate_prepare_tunnel3(
        self, conn: S, cookie_in: bytes, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> tuple[bytes, Sink]:
        """TODO-DOC virDomainMigratePrepareTunnel3."""
        raise not_supported("domain_migrate_prepare_tunnel3")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_perform3(
        self,
        conn: S,
        dom: DomainRef,
        xmlin: str | None,
        cookie_in: bytes,
        dconnuri: str | None,
        uri: str | None,
        flags: int,
        dname: str | None,
        resource: int,
    ) -> bytes:
        """TODO-DOC virDomainMigratePerform3."""
        raise not_supported("domain_migrate_perform3")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_finish3(
        self, conn: S, dname: str, cookie_in: bytes, dconnuri: str | None, uri: str | None, flags: int, cancelled: bool
    ) -> MigrateFinish:
        """TODO-DOC virDomainMigrateFinish3."""
        raise not_supported("domain_migrate_finish3")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_confirm3(self, conn: S, dom: DomainRef, cookie_in: bytes, flags: int, cancelled: bool) -> None:
        """TODO-DOC virDomainMigrateConfirm3."""
        raise not_supported("domain_migrate_confirm3")

    @migration(acl="domain:migrate", since="0.9.5")
    def domain_migrate_get_max_speed(self, conn: S, dom: DomainRef, flags: int) -> int:
        """TODO-DOC virDomainMigrateGetMaxSpeed."""
        raise not_supported("domain_migrate_get_max_speed")

    @migration(acl="domain:migrate", readonly=True, since="1.0.3")
    def domain_migrate_get_compression_cache(self, conn: S, dom: DomainRef, flags: int) -> int:
        """TODO-DOC virDomainMigrateGetCompressionCache."""
        raise not_supported("domain_migrate_get_compression_cache")

    @migration(acl="domain:migrate", since="1.0.3")
    def domain_migrate_set_compression_cache(self, conn: S, dom: DomainRef, cache_size: int, flags: int) -> None:
        """TODO-DOC virDomainMigrateSetCompressionCache."""
        raise not_supported("domain_migrate_set_compression_cache")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_begin3_params(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> MigrateBegin:
        """TODO-DOC virDomainMigrateBegin3Params."""
        raise not_supported("domain_migrate_begin3_params")

    @migration(acl="domain:migrate domain:start domain:write", since="1.1.0")
    def domain_migrate_prepare3_params(
        self, conn: S, params: Mapping[str, Value], cookie_in: bytes, flags: int
    ) -> MigratePrepare:
        """TODO-DOC virDomainMigratePrepare3Params."""
        raise not_supported("domain_migrate_prepare3_params")

    @migration(acl="domain:migrate domain:start domain:write", since="1.1.0")
    def domain_migrate_prepare_tunnel3_params(
        self, conn: S, params: Mapping[str, Value], cookie_in: bytes, flags: int
    ) -> tuple[bytes, Sink]:
        """TODO-DOC virDomainMigratePrepareTunnel3Params."""
        raise not_supported("domain_migrate_prepare_tunnel3_params")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_perform3_params(
        self, conn: S, dom: DomainRef, dconnuri: str | None, params: Mapping[str, Value], cookie_in: bytes, flags: int
    ) -> bytes:
        """TODO-DOC virDomainMigratePerform3Params."""
        raise not_supported("domain_migrate_perform3_params")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_finish3_params(
        self, conn: S, params: Mapping[str, Value], cookie_in: bytes, flags: int, cancelled: bool
    ) -> MigrateFinish:
        """TODO-DOC virDomainMigrateFinish3Params."""
        raise not_supported("domain_migrate_finish3_params")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_confirm3_params(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], cookie_in: bytes, flags: int, cancelled: bool
    ) -> None:
        """TODO-DOC virDomainMigrateConfirm3Params."""
        raise not_supported("domain_migrate_confirm3_params")

    @migration(acl="domain:migrate", since="1.3.3")
    def domain_migrate_start_post_copy(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainMigrateStartPostCopy."""
        raise not_supported("domain_migrate_start_post_copy")

    @migration(acl="domain:migrate", readonly=True, since="3.7.0")
    def domain_migrate_get_max_downtime(self, conn: S, dom: DomainRef, flags: int) -> int:
        """TODO-DOC virDomainMigrateGetMaxDowntime."""
        raise not_supported("domain_migrate_get_max_downtime")
