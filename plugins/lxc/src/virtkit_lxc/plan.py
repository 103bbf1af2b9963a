"""What the driver has settled before a container starts: what its document asks for, found on this host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from virtkit_lxc.cgroups import Layout


class Route(NamedTuple):
    """A way from the container to a network.

    Attributes:
        destination: As `10.5.0.0/16`.
        gateway: The address that leads there.
        metric: The least is preferred; None: the kernel's choice.
    """

    destination: str
    gateway: str
    metric: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """As ip-route(8) takes it, without the device."""
        metric = () if self.metric is None else ("metric", str(self.metric))
        return (self.destination, "via", self.gateway, *metric)


class Link(NamedTuple):
    """A link of the host that becomes an interface of the container; the host gets it back when the container ends.

    Attributes:
        link: Its name on the host: the inner end of a pair, a macvlan, a device of the host.
        name: Its name in the container; empty: the next free `ethN`.
        mac: The address it gets; empty: the one it has.
        up: Whether it is brought up.
        mtu: Bytes; 0: as it is.
        addresses: `ADDRESS/PREFIX` each.
        gateways: At most one of each family.
        routes: To other networks.
    """

    link: str
    name: str = ""
    mac: str = ""
    up: bool = True
    mtu: int = 0
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()


class Node(NamedTuple):
    """A device of the host that the container may use.

    Attributes:
        path: On the host.
        target: Path in the container.
        kind: `b` or `c`.
        major: Number of the driver.
        minor: Number of the device.
        writable: Whether it may be written.
    """

    path: str
    target: str
    kind: str
    major: int
    minor: int
    writable: bool = True


class Image(NamedTuple):
    """A block device or an image with a file system.

    Attributes:
        device: Path of what is mounted: the block device, or the file.
        format: Its file system, as `ext4`.
        loop: Whether it is a file, which takes a loop device.
    """

    device: str
    format: str
    loop: bool = False


class Overlay(NamedTuple):
    """A tree that shows one folder through another, which gets all changes.

    Attributes:
        lower: The template.
        upper: What is changed of it.
        work: A folder that the file system needs, beside `upper`.
    """

    lower: Path
    upper: Path
    work: Path


class Plan(NamedTuple):
    """What a container is started with besides its document.

    Attributes:
        folder: The container's own folder, which holds its logs; no one else's.
        cgroup: Path of its control group in each hierarchy, without a leading slash: `cgroups.place(...)`.
        layout: The control groups of this host.
        links: Its interfaces, in the order of the document.
        network: Where its interfaces are: `own`, or `host`.
        shared: Namespaces it shares: `net`, `ipc`, `uts` to a path as `/proc/PID/ns/net` or a pid.
        images: What `<filesystem>` of type `file` and `block` are on this host, by source.
        template: What a `<filesystem>` of type `template` is.
        folders: Where those, and what is shifted by an id map, are mounted on this host, by target: `mounting.mounted`,
            `mapping.mapped`.
        files: Sources of `<filesystem type='mount'>` that are no folders.
        paths: What paths of `<filesystem>` in the container are without links: `roots.prepared`.
        nodes: Devices it gets.
        numbers: `MAJOR:MINOR` of the devices that `<blkiotune>` names, by path.
        user: Numeric user of init; None: root.
        group: Numeric group of init; None: root's.
        pids: The most processes; None: no limit.
        no_new_privs: Whether no program may gain privileges.
        seccomp: Profile of liblxc; None: ours.
        inherited: How many descriptors init inherits.
    """

    folder: Path
    cgroup: str
    layout: Layout
    links: tuple[Link, ...] = ()
    network: str = "own"
    shared: Mapping[str, str] = {}
    images: Mapping[str, Image] = {}
    template: Overlay | None = None
    folders: Mapping[str, str] = {}
    files: frozenset[str] = frozenset()
    paths: Mapping[str, str] = {}
    nodes: tuple[Node, ...] = ()
    numbers: Mapping[str, str] = {}
    user: int | None = None
    group: int | None = None
    pids: int | None = None
    no_new_privs: bool = False
    seccomp: Path | None = None
    inherited: int = 0
