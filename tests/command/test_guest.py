"""The `virtkit` command and a real guest under QEMU."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.cli.tests.terminals import Terminal
from tests.guests import Cache, tiny_guest

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86_64 of Debian"),
]
VIRTKIT = str(Path(sys.executable).with_name("virtkit"))
ESCAPE = b"\x1d"
DOMAIN = """<domain type='qemu'>
  <name>web</name>
  <memory unit='MiB'>8</memory>
  <os><type>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file'><driver type='raw'/><source file='{image}'/><target dev='hda' bus='ide'/></disk>
    <serial type='pty'/>
  </devices>
</domain>
"""


class Command:
    """The program on a root of its own."""

    def __init__(self, root: Path) -> None:
        self.environment = {**os.environ, "VIRTKIT_DEFAULT_URI": f"qemu:///embed?root={root}"}

    def run(self, *words: str) -> str:
        """What it prints; it has to succeed."""
        done = subprocess.run([VIRTKIT, *words], env=self.environment, capture_output=True, text=True, timeout=120)
        assert (0, "") == (done.returncode, done.stderr)
        return done.stdout

    def terminal(self, *words: str) -> Terminal:
        """It runs on a terminal."""
        return Terminal(VIRTKIT, *words, environment=self.environment)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """The domain `web` is defined; it is stopped in the end if it still runs."""
    made = Command(tmp_path / "root")
    document = tmp_path / "web.xml"
    image = shutil.copy(tiny_guest(Cache()).image, tmp_path)
    document.write_text(DOMAIN.format(image=image))
    made.run("define", str(document))
    yield made
    if "running" in made.run("list", "--all"):
        made.run("destroy", "web")


def test_the_console_of_a_guest_is_attached_at_its_start_and_again(command: Command) -> None:
    with command.terminal("start", "web", "--console") as terminal:
        terminal.expect(b"Connected to domain 'web'")
        terminal.expect(b"TINY-UP")
        terminal.type(b"hello")
        terminal.expect(b"hello")
        terminal.type(ESCAPE)
        assert 0 == terminal.end()
    with command.terminal("console", "web") as terminal:
        terminal.expect(b"Escape character is ^]")
        terminal.type(b"again")
        terminal.expect(b"again")
        terminal.type(b"P")  # the guest powers itself off; what it says then goes down with the terminal
        assert 0 == terminal.end()


def test_a_guest_lives_on_between_commands(command: Command) -> None:
    assert "Domain 'web' started\n\n" == command.run("start", "web")
    assert "running (booted)\n\n" == command.run("domstate", "web", "--reason")
    assert "Domain 'web' suspended\n\n" == command.run("suspend", "web")
    assert "paused\n\n" == command.run("domstate", "web")
    assert "Domain 'web' destroyed\n\nDomain 'web' has been undefined\n\n" == command.run("destroy web; undefine web")
    assert "web" not in command.run("list", "--all")
