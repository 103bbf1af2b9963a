"""What a command works with: the connection, opened when first needed, and the output."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import virtkit
from virtkit.errors import VirtError

if TYPE_CHECKING:
    from virtkit import Connection, Domain
    from virtkit_cli.output import Output


PROGRESS_SECONDS = 0.5


class Session:
    """One run of the program; its commands share a connection.

    Attributes:
        uri: What `--connect` said, or None.
        readonly: Open read-only.
        out: Where to print.
    """

    def __init__(self, out: Output, uri: str | None = None, *, readonly: bool = False) -> None:
        self.out = out
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

    @contextmanager
    def progress(self, domain: Domain, label: str) -> Iterator[None]:
        """Show on the terminal how far the job of a domain is while the block runs."""
        if self.out.quiet or self.out.json or not sys.stderr.isatty():
            yield
            return
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(domain, label, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def _watch(domain: Domain, label: str, ended: threading.Event) -> None:
    """Print the percentage of a domain's job until it has ended."""
    while not ended.wait(PROGRESS_SECONDS):
        try:
            job = domain.job_info()
        except VirtError:
            continue  # it has not begun, or the driver cannot tell
        if job.data_total:
            done = 100 * job.data_processed // job.data_total
            print(f"\r{label}: {done:3d} %", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr, flush=True)
