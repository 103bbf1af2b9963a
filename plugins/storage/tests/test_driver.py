"""The driver as such: what it answers without a pool."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from virtkit_storage.driver import StorageDriver

COUNTED = """
import os, sys
import virtkit

listed = []

def note(event, arguments):
    if event in ("os.listdir", "os.scandir"):
        place = arguments[0]
        listed.append(os.readlink(f"/proc/self/fd/{place}") if isinstance(place, int) else os.fspath(place))

uri, folder = sys.argv[1:]
sys.addaudithook(note)
with virtkit.open(uri) as connection:
    pool = connection.lookup_storage_pool_by_name("images")
    print(pool.lookup_volume_by_name("7.img").path())
    print(connection.lookup_volume_by_path(f"{folder}/8.img").info().capacity)
    assert folder not in listed, listed
    print(len(pool.list_volumes()))
    assert folder in listed, listed
"""
"""A program that finds volumes, and tells whether the folder of their pool was listed for that."""


@pytest.mark.parametrize(("user", "uri"), [(0, "storage:///system"), (1000, "storage:///session")])
def test_a_daemon_keeps_the_pools_of_its_user(monkeypatch: pytest.MonkeyPatch, user: int, uri: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert uri == StorageDriver().driver_default_uri()


@pytest.mark.usefixtures("pool")
def test_a_program_that_has_just_begun_finds_one_of_many_volumes_without_listing_them(uri: str, folder: Path) -> None:
    for number in range(100):
        (folder / f"{number}.img").write_bytes(bytes(number))
    program = [sys.executable, "-c", COUNTED, uri, str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (f"{folder}/7.img\n8\n100\n", "") == (done.stdout, done.stderr)
