"""Checkpoints of domains: points in time from which changed blocks are counted."""

from __future__ import annotations

import re
from typing import TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLInvalidSchemaError
from virtkit.xml.domain import Domain
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attribute, child, children, section, textchild
from virtkit.xml.values import INT, UNSIGNED, Refusal, Value, one_of, quoted, refused_as

T = TypeVar("T")


def _read_name(text: str) -> str:
    if not re.fullmatch(r"[a-zA-Z0-9_-][a-zA-Z0-9_.-]*", text):
        raise Refusal(f"{quoted(text)} is not a name of letters, digits, dashes, underscores and dots")
    return text


def checked(value: Value[T]) -> Value[T]:
    """A value that libvirt's schema checks: these documents are always validated."""
    return refused_as(XMLInvalidSchemaError, value, ErrorDomain.XML)


NAME = checked(Value(_read_name))


class CheckpointDisk(Element):
    """A disk, by target name, and its bitmap; `size` in bytes of what changed since."""

    name = attribute("name")
    checkpoint = attribute("checkpoint", checked(one_of("no", "bitmap")))
    bitmap = attribute("bitmap")
    size = attribute("size", checked(UNSIGNED))


class CheckpointDisks(Element):
    """The disks of a checkpoint."""

    disks = children("disk", CheckpointDisk)


class Parent(Element):
    """What a snapshot or checkpoint follows."""

    name = textchild("name")


class Checkpoint(Document, tag="domaincheckpoint", error_domain=ErrorDomain.DOMAIN_CHECKPOINT):
    """A checkpoint; `creation_time` in seconds since 1970. libvirt validates every such document."""

    name = textchild("name", NAME)
    description = textchild("description")
    parent = child("parent", Parent)
    creation_time = textchild("creationTime", checked(INT))
    disks = section("disks", CheckpointDisks)
    domain = child("domain", Domain)
    active = textchild("active", INT)
