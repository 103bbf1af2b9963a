"""What was found installed is remembered, and searched for again as soon as that may have changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

NAMES = """
    import sys
    from virtkit import discovery
    tell(discovery.names("hypervisor"), "stevedore" in sys.modules)
"""
SEARCHED, REMEMBERED = True, False


def memory(host: Any) -> Path:
    """The one file in which the host remembers its drivers."""
    (file,) = (host.home / "cache" / "virtkit").iterdir()
    assert isinstance(file, Path)
    return file


def test_drivers_are_searched_for_once(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-zoo", name="zoo")
    assert [[["lab", "zoo"], SEARCHED]] == host.run(NAMES)
    assert [[["lab", "zoo"], REMEMBERED]] == host.run(NAMES)


def test_a_connection_is_opened_without_what_finds_and_checks_plugins(host: Any) -> None:
    host.install("virtkit-lab")
    program = """
        import sys, virtkit
        with virtkit.open("lab:///default") as conn:
            tell(conn.hostname(), *(name in sys.modules for name in ("stevedore", "pluggy", "importlib.metadata")))
    """
    host.run(program)
    assert [["lab for lab:///default", False, False, False]] == host.run(program)


def test_installing_and_uninstalling_is_seen(host: Any) -> None:
    host.install("virtkit-lab")
    host.run(NAMES)
    host.install("virtkit-zoo", name="zoo")
    assert [[["lab", "zoo"], SEARCHED]] == host.run(NAMES)
    metadata = host.site / "virtkit_lab-1.0.dist-info"
    metadata.rename(host.site / "virtkit_lab-1.0")
    assert [[["zoo"], SEARCHED]] == host.run(NAMES)
    assert [[["zoo"], REMEMBERED]] == host.run(NAMES)


def test_another_entry_point_of_the_same_distribution_is_seen(host: Any) -> None:
    host.install("virtkit-lab")
    host.run(NAMES)
    file = host.site / "virtkit_lab-1.0.dist-info" / "entry_points.txt"
    file.write_text("[virtkit.hypervisor]\nlob = virtkit_lab:Lab\n")
    os.utime(file, (2_000_000_000, 2_000_000_000))  # stevedore tells times apart that differ by minutes
    assert [[["lob"], SEARCHED]] == host.run(NAMES)


def test_another_module_path_is_another_host(host: Any) -> None:
    host.install("virtkit-lab")
    host.run(NAMES)
    alone = f"import sys; sys.path.remove({str(host.site)!r})"
    assert [[[], SEARCHED]] == host.run(f"{alone}\n{NAMES.replace('    ', '')}")


@pytest.mark.parametrize("content", [b"", b"\0\xff" * 100, b"('virtkit.hypervisor',)\nend\n", "half"])
def test_a_damaged_memory_is_replaced(host: Any, content: bytes | str) -> None:
    host.install("virtkit-lab")
    host.run(NAMES)
    file = memory(host)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    assert [[["lab"], SEARCHED]] == host.run(NAMES)
    assert whole == memory(host).read_bytes()


def test_a_memory_that_others_may_write_is_not_believed(host: Any) -> None:
    host.install("virtkit-lab")
    host.run(NAMES)
    file = memory(host)
    file.write_text(file.read_text().replace("\tlab\t", "\tevil\t"))
    assert [[["evil"], REMEMBERED]] == host.run(NAMES), "the text is where the test changes it"
    file.chmod(0o666)
    assert [[["lab"], SEARCHED]] == host.run(NAMES)
    assert 0o600 == memory(host).stat().st_mode & 0o777


@pytest.mark.parametrize("variables", [{"XDG_CACHE_HOME": "/dev/null"}, {"XDG_CACHE_HOME": "", "HOME": ""}])
def test_drivers_are_found_where_nothing_can_be_remembered(host: Any, variables: dict[str, str]) -> None:
    host.install("virtkit-lab")
    assert [[["lab"], SEARCHED]] == host.run(NAMES, **variables)
    assert [[["lab"], SEARCHED]] == host.run(NAMES, **variables)


def test_a_plugin_that_wraps_a_hook_is_asked_whenever_it_came_before_the_connection(host: Any) -> None:
    host.install("virtkit-lab")
    program = """
        import pluggy, virtkit
        from virtkit import discovery

        class Loud:
            @pluggy.HookimplMarker("virtkit")(wrapper=True)
            def connect_get_hostname(self, conn):
                return (yield).upper()

        with virtkit.open("lab:///a") as early:
            tell(early.hostname())
        discovery.manager().register(Loud())
        with virtkit.open("lab:///b") as late:
            tell(late.hostname())
    """
    assert [["lab for lab:///a"], ["LAB FOR LAB:///B"]] == host.run(program)
