"""Real containers, started without the driver: runtime and configuration alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugins.lxc.tests.documents import container
from tests.containers import make_root, remains
from virtkit.xml.domain import Domain
from virtkit_lxc import attaching, cgroups, rootless, roots, runtime, terminal
from virtkit_lxc.attaching import Program
from virtkit_lxc.configuration import CONSOLE_LOG, command, configuration
from virtkit_lxc.plan import Plan
from virtkit_lxc.runtime import Started

DEADLINE_SECONDS = 20.0

SLEEP = ("/bin/sleep", "1000")


def eventually(holds: Callable[[], Any], what: str) -> Any:
    """What is there as soon as it is true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_SECONDS:g} s"
        time.sleep(0.01)
    return found


class Container:
    """A container of a lab.

    Attributes:
        domain: Its document.
        plan: What it is started with.
        started: Its processes, once it is started.
    """

    def __init__(self, domain: Domain, plan: Plan) -> None:
        self.domain = domain
        self.name = domain.name or ""
        self.plan = plan
        self.started: Started | None = None

    def start(self) -> Started:
        plan = roots.prepared(self.domain, self.plan)
        text = configuration(self.domain, plan)
        limits = list(cgroups.settings(self.domain, plan.layout, plan.numbers, plan.pids))
        self.started = runtime.start(
            self.name,
            plan.folder,
            text,
            command(self.domain),
            layout=plan.layout,
            group=plan.cgroup,
            limits=limits,
            helped=rootless.takes_helpers(self.domain),
        )
        return self.started

    @property
    def running(self) -> Started:
        """Its processes."""
        assert self.started is not None
        return self.started

    def end(self) -> None:
        runtime.end(self.plan.folder, self.plan.layout, self.plan.cgroup)

    def run(self, *words: str, **how: Any) -> tuple[int, str]:
        """Exit status and output of a program in it."""
        reading, writing = os.pipe()
        how.setdefault("environment", {"PATH": "/bin:/sbin"})
        nothing = os.open(os.devnull, os.O_RDONLY)
        with open(reading, "rb") as output:
            try:
                program = Program(words, files=(nothing, writing, writing), **how)
                status = attaching.run(self.name, self.plan.folder, program, timeout=30)
            finally:
                os.close(writing)
                os.close(nothing)
            return status, output.read().decode(errors="replace").strip()

    def shell(self, script: str, **how: Any) -> tuple[int, str]:
        """Exit status and output of a script in it."""
        return self.run("/bin/sh", "-c", script, **how)

    def says(self, script: str) -> str:
        """The output of a script in it, which must succeed."""
        status, output = self.shell(script)
        assert 0 == status, output
        return output

    def console(self) -> str:
        """What it has written to its console."""
        return (self.plan.folder / CONSOLE_LOG).read_text(errors="replace").replace("\r\n", "\n")

    def take(self, number: int = 0) -> terminal.Terminal:
        """Its console, or another terminal."""
        return terminal.take(self.name, self.plan.folder, number)


class Lab:
    """A folder with containers and their roots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = cgroups.Layout.read()
        self._made: list[Container] = []

    def root(self, name: str = "root", owner: int = 0) -> Path:
        """A root file system; the same again for the same name."""
        path = self.folder / name
        return path if path.exists() else make_root(path, owner)

    def container(
        self, *words: str, plan: dict[str, Any] | None = None, root: Path | None = None, **parts: Any
    ) -> Container:
        """A container that is not started; without a command it sleeps."""
        name = parts.setdefault("name", f"c{len(self._made)}")
        domain = rootless.settled(name, container(root or self.root(), *(words or SLEEP), **parts), self.layout)
        folder = self.folder / "run" / name
        folder.mkdir(parents=True, exist_ok=True)
        settled = Plan(folder, cgroups.place(str(self.folder), name), self.layout, **(plan or {}))
        made = Container(domain, settled)
        self._made.append(made)
        return made

    def started(self, *words: str, **parts: Any) -> Container:
        """A container that runs."""
        made = self.container(*words, **parts)
        made.start()
        return made

    def group_file(self, made: Container, controller: str, file: str) -> str:
        """The text of a file of its control group."""
        return cgroups.read_file(self.layout, controller, made.plan.cgroup, file) or ""

    def close(self) -> None:
        """End all of them; nothing of them is left."""
        for made in self._made:
            made.end()
        assert {} == remains(self.folder)
