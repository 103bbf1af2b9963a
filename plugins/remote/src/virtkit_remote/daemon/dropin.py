"""Where the users of libvirt's daemon look for the process of a guest: `/run/libvirt/DRIVER/GUEST.pid`.

A driver that keeps `GUEST.pid` in its run folder has it linked there while the guest runs.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from virtkit.enums import ConnectListAllDomainsFlags, DomainEventType
from virtkit.events import DomainLifecycleEvent, EventKey
from virtkit.opening import Parts
from virtkit.ops import Ops

LIFECYCLE = EventKey("domain", 0)

_log = logging.getLogger(__name__)


class PidLinks:
    """Links to the pid files of a driver.

    Args:
        kept: The driver's run folder.
        shown: The folder where users look.
    """

    def __init__(self, kept: Path, shown: Path) -> None:
        self._kept = kept
        self._shown = shown

    def follow(self, parts: Parts) -> None:
        """Link the files of the guests that run, and of those that will."""
        part = parts.attach("hypervisor")
        hub = part.driver.driver_events(part.session) if part else None
        if hub is None:
            return
        hub.subscribe(LIFECYCLE, self._changed)
        for ref in Ops(parts.attach)["connect_list_all_domains"](ConnectListAllDomainsFlags.ACTIVE):
            self._link(ref.name)

    def _changed(self, ref: Any, event: DomainLifecycleEvent) -> None:
        if event.event == DomainEventType.STARTED:
            self._link(ref.name)
        elif event.event == DomainEventType.STOPPED:
            with suppress(FileNotFoundError):
                os.unlink(self._file(self._shown, ref.name))

    def _link(self, name: str) -> None:
        link, file = self._file(self._shown, name), self._file(self._kept, name)
        if not file.exists():
            return
        try:
            self._shown.mkdir(mode=0o755, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                os.unlink(link)
            os.symlink(file, link)
        except OSError as error:
            _log.warning("%s is not there for those who look for it: %s", link, error.strerror)

    @staticmethod
    def _file(folder: Path, name: str) -> Path:
        return folder / f"{name}.pid"
