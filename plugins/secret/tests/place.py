"""A root with secrets, and what can be seen of it from outside."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import virtkit

UUID = "7c0f2a4e-52a1-4f0e-9a38-0f4a2f1c9b11"
OTHER = "7c0f2a4e-52a1-4f0e-9a38-0f4a2f1c9b12"
VALUE = b"open sesame, said Ali Baba"

PROGRAM = """
import sys
import virtkit
connection = virtkit.open(sys.argv[1])
{body}
print("ready", flush=True)
sys.stdin.read()
connection.close()
"""


def document(
    uuid: str = UUID, use: str = "ceph", name: str = "rbd", *, ephemeral: str = "no", private: str = "no"
) -> str:
    """A secret as it is described."""
    element = {"volume": "volume", "iscsi": "target"}.get(use, "name")
    return f"""<secret ephemeral='{ephemeral}' private='{private}'>
  <uuid>{uuid}</uuid>
  <usage type='{use}'>
    <{element}>{name}</{element}>
  </usage>
</secret>
"""


class Place:
    """A folder that is a root.

    Attributes:
        folder: The folder.
        uri: What opens it.
        key: File of the key.
        definitions: Folder of the definitions.
        values: Folder of the values.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"secret:///embed?root={folder}"
        self.key = folder / "lib/secret/key"
        self.definitions = folder / "etc/secret"
        self.values = self.definitions / "values"

    def open(self, *, readonly: bool = False) -> virtkit.Connection:
        """A connection."""
        return virtkit.open(self.uri, readonly=readonly)

    def value_file(self, uuid: str = UUID) -> Path:
        """File of a secret's value."""
        return self.values / f"{uuid}.value"

    def files(self) -> dict[str, bytes]:
        """Every file, by its path from the root, with its contents."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    @contextmanager
    def program(self, body: str) -> Iterator[subprocess.Popen[str]]:
        """Another process that has done something with its `connection` and holds it; ended with the context."""
        command = [sys.executable, "-c", PROGRAM.format(body=body), self.uri]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert "ready\n" == process.stdout.readline()
            yield process
            process.stdin.close()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
