"""The backend `netfs`: what a server exports by NFS, CIFS or GlusterFS, mounted at the pool's target.

A server may stop answering at any time, and what waits for it cannot be ended. So everything that begins with the
folder first has a thread of its own see whether the server answers.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtkit.define.pool import TYPES
from virtkit.driver import Finding
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationFailedError,
    OperationTimeoutError,
    VirtError,
    XMLError,
)
from virtkit.services.runner import find_program, run
from virtkit.storage.backend import STORAGE, Formats
from virtkit.storage.directory import KNOWN, target
from virtkit.storage.mounts import MountedBackend
from virtkit.xml.pool import PoolSource, SourceFormat, SourceHost

if TYPE_CHECKING:
    from virtkit.storage.mounts import Mount
    from virtkit.xml.pool import StoragePool

SOURCES = ("auto", "nfs", "glusterfs", "cifs")
"""Formats of sources; `auto` is NFS."""

SERVER_TIMEOUT = 60.0
"""Seconds in which a server has to have mounted, unmounted or listed what it exports."""

ANSWER_TIMEOUT = 15.0
"""Seconds in which a server has to answer about what is mounted. NFS asks again after some."""

CREDENTIALS = ("cred", "user", "sec=krb")
"""How options of a CIFS mount begin that say who mounts; without one it is a guest."""

_HOST = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.:%\[\]-]*")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)?")


class NetworkBackend(MountedBackend):
    """A pool that is an export of a server."""

    name = "netfs"
    hook_api = 1
    shape = TYPES["netfs"]
    formats = Formats(SOURCES, "auto", KNOWN, "raw")
    mount_timeout = SERVER_TIMEOUT
    unmount_timeout = SERVER_TIMEOUT

    def __init__(self) -> None:
        self._answers = Answers()

    def backend_diagnose(self) -> Iterable[Finding]:
        path = find_program("mount.nfs")
        remedy = "" if path else "apt-get install nfs-common"
        yield Finding("mount.nfs", path is not None, path or "missing: exports of NFS cannot be mounted", remedy)

    def source_of(self, pool: StoragePool) -> str:
        host, folder = pool.source.hosts[0].name or "", pool.source.dir or ""
        if self.kind_of(pool) == "cifs":
            return f"//{host}/{folder.lstrip('/')}"
        return f"[{host}]:{folder}" if ":" in host and not host.startswith("[") else f"{host}:{folder}"

    def options_of(self, pool: StoragePool) -> Sequence[str]:
        kind = self.kind_of(pool)
        if kind == "glusterfs":
            return ["direct-io-mode=1"]
        if kind == "cifs":
            given = pool.mount_options.options if pool.mount_options else []
            return [] if any(option.startswith(CREDENTIALS) for option in given) else ["guest"]
        return [f"vers={pool.source.protocol}"] if pool.source.protocol else []

    def is_source(self, pool: StoragePool, found: Mount) -> bool:
        return found.source.rstrip("/") == self.source_of(pool).rstrip("/")

    def pool_check(self, pool: StoragePool) -> None:
        flaw = _flaw(pool.source)
        if flaw:
            raise XMLError(f"storage pool {pool.name!r}: {flaw}", domain=STORAGE)
        kind, version = (pool.source.format.type if pool.source.format else None), pool.source.protocol
        if kind not in SOURCES:
            raise ConfigUnsupportedError(
                f"storage pool {pool.name!r}: a source of format {kind!r} is on no server: choose one of "
                f"{', '.join(SOURCES)}",
                domain=STORAGE,
            )
        if version and kind not in ("nfs", "auto"):
            raise ConfigUnsupportedError(
                f"storage pool {pool.name!r}: only NFS has a protocol version, not {kind}: leave it out", domain=STORAGE
            )

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        return [*super().pool_claims(pool), f"export:{self.source_of(pool).rstrip('/')}"]

    def pool_find_sources(self, source: PoolSource) -> Iterable[PoolSource]:
        host = source.hosts[0].name if source.hosts else None
        if not host:
            raise InvalidArgError(
                "nothing says which server to look at: give <source> a <host name='...'/>", domain=STORAGE
            )
        if not _HOST.fullmatch(host):
            raise InvalidArgError(f"{host!r} is no name or address of a server", domain=STORAGE)
        try:
            output = run(["showmount", "--no-headers", "--exports", "--", host], timeout=SERVER_TIMEOUT, domain=STORAGE)
        except VirtError as error:
            message = f"the exports of {host} cannot be listed: {error.message}; check that it serves NFS"
            raise OperationFailedError(message, domain=STORAGE) from error
        return [
            PoolSource(hosts=[SourceHost(name=host)], dir=folder, format=SourceFormat(type="nfs"))
            for folder in exports(output.stdout)
        ]

    @contextmanager
    def opened(self, pool: StoragePool) -> Iterator[int]:
        self._answers.require(target(pool), f"storage pool {pool.name!r}: {self.source_of(pool)}")
        with super().opened(pool) as folder:
            yield folder


class Answers:
    """Sees whether the servers of folders answer."""

    def __init__(self) -> None:
        self._waiting: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def require(self, folder: str, subject: str) -> None:
        """Wait until a server has answered about a folder. All callers of one folder wait for one answer.

        Args:
            folder: The folder.
            subject: What errors call the server.

        Raises:
            OperationTimeoutError: It has not answered in time.
        """
        with self._lock:
            answered = self._waiting.get(folder)
            if answered is None:
                answered = self._waiting[folder] = threading.Event()
                ask = threading.Thread(target=self._ask, args=(folder, answered), name="virtkit-netfs", daemon=True)
                ask.start()
        if not answered.wait(ANSWER_TIMEOUT):
            raise OperationTimeoutError(
                f"{subject} has not answered for {ANSWER_TIMEOUT:g} s: check the server and the way to it",
                domain=STORAGE,
            )

    def _ask(self, folder: str, answered: threading.Event) -> None:
        try:
            os.statvfs(folder)
        except OSError:  # an answer, too
            pass
        finally:
            with self._lock:
                del self._waiting[folder]
            answered.set()


def exports(listed: bytes) -> list[str]:
    """The folders in what `showmount --exports --no-headers` says: each with who may mount it, aligned by blanks."""
    lines = (line.rsplit(maxsplit=1) for line in listed.decode(errors="replace").splitlines())
    return [fields[0].rstrip() for fields in lines if len(fields) == 2]


def _flaw(source: PoolSource) -> str:
    """What is wrong with where an export is; empty where nothing is."""
    if len(source.hosts) != 1:
        return f"it has {len(source.hosts)} hosts: give it one"
    host = source.hosts[0].name or ""
    if not _HOST.fullmatch(host):
        return f"{host!r} is no name or address of a server"
    if source.protocol is not None and not _VERSION.fullmatch(source.protocol):
        return f"{source.protocol!r} is no version of NFS: write it like 3 or 4.2"
    return ""
