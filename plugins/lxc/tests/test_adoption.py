"""Containers whose manager ends or dies: they run on, and the next one takes them over."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import virtkit
from plugins.lxc.tests.driving import PATIENCE_SECONDS, document, eventually, state_of
from tests.containers.host import remains
from virtkit import Domain
from virtkit.enums import (
    DomainCreateFlags,
    DomainEventType,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import OperationFailedError, OperationInvalidError
from virtkit.events import DomainLifecycleEvent

START_AND_DIE = """
import os, signal, sys, virtkit
connection = virtkit.open(sys.argv[1])
domain = connection.lookup_domain_by_name("web")
domain.create()
print(domain.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_container_outlives_its_manager_and_is_adopted(uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs))
    done = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        assert int(done.stdout) == domain.id
        assert (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(domain)
        told: list[DomainLifecycleEvent] = []
        connection.subscribe(DomainLifecycleEvent, lambda _, event: told.append(event))
        eventually(lambda: _asked_to_end(domain), "it shuts down")
        eventually(lambda: told and told[-1].event == DomainEventType.STOPPED, "it is told")
        assert DomainShutoffReason.SHUTDOWN == domain.state().reason


DIE_WHILE_STARTING = """
import os, signal, sys, virtkit
from virtkit_lxc import runtime
runtime.find = lambda folder: os.kill(os.getpid(), signal.SIGKILL)  # liblxc has started it, and nobody has noted that
virtkit.open(sys.argv[1]).lookup_domain_by_name("web").create()
"""


def test_a_start_whose_manager_died_half_way_leaves_nothing(uri: str, rootfs: Path, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs))
    done = subprocess.run(
        [sys.executable, "-c", DIE_WHILE_STARTING, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(False)  # owns the root
        assert (DomainState.SHUTOFF, DomainShutoffReason.FAILED) == state_of(domain)
        assert {} == remains(tmp_path / "run" / "lxc")
        domain.create()
        assert domain.is_active()


def test_a_marked_container_starts_with_the_driver(uri: str, rootfs: Path, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(document(rootfs))
        domain.set_autostart(True)
    (tmp_path / "run" / "lxc" / "autostarted").unlink()  # as after a boot of the host
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(True)  # owns the root
        eventually(domain.is_active, "it is started")


def test_a_container_that_ends_with_its_session_does(uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs)).create(DomainCreateFlags.START_AUTODESTROY)
    with virtkit.open(uri) as connection:
        assert not connection.lookup_domain_by_name("web").is_active()


def _asked_to_end(domain: Domain) -> bool:
    if domain.is_active():
        try:
            domain.shutdown()
        except (OperationInvalidError, OperationFailedError):
            return False
    return not domain.is_active()


def test_a_container_that_ended_unseen_is_off(uri: str, rootfs: Path) -> None:
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(document(rootfs, "/bin/sleep", "0.5"))
        domain.create()
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        eventually(lambda: not domain.is_active(), "it is gone")
        domain.set_autostart(True)  # owns the root
        assert DomainState.SHUTOFF == domain.state().state
