"""Control groups of containers, in hierarchies of version 1, version 2, or both side by side.

`Layout.read()` says which controller is where. A container called `plan.cgroup` has three groups in every hierarchy:
itself with its limits, `PLACE/inner` for its processes, and `PLACE.monitor` for its monitor; `PIVOT` is one for all.
Tunables are known by libvirt's meaning (`settings`), files by their names in sysfs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError, OperationTimeoutError, SystemCallError
from virtkit_lxc import delegation

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

PARENT = "virtkit-lxc"
"""The group that holds those of all containers."""

PIVOT = f"{PARENT}/pivot"
"""The group that every monitor moves to when it ends, to remove its own. liblxc leaves it behind: so it is one for all,
and a container that ends while nobody watches leaves none."""

SUFFIXES = ("", ".monitor")
"""Of the groups that a container has beside each other."""

FREEZE_SECONDS = 10.0
"""How long the processes of a container may take to stand still: one in the kernel first completes what it does."""

REMOVE_SECONDS = 5.0
"""How long the kernel may take to let go of a group whose processes have ended."""

TICK = 0.002


Written = Callable[[Any], list[tuple[str, object]]]

TUNABLES: dict[str, tuple[tuple[str, ...], Written, Written]] = {
    "memory.limit": (
        ("memory",),
        lambda size: [("memory.limit_in_bytes", size)],
        lambda size: [("memory.max", size)],
    ),
    "memory.soft": (
        ("memory",),
        lambda size: [("memory.soft_limit_in_bytes", size)],
        lambda size: [("memory.high", size)],
    ),
    "memory.swap": (
        ("memory",),
        lambda sizes: [("memory.memsw.limit_in_bytes", sizes[0])],
        lambda sizes: [("memory.swap.max", max(sizes[0] - sizes[1], 0))],
    ),
    "cpu.shares": (("cpu",), lambda shares: [("cpu.shares", shares)], lambda shares: [("cpu.weight", shares)]),
    "cpu.quota": (
        ("cpu",),
        lambda pair: [("cpu.cfs_period_us", pair[1]), ("cpu.cfs_quota_us", pair[0] if pair[0] > 0 else -1)],
        lambda pair: [("cpu.max", f"{pair[0] if pair[0] > 0 else 'max'} {pair[1]}")],
    ),
    "cpuset.cpus": (("cpuset",), lambda cpus: [("cpuset.cpus", cpus)], lambda cpus: [("cpuset.cpus", cpus)]),
    "cpuset.mems": (("cpuset",), lambda nodes: [("cpuset.mems", nodes)], lambda nodes: [("cpuset.mems", nodes)]),
    "blkio.weight": (
        ("blkio", "io"),
        lambda weight: [("blkio.weight", weight)],
        lambda weight: [("io.weight", f"default {weight}")],
    ),
    "pids.max": (("pids",), lambda count: [("pids.max", count)], lambda count: [("pids.max", count)]),
}
"""By tunable: the names of its controller, and which files of version 1 and version 2 say it.

Sizes are in bytes; `memory.swap` is a pair: memory with swap, memory; `cpu.quota` one of us: quota (0 or less: none),
period.
"""

ELEMENTS = {"memory.limit": "<memory>", "cpuset.cpus": "<vcpu cpuset=>", "cpuset.mems": "<numatune>"}
FAMILIES = {"memory": "<memtune>", "cpu": "<cputune>", "blkio": "<blkiotune>", "pids": "the number of processes"}
"""What of a document asks for a tunable, by its name or by how that begins."""

FIRST_DEVICE_LIMITS = {
    "weight": "blkio.weight_device",
    "read_bytes": "blkio.throttle.read_bps_device",
    "write_bytes": "blkio.throttle.write_bps_device",
    "read_iops": "blkio.throttle.read_iops_device",
    "write_iops": "blkio.throttle.write_iops_device",
}
SECOND_DEVICE_LIMITS = {"read_bytes": "rbps", "write_bytes": "wbps", "read_iops": "riops", "write_iops": "wiops"}


class Layout(NamedTuple):
    """Where the controllers are.

    Attributes:
        first: Mount points of version 1, by controller or `name=NAME`.
        second: Mount point of version 2; None: there is none.
        controllers: The controllers of version 2.
        delegated: It is a plain user's: `second` is the folder that was given to it, and devices are not guarded.
    """

    first: Mapping[str, Path]
    second: Path | None
    controllers: frozenset[str]
    delegated: bool = False

    @classmethod
    def read(cls) -> Layout:
        """The layout of this host, as far as this process may use it."""
        layout = cls.parse(Path("/proc/self/mountinfo").read_text(errors="replace"))
        if os.geteuid():
            return delegation.given(layout)
        if layout.second is None:
            return layout
        with suppress(OSError):
            return layout._replace(controllers=frozenset((layout.second / "cgroup.controllers").read_text().split()))
        return layout

    @classmethod
    def parse(cls, mountinfo: str) -> Layout:
        """The layout that a /proc/PID/mountinfo tells of, without the controllers of version 2."""
        first: dict[str, Path] = {}
        second = None
        for line in mountinfo.splitlines():
            place, _, source = line.partition(" - ")
            kind, _, options = source.partition(" ")
            mount = Path(place.split()[4].replace("\\040", " "))
            if kind == "cgroup":
                names = options.split()[-1].split(",")
                first |= {name: mount for name in names if name not in ("rw", "ro", "xattr", "noprefix")}
            elif kind == "cgroup2" and second is None:
                second = mount
        return cls(first, second, frozenset())

    def version(self, controller: str) -> int:
        """1, 2, or 0: this host lacks it. Access to devices and freezing need no controller in version 2."""
        if controller in self.first:
            return 1
        if self.second is not None and controller in ("freezer", *(() if self.delegated else ("devices",))):
            return 2
        return 2 if controller in self.controllers else 0

    def folder(self, controller: str, place: str) -> Path:
        """The folder of a group in the hierarchy of a controller.

        Raises:
            ConfigUnsupportedError: This host lacks the controller.
        """
        match self.version(controller):
            case 1:
                return self.first[controller] / place
            case 2:
                assert self.second is not None
                return self.second / place
        raise _lacking(self, controller)

    def mounts(self) -> list[Path]:
        """The root of every hierarchy."""
        return [*dict.fromkeys(self.first.values()), *([self.second] if self.second else [])]


def family(root: str) -> str:
    """How the paths of all groups of containers begin whose state is under a root."""
    return f"{PARENT}/{_digest(root)}-"


def place(root: str, name: str) -> str:
    """The path of a container's group: those of other roots, and strange names, do not meet in it."""
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in name)[:64]
    return f"{family(root)}{_digest(name)}-{kept}"


def _digest(text: str) -> str:
    import hashlib  # brings OpenSSL, 4 MiB that a daemon without containers saves

    return hashlib.sha256(os.fsencode(text)).hexdigest()[:8]


def settings(
    domain: Domain, layout: Layout, numbers: Mapping[str, str], pids: int | None = None
) -> Iterator[tuple[int, str, object]]:
    """The limits of a document as `(version, file, value)`.

    Args:
        domain: The document.
        layout: The control groups of this host.
        numbers: `MAJOR:MINOR` of the devices of `<blkiotune>`, by path.
        pids: The most processes.

    Raises:
        ConfigUnsupportedError: A controller is missing; the message names domain, controller and element.
    """
    try:
        yield from _settings(domain, layout, numbers, pids)
    except ConfigUnsupportedError as error:
        raise ConfigUnsupportedError(f"domain {domain.name!r} cannot start: {error}", domain=ErrorDomain.LXC) from None


def _settings(
    domain: Domain, layout: Layout, numbers: Mapping[str, str], pids: int | None
) -> Iterator[tuple[int, str, object]]:
    for tunable, value in _wanted(domain, pids):
        asked = tunable != "memory.limit" or domain.mem_tune.hard_limit
        if asked or not layout.delegated or layout.version("memory"):  # every document has <memory>, wanted or not
            yield from setting(layout, tunable, value)
    for device in domain.blkio_tune.devices:
        for name in ("read_bytes", "write_bytes", "read_iops", "write_iops", "weight"):
            if (amount := getattr(device, name)) is not None:
                yield device_setting(layout, name, numbers[device.path or ""], amount)


def setting(layout: Layout, tunable: str, value: Any) -> list[tuple[int, str, str]]:
    """What sets a tunable: `(version, file, value)` each, in the order in which they are written.

    Args:
        layout: The control groups of this host.
        tunable: A name of `TUNABLES`.
        value: As the table says.

    Raises:
        ConfigUnsupportedError: The controller is missing.
    """
    controllers, first, second = TUNABLES[tunable]
    for controller in controllers:
        if version := layout.version(controller):
            written = first(value) if version == 1 else second(value)
            return [(version, file, str(text)) for file, text in written]
    raise _lacking(layout, controllers[0], ELEMENTS.get(tunable) or FAMILIES[tunable.partition(".")[0]])


def device_setting(layout: Layout, limit: str, number: str, amount: int) -> tuple[int, str, str]:
    """What sets a limit of `<blkiotune><device>`, by its name there, on the device `MAJOR:MINOR`."""
    if layout.version("blkio"):
        return 1, FIRST_DEVICE_LIMITS[limit], f"{number} {amount}"
    if layout.version("io"):
        if limit == "weight":
            return 2, "io.weight", f"{number} {amount}"
        return 2, "io.max", f"{number} {SECOND_DEVICE_LIMITS[limit]}={amount or 'max'}"
    raise _lacking(layout, "blkio", FAMILIES["blkio"])


def _wanted(domain: Domain, pids: int | None) -> Iterator[tuple[str, object]]:
    memory = domain.mem_tune
    limit = memory.hard_limit or (domain.memory and domain.memory.size)
    if limit:
        yield "memory.limit", limit * 1024
    if memory.soft_limit:
        yield "memory.soft", memory.soft_limit * 1024
    if memory.swap_hard_limit:
        yield "memory.swap", (memory.swap_hard_limit * 1024, (limit or 0) * 1024)
    cpu = domain.cpu_tune
    if cpu.shares is not None:
        yield "cpu.shares", cpu.shares
    if cpu.quota is not None or cpu.period is not None:
        yield "cpu.quota", (cpu.quota if cpu.quota is not None else -1, cpu.period or 100_000)
    if domain.vcpu and domain.vcpu.cpuset:
        yield "cpuset.cpus", domain.vcpu.cpuset
    if domain.numa_tune.memory and domain.numa_tune.memory.nodeset:
        yield "cpuset.mems", domain.numa_tune.memory.nodeset
    if domain.blkio_tune.weight:
        yield "blkio.weight", domain.blkio_tune.weight
    if pids is not None:
        yield "pids.max", pids


def _lacking(layout: Layout, controller: str, element: str = "") -> ConfigUnsupportedError:
    who, how = "this host", "mount them"
    if layout.delegated:
        who, how = f"user {os.geteuid()}", "run virtkit in a systemd unit with Delegate=yes"
    other = f", or leave {element}, which needs them, out of the document" if element else ""
    message = f"{who} has no control groups of {controller}: {how}{other}"
    return ConfigUnsupportedError(message, domain=ErrorDomain.LXC)


def write(layout: Layout, group: str, tunable: str, value: Any) -> None:
    """Change a tunable of a container that runs.

    Raises:
        ConfigUnsupportedError: The controller is missing.
        SystemCallError: The kernel refuses the value.
    """
    controller = next((name for name in TUNABLES[tunable][0] if layout.version(name)), TUNABLES[tunable][0][0])
    for _, file, text in setting(layout, tunable, value):
        write_file(layout.folder(controller, group) / file, text)


def write_file(path: Path, text: str) -> None:
    """Write a file of a group."""
    try:
        path.write_text(text)
    except OSError as error:
        raise SystemCallError(
            f"cannot write {text!r} to {path}: {error.strerror}", domain=ErrorDomain.LXC, int1=error.errno or -1
        ) from error


def make_folder(path: Path) -> None:
    """Make a group; one that is there is kept."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise SystemCallError(
            f"cannot make control group {path}: {error.strerror}", domain=ErrorDomain.LXC, int1=error.errno or -1
        ) from error


def read_file(layout: Layout, controller: str, group: str, file: str) -> str | None:
    """The text of a file of a group, without its last line break; None: there is none such."""
    if not layout.version(controller):
        return None
    try:
        return (layout.folder(controller, group) / file).read_text().rstrip("\n")
    except OSError:
        return None


def processes(layout: Layout, group: str) -> list[int]:
    """The processes in the groups of a container, its monitor not among them."""
    found: set[int] = set()
    for mount in layout.mounts()[:1] or []:
        for folder, _, _ in os.walk(mount / group):
            with suppress(OSError, ValueError):
                found.update(int(line) for line in (Path(folder) / "cgroup.procs").read_text().split())
    return sorted(found)


def freeze(layout: Layout, group: str) -> None:
    """Let no process of a container run; returns when all of them stand still.

    Raises:
        OperationTimeoutError: Some do not; the container runs on.
    """
    _set_frozen(layout, group, True)


def thaw(layout: Layout, group: str) -> None:
    """Let the processes of a frozen container run again."""
    _set_frozen(layout, group, False)


def frozen(layout: Layout, group: str) -> bool:
    """Whether a container is frozen; False too when there is none."""
    if layout.version("freezer") == 1:
        return read_file(layout, "freezer", group, "freezer.state") in ("FROZEN", "FREEZING")
    return "frozen 1" in (read_file(layout, "freezer", group, "cgroup.events") or "")


def _set_frozen(layout: Layout, group: str, wanted: bool) -> None:
    first = layout.version("freezer") == 1
    file = "freezer.state" if first else "cgroup.freeze"
    states = ("THAWED", "FROZEN") if first else ("0", "1")
    seen = file if first else "cgroup.events"
    goal = states[wanted] if first else f"frozen {states[wanted]}"
    end = time.monotonic() + FREEZE_SECONDS
    while True:
        # Told again, version 1 freezes what was forked meanwhile.
        write_file(layout.folder("freezer", group) / file, states[wanted])
        if goal in (read_file(layout, "freezer", group, seen) or ""):
            return
        if time.monotonic() > end:
            break
        time.sleep(TICK)
    if wanted:
        write_file(layout.folder("freezer", group) / file, states[False])
    goal = "stand still" if wanted else "run again"
    raise OperationTimeoutError(
        f"control group {group}: its processes did not {goal} within {FREEZE_SECONDS:g} s",
        domain=ErrorDomain.LXC,
    )


def exist(layout: Layout, group: str) -> bool:
    """Whether there are groups of a container: liblxc makes them in all hierarchies, so one tells."""
    return any((mount / f"{group}{suffix}").is_dir() for mount in layout.mounts()[:1] for suffix in SUFFIXES)


def remove(layout: Layout, group: str) -> None:
    """Remove the groups of a container that has ended; harmless when there are none.

    Raises:
        InternalError: Processes are still in one of them.
    """
    end = time.monotonic() + REMOVE_SECONDS
    for mount in layout.mounts():
        for suffix in SUFFIXES:
            top = mount / f"{group}{suffix}"
            while not prune(top):
                if time.monotonic() > end:
                    raise InternalError(
                        f"control group {top} cannot be removed: end the processes {processes(layout, group)} in it",
                        domain=ErrorDomain.LXC,
                    )
                time.sleep(TICK)


def prune(top: Path) -> bool:
    """Remove a group with those below it as far as no process is in them; whether it is gone."""
    if not top.is_dir():
        return True
    for folder, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)
    return not top.is_dir()
