"""The host as the driver sees it: what it is, what it offers, how it is doing."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.records import SecurityModel
from virtkit.services.guests.host import NodePart
from virtkit.spec import quick
from virtkit_qemu import binary, capabilities
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU

MAX_VCPUS = 255
"""Of the machine types that every QEMU has."""


class HostPart(ConnectSpec["Session"], NodePart["Session"]):
    """The functions of the driver about connection and host."""

    @quick
    def connect_get_type(self, conn: Session) -> str:
        return "QEMU"

    def connect_get_version(self, conn: Session) -> int:
        emulator = binary.find(os.uname().machine)
        if emulator is None:
            package = binary.package(os.uname().machine)
            raise InternalError(f"no QEMU is installed: apt-get install {package}", domain=QEMU)
        major, minor, micro = conn.state.binaries.facts(emulator).version
        return major * 1_000_000 + minor * 1000 + micro

    @quick
    def connect_get_hostname(self, conn: Session) -> str:
        return socket.getfqdn() if not socket.getfqdn().startswith("localhost") else socket.gethostname()

    @quick
    def connect_is_secure(self, conn: Session) -> bool:
        return True

    def connect_get_max_vcpus(self, conn: Session, type: str | None) -> int:
        if type is not None and type.lower() not in ("qemu", "kvm"):
            raise InvalidArgError(f"this driver runs domains of type qemu and kvm, not {type!r}", domain=QEMU)
        return MAX_VCPUS

    def connect_get_capabilities(self, conn: Session) -> str:
        return capabilities.of_host(conn.state.binaries).format()

    def connect_get_domain_capabilities(
        self,
        conn: Session,
        emulatorbin: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        flags: int,
    ) -> str:
        refuse("connect_get_domain_capabilities", flags)
        asked = capabilities.Question(emulatorbin, arch, machine, virttype)
        return capabilities.of_domains(conn.state.binaries, asked).format()

    @quick
    def node_get_security_model(self, conn: Session) -> SecurityModel:
        return SecurityModel("", "")
