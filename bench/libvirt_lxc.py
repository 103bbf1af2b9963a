"""Containers of the real libvirt; runs with the system's interpreter, as root, and prints JSON.

    python3 libvirt_lxc.py ROOTFS

It runs in namespaces of its own (`NAMESPACES`), so that its libvirtd leaves nothing behind. libvirt's driver starts no
container beside a unified hierarchy: there it is unmounted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NAMESPACES = (
    "unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child",
    "sh", "-c", '"$@"; exit $?', "sh",
)  # fmt: skip
"""What comes before the command. The shell is process 1, which takes in what libvirt leaves."""

MACHINES = "machine"
"""The control group that libvirt puts containers into, and leaves."""

ROUNDS = 9
MANY = 100
START_SECONDS = 30.0

STATE = ("/run", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/etc/libvirt")
UNIFIED = "/sys/fs/cgroup/unified"

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


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def prepared() -> None:
    """Hide the host's libvirt, and what its LXC driver cannot be beside."""
    for folder in STATE:
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    if os.path.ismount(UNIFIED):
        subprocess.run(["umount", UNIFIED], check=True)


def served(folder: str) -> str:
    """Start libvirtd; the URI it is reached at."""
    settings = Path(folder) / "libvirtd.conf"
    settings.write_text(f'unix_sock_dir = "{folder}"\nauth_unix_rw = "none"\n')
    subprocess.Popen(["libvirtd", "-f", str(settings), "-p", f"{folder}/pid"], stderr=subprocess.DEVNULL)
    end = time.monotonic() + START_SECONDS
    while not os.path.exists(f"{folder}/libvirt-sock"):
        if time.monotonic() > end:
            raise SystemExit("libvirtd does not serve its socket")
        time.sleep(0.01)
    return f"lxc+unix:///system?socket={folder}/libvirt-sock"


def controllers() -> list[int]:
    """The processes of libvirt_lxc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"libvirt_lxc" in path.read_bytes().partition(b"\0")[0]:
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def share_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main(root: str) -> None:
    """Measure everything; the many end with the namespaces.

    To destroy one takes what libvirt waits before it kills: a process 1 that handles no SIGTERM does not hear it.
    """
    prepared()
    import libvirt  # type: ignore[import-not-found]

    libvirt.registerErrorHandler(lambda _, error: None, None)
    with tempfile.TemporaryDirectory(prefix="virtkit-bench-") as folder:
        try:
            conn = libvirt.open(served(folder))
            domain = conn.defineXML(DOCUMENT.format(name="single", root=root))
            domain.create()
        except libvirt.libvirtError as error:
            raise SystemExit(str(error)) from error
        domain.destroy()
        pairs = [(seconds(domain.create), seconds(domain.destroy)) for _ in range(ROUNDS)]
        figures = {"start": min(each[0] for each in pairs) * 1000, "destroy": min(each[1] for each in pairs) * 1000}
        domains = [conn.defineXML(DOCUMENT.format(name=f"many{number}", root=root)) for number in range(MANY)]
        figures["start many"] = sum(seconds(each.create) for each in domains) * 1000
        figures["memory"] = sum(share_kib(pid) for pid in controllers()) / MANY
        figures["list"] = min(seconds(conn.listAllDomains) for _ in range(ROUNDS)) * 1000
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
