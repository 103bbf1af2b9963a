"""Secrets."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attribute, section, textchild
from virtkit.xml.values import UUID, YES_NO, one_of


class Usage(Element):
    """What a secret is for, and the object it belongs to."""

    type = attribute("type", one_of("volume", "ceph", "iscsi", "tls", "vtpm"))
    name = textchild("name")
    volume = textchild("volume")
    target = textchild("target")


class Secret(Document, tag="secret", error_domain=ErrorDomain.SECRET):
    """A secret, without its value."""

    ephemeral = attribute("ephemeral", YES_NO)
    private = attribute("private", YES_NO)
    uuid = textchild("uuid", UUID)
    description = textchild("description")
    usage = section("usage", Usage)
