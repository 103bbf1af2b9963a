"""Overwriting volumes so that what they held cannot be read again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtkit.enums import StorageVolWipeAlgorithm as Algorithm
from virtkit.errors import InvalidArgError, OperationUnsupportedError
from virtkit.services.runner import find_program, run
from virtkit.store.files import refusal
from virtkit_storage import extents, finding
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.refs import StorageVolRef
    from virtkit.storage.backend import Guard, Volume
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState

SCRUB_SECONDS = 7 * 86400.0
"""How long `scrub` may take: GUTMANN writes a device 35 times."""

PATTERNS = {
    Algorithm.NNSA: "nnsa",
    Algorithm.DOD: "dod",
    Algorithm.BSI: "bsi",
    Algorithm.GUTMANN: "gutmann",
    Algorithm.SCHNEIER: "schneier",
    Algorithm.PFITZNER7: "pfitzner7",
    Algorithm.PFITZNER33: "pfitzner33",
    Algorithm.RANDOM: "random",
}
"""Algorithm -> pattern of the program `scrub`."""


def wipe(state: StorageState, ref: StorageVolRef, algorithm: int) -> None:
    """Wipe a volume; errors as from `storage_vol_wipe_pattern`."""
    if algorithm not in list(Algorithm):
        known = ", ".join(f"{each} ({each.name})" for each in Algorithm)
        raise InvalidArgError(f"there is no wiping algorithm {algorithm}; known are {known}", domain=STORAGE)
    pool, volume = finding.now(state, ref)
    with pool.uses.changing(volume.name, "being wiped") as use:
        overwrite(pool, volume, Algorithm(algorithm), use.guard)
    finding.note(state, pool, volume.name)


def overwrite(pool: Pool, volume: Volume, algorithm: Algorithm, guard: Guard) -> None:
    """Overwrite a volume that nobody else uses.

    Raises:
        OperationUnsupportedError: The storage cannot discard, or the program for the algorithm is not installed.
        SystemCallError: The storage refuses.
    """
    file = pool.backend.volume_open(pool.active(), volume, write=True)
    try:
        if algorithm in PATTERNS:
            _scrub(file, PATTERNS[algorithm], volume, guard)
        elif algorithm == Algorithm.TRIM:
            _discard(file, pool, volume)
        else:
            for start, end in extents.runs(file, os.lseek(file, 0, os.SEEK_END)):
                extents.write_zeros(file, start, end, guard)
        os.fsync(file)
    except OSError as error:
        raise refusal(f"wipe volume {volume.name!r} of {pool.subject}", volume.path, error, domain=STORAGE) from error
    finally:
        os.close(file)


def _discard(file: int, pool: Pool, volume: Volume) -> None:
    size = os.lseek(file, 0, os.SEEK_END)
    done = extents.punch(file, 0, size) if extents.is_regular(file) else extents.discard(file, size)
    if not done and size:
        raise OperationUnsupportedError(
            f"the storage of volume {volume.name!r} of {pool.subject} discards nothing: wipe it with another algorithm",
            domain=STORAGE,
        )


def _scrub(file: int, pattern: str, volume: Volume, guard: Guard) -> None:
    if find_program("scrub") is None:
        raise OperationUnsupportedError(
            f"volume {volume.name!r} cannot be overwritten by the pattern {pattern}: apt-get install scrub, "
            "or choose zero",
            domain=STORAGE,
        )
    path = f"/proc/self/fd/{file}"
    run(["scrub", "-f", "-S", "-p", pattern, path], timeout=SCRUB_SECONDS, pass_fds=[file], guard=guard, domain=STORAGE)
