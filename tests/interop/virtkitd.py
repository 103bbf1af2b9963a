"""The daemon under test, as people run it: a process with a root of its own, up while the context is entered.

with Virtkitd(tmp_path) as daemon:
    virsh("-c", daemon.uri("test:///default"), "list", "--all")
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.interop.shortened import shortened
from tests.namespaces import Namespace

START_SECONDS = 30.0
"""How long it may take to answer."""

STOP_SECONDS = 30.0
"""How long it may take to end after SIGTERM."""

PROGRAM = Path(sys.executable).with_name("virtkitd")


class Virtkitd:
    """A running virtkitd.

    Args:
        folder: Of this daemon alone; must exist. Keep its name short: sockets are below it.
        configuration: Text of its configuration file; without any it gets none.
        arguments: More of its command line.
        uid: Who it takes itself and its clients' root for, without privileges: in a user namespace, since the files of
            a checkout may be root's alone. Whoever runs the test when None.
        environment: Variables that it gets besides PATH and HOME.
        namespace: The network that it takes for the host's.

    Attributes:
        root: What it is given as `--root`.
        socket: Where it serves everything.
        readonly_socket: Where it serves what changes nothing.
        admin_socket: Where it serves virt-admin.
        process: The process.
    """

    def __init__(
        self,
        folder: Path,
        *,
        configuration: str | None = None,
        arguments: Sequence[str] = (),
        uid: int | None = None,
        environment: dict[str, str] | None = None,
        namespace: Namespace | None = None,
    ) -> None:
        self._names = ExitStack()
        weakref.finalize(self, self._names.close)
        folder = self._names.enter_context(shortened(folder))
        self.root = folder / "root"
        self.output = folder / "output"
        self.socket = self.root / "run" / "libvirt-sock"
        self.readonly_socket = self.root / "run" / "libvirt-sock-ro"
        self.admin_socket = self.root / "run" / "libvirt-admin-sock"
        self.configuration = folder / "virtkitd.toml" if configuration is not None else None
        self.arguments = tuple(arguments)
        self.uid = uid
        self.namespace = namespace
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})}
        self.root.mkdir(exist_ok=True)
        if self.configuration is not None:
            self.configuration.write_text(configuration or "")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("enter the context first: virtkitd has not been started")
        return self._process

    def uri(self, uri: str = "test:///default", *, readonly: bool = False) -> str:
        """A URI of a local driver, by way of this daemon's socket."""
        scheme, rest = uri.split(":", 1)
        separator = "&" if "?" in rest else "?"
        return f"{scheme}+unix:{rest}{separator}socket={self.readonly_socket if readonly else self.socket}"

    def log(self) -> str:
        """What it printed, and what it logged under its root."""
        files = [self.output, *sorted((self.root / "log").glob("**/*.log"))]
        texts = [f"-- {path.name}\n{path.read_text(errors='replace')}" for path in files if path.exists()]
        return "\n".join(texts)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(PROGRAM), "--root", str(self.root)]
        if self.configuration is not None:
            command += ["--config", str(self.configuration)]
        if self.uid is not None:
            command = ["unshare", "--user", f"--map-user={self.uid}", f"--map-group={self.uid}", "--", *command]
        if self.namespace is not None:
            command = self.namespace.command(*command)
        with open(self.output, "ab") as output:
            self._process = subprocess.Popen(
                [*command, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"virtkitd does not serve {self.socket}:\n{self.log()}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        """Whether it is there with all its sockets: it writes its process id when it is."""
        try:
            return (self.root / "run" / "virtkitd.pid").read_text() == f"{self.process.pid}\n"
        except OSError:
            return False

    def stop(self) -> int:
        """Ask it to end; its exit status. It is killed when it takes too long."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it as a crash would; its exit status."""
        self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Virtkitd:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it; tell of its log when the test failed or it did not end well."""
        if self.process.returncode is not None and kind is None:
            return  # the test ended it
        status = self.stop()
        if error is not None:
            error.add_note(f"virtkitd exited with {status}:\n{self.log()}")
        elif status != 0:
            raise AssertionError(f"virtkitd exited with {status} after SIGTERM:\n{self.log()}")
