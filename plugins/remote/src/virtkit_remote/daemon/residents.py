"""The drivers the daemon keeps open for itself, with no client there.

They see to the guests that run, start those that start by themselves, and keep what a driver knows from being forgotten
when the last client leaves. Of each kind but hypervisors there is one: the driver that joins connections.
"""

from __future__ import annotations

import logging
import threading

from virtkit import config, discovery
from virtkit.errors import VirtError
from virtkit.hookspecs import KINDS
from virtkit.opening import Parts, joining, open_parts
from virtkit_remote.daemon.dropin import PidLinks
from virtkit_remote.daemon.places import Places
from virtkit_remote.daemon.session import placed

_log = logging.getLogger(__name__)


class Residents:
    """A session of every installed driver that has state of its own on this host.

    Attributes:
        opened: Set once each is open and sees to what it has, or cannot.
    """

    def __init__(self, where: Places) -> None:
        """Begin to open them, each on a thread of its own: one that takes long holds up no other and no client.

        Args:
            where: Where the daemon's files are.
        """
        self._where = where
        self._lock = threading.Lock()
        self._open: list[tuple[str, Parts]] = []
        self.opened = threading.Event()
        self._closed = False
        drivers = [(kind, name) for kind in KINDS for name in discovery.names(kind)]
        self._opening = len(drivers)
        if not drivers:
            self.opened.set()
        for driver in drivers:
            threading.Thread(
                target=self._begin, args=driver, name=f"virtkitd-resident: {driver[1]}", daemon=True
            ).start()

    def close(self) -> None:
        """Let go of all; guests run on."""
        with self._lock:
            self._closed = True
            found, self._open = self._open, []
        for _, parts in found:
            parts.close()

    def reload(self) -> None:
        """Have all put back what others may have taken away, on a thread: it may take a while, and clients go on."""
        with self._lock:
            found = self._open.copy()
        threading.Thread(target=self._reload, args=(found,), name="virtkitd-reload", daemon=True).start()

    def _reload(self, found: list[tuple[str, Parts]]) -> None:
        for kind, parts in found:
            try:
                part = parts.attach(kind)
                if part is not None:
                    part.driver.driver_reload(part.session)
            except Exception as error:  # noqa: BLE001 - a foreign driver may fail in any way, and harms nobody else
                _log.error("the %s driver does not put back what it may have lost: %s", kind, error)

    def _begin(self, kind: str, name: str) -> None:
        try:
            self._reside(kind, name)
        finally:
            with self._lock:
                self._opening -= 1
                last = not self._opening
            if last:
                self.opened.set()
                _log.info("the drivers of this host are open; any that failed is named above")

    def _reside(self, kind: str, name: str) -> None:
        try:
            if kind != "hypervisor" and joining(kind, config.load()) != name:
                return
            driver = discovery.load(kind, name)
            uri = driver.driver_default_uri()
            if uri is None or driver.driver_probe() is not None:
                return
            parts = open_parts(placed(uri, self._where.root), readonly=False, authenticate=None)
        except VirtError as error:
            _log.error("the driver %s sees to nothing by itself: %s", name, error)
            return
        with self._lock:
            closed = self._closed
            if not closed:
                self._open.append((kind, parts))
        if closed:
            parts.close()
            return
        try:
            part = parts.attach(kind)
            if part is not None:
                part.driver.driver_reside(part.session)
                if kind == "hypervisor" and self._where.drop_in:
                    PidLinks(self._where.folders.driver(name).run, self._where.sockets / name).follow(parts)
        except Exception as error:  # noqa: BLE001 - a foreign driver may fail in any way, and harms nobody else
            _log.error("the driver %s does not see to what it has: %s", name, error)
