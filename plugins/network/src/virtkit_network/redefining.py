"""Storing a definition; where nothing but port forwards is new in it, an active network gets them at once.

libvirt's API has no function that changes a network's metadata. So the way to change the forwards of an active network
is to define it anew with others: if its definition is otherwise the same as before, the change holds at once too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState


def define(state: NetworkState, network: Network, document: NetworkXML) -> None:
    """Store a definition, new or in place of another.

    Args:
        state: The networks.
        network: The network; whoever calls holds it.
        document: Its definition, completed.

    Raises:
        SystemCallError: It cannot be stored.
        VirtError: The forwards it has cannot be put in force; everything is as it was.
    """
    live, before = network.live, network.config or network.live
    changes_forwards = live is not None and before is not None and _is_other_metadata(before, document)
    if live is not None and changes_forwards:
        _exchange(state, network, live, document.metadata)
    try:
        state.definitions.save(network.name, document.format().encode())
    except BaseException:
        if live is not None and changes_forwards:
            _exchange(state, network, network.active(), live.metadata)
        raise
    network.config = document


def _is_other_metadata(before: NetworkXML, after: NetworkXML) -> bool:
    """Whether two documents differ in their metadata, and in nothing else."""
    return before.metadata != after.metadata and _without_metadata(before) == _without_metadata(after)


def _without_metadata(document: NetworkXML) -> str:
    bare = document.copy()
    bare.metadata = {}
    return bare.format()


def _exchange(state: NetworkState, network: Network, live: NetworkXML, metadata: dict[str, str] | None) -> None:
    """Have an active network forward as other metadata says."""
    from virtkit_network import conflicts, rules

    changed = live.copy()
    changed.metadata = dict(metadata or {})
    with state.claiming:
        conflicts.require_free_ports(changed, state.networks.all())
        network.starting = changed
    try:
        rules.install(state, network, changed)
        try:
            state.record(network, changed)
        except BaseException:
            rules.install(state, network, live)
            raise
        network.live = changed
    finally:
        network.starting = None
    state.watch.look()
