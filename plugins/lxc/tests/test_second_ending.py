"""Memory that runs out on a host with control groups of version 2 alone: the test kernel."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import document, eventually, read_until, state_of
from plugins.lxc.tests.lab import Lab
from plugins.lxc.tests.test_ending import EAT
from plugins.lxc.tests.test_second_version import second as second
from virtkit.enums import DomainProcessSignal, DomainShutoffReason, DomainState

pytestmark = pytest.mark.test_kernel


def test_the_end_of_a_container_out_of_memory_is_told_from_others(
    second: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with virtkit.open(f"lxc:///embed?root={tmp_path / 'state'}") as connection:
        domain = connection.define_domain(document(second.root(), "/bin/sh", "-c", f"sleep 1; {EAT}"))
        domain.create()
        eventually(lambda: not domain.is_active(), "it is killed")
        assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain)
        assert "its init was killed, since the container was out of its 65536 KiB" in caplog.text
        domain = connection.define_domain(document(second.root(), "/bin/sleep", "1000", name="other"))
        domain.create()
        domain.send_process_signal(1, DomainProcessSignal.KILL)
        eventually(lambda: not domain.is_active(), "it is killed")
        assert "domain 'other' has crashed: its init got signal 9" in caplog.text


def test_a_process_that_is_killed_for_memory_is_told_of_once(
    second: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = f"while :; do /bin/sh -c '{EAT}'; sleep 0.01; echo killed; done"
    with virtkit.open(f"lxc:///embed?root={tmp_path / 'state'}") as connection:
        domain = connection.create_domain(document(second.root(), "/bin/sh", "-c", script))
        with closing(domain.open_console()) as console:
            for _ in range(2):
                read_until(console, b"killed")
        assert domain.is_active()
        domain.destroy()
    assert 1 == caplog.text.count("domain 'web' is out of its 65536 KiB of memory")
