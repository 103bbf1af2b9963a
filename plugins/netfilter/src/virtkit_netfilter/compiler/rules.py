"""The rules of a device: put in force, replaced and taken away, each in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import count

from virtkit.errors import ConfigUnsupportedError
from virtkit.network.nftables import Command
from virtkit_netfilter.compiler import layout
from virtkit_netfilter.compiler.devices import Device, checked_name, values_of
from virtkit_netfilter.compiler.expressions import Expression
from virtkit_netfilter.compiler.instances import Made, instances
from virtkit_netfilter.compiler.layout import FLOW, IN, OUT, chain_of, command, element, rule
from virtkit_netfilter.compiler.link import CHAIN_TRAFFIC
from virtkit_netfilter.compiler.tree import MOST_RULES, ROOT, Filters, placed, prefix_of, priority_of
from virtkit_netfilter.compiler.variables import NWFILTER
from virtkit_netfilter.probing import Abilities


def install(device: Device, filters: Filters, abilities: Abilities, installed: Collection[str] = ()) -> list[Command]:
    """Commands that put the rules of a device in force, in place of those it had; other devices keep theirs.

    Args:
        device: The device.
        filters: All definitions by name.
        abilities: What the kernel can do.
        installed: Names of the device's chains that are there (`chains_by_device`). Those that are needed no more are
            deleted; without their names they stay, empty of effect, until `remove`.

    Raises:
        InternalError: A filter is not defined, a variable has no value or one that does not fit.
        OperationFailedError: A filter refers to itself.
        ConfigUnsupportedError: A rule contradicts itself, or needs what nftables or this kernel cannot do.
        InvalidArgError: The device cannot have that name.
    """
    return install_all([device], filters, abilities, {device.name: installed})


def install_all(
    devices: Iterable[Device], filters: Filters, abilities: Abilities, installed: Mapping[str, Collection[str]]
) -> list[Command]:
    """Commands for several devices at once, in one transaction: all of them change, or none does.

    Args:
        devices: The devices.
        filters: All definitions by name.
        abilities: What the kernel can do.
        installed: Names of the chains that are there, by device.

    Raises:
        VirtError: As for `install`, for the first device that cannot have its rules.
    """
    commands = layout.skeleton(abilities)
    for device in devices:
        commands += _rules_of(device, filters, abilities, installed.get(device.name, ()))
    return commands


def _rules_of(device: Device, filters: Filters, abilities: Abilities, installed: Collection[str]) -> list[Command]:
    checked_name(device.name)
    made: list[Made] = []
    names = (f"{device.name}/limit/{number}" for number in count(1))
    priorities: dict[str, int] = {}
    for place in placed(device.filterref, filters, values_of(device)):
        made += instances(place, abilities, names)
        if len(made) > MOST_RULES:
            raise ConfigUnsupportedError(
                f"{place.where}: with it device {device.name} gets more than {MOST_RULES} rules: use fewer values",
                domain=NWFILTER,
            )
        if place.chain != ROOT:
            priority = priority_of(place.filter)
            priorities[place.chain] = min(priority, priorities.get(place.chain, priority))
    return _replacement(device.name, made, priorities, abilities, installed)


def _replacement(
    name: str, made: Iterable[Made], priorities: dict[str, int], abilities: Abilities, installed: Collection[str]
) -> list[Command]:
    """Commands that put made rules in force for a device, in place of those it had.

    Args:
        name: The device.
        made: Its rules, in document order.
        priorities: Where chains stand in the root chain, by name.
        abilities: What the kernel can do.
        installed: Names of the device's chains that are there.
    """
    chains: dict[str, list[Made]] = {chain_of(name, way, chain): [] for way in (OUT, IN) for chain in ("", FLOW)}
    remembers = False
    for each in made:
        chains.setdefault(chain_of(name, each.way, "" if each.chain == ROOT else each.chain), []).append(each)
        remembers = remembers or each.remembers
    for way in (OUT, IN):
        entrances = [
            Made(way, ROOT, priority, [*CHAIN_TRAFFIC[prefix_of(chain)], _jump(chain_of(name, way, chain))])
            for chain, priority in priorities.items()
            if chain_of(name, way, chain) in chains
        ]
        chains[chain_of(name, way)][:0] = entrances  # before rules of the same priority
    commands: list[Command] = []
    for verb in ("add", "flush"):
        commands += [command(verb, "chain", name=chain) for chain in chains]
    for chain, rules in chains.items():
        commands += [rule(chain, each.expressions, comment=each.comment) for each in sorted(rules, key=_priority)]
    commands += _elements("add", name)
    if not abilities.bridge_ct:
        commands += _wanted(name, remembers)
    return commands + _without([chain for chain in installed if chain not in chains])


def remove(name: str, abilities: Abilities, installed: Collection[str]) -> list[Command]:
    """Commands that take away all rules of a device; the table stays.

    Args:
        name: The device.
        abilities: What the kernel can do.
        installed: Names of all its chains that are there (`chains_by_device`). Without any there is nothing to do.
    """
    if not installed:
        return []
    roots = [chain_of(name, way, chain) for way in (OUT, IN) for chain in ("", FLOW)]
    commands = layout.skeleton(abilities)
    commands += [command("add", "chain", name=chain) for chain in roots]
    commands += _elements("add", name) + _elements("delete", name)  # to delete what is not there is an error
    if not abilities.bridge_ct:
        commands += _wanted(name, False)
    return commands + _without(list(dict.fromkeys([*roots, *installed])))


def _jump(chain: str) -> Expression:
    return {"jump": {"target": chain}}


def _priority(made: Made) -> int:
    return made.priority


def _elements(verb: str, name: str) -> list[Command]:
    return [element(verb, name, way, flow) for way, flow in layout.MAPS]


def _wanted(name: str, wanted: bool) -> list[Command]:
    """Whether states of connections are noted for what the guest sends."""
    verbs = ("add",) if wanted else ("add", "delete")
    return [command(verb, "element", name=layout.TRACKED, elem=[name]) for verb in verbs]


def _without(chains: list[str]) -> list[Command]:
    """Delete chains, which may jump to one another."""
    return [command(verb, "chain", name=chain) for verb in ("flush", "delete") for chain in chains]
