"""The rows of `make bench BENCH=lxc`: containers of the lxc driver, in process, beside liblxc's bare programs.

    python -m bench.lxc

libvirt's column has liblxc: `lxc-start` with the least configuration for the same root, and `lxc-stop -k`. Each round
does both, so what disturbs one disturbs the other. The real libvirt starts no container beside a unified hierarchy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import virtkit
from bench.table import HEADER, NO_LIMIT, Row
from tests.containers import make_root
from virtkit import Connection, Domain
from virtkit.errors import VirtError

ROUNDS = 15
MANY = 100
FACTOR = 2.0
"""How much longer than liblxc alone we may take."""

DOCUMENT = """
<domain type='lxc'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type>exe</type><init>/bin/sleep</init><initarg>1000</initarg></os>
  <features><privnet/></features>
  <devices>
    <filesystem type='mount'><source dir='{root}'/><target dir='/'/></filesystem>
    <console type='pty'/>
  </devices>
</domain>
"""


class Bare:
    """A container of liblxc's programs alone.

    Args:
        folder: Where it is kept.
        root: Its root file system.
        name: Its name.
    """

    def __init__(self, folder: Path, root: Path, name: str) -> None:
        self._whose = ("-n", name, "-P", str(folder))
        self._config = folder / f"{name}.conf"
        self._groups = f"virtkit-bench/{name}"
        lines = (
            f"lxc.rootfs.path = dir:{root}",
            "lxc.net.0.type = empty",
            f"lxc.cgroup.dir.container = {self._groups}",
            f"lxc.cgroup.dir.monitor = {self._groups}.monitor",
            f"lxc.cgroup.dir.monitor.pivot = {self._groups}.pivot",
        )
        self._config.write_text("".join(f"{line}\n" for line in lines))

    def start(self) -> None:
        subprocess.run(["lxc-start", *self._whose, "-f", self._config, "--", "/bin/sleep", "1000"], check=True)

    def stop(self) -> None:
        subprocess.run(["lxc-stop", "-k", *self._whose], check=True)

    def clear(self) -> None:
        """Remove the control groups that liblxc leaves."""
        for top in Path("/sys/fs/cgroup").glob(f"*/{self._groups}*"):
            for folder, _, _ in os.walk(top, topdown=False):
                with suppress(OSError):
                    os.rmdir(folder)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def single(conn: Connection, bare: Bare, domain: Domain) -> Iterator[Row]:
    """One container, started and ended."""
    starts: list[tuple[float, float]] = []
    ends: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        starts.append((seconds(domain.create), seconds(bare.start)))
        ends.append((seconds(domain.destroy), seconds(bare.stop)))
        bare.clear()
    for work, pairs in (("start a container, to init running", starts), ("destroy a container", ends)):
        ours, theirs = (min(side) * 1000 for side in zip(*pairs, strict=True))
        yield beside(work, ours, theirs)


def beside(work: str, ours: float, theirs: float) -> Row:
    return Row(work, "ms", ours, theirs, f"<= {FACTOR:g}x liblxc", ours <= FACTOR * theirs)


def many(conn: Connection, folder: Path, root: Path) -> Iterator[Row]:
    """A hundred containers at once."""
    domains = [conn.define_domain(DOCUMENT.format(name=f"many{number}", root=root)) for number in range(MANY)]
    bares = [Bare(folder, root, f"many{number}") for number in range(MANY)]
    starts = [(seconds(domain.create), seconds(bare.start)) for domain, bare in zip(domains, bares, strict=True)]
    memory = sum(_private_kib(pid) for pid in _monitors(folder / "root")) / MANY
    listing = min(seconds(conn.list_domains) for _ in range(ROUNDS))
    ends = [(seconds(domain.destroy), seconds(bare.stop)) for domain, bare in zip(domains, bares, strict=True)]
    for bare in bares:
        bare.clear()
    for work, pairs in ((f"start {MANY} containers", starts), (f"destroy {MANY} containers", ends)):
        ours, theirs = (sum(side) * 1000 for side in zip(*pairs, strict=True))
        yield beside(work, ours, theirs)
    yield Row.absolute(f"list {MANY} running containers", "ms", listing * 1000, None, NO_LIMIT)
    yield Row.absolute("memory of a container's monitor (PSS)", "KiB", memory, None, NO_LIMIT)


def _monitors(root: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if path.read_bytes().startswith(b"[lxc monitor] " + os.fsencode(root)):
                found.append(int(path.parent.name))
    return found


def _private_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def rows() -> Iterator[Row]:
    """All rows."""
    if os.geteuid() or not shutil.which("lxc-start"):
        yield Row.missing("containers", "needs root and liblxc's programs")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="virtkit-bench-")))
        root = make_root(folder / "rootfs")
        try:
            conn = stack.enter_context(virtkit.open(f"lxc:///embed?root={folder}/root"))
        except VirtError as error:
            yield Row.missing("containers", str(error))
            return
        domain = conn.define_domain(DOCUMENT.format(name="single", root=root))
        yield from single(conn, Bare(folder, root, "single"), domain)
        yield from many(conn, folder, root)


if __name__ == "__main__":
    print(HEADER)
    for row in rows():
        print(row, flush=True)
