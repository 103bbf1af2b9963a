"""Secrets."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attribute, section, textchild
from virtkit.xml.values import UUID, YES_NO, one_of, refused_as

ID_ELEMENTS = {"volume": "volume", "ceph": "name", "iscsi": "target", "tls": "name", "vtpm": "name"}
"""Type of use -> element with its id. `none` has no id, and is the same as no use."""

_PROPERTY = refused_as(XMLError, YES_NO, ErrorDomain.SECRET)


class Usage(Element):
    """What a secret is for, and the object it belongs to."""

    type = attribute("type", one_of("none", *ID_ELEMENTS, error=ConfigUnsupportedError))
    name = textchild("name")
    volume = textchild("volume")
    target = textchild("target")

    @property
    def id(self) -> str:
        """What the type is keyed by: a path or a name; empty where there is none."""
        element = ID_ELEMENTS.get(self.type or "none", "")
        return getattr(self, element, None) or "" if element else ""


class Secret(Document, tag="secret", error_domain=ErrorDomain.SECRET):
    """A secret, without its value."""

    ephemeral = attribute("ephemeral", _PROPERTY)
    private = attribute("private", _PROPERTY)
    uuid = textchild("uuid", UUID)
    description = textchild("description")
    usage = section("usage", Usage)
