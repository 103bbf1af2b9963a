"""Documents of containers that the driver runs, and what tests wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.sax.saxutils import escape

from virtkit import Domain
from virtkit.enums import DomainState
from virtkit.streams import Duplex

PATIENCE_SECONDS = 30.0

MAC = "52:54:00:a1:b2:c3"
INTERFACE = f"""<interface type='bridge'><mac address='{MAC}'/><source bridge='vb0'/><guest dev='net0'/>
    <ip address='10.0.0.2' prefix='24'/></interface>"""
"""On the bridge of the fixture `bridge`."""


def eventually(holds: Callable[[], object], what: str) -> None:
    """Return as soon as `holds()` is true; fail when it does not become so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def document(rootfs: Path, *command: str, more: str = "", devices: str = "", name: str = "web") -> str:
    init, *arguments = command or ("/sbin/init",)
    words = "".join(f"<initarg>{escape(word)}</initarg>" for word in arguments)
    return f"""<domain type='lxc'><name>{name}</name><memory unit='MiB'>64</memory>
        <os><type>exe</type><init>{init}</init>{words}</os><features><privnet/></features>{more}
        <devices><filesystem><source dir='{rootfs}'/><target dir='/'/></filesystem>{devices}
        <console type='pty'/></devices></domain>"""


def read_until(console: Duplex, wanted: bytes) -> bytes:
    """What a console shows until something stands there."""
    shown, deadline = b"", time.monotonic() + PATIENCE_SECONDS
    while wanted not in shown:
        assert time.monotonic() < deadline, shown
        try:
            shown += console.read(timeout=1.0)
        except TimeoutError:
            continue
    return shown


def wait_for_shell(domain: Domain) -> None:
    """Wait until the system of a container is up."""
    with closing(domain.open_console()) as console:
        console.write(b"echo $((6 * 7))\n")
        read_until(console, b"42")


def says(domain: Domain, script: str) -> str:
    """What a script writes on the console of a container, where a shell is."""
    with closing(domain.open_console()) as console:
        console.write(f"echo begin''ning; {script}; echo the''end\n".encode())
        shown = read_until(console, b"theend")
    return shown.partition(b"beginning")[2].partition(b"theend")[0].replace(b"\r\n", b"\n").decode().strip()


def state_of(domain: Domain) -> tuple[DomainState, int]:
    state = domain.state()
    return state.state, state.reason
