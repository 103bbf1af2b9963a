"""Taking over the bindings that the last owner of the root left.

Each device keeps the rules it has until those of this run replace them, all in one transaction. What cannot be made any
more leaves a device with the rules it has: a guest is never without.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit_netfilter import status
from virtkit_netfilter.learning import current
from virtkit_netfilter.listening import index_of

if TYPE_CHECKING:
    from virtkit_netfilter.binding import Binding
    from virtkit_netfilter.instantiation import Documents
    from virtkit_netfilter.state import NetfilterState
    from virtkit_netfilter.status import Status

_log = logging.getLogger(__name__)


def adopt(state: NetfilterState) -> None:
    """Bring the recorded bindings back, and undo those that were never finished or whose devices are gone."""
    now = int(time.clock_gettime(time.CLOCK_BOOTTIME))
    gone: list[str] = []
    for record, binding in state.statuses.scan(status.read):
        index = index_of(binding.name)
        reason = _obsolete(record, index, state.boot)
        if reason:
            _log.info("%s is dropped: %s", binding.subject, reason)
            gone.append(binding.name)
            continue
        binding.index = index
        binding.addresses = current(binding.addresses, now)
        state.bindings.add(binding)
        if index != record.index:
            state.note(binding)
    _remove(state, gone)
    documents, bindings = state.documents(), state.bindings.all()
    _install(state, bindings, documents)
    state.follow(bindings, documents)


def _obsolete(record: Status, index: int, boot: str) -> str:
    """Why a binding is not to be adopted; empty: it is."""
    if record.boot != boot:
        return "it is from before the host was booted"
    if record.state != status.READY:
        return "it was not finished"
    return "" if index and index == (record.index or index) else "its device is gone"


def _install(state: NetfilterState, bindings: list[Binding], documents: Documents) -> None:
    """Renew the rules: at once where all can be, else those that can."""
    try:
        state.rules.install(bindings, documents)
        return
    except VirtError as error:
        _log.warning("the rules of the bindings cannot be renewed at once: %s", error)
    for binding in bindings:
        try:
            state.rules.install([binding], documents)
        except VirtError as error:
            _log.error("%s keeps the rules it has: %s", binding.subject, error)


def _remove(state: NetfilterState, names: list[str]) -> None:
    """Remove what is left of bindings; where that fails the records stay, and the next owner tries again."""
    try:
        state.rules.remove(names)
        for name in names:
            state.statuses.delete(name)
    except VirtError as error:
        _log.error("what is left of the network filters on %s stays: %s", ", ".join(names), error)
