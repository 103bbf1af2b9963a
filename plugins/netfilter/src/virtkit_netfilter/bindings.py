"""Making and deleting bindings. A record is there before the first rule is, and until after the last."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtkit.errors import OperationFailedError, VirtError
from virtkit_netfilter import binding as documents
from virtkit_netfilter.binding import DOMAIN, Binding

if TYPE_CHECKING:
    from virtkit.refs import NWFilterBindingRef
    from virtkit_netfilter.state import NetfilterState

_log = logging.getLogger(__name__)


def create(state: NetfilterState, xml: str, *, validate: bool) -> Binding:
    """Put a filter in force on a device. The device need not be there yet, unless its guest's address is to be learned.

    Raises:
        VirtError: As `nwfilter_binding_create_xml` says. Nothing of it remains.
    """
    from virtkit_netfilter.listening import index_of

    document = documents.read(xml, validate=validate)
    assert document.port_dev
    with state.change("nwfilter_binding_create_xml"):
        new = documents.made(document, index_of(document.port_dev))
        _make_way(state, new)
        filters = state.documents()
        plan = state.rules.planned([new], filters)
        state.record(new, pending=True)
        try:
            state.listen(new, filters)
            state.rules.carry_out(plan)
        except VirtError:
            _forget(state, new)  # nothing is in force
            raise
        except BaseException:
            _undo(state, new)
            raise
        try:
            state.record(new)
        except BaseException:
            _undo(state, new)
            raise
        state.bindings.add(new)
        return new


def _make_way(state: NetfilterState, new: Binding) -> None:
    """Drop the binding of a device that is gone, whose name another device may have now.

    Raises:
        OperationFailedError: The device has a binding.
    """
    if new.name not in state.bindings:
        return
    old = state.bindings.by_name(new.name)
    if not old.index or old.index == new.index:
        raise OperationFailedError(
            f"{new.name} has a binding already, of network filter {old.filter!r}; delete that first",
            domain=DOMAIN,
            str1=new.name,
        )
    _log.warning("%s is dropped: its device is gone, and another binding is made", old.subject)
    _drop(state, old)


def _undo(state: NetfilterState, new: Binding) -> None:
    """Take the rules back that are in force. Where that fails, the next owner does it, by the record that stays."""
    try:
        state.rules.remove([new.name])
    except VirtError as error:
        _log.error("what was begun for %s is not undone yet: %s", new.subject, error)
    else:
        _forget(state, new)


def _forget(state: NetfilterState, new: Binding) -> None:
    state.unlisten(new.name)
    try:
        state.statuses.delete(new.name)
    except VirtError as error:
        _log.error("the record of %s stays behind: %s", new.subject, error)


def delete(state: NetfilterState, ref: NWFilterBindingRef) -> None:
    """Take the rules of a device away and forget its binding.

    Raises:
        VirtError: As `nwfilter_binding_delete` says; BuildFirewallError: the rules cannot be taken away.
    """
    with state.change("nwfilter_binding_delete"):
        _drop(state, state.bindings.by_name(ref.portdev))


def _drop(state: NetfilterState, binding: Binding) -> None:
    state.rules.remove([binding.name])
    state.unlisten(binding.name)
    state.statuses.delete(binding.name)
    state.bindings.remove(binding)
