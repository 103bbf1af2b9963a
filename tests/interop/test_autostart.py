"""What starts with the host, through virtkitd: guests after the pools that their disks are volumes of."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

import virtkit
from tests.guests import Cache, GuestBuildError, tiny_guest
from tests.interop.virtkitd import Virtkitd
from virtkit.enums import DomainState

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86_64 of Debian"),
]

PATIENCE_SECONDS = 60

GUEST = """
<domain type='qemu'><name>web</name><memory unit='MiB'>4</memory><os><type>hvm</type></os><devices>
<disk type='volume'><source pool='images' volume='web.img'/><target dev='vda' bus='virtio'/></disk></devices></domain>
"""
STAMPS = "run/*/autostarted"
"""Files that say in which boot of the host the drivers began."""


def _define(connection: virtkit.Connection, folder: Path) -> None:
    pool = connection.define_storage_pool(
        f"<pool type='dir'><name>images</name><target><path>{folder}</path></target></pool>"
    )
    pool.set_autostart(True)
    connection.define_domain(GUEST).set_autostart(True)


def test_a_guest_on_a_volume_starts_with_the_host_after_its_pool(tmp_path: Path) -> None:
    try:
        tiny = tiny_guest(Cache())
    except GuestBuildError as error:
        pytest.skip(str(error))
    images = tmp_path / "images"
    images.mkdir()
    shutil.copy(tiny.image, images / "web.img")
    daemon = Virtkitd(tmp_path)
    with daemon, virtkit.open(daemon.uri("qemu:///system")) as connection:
        _define(connection, images)
        assert not connection.lookup_storage_pool_by_name("images").is_active()
    stamps = list(daemon.root.glob(STAMPS))
    assert {"qemu", "storage"} <= {stamp.parent.name for stamp in stamps}
    for stamp in stamps:
        stamp.unlink()
    with daemon, virtkit.open(daemon.uri("qemu:///system")) as connection:
        domain = connection.lookup_domain_by_name("web")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while domain.state()[0] != DomainState.RUNNING:
            assert time.monotonic() < deadline, "the guest does not start by itself"
            time.sleep(0.02)
        assert connection.lookup_storage_pool_by_name("images").is_active()
        domain.destroy()
