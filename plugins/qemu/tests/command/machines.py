"""Real QEMUs with the command lines of the corpus: what these name on the host is replaced by files of the test."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

from plugins.qemu.tests.rig import Rig, Watcher
from virtkit.services.process import Launch
from virtkit_qemu import unixsocket
from virtkit_qemu.emulator import Emulator

NEEDS = {
    "disk-block": "a block device",
    "disk-volume-block": "a block device",
    "disk-lun": "a SCSI device",
    "disk-luks": "encrypted disks",
    "interface-network": "network devices",
    "interface-taps": "network devices",
    "vnc-power": "a TCP port for websockets that is free",
}
"""End of the name of a definition -> what it needs and no test can make."""

IMAGE_BYTES = 4 << 20
FOLDERS = ("/var/lib/images", "/var/lib/nvram", "/var/log", "/run/guest", "/run", "/usr/share/OVMF", "/boot")
TEXTS = ((r"(?<=port=)4[05]\d\d(?=\b)", "0"), (r"(?<=^)(127\.0\.0\.1|0\.0\.0\.0|\[::1\]):\d+", "unix:vnc"))
"""Fixed ports -> any port; a TCP port of VNC -> a socket."""


def paths_in(line: list[str]) -> set[str]:
    """What a command line names in the folders of the corpus."""
    pattern = re.compile(f'(?:{"|".join(FOLDERS)})/[^"]*?(?=$|"|,[a-z]+=)')
    return {found.replace(",,", ",") for word in line for found in pattern.findall(word)}


def start(rig: Rig, name: str, line: list[str], *, image: Path | None = None) -> Emulator:
    """A paused QEMU.

    Args:
        rig: Where it runs.
        name: Name of its files.
        line: Its command line, with 5 for the monitor.
        image: What its disks are copies of; None: they are empty.
    """
    for path in sorted(paths_in(line), key=len, reverse=True):
        copy = rig.folder / path.strip("/").replace("/", "_").replace(",", "_")
        line = [word.replace(path, str(copy)).replace(path.replace(",", ",,"), str(copy)) for word in line]
        if not path.endswith((".sock", ".txt")) and not path.startswith("/run/guest"):
            _make(copy, path, _format_of(copy, line), image)
    for pattern, text in TEXTS:
        line = [re.sub(pattern, text, word) for word in line]
    listener = unixsocket.listen(rig.monitor_path(name))
    line = [word.replace("fd=5,", f"fd={listener.fileno()},") for word in line]
    files = rig.pid_file(name), rig.log(name)
    launch = Launch(f"domain '{name}'", tuple(line), *files, fds=(listener.fileno(),), folder=rig.folder)
    watcher = Watcher()
    return rig.keep(
        Emulator.start(
            launch,
            listener,
            rig.monitor_path(name),
            loop=rig.loop,
            on_event=watcher.on_event,
            on_gone=watcher.on_gone,
            timeout=60,
        )
    )


def _format_of(copy: Path, line: list[str]) -> str:
    """The format in which a command line opens a file."""
    node = next((re.search('"node-name":"(.*?)-storage"', word) for word in line if f'"{copy}"' in word), None)
    opened = next((word for word in line if node and f'"node-name":"{node[1]}-format"' in word), "")
    driver = re.search('"driver":"(.*?)"', opened)
    return driver[1] if driver else "raw"


def _make(copy: Path, path: str, format_: str, image: Path | None) -> None:
    if path.startswith("/boot/"):
        copy.write_bytes(_kernel())
    elif image is not None and format_ == "raw":
        copy.write_bytes(image.read_bytes())
    elif format_ == "raw":
        copy.touch()
        with copy.open("r+b") as file:
            file.truncate(IMAGE_BYTES)
    else:
        subprocess.run(["qemu-img", "create", "-q", "-f", format_, copy, str(IMAGE_BYTES)], check=True, timeout=60)


def _kernel() -> bytes:
    """What QEMU takes for a Linux kernel, as long as nobody runs it."""
    header = bytearray(16384)
    header[0x1F1] = 4  # sectors of set-up code
    header[0x202:0x206] = b"HdrS"
    header[0x206:0x208] = struct.pack("<H", 0x20C)
    header[0x211] = 1  # loaded high
    header[0x22C:0x230] = struct.pack("<I", 0x7FFFFFFF)  # highest address of an initial RAM disk
    return bytes(header)


def places(emulator: Emulator) -> dict[str, tuple[str, int, int]]:
    """Where the PCI devices with a name are: id -> id of the bridge above (or name of the root bus), slot, function."""
    found: dict[str, tuple[str, int, int]] = {}
    execute = emulator.monitor.execute
    for entry in execute("qom-list", {"path": "/machine/peripheral"}):
        if not entry["type"].startswith("child<"):
            continue
        path = f"/machine/peripheral/{entry['name']}"
        properties = {known["name"] for known in execute("qom-list", {"path": path})}
        if {"addr", "parent_bus"} <= properties:
            number = execute("qom-get", {"path": path, "property": "addr"})
            bus = execute("qom-get", {"path": path, "property": "parent_bus"}).rpartition("/")[2]
            found[entry["name"]] = (bus, number >> 3, number & 7)
    return found
