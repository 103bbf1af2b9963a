"""Storage backends: found, loaded, and refused where they do not keep the specification."""

from __future__ import annotations

from typing import Any

import pytest

SOUND = """
from virtkit.storage.backend import Figures, StorageBackend
class Lab(StorageBackend):
    name = "lab"
    hook_api = 1
    def pool_figures(self, pool): return Figures(3, 2, 1)
    def volume_list(self, pool, known): return ()
    def volume_open(self, pool, volume, *, write): raise self.unsupported("be opened")
"""

BROKEN = {
    "driver": ("class Lab(Driver):\n    hook_api = 1", "not a subclass of virtkit.storage.backend.StorageBackend"),
    "older": (SOUND.replace("hook_api = 1", "hook_api = 0"), "this virtkit has 1: upgrade the backend"),
    "misspelt": (SOUND + "    def pool_figure(self, pool): pass\n", "no method is named 'pool_figure'; did you mean"),
    "unknown": (SOUND + "    def volume_paint(self): pass\n", "no method is named 'volume_paint'"),
    "argument": (
        SOUND + "    def pool_stop(self, it): pass\n",
        "pool_stop takes",
    ),
    "keyword": (
        SOUND + "    def pool_start(self, pool): pass\n",
        "the specification says ('self', 'pool', 'guard', 'secret')",
    ),
    "constructor": (
        SOUND + "    def __init__(self): raise OSError('no bus')\n",
        "constructed: OSError: no bus",
    ),
    "bare": (SOUND.partition("    def volume_list")[0], "lacks volume_list and volume_open"),
    "import": ("import nothing_of_that_name", "does not import"),
}


def test_a_backend_is_loaded_once(host: Any) -> None:
    host.install("virtkit-storage-lab", SOUND, kind="storage_backend")
    program = """
        from virtkit import discovery
        lab = discovery.backend("lab")
        tell(discovery.names("storage_backend"), lab is discovery.backend("lab"), lab.pool_figures(None))
    """
    assert [[["lab"], True, [3, 2, 1]]] == host.run(program)


@pytest.mark.parametrize(
    ("kind", "package"),
    [("dir", "virtkit-storage"), ("logical", "virtkit-storage-lvm"), ("zfs", "virtkit-storage-zfs")],
)
def test_a_missing_backend_is_told_with_the_package_to_install(host: Any, kind: str, package: str) -> None:
    error, message, name = host.error(f"discovery.backend({kind!r})")
    assert ("NoDriverError", kind) == (error, name)
    assert f"no storage backend '{kind}' is installed: pip install {package};" in message


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_backend_is_refused_with_its_reason(host: Any, case: str) -> None:
    source, reason = BROKEN[case]
    host.install("virtkit-storage-lab", source, kind="storage_backend")
    error, message, name = host.error('discovery.backend("lab")')
    assert ("DriverError", "lab") == (error, name)
    assert "storage backend 'lab'" in message
    assert reason in message


def test_what_a_backend_leaves_out_is_refused_in_words(host: Any) -> None:
    host.install("virtkit-storage-lab", SOUND, kind="storage_backend")
    error, message, _ = host.error('discovery.backend("lab").pool_find_sources(None)')
    assert "OperationUnsupportedError" == error
    assert "pools of type 'lab' cannot be searched for" == message


def test_a_volume_is_described_by_its_format_unless_a_backend_knows_more(host: Any) -> None:
    host.install("virtkit-storage-lab", SOUND, kind="storage_backend")
    program = """
        from virtkit import discovery
        from virtkit.storage.backend import Volume
        volume = Volume("a", "/a", "/a", 0, 1, 1, 1, "iso")
        tell(discovery.backend("lab").volume_describe(None, volume).target.format)
    """
    assert [["iso"]] == host.run(program)
