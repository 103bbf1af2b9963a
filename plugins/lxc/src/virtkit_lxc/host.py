"""The host as the driver sees it: what it is, what it offers."""

from __future__ import annotations

import platform
import re
import socket
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.records import SecurityModel
from virtkit.services.guests.host import NodePart
from virtkit.spec import quick

if TYPE_CHECKING:
    from virtkit_lxc.state import Session

LXC = ErrorDomain.LXC


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

    @quick
    def node_get_security_model(self, conn: Session) -> SecurityModel:
        return SecurityModel("", "")
