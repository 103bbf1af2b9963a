"""Defining and undefining filters, with the rules of all bindings that use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from virtkit.errors import OperationInvalidError, VirtError
from virtkit_netfilter import definition, shipped
from virtkit_netfilter.definition import DOMAIN, Filter
from virtkit_netfilter.instantiation import refusing

if TYPE_CHECKING:
    from virtkit.refs import NWFilterRef
    from virtkit_netfilter.binding import Binding
    from virtkit_netfilter.instantiation import Documents
    from virtkit_netfilter.state import NetfilterState


def define(state: NetfilterState, xml: str, *, validate: bool) -> Filter:
    """Store a filter, and have its users follow it: all of them, or none and the old filter stays.

    The rules come first: what is stored has been in force wherever it is used.

    Raises:
        VirtError: As `nwfilter_define_xml_flags` says.
    """
    document = definition.read(xml, validate=validate)
    assert document.name
    with state.change("nwfilter_define_xml_flags"):
        known = state.filters.match(document.name, document.uuid or b"")
        new = definition.identified(document, known)
        before = state.documents()
        definition.check_loops(document, {name: each for name, each in before.items() if name != new.name})
        after = {**before, new.name: document}
        users = using(new.name, state.bindings.all(), after)
        with refusing(f"network filter {new.name!r} is left as it was"):
            state.rules.install(users, after)
        try:
            state.definitions.save(new.name, document.format().encode())
        except VirtError:
            state.rules.install(users, before)
            raise
        if known is None:
            state.filters.add(new)
        else:
            known.document = document
        state.follow(users, after)
        return new


def undefine(state: NetfilterState, ref: NWFilterRef) -> None:
    """Remove a filter that no binding uses. A standard filter is noted as removed, first: it does not come back.

    Raises:
        VirtError: As `nwfilter_undefine` says.
    """
    with state.change("nwfilter_undefine"):
        found = state.filters.by_ref(ref)
        users = using(found.name, state.bindings.all(), state.documents())
        if users:
            raise OperationInvalidError(
                f"network filter {found.name!r} is in use: on {users[0].name}, by its filter {users[0].filter!r}; "
                "delete that binding first",
                domain=DOMAIN,
                str1=found.name,
            )
        if found.name in shipped.documents():
            state.removed.save(found.name, b"Undefined. Without this file the standard filter is back.\n")
        state.definitions.delete(found.name)
        state.filters.remove(found)


def using(name: str, bindings: Iterable[Binding], documents: Documents) -> list[Binding]:
    """The bindings that use a filter, directly or through others."""
    from virtkit_netfilter.compiler import reached

    uses: dict[str, bool] = {}
    found = []
    for binding in bindings:
        if binding.filter not in uses:
            uses[binding.filter] = name in reached(binding.filterref, documents)
        if uses[binding.filter]:
            found.append(binding)
    return found
