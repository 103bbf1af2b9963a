"""The status document of an active network: what the next owner of the root needs to find and adopt it."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.element import Document, Element
from virtkit.xml.network import Network
from virtkit.xml.networkport import NetworkPort
from virtkit.xml.schema import attrchild, attribute, child, children
from virtkit.xml.values import UNSIGNED, one_of

STARTING, ACTIVE, STOPPING = "starting", "active", "stopping"


class Ports(Element):
    """What is plugged in."""

    ports = children("networkport", NetworkPort)


class Status(Document, tag="networkstatus", error_domain=ErrorDomain.NETWORK):
    """How a network is active.

    Attributes:
        phase: Whether it works, or was to be taken apart when this was written: what is there of it is to be removed.
        link: Number of its bridge; None: it was not made yet, or the network has none of its own.
        network: What it is active with.
        ports: Its ports.
    """

    phase = attribute("phase", one_of(STARTING, ACTIVE, STOPPING))
    link = attrchild("link", "index", UNSIGNED)
    network = child("network", Network)
    ports = child("ports", Ports)
