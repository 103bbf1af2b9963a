"""What a command works with: the connection, opened when first needed, and the output."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import virtkit
from virtkit.errors import VirtError

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit import Connection, Domain
    from virtkit_cli.output import Output

    Percentage = Callable[[], int | None]

T = TypeVar("T")

PROGRESS_SECONDS = 0.5


class Session:
    """One run of the program; its commands share a connection.

    Attributes:
        uri: What `--connect` said, or None.
        readonly: Open read-only.
        out: Where to print.
        status: The exit status of virtkit, when nothing fails.
    """

    def __init__(self, out: Output, uri: str | None = None, *, readonly: bool = False) -> None:
        self.out = out
        self.status = 0
        self.uri = uri
        self.readonly = readonly
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The connection."""
        if self._connection is None:
            self._connection = virtkit.open(self.uri, readonly=self.readonly)
        return self._connection

    def reopen(self, uri: str | None, *, readonly: bool) -> None:
        """Use another connection from now on."""
        self.close()
        self.uri, self.readonly = uri, readonly

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def job(self, domain: Domain, label: str, work: Callable[[], T]) -> T:
        """Do long work on a domain; a terminal shows how far it is, Ctrl+C aborts it.

        Returns:
            What the work returned.

        Raises:
            KeyboardInterrupt: It was aborted.
        """
        return self.watched(label, work, lambda: _percentage(domain), domain.abort_job)

    def watched(self, label: str, work: Callable[[], T], percentage: Percentage, abort: Callable[[], None]) -> T:
        """Do long work in another thread, while a terminal shows how far it is.

        Args:
            label: What is shown before the percentage.
            work: The work.
            percentage: How far it is; None while nobody knows.
            abort: Called on Ctrl+C; the work then has to end by itself.
        """
        from concurrent.futures import ThreadPoolExecutor, wait

        shows = not self.out.quiet and not self.out.json and sys.stderr.isatty()
        with ThreadPoolExecutor(1) as pool:
            try:
                future = pool.submit(work)
                while wait([future], PROGRESS_SECONDS).not_done:
                    done = percentage() if shows else None
                    if done is not None:
                        print(f"\r{label}: {done:3d} %", end="", file=sys.stderr, flush=True)
            except KeyboardInterrupt:
                with suppress(VirtError):  # it has just ended, or cannot be aborted: then it is waited for
                    abort()
                raise
            finally:
                if shows:
                    print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            return future.result()


def _percentage(domain: Domain) -> int | None:
    """How far the job of a domain is; None where it has not begun, or the driver cannot tell."""
    try:
        job = domain.job_info()
    except VirtError:
        return None
    return 100 * job.data_processed // job.data_total if job.data_total else None
