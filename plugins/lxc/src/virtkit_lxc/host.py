"""The host as the driver sees it: what it is, what it offers."""

from __future__ import annotations

import os
import platform
import re
import socket
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.records import SecurityModel
from virtkit.services.guests import sysinfo
from virtkit.services.guests.host import NodePart
from virtkit.spec import quick
from virtkit_lxc.define import OS_TYPES, RAN_TOGETHER
from virtkit_lxc.definition import refuse
from virtkit_lxc.drafts import TYPE, launcher

if TYPE_CHECKING:
    from virtkit.xml.capabilities import Capabilities
    from virtkit_lxc.state import Session

WORD_SIZES = {"i686": 32, "armv7l": 32}
"""Bits, where they are not 64."""


class HostPart(ConnectSpec["Session"], NodePart["Session"]):
    """The functions of the driver about connection and host."""

    @quick
    def connect_get_type(self, conn: Session) -> str:
        return "LXC"

    @quick
    def connect_get_version(self, conn: Session) -> int:
        """The version of the kernel, which is what runs containers."""
        numbers = [int(part) for part in re.findall(r"\d+", platform.release())[:3]]
        major, minor, micro = [*numbers, 0, 0, 0][:3]
        return major * 1_000_000 + minor * 1000 + min(micro, 999)

    @quick
    def connect_get_hostname(self, conn: Session) -> str:
        return socket.getfqdn() if not socket.getfqdn().startswith("localhost") else socket.gethostname()

    @quick
    def connect_is_secure(self, conn: Session) -> bool:
        return True

    def connect_get_capabilities(self, conn: Session) -> str:
        return capabilities().format()

    @quick
    def connect_get_sysinfo(self, conn: Session, flags: int) -> str:
        refuse("connect_get_sysinfo", flags)
        return sysinfo.document(domain=ErrorDomain.LXC)

    @quick
    def node_get_security_model(self, conn: Session) -> SecurityModel:
        return SecurityModel("none", "0")  # without a name, clients that enter a container refuse to


def capabilities() -> Capabilities:
    """The host, and the kinds of containers it runs."""
    from virtkit.services.guests.capabilities import describe
    from virtkit.xml import capabilities as xml

    document = xml.Capabilities()
    describe(document.host)
    arch = os.uname().machine
    for name in RAN_TOGETHER.get(arch, (arch,)):
        described = xml.GuestArch(name=name, wordsize=WORD_SIZES.get(name, 64), emulator=launcher())
        described.domains = [xml.GuestDomain(type=TYPE)]
        document.guests.append(xml.Guest(os_type=OS_TYPES[0], arch=described))
    return document
