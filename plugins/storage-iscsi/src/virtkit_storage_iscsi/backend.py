"""The backend `iscsi`: a pool is a target that the host is logged in to, a volume is a logical unit of it."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from virtkit.define.pool import PoolType
from virtkit.driver import Finding
from virtkit.enums import StorageVolType
from virtkit.errors import ConfigUnsupportedError, InvalidArgError, SystemCallError, XMLError
from virtkit.services.runner import find_program
from virtkit.storage import nodes
from virtkit.storage.backend import STORAGE, Figures, Guard, Secret, StorageBackend, Volume
from virtkit_storage_iscsi import commands, holders, initiator, sessions
from virtkit_storage_iscsi.commands import Node
from virtkit_storage_iscsi.initiator import Credentials

if TYPE_CHECKING:
    from virtkit.xml.pool import PoolSource, StoragePool
    from virtkit.xml.volume import StorageVolume
    from virtkit_storage_iscsi.sessions import Session, Unit

DISKS_SECONDS = 10.0
"""How long the kernel may take to make the block devices of a target that was just logged in to."""

TICK = 0.02
"""Seconds between two looks at whether it has."""

PORTS = range(1, 65536)

_log = logging.getLogger(__name__)


class IscsiBackend(StorageBackend):
    """Pools of type `iscsi`."""

    name = "iscsi"
    hook_api = 1
    shape = PoolType(("hosts", "devices"))

    # Host

    def backend_probe(self) -> str | None:
        return next((f"{found.detail}: {found.remedy}" for found in self.backend_diagnose() if not found.fine), None)

    def backend_diagnose(self) -> Iterable[Finding]:
        path = find_program("iscsiadm")
        remedy = "" if path else "apt-get install open-iscsi"
        yield Finding("iscsiadm", path is not None, path or "iscsiadm is not installed", remedy)

    # Pools

    def pool_check(self, pool: StoragePool) -> None:
        source, subject = pool.source, subject_of(pool)
        if len(source.hosts) != 1 or len(source.devices) != 1:
            raise XMLError(
                f"{subject} has {len(source.hosts)} hosts and {len(source.devices)} devices: give one of each, "
                "the server and the name of its target",
                domain=STORAGE,
            )
        _check_server(subject, source)
        for name in (_node(pool).target, _node(pool).initiator):
            if name and not commands.is_name(name):
                raise XMLError(
                    f"{subject}: {name!r} is no name of an iSCSI target or initiator: give one such as "
                    "iqn.2026-01.org.example:disks",
                    domain=STORAGE,
                )
        auth = source.auth
        if auth is not None and auth.type != "chap":
            raise ConfigUnsupportedError(
                f"{subject}: iSCSI servers authenticate by chap, not by {auth.type}: correct <auth>", domain=STORAGE
            )
        if auth is not None and not (auth.username and auth.username.isprintable()):
            raise XMLError(f"{subject}: its <auth> has no username of one line: give one", domain=STORAGE)

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        node, folder = _node(pool), pool.target.path or ""
        yield f"target:{node.target}" + (f" as {node.initiator}" if node.initiator else "")
        if not nodes.is_shared(folder):
            yield f"path:{folder}"

    def pool_find_sources(self, source: PoolSource) -> Iterable[PoolSource]:
        from virtkit.xml.pool import PoolSource, SourceDevice, SourceHost, SourceInitiator

        if not source.hosts or not source.hosts[0].name:
            raise InvalidArgError(
                "targets of iSCSI are found at a server: name it by <host> in the <source>", domain=STORAGE
            )
        _check_server("the search for iSCSI targets", source)
        name = (source.initiator and source.initiator.iqn) or ""
        if name and not commands.is_name(name):
            raise InvalidArgError(f"{name!r} is no name of an iSCSI initiator: give one such as iqn...", domain=STORAGE)
        host, port = _server(source)
        for target in initiator.discover(host, port, name):
            yield PoolSource(
                hosts=[SourceHost(name=host, port=port)],
                devices=[SourceDevice(path=target)],
                initiator=SourceInitiator(iqn=name) if name else None,
            )

    def pool_active(self, pool: StoragePool) -> bool:
        return _session(pool) is not None

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        if overwrite is not None:
            raise InvalidArgError(
                f"{subject_of(pool)} is a target, on which nothing is built: build it without overwrite, or not at all",
                domain=STORAGE,
            )

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        subject = subject_of(pool)
        if _session(pool) is None:
            auth = pool.source.auth
            credentials = None if auth is None else Credentials(auth.username or "", secret(), subject)
            initiator.login(subject, _node(pool), credentials, guard)
        _await_disks(_require_session(pool), guard)

    def pool_stop(self, pool: StoragePool) -> None:
        session = _session(pool)
        if session is not None:
            found = sessions.units(session)
            parts = [f"/dev/{name}" for each in found for name in sessions.partitions(each)]
            holders.require_free(subject_of(pool), [*(each.node for each in found), *parts])
        initiator.logout(subject_of(pool), _node(pool))

    def pool_figures(self, pool: StoragePool) -> Figures:
        size = sum(each.size for each in sessions.units(_require_session(pool)))
        return Figures(size, size, 0)

    def pool_describe(self, pool: StoragePool) -> None:
        pool.source.hosts[0].port = _server(pool.source)[1]

    # Volumes

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        session = _require_session(pool)
        initiator.rescan(session.number)
        _await_disks(session, lambda: None)
        links = nodes.links(pool.target.path or "")
        return [_volume(each, links) for each in sessions.units(session)]

    def volume_find(self, pool: StoragePool, name: str, known: Volume | None = None) -> Volume | None:
        found = sessions.unit(_require_session(pool), name)
        return None if found is None else _volume(found, nodes.links(pool.target.path or ""))

    def volume_name_of(self, pool: StoragePool, path: str) -> str | None:
        session, number = _session(pool), nodes.number_of(path)
        return sessions.unit_name_at(session, nodes.sysfs_of(number)) if session and number else None

    def volume_describe(self, pool: StoragePool, volume: Volume) -> StorageVolume:
        from virtkit.xml.volume import StorageVolume

        document = StorageVolume()
        node = nodes.described(volume.path)
        if node is not None:
            document.target.permissions, document.target.timestamps = node
        return document

    def volume_open(self, pool: StoragePool, volume: Volume, *, write: bool) -> int:
        return nodes.opened(subject_of(pool), volume.path, write=write)


def subject_of(pool: StoragePool) -> str:
    """What messages call a pool."""
    return f"storage pool {pool.name!r}"


def _server(source: PoolSource) -> tuple[str, int]:
    return source.hosts[0].name or "", source.hosts[0].port or commands.PORT


def _check_server(subject: str, source: PoolSource) -> None:
    host, port = _server(source)
    if not commands.is_host(host):
        raise XMLError(f"{subject}: {host!r} is no name or address of a server: give one", domain=STORAGE)
    if port not in PORTS:
        raise XMLError(f"{subject}: {port} is no port: choose one from 1 to 65535, or leave it out", domain=STORAGE)


def _node(pool: StoragePool) -> Node:
    host, port = _server(pool.source)
    name = (pool.source.initiator and pool.source.initiator.iqn) or ""
    return Node(pool.source.devices[0].path or "", host, port, name)


def _session(pool: StoragePool) -> Session | None:
    node = _node(pool)
    return sessions.find(node.target, node.initiator)


def _require_session(pool: StoragePool) -> Session:
    """The session of a pool.

    Raises:
        SystemCallError: There is none (ENOTCONN).
    """
    found = _session(pool)
    if found is None:
        raise SystemCallError(
            f"{subject_of(pool)}: the host is not logged in to {_node(pool).target}: start the pool",
            domain=STORAGE,
            int1=errno.ENOTCONN,
        )
    return found


def _await_disks(session: Session, guard: Guard) -> None:
    """Wait until the disks of a session can be opened, which is a moment after login."""
    end = time.monotonic() + DISKS_SECONDS
    while sessions.pending(session):
        if time.monotonic() > end:
            _log.warning("iSCSI session %d has disks that the kernel has not made within a while", session.number)
            break
        guard()
        time.sleep(TICK)
    nodes.settle()


def _volume(found: Unit, links: dict[str, str]) -> Volume:
    path = nodes.path_in(links, found.node)
    return Volume(found.name, path, found.key or path, StorageVolType.BLOCK, found.size, found.size, found.size)
