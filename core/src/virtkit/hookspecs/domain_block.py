"""Look at domains' disks, limit and resize them, and run jobs on them.

A disk is named by its target (`vda`) or, for most hooks, by the path of its source; `vda[1]` is the image at index 1 of
its backing chain, as numbered in the live XML. No such disk is `InvalidArgError`.

A *block job* works on one disk while the guest goes on. Each disk has at most one:

| job           | started by                                 | at its end, or when it is ready                        |
|---------------|--------------------------------------------|--------------------------------------------------------|
| PULL          | `domain_block_pull`, `domain_block_rebase` | backing data is in the top image; the job ends         |
| COMMIT        | `domain_block_commit`                      | what upper images hold is in a lower one; the job ends |
| ACTIVE_COMMIT | the same from the top image, ACTIVE        | READY: mirrors writes until PIVOT or abort             |
| COPY          | `domain_block_copy`, `domain_block_rebase` | READY: mirrors writes until PIVOT or abort             |
| BACKUP        | `domain_backup_begin`                      | see `domain_checkpoint`                                |

The starting hook returns when the job runs. What follows are the events BLOCK_JOB (with the source's path) and
BLOCK_JOB_2 (with the target) of `virtkit.enums.DomainEventID`, each with a `virtkit.enums.DomainBlockJobType` and a
`virtkit.enums.ConnectDomainEventBlockJobStatus`: READY once for the jobs that mirror, then COMPLETED, FAILED or
CANCELED. The driver brings the XML up to date, live and persistent, before it publishes the end.

Bandwidths are MiB/s, or bytes/s with the flag BANDWIDTH_BYTES; 0 is no limit. A driver that has disks implements
`domain_get_block_info` and one of `domain_block_stats_flags` and `domain_block_stats`, which are derived from each
other; jobs are optional.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, job, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import BlockInfo, BlockJobInfo, BlockStats, DiskError
    from virtkit.refs import DomainRef


class DomainBlockSpec(Spec[S]):
    """Disks of domains: statistics, limits, size, contents and block jobs."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Statistics

    @accessor(acl="domain:read", readonly=True, since="0.8.1")
    def domain_get_block_info(self, conn: S, dom: DomainRef, path: str, flags: int) -> BlockInfo:
        """Tell the sizes of a disk, of a running domain or not.

        Args:
            path: Target or source path.

        Returns:
            Bytes. `capacity` is what the guest sees; `physical` the size of the file or device on the host;
            `allocation` what of that holds data: the file's blocks in use, or, of a format on a device whose guest
            runs, the highest offset written.

        Raises:
            InvalidArgError: The domain has no such disk.
            OperationFailedError: The image cannot be read.
        """
        raise not_supported("domain_get_block_info")

    @accessor(acl="domain:read", readonly=True, since="0.9.5")
    def domain_block_stats_flags(self, conn: S, dom: DomainRef, path: str, flags: int) -> TypedParams:
        """Count what a running guest did with a disk. Derived from `domain_block_stats`, with fewer counters.

        Args:
            path: Target or source path; empty: all disks of the domain together.

        Returns:
            LLONG: `rd_operations`, `rd_bytes`, `rd_total_times`, the same of `wr`, `flush_operations`,
            `flush_total_times` (times in ns) and `errs`; what is not known is left out. Names: `DOMAIN_BLOCK_STATS_*`
            of `virtkit.constants`.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: It has no such disk.
        """
        raise not_supported("domain_block_stats_flags")

    @accessor(acl="domain:read", readonly=True, since="0.3.2")
    def domain_block_stats(self, conn: S, dom: DomainRef, path: str) -> BlockStats:
        """Count what a running guest did with a disk. Derived from `domain_block_stats_flags`.

        Args:
            path: Target or source path; empty: all disks of the domain together.

        Returns:
            Requests and bytes since the start; -1 for what is not known.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: It has no such disk.
        """
        raise not_supported("domain_block_stats")

    @accessor(acl="domain:read", readonly=True, since="0.9.10")
    def domain_get_disk_errors(self, conn: S, dom: DomainRef, flags: int) -> list[DiskError]:
        """List the disks of a running domain on which I/O failed.

        Returns:
            One entry per disk that has an error now: its target and a `virtkit.enums.DomainDiskErrorCode` other than
            NONE. Callers that ask for the first few are served by the core.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_disk_errors")

    @accessor(acl="domain:write", since="3.1.0")
    def domain_set_block_threshold(self, conn: S, dom: DomainRef, dev: str, threshold: int, flags: int) -> None:
        """Ask for an event when a guest writes past an offset of a disk's image.

        It lets storage grow in time. The event BLOCK_THRESHOLD (`virtkit.enums.DomainEventID`) comes once; the
        threshold is then gone. A new one replaces the old.

        Args:
            dev: Target of the disk, or of an image of its chain (`vda[1]`).
            threshold: Bytes; 0 removes it.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: It has no such disk or image.
            OperationUnsupportedError: Images of that kind have no such notice.
        """
        raise not_supported("domain_set_block_threshold")

    # Limits

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
        """Limit the throughput of a disk.

        Args:
            disk: Target or source path.
            params: ULLONG: `total_bytes_sec`, `read_bytes_sec`, `write_bytes_sec`, the same with `iops_sec`; each with
                `_max`, what may be used in a burst, and `_max_length`, how many seconds a burst lasts; `size_iops_sec`,
                bytes that count as one request. `group_name` (STRING) makes disks share the limits. 0 is no limit. A
                total excludes the read and write limits of its kind. Names: `DOMAIN_BLOCK_IOTUNE_*` of
                `virtkit.constants`. A change publishes a TUNABLE event.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: No such disk; unknown parameter; a total together with its parts; a burst below its limit.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_block_io_tune")

    @accessor(acl="domain:read", readonly=True, since="0.9.8")
    def domain_get_block_io_tune(self, conn: S, dom: DomainRef, disk: str | None, flags: int) -> TypedParams:
        """Tell the limits of a disk's throughput, named as in `domain_set_block_io_tune`.

        Args:
            disk: Target or source path. None asks what the driver knows for any disk: the names matter then, not the
                values.
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            All limits, 0 where there is none.

        Raises:
            InvalidArgError: No such disk.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_get_block_io_tune")

    # Size and contents

    @operation(acl="domain:block_write", since="0.9.8")
    def domain_block_resize(self, conn: S, dom: DomainRef, disk: str, size: int, flags: int) -> None:
        """Change the size of a running domain's disk, as the guest sees it.

        The image grows or shrinks; what is cut off is lost. The guest learns of it where its device can tell it.

        Args:
            disk: Target or source path.
            size: KiB, or bytes with BYTES.
            flags: `virtkit.enums.DomainBlockResizeFlags`: BYTES.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: It has no such disk, or it is read-only or empty.
            ValueOverflowError: The size is too large to be counted in bytes.
            OperationUnsupportedError: The image's format cannot be resized.
        """
        raise not_supported("domain_block_resize")

    @operation(acl="domain:block_read", since="0.4.2")
    def domain_block_peek(self, conn: S, dom: DomainRef, path: str, offset: int, size: int, flags: int) -> bytes:
        """Read bytes of a disk's image as it lies on the host, of a running domain or not.

        Args:
            path: Target or source path.
            offset: First byte.
            size: Number of bytes, at most 4 MiB.

        Returns:
            `size` bytes.

        Raises:
            InvalidArgError: The domain has no such disk; too much at once.
            SystemCallError: The image cannot be read there; `int1` is the errno.
        """
        raise not_supported("domain_block_peek")

    # Block jobs

    @job(acl="domain:block_write", since="0.9.4")
    def domain_block_pull(self, conn: S, dom: DomainRef, path: str, bandwidth: int, flags: int) -> None:
        """Copy the backing files of a disk into its top image. Derived from `domain_block_rebase`, without base.

        When the job (PULL) completes the image needs no backing file, and the XML shows none.

        Args:
            path: Target or source path of a disk of a running domain.
            bandwidth: MiB/s, or bytes/s with BANDWIDTH_BYTES; 0: no limit.
            flags: `virtkit.enums.DomainBlockPullFlags`: BANDWIDTH_BYTES.

        Raises:
            OperationInvalidError: The domain does not run, or the disk has a job.
            InvalidArgError: No such disk.
        """
        raise not_supported("domain_block_pull")

    @job(acl="domain:block_write", since="0.9.10")
    def domain_block_rebase(
        self, conn: S, dom: DomainRef, path: str, base: str | None, bandwidth: int, flags: int
    ) -> None:
        """Shorten a disk's backing chain from below the top, or copy the disk.

        Without COPY the job is PULL: everything between the top image and `base` is copied into the top image, which
        then has `base` as its backing file. With COPY it is the older form of `domain_block_copy`: `base` is the file
        to copy to, and the job mirrors until `domain_block_job_abort` ends it.

        Args:
            path: Target or source path of a disk of a running domain.
            base: Image of the chain that stays, by path or as `vda[2]`; None: none stays. With COPY the destination's
                path.
            bandwidth: MiB/s, or bytes/s with BANDWIDTH_BYTES; 0: no limit.
            flags: `virtkit.enums.DomainBlockRebaseFlags`. RELATIVE keeps the backing file's name relative. With COPY:
                SHALLOW copies the top image only, REUSE_EXT writes into an existing file whose format and size fit,
                COPY_RAW makes a raw copy, COPY_DEV says that the destination is a block device. BANDWIDTH_BYTES changes
                the unit.

        Raises:
            OperationInvalidError: The domain does not run, or the disk has a job; COPY for a persistent domain where a
                restart would lose the job.
            InvalidArgError: No such disk, `base` is not in its chain or missing with COPY; flags that need COPY without
                it.
            OperationFailedError: The destination exists and REUSE_EXT is not set, or cannot be created.
        """
        raise not_supported("domain_block_rebase")

    @job(acl="domain:block_write", since="0.10.2")
    def domain_block_commit(
        self, conn: S, dom: DomainRef, disk: str, base: str | None, top: str | None, bandwidth: int, flags: int
    ) -> None:
        """Write what upper images of a disk's chain hold into a lower one, and drop them from the chain.

        From below the top the job is COMMIT and ends by itself. From the top image it is ACTIVE_COMMIT: at READY the
        lower image has everything and is kept in step, until `domain_block_job_abort` with PIVOT makes it the disk, or
        without gives it up.

        Args:
            disk: Target or source path of a disk of a running domain.
            base: Image to write into, by path or as `vda[2]`; None: the lowest, or with SHALLOW the one below `top`.
            top: Uppermost image to write; None: the one in use.
            bandwidth: MiB/s, or bytes/s with BANDWIDTH_BYTES; 0: no limit.
            flags: `virtkit.enums.DomainBlockCommitFlags`. SHALLOW commits one image only. ACTIVE must be set when `top`
                is the one in use. RELATIVE keeps the backing file's name relative. DELETE removes the files that are no
                longer needed, at the end. BANDWIDTH_BYTES changes the unit.

        Raises:
            OperationInvalidError: The domain does not run, the disk has a job, or nothing lies below `top`.
            InvalidArgError: No such disk; `base` is not below `top`; the top image without ACTIVE, or ACTIVE for
                another; SHALLOW with a `base` that is not the next.
            OperationUnsupportedError: The driver does not delete (DELETE).
        """
        raise not_supported("domain_block_commit")

    @job(acl="domain:block_write", since="1.2.8")
    def domain_block_copy(
        self, conn: S, dom: DomainRef, path: str, destxml: str, params: Mapping[str, Value], flags: int
    ) -> None:
        """Copy a disk to somewhere else while the guest runs, and then have it use the copy.

        The job is COPY. At READY both sides are equal and get every write, until `domain_block_job_abort` with PIVOT
        switches to the copy, or without leaves things as they were.

        Args:
            path: Target or source path of a disk of a running domain.
            destxml: A `<disk>` element that describes the destination: source and format.
            params: `bandwidth` (ULLONG, bytes/s), `granularity` (UINT, bytes, a power of two: size of what is copied
                again when written), `buf-size` (ULLONG, bytes in flight). 0 is the driver's choice. Names:
                `DOMAIN_BLOCK_COPY_*` of `virtkit.constants`.
            flags: `virtkit.enums.DomainBlockCopyFlags`. SHALLOW copies the top image only, onto the same backing file.
                REUSE_EXT writes into a destination that exists and fits. TRANSIENT_JOB allows a job that a restart of
                the driver loses. SYNCHRONOUS_WRITES lets the guest's writes wait for both sides, so that it becomes
                READY for certain.

        Raises:
            OperationInvalidError: The domain does not run, or the disk has a job.
            InvalidArgError: No such disk; unknown parameter, or a granularity that is no power of two.
            XMLError: `destxml` is no valid disk.
            OperationFailedError: The destination exists and REUSE_EXT is not set, or cannot be created.
            ConfigUnsupportedError: The driver cannot copy to that.
        """
        raise not_supported("domain_block_copy")

    @job(acl="domain:read", readonly=True, since="0.9.4")
    def domain_get_block_job_info(self, conn: S, dom: DomainRef, path: str, flags: int) -> BlockJobInfo | None:
        """Tell how far a disk's block job is.

        Args:
            path: Target or source path.
            flags: `virtkit.enums.DomainBlockJobInfoFlags`: BANDWIDTH_BYTES.

        Returns:
            Type, bandwidth (MiB/s rounded up, or bytes/s with BANDWIDTH_BYTES; 0: no limit), and `cur` of `end`, which
            has no unit: equal and not 0 means READY or all but finished, 0 of 0 that it has not begun. None: the disk
            has no job.

        Raises:
            InvalidArgError: No such disk.
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_block_job_info")

    @job(acl="domain:write", since="0.9.4")
    def domain_block_job_set_speed(self, conn: S, dom: DomainRef, path: str, bandwidth: int, flags: int) -> None:
        """Change the bandwidth of a disk's block job.

        Args:
            path: Target or source path.
            bandwidth: MiB/s, or bytes/s with BANDWIDTH_BYTES; 0: no limit.
            flags: `virtkit.enums.DomainBlockJobSetSpeedFlags`: BANDWIDTH_BYTES.

        Raises:
            OperationInvalidError: The disk has no job, or the domain does not run.
            ValueOverflowError: More than can be counted in bytes/s.
            InvalidArgError: No such disk.
        """
        raise not_supported("domain_block_job_set_speed")

    @job(acl="domain:write", since="0.9.4")
    def domain_block_job_abort(self, conn: S, dom: DomainRef, path: str, flags: int) -> None:
        """End a disk's block job, or have a job that is READY switch the disk over.

        Without PIVOT the disk stays on its present images: a pull or commit keeps what it has done so far, which is
        harmless; a copy is dropped, its file stays. Returns when the job has ended, and after the event.

        Args:
            path: Target or source path.
            flags: `virtkit.enums.DomainBlockJobAbortFlags`. PIVOT makes the copy, or the lower image, the disk. ASYNC
                returns at once; the event tells the end.

        Raises:
            InvalidArgError: No such disk.
            OperationInvalidError: The disk has no job, the domain does not run, or PIVOT for a job that does not
                mirror.
            BlockCopyActiveError: PIVOT, and the job is not READY.
        """
        raise not_supported("domain_block_job_abort")
