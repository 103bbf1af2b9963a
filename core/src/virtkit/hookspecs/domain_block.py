"""TODO-DOC module domain_block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, job, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import BlockInfo, BlockJobInfo, BlockStats, DiskError
    from virtkit.refs import DomainRef


class DomainBlockSpec(Spec[S]):
    """TODO-DOC class domain_block."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @accessor(acl="domain:read", readonly=True, since="0.3.2")
    def domain_block_stats(self, conn: S, dom: DomainRef, path: str) -> BlockStats:
        """TODO-DOC virDomainBlockStats."""
        raise not_supported("domain_block_stats")

    @accessor(acl="domain:read", readonly=True, since="0.8.1")
    def domain_get_block_info(self, conn: S, dom: DomainRef, path: str, flags: int) -> BlockInfo:
        """TODO-DOC virDomainGetBlockInfo."""
        raise not_supported("domain_get_block_info")

    @accessor(acl="domain:read", readonly=True, since="0.9.5")
    def domain_block_stats_flags(self, conn: S, dom: DomainRef, path: str, flags: int) -> TypedParams:
        """TODO-DOC virDomainBlockStatsFlags."""
        raise not_supported("domain_block_stats_flags")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.8",
    )
    def domain_set_block_io_tune(
        self, conn: S, dom: DomainRef, disk: str, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virDomainSetBlockIoTune."""
        raise not_supported("domain_set_block_io_tune")

    @accessor(acl="domain:read", readonly=True, since="0.9.8")
    def domain_get_block_io_tune(self, conn: S, dom: DomainRef, disk: str | None, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetBlockIoTune."""
        raise not_supported("domain_get_block_io_tune")

    @accessor(acl="domain:read", readonly=True, since="0.9.10")
    def domain_get_disk_errors(self, conn: S, dom: DomainRef, flags: int) -> list[DiskError]:
        """TODO-DOC virDomainGetDiskErrors."""
        raise not_supported("domain_get_disk_errors")

    @accessor(acl="domain:write", since="3.1.0")
    def domain_set_block_threshold(self, conn: S, dom: DomainRef, dev: str, threshold: int, flags: int) -> None:
        """TODO-DOC virDomainSetBlockThreshold."""
        raise not_supported("domain_set_block_threshold")

    @operation(acl="domain:block_read", since="0.4.2")
    def domain_block_peek(self, conn: S, dom: DomainRef, path: str, offset: int, size: int, flags: int) -> bytes:
        """TODO-DOC virDomainBlockPeek."""
        raise not_supported("domain_block_peek")

    @operation(acl="domain:block_write", since="0.9.8")
    def domain_block_resize(self, conn: S, dom: DomainRef, disk: str, size: int, flags: int) -> None:
        """TODO-DOC virDomainBlockResize."""
        raise not_supported("domain_block_resize")

    @job(acl="domain:write", since="0.9.4")
    def domain_block_job_abort(self, conn: S, dom: DomainRef, path: str, flags: int) -> None:
        """TODO-DOC virDomainBlockJobAbort."""
        raise not_supported("domain_block_job_abort")

    @job(acl="domain:read", readonly=True, since="0.9.4")
    def domain_get_block_job_info(self, conn: S, dom: DomainRef, path: str, flags: int) -> BlockJobInfo | None:
        """TODO-DOC virDomainGetBlockJobInfo."""
        raise not_supported("domain_get_block_job_info")

    @job(acl="domain:write", since="0.9.4")
    def domain_block_job_set_speed(self, conn: S, dom: DomainRef, path: str, bandwidth: int, flags: int) -> None:
        """TODO-DOC virDomainBlockJobSetSpeed."""
        raise not_supported("domain_block_job_set_speed")

    @job(acl="domain:block_write", since="0.9.4")
    def domain_block_pull(self, conn: S, dom: DomainRef, path: str, bandwidth: int, flags: int) -> None:
        """TODO-DOC virDomainBlockPull."""
        raise not_supported("domain_block_pull")

    @job(acl="domain:block_write", since="0.9.10")
    def domain_block_rebase(
        self, conn: S, dom: DomainRef, path: str, base: str | None, bandwidth: int, flags: int
    ) -> None:
        """TODO-DOC virDomainBlockRebase."""
        raise not_supported("domain_block_rebase")

    @job(acl="domain:block_write", since="0.10.2")
    def domain_block_commit(
        self, conn: S, dom: DomainRef, disk: str, base: str | None, top: str | None, bandwidth: int, flags: int
    ) -> None:
        """TODO-DOC virDomainBlockCommit."""
        raise not_supported("domain_block_commit")

    @job(acl="domain:block_write", since="1.2.8")
    def domain_block_copy(
        self, conn: S, dom: DomainRef, path: str, destxml: str, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virDomainBlockCopy."""
        raise not_supported("domain_block_copy")
