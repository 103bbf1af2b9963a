"""What the driver's own tests share: a root in a folder, documents of guests, and a watch on events."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import virtkit
from plugins.qemu.tests.rig import Console, eventually
from virtkit.enums import DomainEventType, DomainState
from virtkit.errors import VirtError
from virtkit.events import DomainLifecycleEvent

if TYPE_CHECKING:
    from tests.guests import TinyGuest
    from virtkit.streams import Duplex

UUID = "11111111-2222-4333-8444-{:012d}"

PROGRAM = """
import sys, time
import virtkit
connection = virtkit.open(sys.argv[1])
{body}
print("ready", flush=True)
time.sleep(600)
"""


class Root:
    """A root of its own; whatever still runs in it is killed in the end."""

    def __init__(self, folder: Path, tiny: TinyGuest) -> None:
        self.folder = folder
        self.tiny = tiny

    @property
    def uri(self) -> str:
        return f"qemu:///embed?root={self.folder}"

    def open(self, *, readonly: bool = False) -> virtkit.Connection:
        return virtkit.open(self.uri, readonly=readonly)

    def disk(self, name: str) -> Path:
        """A bootable disk of a guest's own."""
        path = self.folder / f"{name}.img"
        if not path.exists():
            shutil.copy(self.tiny.image, path)
        return path

    def xml(self, name: str, *, devices: str = "", more: str = "", serial: str = "<serial type='pty'/>") -> str:
        """A domain that boots the tiny guest."""
        return (
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>4</memory><os><type>hvm</type></os>"
            f"<features><acpi/></features>{more}<devices>"
            f"<disk type='file'><driver name='qemu' type='raw'/><source file='{self.disk(name)}'/>"
            f"<target dev='vda' bus='virtio'/></disk>{serial}{devices}</devices></domain>"
        )

    def pids(self) -> list[int]:
        """The processes of the guests that have a status document."""
        files = (self.folder / "run" / "qemu").glob("*/qemu.pid")
        return [int(file.read_text().split()[0]) for file in files]

    def pid(self, name: str) -> int:
        """The process of a guest."""
        found = next((self.folder / "run" / "qemu").glob(f"*-{name}/qemu.pid"))
        return int(found.read_text().split()[0])

    def close(self) -> None:
        with self.open() as connection:
            for domain in connection.list_domains(1):
                try:
                    os.kill(self.pid(domain.name), signal.SIGCONT)
                    domain.destroy()
                except (VirtError, OSError, StopIteration):
                    continue


@contextmanager
def root(folder: Path, tiny: TinyGuest) -> Iterator[Root]:
    made = Root(folder, tiny)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def program(root: Root, body: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has done something to the root and holds it; killed in the end if it still runs."""
    command = [sys.executable, "-c", PROGRAM.format(body=body), root.uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            assert "ready\n" == process.stdout.readline()
            yield process
        finally:
            process.kill()


class Journal:
    """Remembers lifecycle events: `("web", STARTED, 0)`."""

    def __init__(self, connection: virtkit.Connection) -> None:
        self.entries: list[tuple[str, DomainEventType, int]] = []
        self._subscription = connection.subscribe(DomainLifecycleEvent, self._note)

    def _note(self, domain: virtkit.Domain, event: DomainLifecycleEvent) -> None:
        self.entries.append((domain.name, event.event, int(event.detail)))

    def wait(self, *expected: tuple[DomainEventType, int]) -> None:
        """Wait until exactly these have come."""
        eventually(lambda: len(self.entries) >= len(expected))
        assert list(expected) == [(event, detail) for _, event, detail in self.entries]

    def clear(self) -> None:
        """Forget what has happened until now."""
        assert self._subscription.hub.drain()
        self.entries.clear()


class Terminal(Console):
    """The far end of a console that a connection has opened."""

    def __init__(self, line: Duplex) -> None:
        self._line = line
        self._seen = b""

    def send(self, data: bytes) -> None:
        self._line.write(data)

    def expect(self, text: bytes) -> None:
        while text not in self._seen:
            data = self._line.read(timeout=60)
            assert data, f"the console closed after {self._seen!r}"
            self._seen += data
        self._seen = self._seen.partition(text)[2]

    def close(self) -> None:
        self._line.close()


def boot(domain: virtkit.Domain, tiny: TinyGuest) -> Terminal:
    """Start the tiny guest and wait until it runs; nothing it writes is missed."""
    domain.create(1)
    terminal = Terminal(domain.open_console())
    domain.resume()
    terminal.expect(tiny.up)
    return terminal


def state_of(domain: virtkit.Domain) -> tuple[DomainState, int]:
    return tuple(domain.state())  # type: ignore[return-value]


def runs(pid: int) -> bool:
    """Whether a process runs; one that its parent has not taken notice of yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
