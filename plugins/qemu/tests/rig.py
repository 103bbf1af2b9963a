"""What the tests of this distribution start and talk to: real QEMU, with the guests of `tests/guests`."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from virtkit.services.loop import MonitorLoop
from virtkit.services.process import Launch
from virtkit_qemu import unixsocket
from virtkit_qemu.emulator import Emulator
from virtkit_qemu.qmp import Event

QEMU = "qemu-system-x86_64"
PATIENCE_SECONDS = 60.0
NO_MACHINE = ("-M", "none")


def eventually(holds: Callable[[], object]) -> None:
    """Return as soon as `holds()` is true; fail when it does not become so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


class Watcher:
    """Remembers what an emulator reported."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.gone = 0

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def on_gone(self) -> None:
        self.gone += 1

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]


class Console:
    """The far end of a guest's serial port."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._seen = b""
        connection.settimeout(PATIENCE_SECONDS)

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def expect(self, text: bytes) -> None:
        """Read up to and including `text`."""
        while text not in self._seen:
            data = self._connection.recv(4096)
            assert data, f"the console closed after {self._seen!r}"
            self._seen += data
        self._seen = self._seen.partition(text)[2]

    def close(self) -> None:
        self._connection.close()


class Rig:
    """Starts emulators below one folder and ends them all in the end."""

    def __init__(self, folder: Path, loop: MonitorLoop) -> None:
        self.folder = folder
        self.loop = loop
        self._emulators: list[Emulator] = []
        self._consoles: list[Console] = []

    def launch(self, name: str, *options: str) -> tuple[Launch, socket.socket]:
        """How to start a paused QEMU whose console and monitor sockets are named after the guest."""
        listener = unixsocket.listen(self.monitor_path(name))
        monitor = f"socket,id=monitor,fd={listener.fileno()},server=on,wait=off"
        quiet = ("-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-S", "-name", name)
        command = (QEMU, *quiet, "-chardev", monitor, "-mon", "monitor,mode=control", *options)
        fds = (listener.fileno(),)
        subject = f"domain '{name}'"
        launch = Launch(subject, command, self.pid_file(name), self.log(name), fds=fds, folder=self.folder)
        return launch, listener

    def start(self, name: str, *options: str, watcher: Watcher | None = None, timeout: float = 60.0) -> Emulator:
        """A paused QEMU."""
        watcher = watcher or Watcher()
        launch, listener = self.launch(name, *options)
        return self.keep(
            Emulator.start(
                launch,
                listener,
                self.monitor_path(name),
                loop=self.loop,
                on_event=watcher.on_event,
                on_gone=watcher.on_gone,
                timeout=timeout,
            )
        )

    def boot(self, name: str, *options: str, watcher: Watcher | None = None) -> tuple[Emulator, Console]:
        """A running guest and its console, from the first byte."""
        socket_options = f"socket,id=console,path={name}.console,server=on,wait=off"
        console = ("-chardev", socket_options, "-serial", "chardev:console")
        emulator = self.start(name, *console, *options, watcher=watcher)
        terminal = self.console(name)
        emulator.monitor.execute("cont")
        return emulator, terminal

    def adopt(self, name: str, *, watcher: Watcher | None = None, timeout: float = 60.0) -> Emulator | None:
        watcher = watcher or Watcher()
        emulator = Emulator.adopt(
            self.pid_file(name),
            self.monitor_path(name),
            subject=f"domain '{name}'",
            log=self.log(name),
            loop=self.loop,
            on_event=watcher.on_event,
            on_gone=watcher.on_gone,
            timeout=timeout,
        )
        return None if emulator is None else self.keep(emulator)

    def console(self, name: str) -> Console:
        console = Console(unixsocket.connect(self.folder / f"{name}.console"))
        self._consoles.append(console)
        return console

    def keep(self, emulator: Emulator) -> Emulator:
        self._emulators.append(emulator)
        return emulator

    def monitor_path(self, name: str) -> Path:
        return self.folder / f"{name}.monitor"

    def pid_file(self, name: str) -> Path:
        return self.folder / f"{name}.pid"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def close(self) -> None:
        for console in self._consoles:
            console.close()
        for emulator in self._emulators:
            if emulator.process.fileno() >= 0:
                emulator.process.stop(grace=0)
            emulator.close()


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    loop = MonitorLoop()
    built = Rig(folder, loop)
    try:
        yield built
    finally:
        built.close()
        loop.close()


def disk(image: Path, folder: Path, name: str) -> tuple[str, ...]:
    """Options that boot from a copy of a disk image."""
    copy = folder / f"{name}.img"
    shutil.copy(image, copy)
    return ("-M", "pc", "-m", "4", "-drive", f"file={copy},format=raw,if=virtio")
