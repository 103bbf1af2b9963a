"""The life of a container as the real virsh sees it through virtkitd: consoles, signals, figures, and its end."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.interop.test_lxc import PATIENCE_SECONDS, command, eventually, virsh
from tests.interop.test_lxc import daemon as daemon
from tests.interop.test_lxc import document as document
from tests.interop.virtkitd import Virtkitd

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
]


def changed(document: Path, before: str, after: str) -> str:
    """Path of a document in which something stands for something else."""
    text = document.read_text()
    assert before in text
    document.write_text(text.replace(before, after))
    return str(document)


def running(script: str) -> str:
    return f"<init>/bin/sh</init><initarg>-c</initarg><initarg>{script}</initarg>"


INIT = "<init>/sbin/init</init>"


def test_a_container_out_of_memory_has_crashed(daemon: Virtkitd, document: Path) -> None:
    eat = "sleep 0.5; x=0123456789; while :; do x=$x$x; done"
    virsh(daemon, "define", changed(document, INIT, running(eat)))
    virsh(daemon, "start", "web")
    eventually(lambda: virsh(daemon, "domstate", "web", "--reason") == "shut off (crashed)", "it is killed")


def test_each_console_has_its_name(daemon: Virtkitd, document: Path) -> None:
    script = "while :; do echo this is the second > /dev/tty1; sleep 0.1; done"
    changed(document, "<console type='pty'/>", "<console type='pty'/><console type='pty'/>")
    virsh(daemon, "create", changed(document, INIT, running(script)))
    shown(daemon, lambda text: b"this is the second" in text, "--devname", "console1")


def shown(daemon: Virtkitd, enough: Callable[[bytes], bool], *options: str) -> None:
    """Attach to a console until it has shown enough."""
    near, far = pty.openpty()
    try:
        console = subprocess.Popen(
            command(daemon, "console", "web", *options), stdin=far, stdout=far, stderr=far, start_new_session=True
        )
        os.close(far)
        text, deadline = b"", time.monotonic() + PATIENCE_SECONDS
        while not enough(text):
            assert time.monotonic() < deadline, text
            text += os.read(near, 65536)
        os.write(near, b"\x1d")  # Ctrl+]
        assert 0 == console.wait(PATIENCE_SECONDS)
    finally:
        with suppress(OSError):
            os.close(near)


def test_what_there_is_not_of_consoles_is_named(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "create", str(document))
    refused = failing(*command(daemon, "console", "web", "--devname", "console7"))
    assert "domain 'web' has no console 'console7': see its XML" in refused
    program = Path(sys.executable).with_name("virtkit")
    refused = failing(str(program), "-c", daemon.uri("lxc:///system"), "ttyconsole", "web")
    assert "domain 'web' has no console on a terminal of the host: see 'console web'" in refused
    failing(*command(daemon, "ttyconsole", "web"))  # virsh says nothing more


def failing(*words: str) -> str:
    """What a program that fails says."""
    near, far = pty.openpty()  # virsh console wants a terminal
    try:
        done = subprocess.run(words, stdin=far, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    finally:
        os.close(near)
        os.close(far)
    assert 1 == done.returncode
    return done.stdout + done.stderr


def test_processes_are_signalled_by_all_names_of_signals(daemon: Virtkitd, document: Path) -> None:
    script = "trap 'echo heard' USR1; sleep 1000 &amp; while :; do wait; done"
    virsh(daemon, "create", changed(document, INIT, running(script)))
    for name in ("SIGUSR1", "usr1", "sig_usr1", "10"):
        virsh(daemon, "send-process-signal", "web", "1", name)
    virsh(daemon, "send-process-signal", "web", "1", "kill")
    eventually(lambda: virsh(daemon, "list", "--all", "--name") == "", "it ends")


def test_figures_are_told(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "create", str(document))
    memory = dict(line.split() for line in virsh(daemon, "dommemstat", "web").splitlines())
    assert {"actual", "swap_in", "rss"} <= set(memory)
    assert re.fullmatch(r"(\s*(rd|wr)_\w+ \d+\n?){4}", virsh(daemon, "domblkstat", "web"))
    assert "cpu_time" in virsh(daemon, "cpu-stats", "web", "--total")


def test_the_number_of_processes_is_changed_as_metadata(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "create", str(document))
    wanted = "<container><pids max='30'/></container>"
    virsh(daemon, "metadata", "web", "urn:virtkit:lxc:1", "--key", "vk", "--set", wanted, "--live")
    assert '<pids max="30"/>' in virsh(daemon, "metadata", "web", "urn:virtkit:lxc:1")
