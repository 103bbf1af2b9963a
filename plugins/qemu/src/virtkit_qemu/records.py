"""Runs as status documents, and back."""

from __future__ import annotations

from pathlib import Path

from virtkit.enums import DomainState
from virtkit.services.guests.catalog import Running
from virtkit_qemu.guest import Run
from virtkit_qemu.status import MonitorSource, Status, VolumePlace
from virtkit_qemu.volumes import Place


def read_status(folder: Path, name: str, document: bytes) -> Running[Run]:
    """What a status document tells.

    Args:
        folder: Where the folders of runs are.
        name: Name of the domain.
        document: The document.

    Raises:
        ValueError: Something is missing, or it is of something else.
        VirtError: It is no status document at all.
    """
    status = Status.parse(document)
    live, own = status.running(name, folder)
    places = {
        (each.pool or "", each.volume or ""): Place(each.type or "file", each.path or "") for each in status.volumes
    }
    run = Run(live, own, places)
    run.fake_reboot, run.powerdown, run.updated = status.fake_reboot, status.powerdown, status.updated
    return Running(live.uuid or b"", run, *status.told())


def write_status(run: Run, state: DomainState, reason: int) -> bytes:
    """The status document of a run."""
    status = Status(pid=run.pid, folder=str(run.folder), domain=run.live)
    status.monitor = MonitorSource(path=str(run.monitor_path), type="unix")
    status.volumes = [
        VolumePlace(pool=pool, volume=volume, type=place.type, path=place.path)
        for (pool, volume), place in run.volumes.items()
    ]
    status.fake_reboot, status.powerdown, status.updated = run.fake_reboot, run.powerdown, run.updated
    status.tell(state, reason)
    return status.format().encode()
