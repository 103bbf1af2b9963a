"""Where the bytes of a disk are: shared by disks, their backing chain, mirrors and the variables of firmware."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError, InvalidArgError
from virtkit.xml.address import PciPlace
from virtkit.xml.domain.devices.parts import SMALL, STARTUP_POLICY, Reconnect, SourceLabel
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, children, elements, section, size, text
from virtkit.xml.storage import AuthSecret, Encryption
from virtkit.xml.values import PORT, UNSIGNED, YES_NO, one_of, refused_as

STORAGE_TYPES = one_of("file", "block", "dir", "network", "volume", "nvme", "vhostuser")

FILE_FORMATS = (
    "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "luks", "cow", "qcow", "qcow2",
    "qed", "vmdk",
)  # fmt: skip

PROTOCOLS = (
    "nbd", "gluster", "rbd", "iscsi", "http", "https", "ftps", "ftp", "sheepdog", "tftp", "vxhs", "nfs", "ssh",
)  # fmt: skip


class NetworkHost(Element):
    """A server of a network disk: a name and port, or a local socket."""

    name = attribute("name")
    port = attribute("port", refused_as(InvalidArgError, PORT, 0))
    transport = attribute("transport", one_of("tcp", "rdma", "unix", error=ConfigUnsupportedError))
    socket = attribute("socket")


class Identity(Element):
    """The user and group of NFS requests: names, or numbers after `+`."""

    user = attribute("user")
    group = attribute("group")


class Initiator(Element):
    """The name under which an iSCSI server knows this host."""

    iqn = attrchild("iqn", "name")


class Cookie(Element):
    """A cookie of HTTP requests."""

    name = attribute("name")
    value = text()


class Cookies(Element):
    """The cookies of HTTP requests."""

    cookies = children("cookie", Cookie)


class Slice(Element):
    """A part of the file that is the whole disk; in bytes."""

    type = attribute("type", one_of("storage"))
    offset = attribute("offset", UNSIGNED)
    size = attribute("size", UNSIGNED)


class Slices(Element):
    """Parts of the file."""

    slices = children("slice", Slice)


class DiskSecret(AuthSecret):
    """The secret that authenticates a disk; a pool's may be of any type."""

    type = attribute("type", one_of("none", "volume", "ceph", "iscsi", "tls", "vtpm", error=ConfigUnsupportedError))


class Auth(Element):
    """Who asks the server for the disk."""

    username = attribute("username")
    secret = child("secret", DiskSecret)


class ReservationSource(Element):
    """The socket of the helper for persistent reservations."""

    type = attribute("type", one_of("unix"))
    path = attribute("path")
    mode = attribute("mode", one_of("server", "client"))
    reconnect = child("reconnect", Reconnect)


class Reservations(Element):
    """Persistent reservations of SCSI disks: by a managed helper, or by the one behind a socket."""

    managed = attribute("managed", YES_NO)
    source = child("source", ReservationSource)


class MetadataCache(Element):
    """The cache of a format's metadata; in bytes."""

    max_size = size("max_size", "bytes")


class Format(Element):
    """The format of a file."""

    type = attribute("type", one_of(*FILE_FORMATS))
    metadata_cache = section("metadata_cache", MetadataCache)


class DiskSource(Element):
    """Where the bytes are. Which fields matter is told by the type of the disk (or backing store, or mirror).

    Attributes:
        type: `pci` (nvme) or `unix` (vhostuser).
        file: Path (file).
        dev: Path (block).
        dir: Path (dir).
        protocol: With name, query, tls, hosts (network).
        pool: With volume, mode (volume).
        namespace: With managed, address (nvme).
        path: Path of the socket (vhostuser).
        index: Number of the node in the chain, in live documents.
    """

    protocol = attribute("protocol", one_of(*PROTOCOLS))
    name = attribute("name")
    query = attribute("query")
    file = attribute("file")
    fdgroup = attribute("fdgroup")
    type = attribute("type", one_of("pci", "unix"))
    pool = attribute("pool")
    dev = attribute("dev")
    volume = attribute("volume")
    dir = attribute("dir")
    managed = attribute("managed", YES_NO)
    namespace = attribute("namespace", SMALL)
    path = attribute("path")
    mode = attribute("mode", one_of("host", "direct", error=ConfigUnsupportedError))
    tls = attribute("tls", YES_NO)
    tls_from_config = attribute("tlsFromConfig")
    tls_hostname = attribute("tlsHostname")
    startup_policy = attribute("startupPolicy", STARTUP_POLICY)
    index = attribute("index", UNSIGNED)
    hosts = children("host", NetworkHost)
    identity = child("identity", Identity)
    snapshot = attrchild("snapshot", "name")
    config = attrchild("config", "file")
    initiator = section("initiator", Initiator)
    address = child("address", PciPlace)
    ssl_verify = attrchild("ssl", "verify", YES_NO)
    reconnect = child("reconnect", Reconnect)
    cookies = child("cookies", Cookies)
    readahead = attrchild("readahead", "size", UNSIGNED)
    timeout = attrchild("timeout", "seconds", UNSIGNED)
    slices = child("slices", Slices)
    seclabels = children("seclabel", SourceLabel)
    auth = child("auth", Auth)
    reservations = child("reservations", Reservations)
    encryption = child("encryption", Encryption)
    private_data = elements("privateData")
