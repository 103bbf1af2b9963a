"""What containers use, told as libvirt's driver tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.lxc.tests.driving import document
from virtkit import Connection
from virtkit.enums import DomainMemoryStatTags as Tags
from virtkit.enums import TypedParameterFlags
from virtkit_lxc import cgroups, usage

GIVEN_BY_LIBVIRT = {Tags.ACTUAL_BALLOON, Tags.SWAP_IN, Tags.RSS}


def test_memory_is_told_with_what_is_swapped_out(connection: Connection, rootfs: Path) -> None:
    told = connection.create_domain(document(rootfs)).memory_stats()
    assert set(told) >= GIVEN_BY_LIBVIRT
    assert (64 * 1024, 0) == (told[Tags.ACTUAL_BALLOON], told[Tags.SWAP_IN])
    assert 0 < told[Tags.RSS] <= 64 * 1024


@pytest.mark.parametrize(
    ("files", "swapped"),
    [
        ({"memory.memsw.usage_in_bytes": 10240, "memory.usage_in_bytes": 2048}, 8),
        ({"memory.memsw.usage_in_bytes": 2048, "memory.usage_in_bytes": 4096}, 0),  # read one after the other
        ({"memory.usage_in_bytes": 4096}, None),
        ({"memory.swap.current": 4096}, 4),
        ({"memory.current": 4096}, None),
    ],
)
def test_swap_is_counted_where_the_kernel_counts_it(tmp_path: Path, files: dict[str, int], swapped: int | None) -> None:
    """Groups laid out as the kernel does: no container is made to swap here."""
    (tmp_path / "group").mkdir()
    for name, size in files.items():
        (tmp_path / "group" / name).write_text(f"{size}\n")
    second = any(name in files for name in ("memory.swap.current", "memory.current"))
    layout = cgroups.Layout(
        {} if second else {"memory": tmp_path}, tmp_path if second else None, frozenset({"memory"} if second else ())
    )
    assert swapped == usage.swapped(layout, "group")


def test_what_clients_always_ask_for_is_no_reason_to_refuse(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    flags = TypedParameterFlags.STRING_OKAY
    assert {"rd_bytes", "rd_operations", "wr_bytes", "wr_operations"} == set(domain.block_stats_flags("", flags))
    (total,) = domain.cpu_stats(-1, 1, flags)
    assert {"cpu_time", "user_time", "system_time"} == set(total)
