"""Changes to one part of a network, live and in its definition: in both or in neither."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import NetworkEventLifecycleType as Event
from virtkit.enums import NetworkUpdateCommand, NetworkUpdateFlags, NetworkUpdateSection
from virtkit.errors import InvalidArgError, OperationInvalidError, unsupported_flags
from virtkit_network import definitions, plugging, rules, ruleset, server
from virtkit_network.network import NETWORK
from virtkit_network.shape import is_behind_host

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState

LIVE, CONFIG = NetworkUpdateFlags.LIVE, NetworkUpdateFlags.CONFIG

COMMANDS = frozenset(int(command) for command in NetworkUpdateCommand if command)


class Change(NamedTuple):
    """What is to be changed: arguments of `network_update`."""

    command: int
    section: int
    parent_index: int
    xml: str


def update(state: NetworkState, network: Network, change: Change, flags: int) -> None:
    """Change a network; whoever calls holds it.

    Raises:
        VirtError: As `network_update`; the network is as it was.
    """
    if flags & ~(LIVE | CONFIG):
        raise unsupported_flags("network_update", flags & ~(LIVE | CONFIG), domain=NETWORK)
    if change.command not in COMMANDS:
        raise InvalidArgError(
            f"{change.command} is no command to change a network with", domain=NETWORK, str2="command"
        )
    in_live, in_config = _meant(network, flags)
    live = _changed(network.active(), change) if in_live else None
    config = _changed(network.config, change) if in_config and network.config is not None else None
    if live is not None:
        _require_unused(network, live, change)
    with ExitStack() as undo:
        if live is not None:
            _apply(state, network, live, undo)
        if config is not None:
            state.definitions.save(network.name, config.format().encode())
        undo.pop_all()
    if live is not None:
        network.live = live
    if config is not None:
        network.config = config
        state.publish(network, Event.DEFINED)


def _meant(network: Network, flags: int) -> tuple[bool, bool]:
    """Whether the flags mean what a network is active with, and its definition."""
    if not flags:
        return network.live is not None, network.live is None
    if flags & LIVE:
        network.active()
    if flags & CONFIG and network.config is None:
        raise OperationInvalidError(f"{network.subject} is transient: it has no definition to change", domain=NETWORK)
    return bool(flags & LIVE), bool(flags & CONFIG)


def _changed(document: NetworkXML, change: Change) -> NetworkXML:
    """A changed copy, checked as a whole."""
    from virtkit.define.network import check
    from virtkit.define.network import update as change_part

    twin = document.copy()
    change_part(twin, change.command, change.section, change.parent_index, change.xml)
    check(twin)
    definitions.check(twin)
    return twin


def _require_unused(network: Network, changed: NetworkXML, change: Change) -> None:
    """Refuse to take an interface away that ports are on.

    Raises:
        OperationInvalidError: They are.
    """
    if change.section != NetworkUpdateSection.FORWARD_INTERFACE:
        return
    for device in set(plugging.interfaces_of(network.active())) - set(plugging.interfaces_of(changed)):
        if plugging.users(network.ports.values(), device):
            raise OperationInvalidError(
                f"{network.subject} has ports on {device}: take those guests away first", domain=NETWORK
            )


def _apply(state: NetworkState, network: Network, changed: NetworkXML, undo: ExitStack) -> None:
    """Have an active network be as changed; what takes it back is pushed to `undo`."""
    before = network.active()
    undo.callback(state.record, network, before)
    state.record(network, changed)
    if not is_behind_host(changed):
        return
    if ruleset.install(changed) != ruleset.install(before) or rules.targets(state, changed) != network.targets:
        undo.callback(rules.install, state, network, before)
        rules.install(state, network, changed)
    undo.callback(server.ensure, state, before)
    server.ensure(state, changed)
