"""Checkpoints of domains: points in time from which changed blocks are counted."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.domain import Domain
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attribute, child, children, section, textchild
from virtkit.xml.values import INT, UNSIGNED, one_of


class CheckpointDisk(Element):
    """A disk, by target name, and its bitmap; `size` in bytes of what changed since."""

    name = attribute("name")
    checkpoint = attribute("checkpoint", one_of("no", "bitmap"))
    bitmap = attribute("bitmap")
    size = attribute("size", UNSIGNED)


class CheckpointDisks(Element):
    """The disks of a checkpoint."""

    disks = children("disk", CheckpointDisk)


class Parent(Element):
    """What a snapshot or checkpoint follows."""

    name = textchild("name")


class Checkpoint(Document, tag="domaincheckpoint", error_domain=ErrorDomain.DOMAIN_CHECKPOINT):
    """A checkpoint; `creation_time` in seconds since 1970."""

    name = textchild("name")
    description = textchild("description")
    parent = child("parent", Parent)
    creation_time = textchild("creationTime", INT)
    disks = section("disks", CheckpointDisks)
    domain = child("domain", Domain)
    active = textchild("active", INT)
