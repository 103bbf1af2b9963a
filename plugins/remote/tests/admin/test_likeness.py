"""virt-admin prints of virtkitd what it prints of libvirtd: the same tables and names, in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.remote.tests.admin.virt_admin import MISSING, VirtAdmin, listener, wait_until
from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(MISSING, reason="virt-admin and virsh are not installed"),
]

COMMANDS = [
    "server-list",
    "server-threadpool-info SERVER",
    "server-threadpool-info admin",
    "server-threadpool-info nope",
    "server-threadpool-set SERVER --min-workers 2 --max-workers 9",
    "server-threadpool-set SERVER --min-workers 30",
    "server-threadpool-set SERVER --max-workers 0",
    "client-list SERVER",
    "client-list admin",
    "client-info SERVER CLIENT",
    "client-info SERVER 99999",
    "server-clients-info SERVER",
    "server-clients-info admin",
    "server-clients-set SERVER --max-clients 60 --max-unauth-clients 6",
    "server-clients-set SERVER --max-clients 4",
    "server-clients-set SERVER --max-unauth-clients 0",
    "server-clients-info SERVER",
    "daemon-log-filters",
    "daemon-log-filters 3:foo",
    "daemon-log-filters nonsense",
    "daemon-log-filters 9:foo",
    "daemon-log-outputs",
    "daemon-log-outputs 3:stderr",
    "daemon-log-outputs nonsense",
    "daemon-log-outputs 9:stderr",
    "daemon-timeout 0",
    "server-update-tls SERVER",
    "client-disconnect SERVER 99999",
    "client-disconnect SERVER CLIENT",
    "client-list SERVER",
    "version",
]


def shape(text: str) -> list[str]:
    """What is printed, with every number and name of a server made alike."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}", "TIME", text)
    text = re.sub(r"\bvirtkitd\b|\blibvirtd\b", "SERVER", text)
    return [re.sub(r"[ -]+", " ", re.sub(r"-?\b\d+\b", "N", line)).strip() for line in text.splitlines()]


def answers(admin: VirtAdmin, server: str) -> list[tuple[str, int, list[str]]]:
    """Every command, with its exit status and the shape of what it prints; the texts of errors are our own."""
    client = admin.column("Id", "client-list", server)[0]
    found = []
    for command in COMMANDS:
        words = command.replace("SERVER", server).replace("CLIENT", client).split()
        done = admin.run(*words)
        lines = shape(done.stdout)
        # libvirtd keeps its servers by hash: their order differs from run to run.
        found.append((command, done.returncode, sorted(lines) if command == "server-list" else lines))
    return found


@pytest.fixture
def libvirt_answers(tmp_path: Path) -> Iterator[list[tuple[str, int, list[str]]]]:
    """What is printed of a real libvirtd with one client that listens."""
    folder = tmp_path / "libvirtd"
    folder.mkdir()
    with libvirtd.running_system(folder) as path:
        admin = VirtAdmin(path.with_name("libvirt-admin-sock"))
        with listener(f"test+unix:///default?socket={path}", folder / "events"):
            wait_until(lambda: len(admin.column("Id", "client-list", "libvirtd")) == 1, "only the listener is there")
            yield answers(admin, "libvirtd")


def test_virt_admin_prints_the_same_of_both_daemons(
    libvirt_answers: list[tuple[str, int, list[str]]], tmp_path: Path
) -> None:
    folder = tmp_path / "virtkitd"
    folder.mkdir()
    with Virtkitd(folder) as daemon, listener(daemon.uri(), folder / "events"):
        admin = VirtAdmin(daemon.admin_socket)
        wait_until(lambda: len(admin.column("Id", "client-list", "virtkitd")) == 1, "only the listener is there")
        assert libvirt_answers == answers(admin, "virtkitd")
