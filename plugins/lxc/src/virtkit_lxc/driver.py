"""The driver: its sessions, and what it needs of the host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from virtkit.driver import Finding, OpenRequest
from virtkit.enums import ErrorDomain
from virtkit.services.guests import diagnosis
from virtkit.services.guests.bandwidth import BandwidthPart
from virtkit.services.tenancy import TenantDriver
from virtkit_lxc.additions import AdditionsPart
from virtkit_lxc.blockio import BlockIoPart
from virtkit_lxc.console import ConsolePart
from virtkit_lxc.definition import DefinitionPart
from virtkit_lxc.devices import DevicesPart
from virtkit_lxc.executing import ExecutionPart
from virtkit_lxc.host import HostPart
from virtkit_lxc.inside import InsidePart
from virtkit_lxc.lifecycle import LifecyclePart
from virtkit_lxc.resources import ResourcesPart
from virtkit_lxc.state import LxcState, Session
from virtkit_lxc.statistics import BlockStatisticsPart, StatisticsPart

if TYPE_CHECKING:
    from virtkit.roots import RootRequest
    from virtkit.store import Root

PATHS = ("/system", "/session", "/embed", "/", "")
"""Of URIs; the last two are libvirt's other words for /system."""

PROGRAMS = {"lxc-start": "lxc", "lxc-attach": "lxc", "setsid": "util-linux"}
PROGRAMS_OF_ROOT = {"mount": "mount", "blkid": "util-linux"}
"""Program -> the package it comes with."""

NAMESPACES = ("ipc", "mnt", "net", "pid", "uts")


class LxcDriver(
    BandwidthPart["Session"],
    AdditionsPart,
    DefinitionPart,
    LifecyclePart,
    ConsolePart,
    DevicesPart,
    ResourcesPart,
    BlockIoPart,
    StatisticsPart,
    BlockStatisticsPart,
    InsidePart,
    ExecutionPart,
    HostPart,
    TenantDriver["Session"],
):
    """Containers of this host, run by liblxc."""

    name = "lxc"
    hook_api = 1
    kinds = ("hypervisor",)
    attaches = True
    error_domain = ErrorDomain.LXC
    paths = ("/system", "/session", "/embed", "/", "")

    def make_state(self, root: Root, request: OpenRequest) -> LxcState:
        return LxcState(root, request.peers)

    def make_session(self, state: LxcState, request: OpenRequest) -> Session:
        return Session(state)

    def driver_probe(self) -> str | None:
        if not shutil.which("lxc-start"):
            return "liblxc's programs are not installed: apt-get install lxc"
        if os.geteuid() != 0:
            from virtkit_lxc import rootless

            return rootless.without_namespaces()
        return None

    def driver_make_root(self, request: RootRequest) -> str:
        from virtkit_lxc import rootfs

        return rootfs.make(request)

    def driver_diagnose(self) -> Sequence[Finding]:
        if os.geteuid() == 0:
            whose = [Finding("user", True, "root"), *_programs(PROGRAMS_OF_ROOT)]
        else:
            from virtkit_lxc import checking

            whose = checking.plain_user()
        return [*_programs(PROGRAMS), *whose, *map(_namespace, NAMESPACES), *diagnosis.folders("lxc")]


def _programs(packages: Mapping[str, str]) -> list[Finding]:
    return [_program(name, package) for name, package in packages.items()]


def _program(name: str, package: str) -> Finding:
    found = shutil.which(name)
    if found:
        return Finding(name, True, found)
    return Finding(name, False, "not installed", f"apt-get install {package}")


def _namespace(kind: str) -> Finding:
    if os.path.exists(f"/proc/self/ns/{kind}"):
        return Finding(f"namespace {kind}", True, "the kernel has it")
    return Finding(f"namespace {kind}", False, "the kernel lacks it: boot one with it")
