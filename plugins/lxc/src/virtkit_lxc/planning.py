"""From a document to a plan: what it asks for, found on this host."""

from __future__ import annotations

import os
import posixpath
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, OperationInvalidError, SystemCallError
from virtkit.xml.domain.devices.disk import Disk
from virtkit.xml.domain.devices.hostdev import CapabilitySource, Hostdev
from virtkit_lxc import images, interfaces, roots, templates, users
from virtkit_lxc.define import additions
from virtkit_lxc.plan import Node, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

NAMED_NETWORKS = Path("/run/netns")
"""Where ip-netns(8) keeps namespaces that have names."""


def plan(state: LxcState, guest: Container, run: Run) -> Plan:
    """Settle what a container starts with; its devices and interfaces are made.

    Raises:
        SystemCallError: Something the document names is missing; `int1` is the errno.
        ConfigUnsupportedError: It is of another kind than the document says.
        OperationInvalidError: A container whose namespaces it is to share does not run.
        VirtError: The host refuses; see `images.attach`, `templates.attach` and `interfaces.plug`.
    """
    domain = run.live
    folders = _check_sources(guest, domain)
    nodes = tuple(_nodes(guest, domain))
    shared = dict(_shared(state, guest, domain))
    template = templates.attach(state, guest, run)
    root = next((each.source.dir for each in domain.devices.filesystems if each.target == "/" and each.source), None)
    root = str(template.lower) if template else root
    user, group = users.of_init(guest.subject, domain, root)
    numbers = {device.path or "": _number(guest, device.path or "") for device in domain.blkio_tune.devices}
    found = images.attach(guest, run, partial(state.record, guest))
    links = interfaces.plug(state, guest, run)
    alone = bool(links or domain.features.privnet)
    added = additions.read(domain)
    settled = Plan(
        run.folder,
        run.cgroup,
        state.layout,
        links=links,
        network="own" if alone else "host",
        shared=shared,
        images=found,
        template=template,
        files=frozenset(path for path, is_folder in folders.items() if not is_folder),
        nodes=nodes,
        numbers=numbers,
        user=user,
        group=group,
        pids=added.pids,
        no_new_privs=added.no_new_privs,
        seccomp=_profile(guest, added.seccomp),
    )
    return roots.prepared(domain, settled)


def _check_sources(guest: Container, domain: Domain) -> dict[str, bool]:
    """The sources of mounted file systems, and which of them are folders."""
    found: dict[str, bool] = {}
    for mounted in domain.devices.filesystems:
        path = mounted.source.dir if mounted.source and mounted.type == "mount" else None
        if path is not None:
            found[path] = stat.S_ISDIR(_status(guest, path, "its file system").st_mode)
            if mounted.target == "/" and not found[path]:
                raise ConfigUnsupportedError(f"{guest.subject} cannot start: its root {path} is no folder", domain=LXC)
    return found


def _nodes(guest: Container, domain: Domain) -> Iterator[Node]:
    devices: list[Disk | Hostdev] = [*domain.devices.disks, *domain.devices.hostdevs]
    for device in devices:
        found = node_of(guest, device)
        if found is not None:
            yield found


def node_of(guest: Container, device: Disk | Hostdev) -> Node | None:
    """The node of a disk or of a device of the host; None: it has none.

    Raises:
        SystemCallError: It is missing; `int1` is the errno.
        ConfigUnsupportedError: It is no device.
    """
    source = device.source
    if isinstance(device, Disk):
        path = device.source.dev if device.source else None
        target = f"/dev/{device.target.dev if device.target else ''}"
    else:
        path = (source.block or source.char) if isinstance(source, CapabilitySource) else None
        target = path or ""
    return _node(guest, path, target, writable=not device.readonly) if path else None


def _node(guest: Container, path: str, target: str, *, writable: bool) -> Node:
    target = posixpath.normpath(target)
    if not target.startswith("/dev/"):
        raise ConfigUnsupportedError(
            f"{guest.subject}: {path} cannot be {target} in a container: devices are below /dev", domain=LXC
        )
    status = _status(guest, path, "its device")
    kind = "b" if stat.S_ISBLK(status.st_mode) else "c" if stat.S_ISCHR(status.st_mode) else ""
    if not kind:
        raise ConfigUnsupportedError(f"{guest.subject} cannot start: {path} is no device", domain=LXC)
    return Node(path, target, kind, os.major(status.st_rdev), os.minor(status.st_rdev), writable)


def _number(guest: Container, path: str) -> str:
    status = _status(guest, path, "the device of its <blkiotune>")
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def _shared(state: LxcState, guest: Container, domain: Domain) -> Iterator[tuple[str, str]]:
    """Kind of each shared namespace, and where it is."""
    wanted = domain.lxc_namespace
    if wanted is None:
        return
    for kind, found in (("net", wanted.sharenet), ("ipc", wanted.shareipc), ("uts", wanted.shareuts)):
        for each in found:
            path = _namespace(state, guest, kind, getattr(each, "attributes", {}))
            _status(guest, path, f"its {kind} namespace")
            yield kind, path


def _namespace(state: LxcState, guest: Container, kind: str, said: Mapping[str, str]) -> str:
    how, value = said.get("type"), said.get("value", "")
    if how == "netns" and kind == "net" and value and "/" not in value:
        return str(NAMED_NETWORKS / value)
    if how == "pid" and value.isdigit():
        return f"/proc/{value}/ns/{kind}"
    if how == "name":
        other = state.domains.by_name(value)
        if other.run is None or other.run.pid is None:
            raise OperationInvalidError(
                f"{guest.subject} shares a namespace of {other.subject}, which is not running: start it first",
                domain=LXC,
            )
        return f"/proc/{other.run.pid}/ns/{kind}"
    raise ConfigUnsupportedError(
        f"{guest.subject} shares a namespace of type {how!r} and value {value!r}: give netns, name or pid", domain=LXC
    )


def _profile(guest: Container, path: str | None) -> Path | None:
    """The profile of system calls that a document names."""
    if path is None:
        return None
    if not stat.S_ISREG(_status(guest, path, "its profile of system calls").st_mode):
        raise ConfigUnsupportedError(
            f"{guest.subject} cannot start: its profile of system calls {path} is no file", domain=LXC
        )
    return Path(path)


def _status(guest: Container, path: str, what: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError as error:
        raise SystemCallError(
            f"{guest.subject} cannot start: {what} {path}: {error.strerror}", domain=LXC, int1=error.errno or -1
        ) from error
