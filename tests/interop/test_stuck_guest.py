"""A guest whose QEMU answers nothing any more, and everybody else."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import virtkit
from tests.guests import Cache, tiny_guest
from tests.interop.virtkitd import Virtkitd
from virtkit import Connection
from virtkit.enums import DomainState

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86_64 of Debian"),
]

DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>8</memory>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file'><driver type='raw'/><source file='{image}'/><target dev='hda' bus='ide'/></disk>
  </devices>
</domain>
"""
CALLERS = 8
"""More than may be under way of one object."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path) as running:
        yield running


@pytest.fixture
def conn(daemon: Virtkitd, tmp_path: Path) -> Iterator[Connection]:
    """A connection to two guests that run, `stuck` and `fine`."""
    with virtkit.open(daemon.uri("qemu:///system")) as connection:
        for name in ("stuck", "fine"):
            image = shutil.copy(tiny_guest(Cache()).image, tmp_path / f"{name}.img")
            connection.create_domain(DOMAIN.format(name=name, image=image))
        yield connection
        for domain in connection.list_domains():
            domain.destroy()


def test_a_guest_that_answers_nothing_holds_up_only_who_needs_its_answer(daemon: Virtkitd, conn: Connection) -> None:
    stuck, fine = conn.lookup_domain_by_name("stuck"), conn.lookup_domain_by_name("fine")
    pid = int((daemon.root / "run/qemu/stuck.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(CALLERS) as pool:
        waiting = [pool.submit(stuck.suspend) for _ in range(CALLERS)]
        try:
            assert 2 == len(conn.list_domains())
            assert DomainState.RUNNING == fine.info().state
            assert "<name>stuck</name>" in stuck.xml_desc()
            assert DomainState.RUNNING == stuck.info().state
            fine.suspend()
            fine.resume()
            with virtkit.open(daemon.uri("qemu:///system")) as another:
                another.lookup_domain_by_name("fine").suspend()
            assert not any(each.done() for each in waiting)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert [None] * CALLERS == [each.result() for each in waiting]
    assert DomainState.PAUSED == stuck.info().state


def test_a_guest_that_answers_nothing_is_destroyed_all_the_same(daemon: Virtkitd, conn: Connection) -> None:
    stuck = conn.lookup_domain_by_name("stuck")
    pid = int((daemon.root / "run/qemu/stuck.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(CALLERS) as pool:
        waiting = [pool.submit(stuck.suspend) for _ in range(CALLERS)]
        stuck.destroy()
        assert all(isinstance(each.exception(), virtkit.errors.VirtError) for each in waiting)
    assert ["fine"] == [domain.name for domain in conn.list_domains()]
