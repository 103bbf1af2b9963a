"""Guests that start with the driver: once per boot of the host, by the first owner of their root."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit.services.guests.guest import Guest, R

if TYPE_CHECKING:
    from virtkit.services.guests.state import GuestState

_log = logging.getLogger(__name__)


def begin(state: GuestState[R]) -> threading.Thread | None:
    """Start the marked guests on a thread of its own; None when there is nothing to do."""
    try:
        if not state.first_of_boot():
            return None
    except OSError as error:
        _log.error("no guest is started by itself, since %s cannot be written: %s", state.folders.run, error.strerror)
        return None
    marked = [guest for guest in state.domains.all() if guest.autostart and guest.run is None]
    if not marked:
        return None
    thread = threading.Thread(
        target=_start_all, args=(state, marked), name=f"virtkit-{state.driver}-autostart", daemon=True
    )
    thread.start()
    return thread


def _start_all(state: GuestState[R], marked: list[Guest[R]]) -> None:
    for guest in marked:
        try:
            with state.alone(guest, "autostart") as exists:
                if exists and guest.run is None:
                    state.start(guest, guest.definition())
        except VirtError as error:
            _log.error("%s is not started by itself: %s", guest.subject, error)
