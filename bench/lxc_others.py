"""What `bench.lxc` stands beside: containers of liblxc's bare programs, and of runc."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

GROUPS = "virtkit-bench"
"""The control group around the groups of these containers."""

SLEEP = ("/bin/sleep", "1000")


class Bare:
    """A container of liblxc's programs alone.

    Args:
        folder: Where it is kept.
        root: Its root file system.
        name: Its name.
        configured: What is said of it beside where its control groups are; None: its root and that it has no network.
    """

    def __init__(self, folder: Path, root: Path, name: str, configured: Iterable[str] | None = None) -> None:
        self._whose = ("-n", name, "-P", str(folder))
        self._config = folder / f"{name}.conf"
        self._groups = f"{GROUPS}/{name}"
        least = (f"lxc.rootfs.path = dir:{root}", "lxc.net.0.type = empty")
        lines = (
            *(least if configured is None else configured),
            f"lxc.cgroup.dir.container = {self._groups}",
            f"lxc.cgroup.dir.monitor = {self._groups}.monitor",
            f"lxc.cgroup.dir.monitor.pivot = {self._groups}.pivot",
        )
        self._config.write_text("".join(f"{line}\n" for line in lines))

    def start(self) -> None:
        _run("lxc-start", *self._whose, "-f", self._config, "--", *SLEEP)

    def execute(self) -> None:
        """Run a program in it."""
        _run("lxc-attach", *self._whose, "--", "/bin/true")

    def stop(self) -> None:
        _run("lxc-stop", "-k", *self._whose)

    def clear(self) -> None:
        """Remove the control groups that liblxc leaves."""
        clear(tops(f"{self._groups}*"))


def same_as(config: str) -> list[str]:
    """What a configuration of ours says of a container, without its logs, and where its control groups are."""
    ours = ("lxc.log.", "lxc.console.", "lxc.cgroup.dir.container =", "lxc.cgroup.dir.monitor")
    return [line for line in config.splitlines() if not line.startswith(ours)]


def tops(name: str) -> set[Path]:
    """The control groups of a name, in every hierarchy."""
    return set(Path("/sys/fs/cgroup").glob(f"*/{name}"))


def clear(found: Iterable[Path]) -> None:
    """Remove control groups, as far as nothing runs in them."""
    for top in found:
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)


class Runc:
    """A container of runc.

    Args:
        program: Path of runc.
        folder: Where it is kept.
        root: Its root file system.
    """

    def __init__(self, program: str, folder: Path, root: Path) -> None:
        self._runc = (program, "--root", str(folder / "runc"))
        self._bundle = folder / "bundle"
        self._bundle.mkdir()
        _run(*self._runc, "spec", "--bundle", self._bundle)
        path = self._bundle / "config.json"
        config = json.loads(path.read_text())
        config["root"] = {"path": str(root), "readonly": False}
        config["process"] |= {"terminal": False, "args": SLEEP}
        config["linux"] |= {"cgroupsPath": f"/{GROUPS}/runc", "resources": {"memory": {"limit": 64 << 20}}}
        path.write_text(json.dumps(config))

    def start(self) -> None:
        """Create and start it; its init runs then."""
        _run(*self._runc, "run", "--detach", "--bundle", self._bundle, "bench")

    def execute(self) -> None:
        """Run a program in it."""
        _run(*self._runc, "exec", "bench", "/bin/true")

    def stop(self) -> None:
        """Kill and delete it."""
        _run(*self._runc, "delete", "--force", "bench")


def monitors(start: Sequence[bytes]) -> list[int]:
    """Processes whose command line begins so: one of several beginnings."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if path.read_bytes().startswith(tuple(start)):
                found.append(int(path.parent.name))
    return found


def share_kib(pid: int) -> int:
    """What of memory is a process's own, and its share of what it has together with others (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _run(*command: str | Path) -> None:
    # Without a timeout: with one, subprocess looks 0.5, 1.5, 3.5, 7.5 ms later whether it has ended.
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
