"""Which pools a list is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllStoragePoolsFlags as Listed
from virtkit.services.filters import Filter, matching
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit_storage.pool import Pool

FILTERS = (
    Filter["Pool"](Listed.ACTIVE, Listed.INACTIVE, lambda pool: pool.live is not None),
    Filter["Pool"](Listed.PERSISTENT, Listed.TRANSIENT, lambda pool: pool.config is not None),
    Filter["Pool"](Listed.AUTOSTART, Listed.NO_AUTOSTART, lambda pool: pool.autostart),
)

TYPES = {
    flag: (flag.name or "").lower().replace("_", "-")
    for flag in Listed
    if flag not in [each for group in FILTERS for each in (group.true, group.false)]
}
"""Flag -> type of pools."""


def chosen(pools: list[Pool], flags: int) -> list[Pool]:
    """The pools that pass every group of flags of which any is set.

    Raises:
        InvalidArgError: A flag nobody knows.
    """
    types = {name for flag, name in TYPES.items() if flags & flag}
    found = matching(pools, FILTERS, flags, "connect_list_all_storage_pools", sum(TYPES), domain=STORAGE)
    return [pool for pool in found if pool.document.type in types] if types else found
