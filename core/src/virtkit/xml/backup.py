"""Backup jobs of domains."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.domain.devices.parts import SourceLabel
from virtkit.xml.domain.devices.source import FILE_FORMATS
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, elements, section, textchild
from virtkit.xml.storage import Encryption
from virtkit.xml.values import PORT, YES_NO, one_of


class Server(Element):
    """Where a `pull` backup can be read: an NBD server on a port, or on a local socket."""

    transport = attribute("transport", one_of("tcp", "unix", "rdma"))
    tls = attribute("tls", YES_NO)
    name = attribute("name")
    port = attribute("port", PORT)
    socket = attribute("socket")


class Place(Element):
    """A file or block device."""

    file = attribute("file")
    dev = attribute("dev")
    encryption = child("encryption", Encryption)
    seclabels = children("seclabel", SourceLabel)


class BackupDisk(Element):
    """A disk, by target name: where its content goes.

    Attributes:
        backup: False leaves the disk out.
        state: While the job runs: how far it is.
        incremental: A checkpoint; only what changed since is saved.
        scratch: Keeps blocks that the guest overwrites during a `pull` backup.
        target: Gets the content of a `push` backup.
    """

    name = attribute("name")
    backup = attribute("backup", YES_NO)
    state = attribute("state", one_of("running", "complete", "failed", "cancelling", "cancelled"))
    type = attribute("type", one_of("file", "block"))
    mode = attribute("backupmode", one_of("full", "incremental"))
    incremental = attribute("incremental")
    export_name = attribute("exportname")
    export_bitmap = attribute("exportbitmap")
    format = attrchild("driver", "type", one_of(*FILE_FORMATS))
    scratch = child("scratch", Place)
    target = child("target", Place)


class BackupDisks(Element):
    """The disks of a backup."""

    disks = children("disk", BackupDisk)


class Backup(Document, tag="domainbackup", error_domain=ErrorDomain.DOMAIN):
    """A backup job: `push` writes files, `pull` offers the content to whoever reads it."""

    mode = attribute("mode", one_of("push", "pull"))
    incremental = textchild("incremental")
    server = child("server", Server)
    disks = section("disks", BackupDisks)
    private_data = elements("privateData")
