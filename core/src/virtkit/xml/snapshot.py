"""Snapshots of domains."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.checkpoint import Parent
from virtkit.xml.domain import Domain
from virtkit.xml.domain.cpu import Cpu
from virtkit.xml.domain.devices.source import FILE_FORMATS, DiskSource, MetadataCache
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attribute, child, children, flag, section, textchild
from virtkit.xml.values import INT, one_of

STATES = one_of(
    *("nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended", "disk-snapshot"),
    error=ConfigUnsupportedError,
)
"""States of the domain, by the names of `virtkit.enums.DomainState`, and that of a snapshot without memory."""


class SnapshotMemory(Element):
    """Where the guest's memory is kept."""

    snapshot = attribute("snapshot", one_of("no", "internal", "external"))
    file = attribute("file")


class SnapshotDriver(Element):
    """Format of a new disk image."""

    type = attribute("type", one_of(*FILE_FORMATS, error=ConfigUnsupportedError))
    metadata_cache = section("metadata_cache", MetadataCache)


class SnapshotDisk(Element):
    """A disk, by target name, and how its content is kept."""

    name = attribute("name")
    snapshot = attribute("snapshot", one_of("no", "internal", "external", "manual"))
    type = attribute("type", one_of("file", "block", "network"))
    driver = child("driver", SnapshotDriver)
    source = child("source", DiskSource)


class SnapshotDisks(Element):
    """The disks of a snapshot."""

    disks = children("disk", SnapshotDisk)


class Cookie(Element):
    """What the hypervisor noted for going back to the snapshot: the CPU that the guest really had."""

    cpu = child("cpu", Cpu)
    slirp_helper = flag("slirpHelper")


class Snapshot(Document, tag="domainsnapshot", error_domain=ErrorDomain.DOMAIN_SNAPSHOT):
    """A snapshot; `creation_time` in seconds since 1970, `domain` the definition at that time."""

    name = textchild("name")
    description = textchild("description")
    state = textchild("state", STATES)
    parent = child("parent", Parent)
    creation_time = textchild("creationTime", INT)
    memory = child("memory", SnapshotMemory)
    disks = section("disks", SnapshotDisks)
    domain = child("domain", Domain)
    inactive_domain = child("inactiveDomain", Domain)
    cookie = child("cookie", Cookie)
    active = textchild("active", INT)
