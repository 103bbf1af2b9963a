"""A daemon that nobody asks for anything is small: it has loaded no library that only some calls need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import virtkit
from tests.interop.virtkitd import Virtkitd

SELDOM_NEEDED = ("libcrypto", "libssl", "libnftables", "_cffi_backend")
"""OpenSSL alone takes 4 MiB; digests, TLS, passwords and secrets need it."""


@pytest.mark.skipif(os.geteuid() != 0, reason="the drivers of the system are root's")
def test_an_idle_daemon_has_loaded_no_library_that_few_calls_need(tmp_path: Path) -> None:
    with Virtkitd(tmp_path):  # finding drivers needs more than remembering them does
        pass
    with Virtkitd(tmp_path) as daemon:
        for uri in ("qemu:///system", "test:///default"):
            with virtkit.open(daemon.uri(uri)) as conn:
                conn.list_domains()
                conn.list_networks()
        mapped = Path(f"/proc/{daemon.process.pid}/maps").read_text()
    assert "libpython" in mapped or "python3" in mapped
    assert [] == [name for name in SELDOM_NEEDED if name in mapped]
