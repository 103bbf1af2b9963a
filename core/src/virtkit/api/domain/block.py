"""A domain's disks and the jobs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import BlockInfo, BlockJobInfo, BlockStats, DiskError


class DomainBlock(NamedUUIDHandle[DomainRef]):
    """Disks and block jobs.

    A disk is named by its target, such as `vda`, or by the path of its source.
    """

    __slots__ = ()

    def block_stats(self, path: str) -> BlockStats:
        """Requests, bytes and errors of a disk since the start."""
        return self.connection.ops["domain_block_stats"](self.ref, path)

    def block_stats_flags(self, path: str, flags: int = 0) -> TypedParams:
        """Counters of a disk in more detail: `virtkit.constants.DOMAIN_BLOCK_STATS_*`."""
        return self.connection.ops["domain_block_stats_flags"](self.ref, path, flags)

    def block_info(self, path: str, flags: int = 0) -> BlockInfo:
        """Sizes of a disk, in bytes."""
        return self.connection.ops["domain_get_block_info"](self.ref, path, flags)

    def disk_errors(self, flags: int = 0) -> list[DiskError]:
        """The disks on which requests failed, and how."""
        return self.connection.ops["domain_get_disk_errors"](self.ref, flags)

    def block_io_tune(self, disk: str | None = None, flags: int = 0) -> TypedParams:
        """I/O limits of a disk: `virtkit.constants.DOMAIN_BLOCK_IOTUNE_*`; `disk` None asks which limits there are.

        Flags: `virtkit.enums.DomainModificationImpact`.
        """
        return self.connection.ops["domain_get_block_io_tune"](self.ref, disk, flags)

    def set_block_io_tune(self, disk: str, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change I/O limits of a disk; names and flags as in `block_io_tune`."""
        self.connection.ops["domain_set_block_io_tune"](self.ref, disk, params, flags)

    def set_block_threshold(self, dev: str, threshold: int, flags: int = 0) -> None:
        """Have an event published when writing passes `threshold` bytes of a device such as `vda` or `vda[2]`."""
        self.connection.ops["domain_set_block_threshold"](self.ref, dev, threshold, flags)

    def block_peek(self, disk: str, offset: int, size: int, flags: int = 0) -> bytes:
        """Read up to 4 MiB of a disk as the guest sees it."""
        return self.connection.ops["domain_block_peek"](self.ref, disk, offset, size, flags)

    def block_resize(self, disk: str, size: int, flags: int = 0) -> None:
        """Change a disk's size, in KiB unless a flag says bytes; `virtkit.enums.DomainBlockResizeFlags`."""
        self.connection.ops["domain_block_resize"](self.ref, disk, size, flags)

    # Jobs

    def block_job_info(self, disk: str, flags: int = 0) -> BlockJobInfo | None:
        """The job on a disk and its progress; None where there is none. `virtkit.enums.DomainBlockJobInfoFlags`."""
        return self.connection.ops["domain_get_block_job_info"](self.ref, disk, flags)

    def block_job_abort(self, disk: str, flags: int = 0) -> None:
        """End the job on a disk: cancel it, or pivot to its result; `virtkit.enums.DomainBlockJobAbortFlags`."""
        self.connection.ops["domain_block_job_abort"](self.ref, disk, flags)

    def block_job_set_speed(self, disk: str, bandwidth: int, flags: int = 0) -> None:
        """Limit the job on a disk, in MiB/s unless a flag says bytes/s; 0 is no limit.

        `virtkit.enums.DomainBlockJobSetSpeedFlags`.
        """
        self.connection.ops["domain_block_job_set_speed"](self.ref, disk, bandwidth, flags)

    def block_pull(self, disk: str, bandwidth: int = 0, flags: int = 0) -> None:
        """Copy all data of a disk's backing chain into the disk; `virtkit.enums.DomainBlockPullFlags`."""
        self.connection.ops["domain_block_pull"](self.ref, disk, bandwidth, flags)

    def block_rebase(self, disk: str, base: str | None = None, bandwidth: int = 0, flags: int = 0) -> None:
        """As `block_pull` down to `base`, which stays the backing file; `virtkit.enums.DomainBlockRebaseFlags`.

        With the COPY flag `base` is where the disk is mirrored to, as in `block_copy`.
        """
        self.connection.ops["domain_block_rebase"](self.ref, disk, base, bandwidth, flags)

    def block_commit(
        self, disk: str, base: str | None = None, top: str | None = None, bandwidth: int = 0, flags: int = 0
    ) -> None:
        """Copy data of a disk's overlays down into a backing file; `virtkit.enums.DomainBlockCommitFlags`.

        Args:
            disk: The disk.
            base: The file that takes the data; None is the last of the chain.
            top: The overlay to begin with; None is the one the guest writes to.
            bandwidth: As in `block_job_set_speed`.
            flags: What becomes of the committed files, and whether `bandwidth` is in bytes/s.
        """
        self.connection.ops["domain_block_commit"](self.ref, disk, base, top, bandwidth, flags)

    def block_copy(self, disk: str, destxml: str, params: Mapping[str, Value] | None = None, flags: int = 0) -> None:
        """Mirror a disk to another place, until `block_job_abort` ends it or pivots there.

        Args:
            disk: The disk.
            destxml: A `<disk>` element that says where to.
            params: `virtkit.constants.DOMAIN_BLOCK_COPY_*`.
            flags: `virtkit.enums.DomainBlockCopyFlags`.
        """
        self.connection.ops["domain_block_copy"](self.ref, disk, destxml, params or {}, flags)
