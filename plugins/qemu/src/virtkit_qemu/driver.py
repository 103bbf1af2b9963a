"""The driver: its sessions, and what it needs of the host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.driver import Finding, OpenRequest
from virtkit.enums import ErrorDomain
from virtkit.errors import VirtError
from virtkit.network.links import TUN
from virtkit.services.guests import diagnosis
from virtkit.services.guests.annotations import AnnotationsPart
from virtkit.services.guests.bandwidth import BandwidthPart
from virtkit.services.tenancy import TenantDriver
from virtkit.store import Root
from virtkit_qemu import binary, kvm
from virtkit_qemu.addresses import AddressesPart
from virtkit_qemu.console import ConsolePart
from virtkit_qemu.definition import DefinitionPart
from virtkit_qemu.host import HostPart
from virtkit_qemu.inside import InsidePart
from virtkit_qemu.lifecycle import LifecyclePart
from virtkit_qemu.passthrough import PassthroughPart
from virtkit_qemu.state import QemuState, Session
from virtkit_qemu.statistics import ResourcesPart, StatisticsPart

if TYPE_CHECKING:
    pass


class QemuDriver(
    AddressesPart,
    AnnotationsPart["Session"],
    DefinitionPart,
    InsidePart,
    LifecyclePart,
    BandwidthPart["Session"],
    StatisticsPart,
    ResourcesPart,
    ConsolePart,
    PassthroughPart,
    HostPart,
    TenantDriver["Session"],
):
    """Virtual machines of this host, run by QEMU."""

    name = "qemu"
    hook_api = 1
    kinds = ("hypervisor",)
    attaches = True
    error_domain = ErrorDomain.QEMU

    def make_state(self, root: Root, request: OpenRequest) -> QemuState:
        return QemuState(root, request.peers)

    def make_session(self, state: QemuState, request: OpenRequest) -> Session:
        return Session(state)

    def driver_probe(self) -> str | None:
        arch = os.uname().machine
        if binary.find(arch) is None:
            return f"no QEMU for {arch} is installed: apt-get install {binary.package(arch)}"
        return None

    def driver_diagnose(self) -> Sequence[Finding]:
        return [*_emulators(), _image_tool(), _taps(), *diagnosis.folders("qemu")]


def _emulators() -> list[Finding]:
    arch = os.uname().machine
    found = binary.find(arch)
    if found is None:
        return [
            Finding("emulator", False, f"no QEMU for {arch} is installed", f"apt-get install {binary.package(arch)}")
        ]
    state = Root.system() if os.geteuid() == 0 else Root.session()
    binaries = binary.Binaries(state.driver("qemu").lib / "capabilities")
    try:
        version = ".".join(map(str, binaries.facts(found).version))
        verdict = binaries.kvm(found)
    except VirtError as error:
        return [Finding("emulator", False, str(error))]
    detail = "works" if verdict.works else f"{verdict.reason}; guests of type qemu run without it"
    return [Finding("emulator", True, f"{found}, version {version}"), Finding(str(kvm.DEVICE), verdict.works, detail)]


def _image_tool() -> Finding:
    found = shutil.which("qemu-img")
    if found:
        return Finding("qemu-img", True, found)
    return Finding("qemu-img", False, "not installed: disk images cannot be looked into", "apt-get install qemu-utils")


def _taps() -> Finding:
    if os.access(TUN, os.R_OK | os.W_OK):
        return Finding(TUN, True, "usable; guests' interfaces can be plugged into bridges and networks by root")
    remedy = "" if os.path.exists(TUN) else "modprobe tun"
    return Finding(TUN, False, "cannot be opened: interfaces cannot be plugged into bridges and networks", remedy)
