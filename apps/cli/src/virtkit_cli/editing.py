"""A document in the user's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from virtkit.errors import VirtError
from virtkit_cli.command import UsageError
from virtkit_cli.session import Session


def edit(session: Session, name: str, text: str, define: Callable[[str], object]) -> None:
    """Let the user edit a document and define it; after an error they may go on editing.

    Args:
        session: Where to say what became of it.
        name: What it describes.
        text: The document.
        define: Takes the edited one.

    Raises:
        UsageError: The editor does not run.
        VirtError: What `define` raises, if the user gives up.
    """
    with tempfile.TemporaryDirectory(prefix="virtkit-") as folder:
        file = Path(folder, f"{name.replace('/', '_')}.xml")
        file.write_text(text)
        while True:
            _run_editor(file)
            edited = file.read_text()
            if edited == text:
                session.out.done(f"XML configuration of {name} not changed.", name=name, changed=False)
                return
            try:
                define(edited)
            except VirtError as error:
                if not _asks_again(error):
                    raise
            else:
                session.out.done(f"XML configuration of {name} edited.", name=name, changed=True)
                return


def _run_editor(file: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        subprocess.run([*shlex.split(editor), str(file)], check=True)
    except (OSError, subprocess.CalledProcessError) as cause:
        raise UsageError(f"the editor {editor!r} failed: {cause}; set EDITOR to one that runs here") from cause


def _asks_again(error: VirtError) -> bool:
    """Whether the user wants to go on editing; nobody can say so without a terminal."""
    if not sys.stdin.isatty():
        return False
    print(f"error: {error.message}\nEdit it again? [y,n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
