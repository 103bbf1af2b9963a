"""A host on which only the distributions are installed that a test writes, and programs that run there."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

BORROWED = ("attr", "attrs", "lxml", "pluggy", "stevedore")
"""What virtkit needs, put on the host without the metadata of the environment that runs the tests."""

PRELUDE = """
from __future__ import annotations
from virtkit.driver import Driver, OpenRequest
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.network import NetworkSpec
from virtkit.refs import DomainRef, NetworkRef
"""

HYPERVISOR = """
class Lab(Driver, ConnectSpec):
    name = "lab"
    hook_api = 1
    attaches = True

    def driver_open(self, request):
        return request

    def connect_get_hostname(self, conn):
        return f"lab for {conn.uri}"
"""


def network_driver(answer: str) -> str:
    """A network driver that answers every lookup with one name."""
    return f"""
class Lab(Driver, NetworkSpec):
    name = "lab"
    hook_api = 1
    kinds = ("network",)

    def driver_open(self, request):
        return request

    def network_lookup_by_name(self, conn, name):
        return NetworkRef({answer!r}, bytes(16))
"""


class Host:
    """A folder of installed distributions and a program's environment."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.library = folder / "library"
        self.home = folder / "home"
        for path in (self.site, self.library, self.home):
            path.mkdir()
        for package in BORROWED:
            spec = importlib.util.find_spec(package)
            assert spec is not None
            assert spec.submodule_search_locations is not None
            (self.library / package).symlink_to(spec.submodule_search_locations[0])
        virtkit = importlib.util.find_spec("virtkit")
        assert virtkit is not None
        assert virtkit.origin is not None
        (self.library / "virtkit").symlink_to(Path(virtkit.origin).parent)

    def install(
        self,
        distribution: str,
        source: str = HYPERVISOR,
        *,
        name: str = "lab",
        kind: str = "hypervisor",
        target: str = "",
    ) -> None:
        """Install a distribution with one module and one entry point of a kind of driver."""
        module = distribution.replace("-", "_")
        metadata = self.site / f"{module}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        entry = f"[virtkit.{kind}]\n{name} = {target or f'{module}:Lab'}\n"
        (metadata / "entry_points.txt").write_text(entry)
        (self.site / f"{module}.py").write_text(PRELUDE + textwrap.dedent(source))

    def configure(self, text: str) -> None:
        """Write the user's configuration."""
        (self.home / ".config" / "virtkit").mkdir(parents=True)
        (self.home / ".config" / "virtkit" / "virtkit.toml").write_text(text)

    def run(self, program: str, **variables: str) -> Any:
        """Run a program there; what it passes to `tell` comes back. An error it lets out is a failure of the test."""
        script = "import json\ndef tell(*values): print(json.dumps(values))\n" + textwrap.dedent(program)
        setup = f"import sys; sys.path[:0] = [{str(self.site)!r}, {str(self.library)!r}]\n"
        environment = {
            "HOME": str(self.home),
            "PATH": os.defpath,
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CACHE_HOME": str(self.home / "cache"),
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-S", "-W", "error", "-c", setup + script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not done.stderr, done.stderr
        assert 0 == done.returncode
        return [json.loads(line) for line in done.stdout.splitlines()]

    def error(self, statement: str, **variables: str) -> list[Any]:
        """The class, message and `str2` of the error that a statement raises."""
        program = f"""
            import virtkit
            from virtkit import discovery, errors
            try:
                {statement}
            except errors.VirtError as error:
                tell(type(error).__name__, str(error), error.str2)
        """
        (told,) = self.run(program, **variables)
        assert isinstance(told, list)
        return told


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)
