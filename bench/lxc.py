"""The rows of `make bench BENCH=lxc`: containers of the lxc driver, in process, beside what else starts containers.

    python -m bench.lxc

Each row names whose figure is in the second column: that of liblxc's bare programs (`lxc-start`, `lxc-stop -k`,
`lxc-attach`), of runc, or of the real libvirt. `lxc-start` starts a container with the least configuration for the same
root, which has no /proc, limits or filter of system calls; in one row the same container as ours. Each round does all,
so what disturbs one disturbs the others, and the median of the rounds counts; libvirt has its rounds alone, in
namespaces where its LXC driver can start one. Neither runc nor libvirt's LXC driver is installed by `make setup`:
apt-get install runc libvirt-daemon-driver-lxc.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

import virtkit
from bench.libvirt_lxc import DOCUMENT, MACHINES, NAMESPACES
from bench.lxc_others import GROUPS, Bare, Runc, clear, monitors, same_as, share_kib, tops
from bench.table import HEADER, NO_LIMIT, Row, environment
from tests.containers import make_root
from virtkit import Connection, Domain
from virtkit.errors import VirtError
from virtkit_lxc import attaching
from virtkit_lxc.attaching import Program
from virtkit_lxc.runtime import CONFIG

ROUNDS = 25
MANY = 100
IN_MEMORY = "/run"
"""Where a host keeps what is of a run, in memory; liblxc has nothing of its own on a disk either."""

QUIET_SECONDS = 0.05
"""Before the start of a single container. Who moves the first process between control groups after 10 ms in which
nobody has waits 4 to 12 ms for the kernel: with a pause that is everybody, without one it is chance. Containers that
are started one after the other do not wait: that is the row of many."""

FACTOR = 2.0
"""How much longer than liblxc alone we may take."""

LIBVIRT_SECONDS = 300
SYSTEM_PYTHON = "/usr/bin/python3"


def seconds(work: Callable[[], object], quiet: float = 0.0) -> float:
    """How long something takes that is done when nobody has done anything for so many seconds."""
    time.sleep(quiet)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def both(number: int, *works: Callable[[], object], quiet: float = 0.0) -> list[float]:
    """Seconds of each; who is first takes turns, by the number of the round."""
    order = [(number + at) % len(works) for at in range(len(works))]
    figures = {at: seconds(works[at], quiet) for at in order}
    return [figures[at] for at in range(len(works))]


def run_of(root: Path) -> Path:
    """The folder of the one container of a root that runs."""
    return next((root / "run" / "lxc").glob("*-single"))


def configuration(domain: Domain, root: Path) -> str:
    """What liblxc is told of a container."""
    domain.create()
    text = (run_of(root) / CONFIG).read_text()
    domain.destroy()
    return text


def entered(root: Path) -> None:
    """Run a program in the one container of a root."""
    folder = run_of(root)
    status = attaching.run("single", folder, Program(["/bin/true"]))
    if status != 0:
        raise RuntimeError(f"/bin/true ended with {status} in {folder}")


def single(bare: Bare, same: Bare, domain: Domain, root: Path) -> Iterator[Row]:
    """One container, started, entered and ended."""
    figures: list[tuple[list[float], ...]] = []
    for number in range(ROUNDS):
        start = both(number, domain.create, bare.start, same.start, quiet=QUIET_SECONDS)
        same.stop()
        program = both(number, partial(entered, root), bare.execute)
        figures.append((start, program, both(number, domain.destroy, bare.stop)))
        for each in (bare, same):
            each.clear()
    starts, programs, ends = (
        [median(side) * 1000 for side in zip(*times, strict=True)] for times in zip(*figures, strict=True)
    )
    yield beside("start to init running, lxc-start", starts[0], starts[1])
    yield beside("start, lxc-start of the same container", starts[0], starts[2])
    yield beside("run a program in one, lxc-attach", *programs)
    yield beside("destroy, lxc-stop -k", *ends)


def beside(work: str, ours: float, theirs: float) -> Row:
    return Row(work, "ms", ours, theirs, f"<= {FACTOR:g}x liblxc", ours <= FACTOR * theirs)


def beside_runc(folder: Path, rootfs: Path, domain: Domain, root: Path) -> Iterator[Row]:
    """The same with runc."""
    program = shutil.which("runc")
    if program is None:
        yield Row.missing("containers of runc", "not installed: apt-get install runc")
        return
    runc = Runc(program, folder, rootfs)
    figures: list[tuple[list[float], ...]] = []
    for number in range(ROUNDS):
        start = both(number, domain.create, runc.start, quiet=QUIET_SECONDS)
        entering = both(number, partial(entered, root), runc.execute)
        figures.append((start, entering, both(number, domain.destroy, runc.stop)))
    works = ("start to init running, runc", "run a program in one, runc exec", "destroy, runc delete --force")
    for work, pairs in zip(works, zip(*figures, strict=True), strict=True):
        ours, theirs = (median(side) * 1000 for side in zip(*pairs, strict=True))
        yield Row.absolute(work, "ms", ours, theirs)


def many(conn: Connection, root: Path, folder: Path, rootfs: Path) -> Iterator[tuple[str, Row, float]]:
    """A hundred containers at once: what libvirt calls a figure, the row beside liblxc, and our figure."""
    domains = [conn.define_domain(DOCUMENT.format(name=f"many{number}", root=rootfs)) for number in range(MANY)]
    bares = [Bare(folder, rootfs, f"many{number}") for number in range(MANY)]
    starts = [(seconds(domain.create), seconds(bare.start)) for domain, bare in zip(domains, bares, strict=True)]
    title = b"[lxc monitor] "
    mine = _mean(monitors((title + os.fsencode(root),)))
    theirs = _mean(monitors((title + os.fsencode(folder) + b" many",)))
    listing = min(seconds(conn.list_domains) for _ in range(ROUNDS)) * 1000
    ends = [(seconds(domain.destroy), seconds(bare.stop)) for domain, bare in zip(domains, bares, strict=True)]
    for bare in bares:
        bare.clear()
    works = ((f"start {MANY}, lxc-start", "start many", starts), (f"destroy {MANY}, lxc-stop -k", "destroy many", ends))
    for work, key, pairs in works:
        sums = [sum(side) * 1000 for side in zip(*pairs, strict=True)]
        yield key, beside(work, *sums), sums[0]
    yield "list", Row.absolute(f"list {MANY} that run", "ms", listing, None), listing
    yield "memory", Row("memory of a monitor (PSS), lxc-start", "KiB", mine, theirs, "", True), mine


def _mean(pids: list[int]) -> float:
    return sum(map(share_kib, pids)) / len(pids)


def beside_libvirt(rootfs: Path, ours: dict[str, float]) -> Iterator[Row]:
    """The figures of the real libvirt."""
    before = tops(MACHINES)
    script = Path(__file__).with_name("libvirt_lxc.py")
    done = subprocess.run(
        [*NAMESPACES, SYSTEM_PYTHON, script, rootfs],
        capture_output=True,
        text=True,
        timeout=LIBVIRT_SECONDS,
        env=environment(),
        check=False,
    )
    clear(tops(MACHINES) - before)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        yield Row.missing("containers of libvirt", said[-1] if said else f"status {done.returncode}")
        return
    theirs: dict[str, float] = json.loads(done.stdout)
    works = {
        "start": "start to init running, libvirt",
        "destroy": "destroy, libvirt",
        "start many": f"start {MANY}, libvirt",
        "list": f"list {MANY} that run, libvirt",
        "memory": "memory of a monitor (PSS), libvirt_lxc",
    }
    for key, work in works.items():
        yield Row.absolute(work, "KiB" if key == "memory" else "ms", ours[key], theirs[key], NO_LIMIT)


def rows() -> Iterator[Row]:
    """All rows."""
    if os.geteuid() or not shutil.which("lxc-start"):
        yield Row.missing("containers", "needs root and liblxc's programs")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="virtkit-bench-")))
        rootfs = make_root(folder / "rootfs")
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="virtkit-bench-", dir=IN_MEMORY)))
        stack.callback(lambda: clear(tops(GROUPS)))
        try:
            conn = stack.enter_context(virtkit.open(f"lxc:///embed?root={root}"))
        except VirtError as error:
            yield Row.missing("containers", str(error))
            return
        domain = conn.define_domain(DOCUMENT.format(name="single", root=rootfs))
        same = same_as(configuration(domain, root))
        alone = list(single(Bare(folder, rootfs, "single"), Bare(folder, rootfs, "same", same), domain, root))
        yield from alone
        ours = {"start": alone[0].ours or 0.0, "destroy": alone[-1].ours or 0.0}
        yield from beside_runc(folder, rootfs, domain, root)
        for key, row, figure in many(conn, root, folder, rootfs):
            ours[key] = figure
            yield row
        yield from beside_libvirt(rootfs, ours)


if __name__ == "__main__":
    print(HEADER)
    for row in rows():
        print(row, flush=True)
