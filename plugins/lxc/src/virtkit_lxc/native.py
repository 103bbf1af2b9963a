"""Configurations of liblxc's own programs as domain documents. Pure; what has no counterpart is left out.

lxc.uts.name = web                       <name>
lxc.rootfs.path = dir:/srv/web           <filesystem>, and so is every lxc.mount.entry
lxc.init.cmd = /sbin/init --quiet        <os>, with lxc.environment, lxc.init.cwd, .uid, .gid
lxc.net.0.type = veth, .link, .hwaddr    <interface>
lxc.idmap = u 0 100000 65536             <idmap>
lxc.cgroup2.memory.max = 64M             <memory>, and likewise the share of CPU time
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.boot import IdRange
    from virtkit.xml.domain.devices.filesystem import Filesystem
    from virtkit.xml.domain.devices.interface import Interface

FORMAT = "lxc-tools"

OLD_NAMES = {
    "lxc.utsname": "lxc.uts.name",
    "lxc.rootfs": "lxc.rootfs.path",
    "lxc.init_cmd": "lxc.init.cmd",
    "lxc.init_uid": "lxc.init.uid",
    "lxc.init_gid": "lxc.init.gid",
    "lxc.id_map": "lxc.idmap",
    "lxc.tty": "lxc.tty.max",
}
"""Keys of liblxc before 2.1."""

LEAST_MEMORY = 64 * 1024
"""KiB of a container whose configuration limits nothing, as libvirt's."""

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}

MACVLAN_MODES = ("private", "vepa", "bridge", "passthrough")


class Setting(NamedTuple):
    """A line of a configuration."""

    key: str
    value: str


def read(text: str) -> Domain:
    """The definition that a configuration stands for; not completed.

    Raises:
        ConfigUnsupportedError: A line cannot be read, or there is no root.
    """
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.boot import OsType
    from virtkit.xml.domain.devices.character import Port
    from virtkit.xml.domain.tune import Memory

    settings = list(_settings(text))
    told = {setting.key: setting.value for setting in settings}
    domain = Domain(type="lxc", name=told.get("lxc.uts.name") or "unnamed")
    domain.memory = Memory(size=_size(told, "memory.limit_in_bytes", "memory.max") or LEAST_MEMORY)
    domain.cpu_tune.shares = _number(told, "lxc.cgroup.cpu.shares", "lxc.cgroup2.cpu.weight")
    domain.os.type = OsType(type="exe")
    _init(domain, told, settings)
    _idmap(domain, settings)
    domain.devices.filesystems = list(_filesystems(told, settings))
    domain.devices.interfaces = list(_interfaces(told))
    if not domain.devices.interfaces and any(value == "empty" for key, value in told.items() if key.endswith(".type")):
        domain.features.privnet = True
    consoles = max(_number(told, "lxc.tty.max") or 0, 1)
    domain.devices.consoles = [Port(type="pty") for _ in range(consoles)]
    return domain


def _settings(text: str) -> Iterator[Setting]:
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise ConfigUnsupportedError(
                f"line {number} of the configuration is no `key = value`: {line!r}", domain=ErrorDomain.LXC
            )
        yield Setting(OLD_NAMES.get(key, key.replace("lxc.network.", "lxc.net.0.")), value)


def _init(domain: Domain, told: dict[str, str], settings: Iterable[Setting]) -> None:
    from virtkit.xml.domain.boot import InitVariable

    domain.os.init, *domain.os.init_args = shlex.split(told.get("lxc.init.cmd", "")) or ["/sbin/init"]
    pairs = (value.partition("=") for key, value in settings if key == "lxc.environment")
    domain.os.init_env = [InitVariable(name=name, value=value) for name, equals, value in pairs if equals]
    domain.os.init_dir = told.get("lxc.init.cwd")
    domain.os.init_user, domain.os.init_group = told.get("lxc.init.uid"), told.get("lxc.init.gid")


def _idmap(domain: Domain, settings: Iterable[Setting]) -> None:
    from virtkit.xml.domain.boot import IdMap, IdRange

    ranges: dict[str, list[IdRange]] = {"u": [], "g": []}
    for key, value in settings:
        fields = value.split()
        if key == "lxc.idmap" and len(fields) == 4 and fields[0] in ranges and all(map(str.isdigit, fields[1:])):
            start, target, count = map(int, fields[1:])
            ranges[fields[0]].append(IdRange(start=start, target=target, count=count))
    if ranges["u"] and ranges["g"]:
        domain.idmap = IdMap(uids=ranges["u"], gids=ranges["g"])


def _filesystems(told: dict[str, str], settings: Iterable[Setting]) -> Iterator[Filesystem]:
    from virtkit.xml.domain.devices.filesystem import Filesystem, FilesystemSource

    root = told.get("lxc.rootfs.path", "").removeprefix("dir:").removeprefix("loop:")
    if not root:
        raise ConfigUnsupportedError("the configuration has no lxc.rootfs.path: add one", domain=ErrorDomain.LXC)
    kind, field = ("block", "dev") if root.startswith("/dev/") else ("mount", "dir")
    if told["lxc.rootfs.path"].startswith("loop:"):
        kind, field = "file", "file"
    readonly = "ro" in told.get("lxc.rootfs.options", "").split(",")
    yield Filesystem(type=kind, source=FilesystemSource(**{field: root}), target="/", readonly=readonly)
    for key, value in settings:
        fields = value.split()
        if key != "lxc.mount.entry" or len(fields) < 4:
            continue
        source, target, kind, options = fields[:4]
        target = "/" + target.removeprefix(root).lstrip("/")
        chosen = options.split(",")
        readonly = "ro" in chosen
        if kind == "tmpfs":
            size = next((_bytes(each[5:]) for each in chosen if each.startswith("size=")), None)
            usage = FilesystemSource(usage=(size or 64 * 2**20) // 1024)
            yield Filesystem(type="ram", source=usage, target=target, readonly=readonly)
        elif {"bind", "rbind"} & set(chosen) and source.startswith("/"):
            yield Filesystem(type="mount", source=FilesystemSource(dir=source), target=target, readonly=readonly)


def _interfaces(told: dict[str, str]) -> Iterator[Interface]:
    from virtkit.xml.domain.devices.interface import Interface, InterfaceGuest, InterfaceSource, IpAddress, Mac

    numbers = sorted({int(found[1]) for key in told if (found := re.match(r"lxc\.net\.(\d+)\.", key))})
    for number in numbers:
        of = {key.removeprefix(f"lxc.net.{number}."): value for key, value in told.items()}
        kind, link = of.get("type"), of.get("link")
        if kind == "veth" and link:
            made = Interface(type="bridge", source=InterfaceSource(bridge=link))
        elif kind == "veth":
            made = Interface(type="ethernet")
        elif kind == "macvlan" and link:
            mode = of.get("macvlan.mode", "private")
            made = Interface(
                type="direct", source=InterfaceSource(dev=link, mode=mode if mode in MACVLAN_MODES else "private")
            )
        else:
            continue
        made.mac = Mac(address=of["hwaddr"]) if "hwaddr" in of and "x" not in of["hwaddr"] else None
        made.guest = InterfaceGuest(dev=of["name"]) if "name" in of else None
        made.mtu = int(of["mtu"]) if of.get("mtu", "").isdigit() else None
        if "up" not in of.get("flags", "up").split(","):
            made.link_up = False
        for family, name in (("ipv4", "ipv4.address"), ("ipv6", "ipv6.address")):
            address, slash, prefix = of.get(name, "").partition("/")
            if address and (not slash or prefix.isdigit()):
                made.ips.append(IpAddress(address=address, family=family, prefix=int(prefix) if slash else None))
        yield made


def _number(told: dict[str, str], *keys: str) -> int | None:
    return next((int(told[key]) for key in keys if told.get(key, "").isdigit()), None)


def _size(told: dict[str, str], *files: str) -> int | None:
    """KiB of the first limit that is there, in either version of control groups."""
    values = (told.get(f"lxc.{kind}.{file}", "") for file in files for kind in ("cgroup", "cgroup2"))
    sizes = (_bytes(value) for value in values)
    return next((size // 1024 for size in sizes if size), None)


def _bytes(text: str) -> int | None:
    found = re.fullmatch(r"(\d+)([KMG]?)", text.upper())
    return int(found[1]) * UNITS[found[2]] if found else None
