"""A shell in a test kernel, or a command whose exit status is ours: `python -m tests.testkernel [COMMAND ...]`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.testkernel.booting import PLACE, command_line, environment, fill
from tests.testkernel.installed import KernelUnavailableError, installed

SHELL = "exec setsid --ctty --wait bash </dev/tty0 >/dev/tty0 2>&1"
"""With a terminal of its own, so that Ctrl-C reaches what runs in it."""


def main(command: list[str]) -> int:
    try:
        kernel = installed()
    except KernelUnavailableError as error:
        sys.stderr.write(f"testkernel: {error}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="testkernel-") as name:
        folder = Path(name)
        variables = {"PATH": os.environ.get("PATH", os.defpath), PLACE: "shell"}
        fill(folder, command or ["bash", "-c", SHELL], directory=Path.cwd(), variables=variables)
        subprocess.run(command_line(kernel, folder), env=environment(kernel, folder), check=False)
        status = folder / "status"
        return int(status.read_text()) if status.exists() else 1


sys.exit(main(sys.argv[1:]))
