"""Putting rules in force: for any number of devices at once, all or none. The compiler is pure; this is its one edge.

All roots of a host share the compiler's table. A device's chains say whose they are: one of them, without rules, is
named after the root (`vnet0/root/5f3a9c01`). Rules of another root are replaced by a new binding, and never removed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from virtkit.errors import BuildFirewallError, ConfigUnsupportedError, InternalError, VirtError
from virtkit_netfilter.binding import ADDRESS, DOMAIN, Binding, device_of

if TYPE_CHECKING:
    from pathlib import Path

    from virtkit.network.nftables import Command
    from virtkit.xml.nwfilter import NWFilter
    from virtkit_netfilter.probing import Abilities

Documents = Mapping[str, "NWFilter"]
"""The filters by name."""

FAMILY = "bridge"

OWNER = "root"
"""What the chain is called within a device's that says whose the device is."""

MOST_NAMED = 3
"""Devices that a message names."""


class Plan(NamedTuple):
    """One transaction: its commands, and the devices whose rules it changes."""

    names: Collection[str]
    commands: list[Command]


class Instantiation:
    """The rules of the devices of one root."""

    def __init__(self, place: Path) -> None:
        """Begin; nothing is asked of the kernel yet.

        Args:
            place: A folder of the root, which identifies it.
        """
        self._place = place
        self._abilities: Abilities | None = None

    @cached_property
    def _owner(self) -> str:
        """What the root's chains are named after."""
        import hashlib  # brings OpenSSL, 4 MiB that a daemon without bindings saves

        return hashlib.sha256(os.fsencode(os.path.realpath(self._place))).hexdigest()[:8]

    def abilities(self) -> Abilities:
        """What the kernel of this host can do, found out once.

        Raises:
            ConfigUnsupportedError: The library of nftables is not installed.
        """
        if self._abilities is None:
            from virtkit_netfilter.probing import probe

            self._abilities = probe()
        return self._abilities

    def planned(self, bindings: Collection[Binding], documents: Documents) -> Plan:
        """What puts the rules of devices in force in place of those they have.

        They are those of the filter, or as long as the guest's address is not known, those for learning it.

        Raises:
            InternalError: A filter is missing, or a variable has no value; the message names it.
            BuildFirewallError: The rules that are there cannot be listed.
            VirtError: What else the compiler refuses.
        """
        from virtkit_netfilter import compiler

        names = [binding.name for binding in bindings]
        if not names:
            return Plan((), [])
        present = {
            name: [chain for chain in chains if chain != self._mark(name)]
            for name, chains in self._installed(names).items()
        }
        waiting = {each.name: each for each in bindings if not each.addresses and learns(each, documents)}
        ready = [device_of(each) for each in bindings if each.name not in waiting]
        commands: list[Command] = []
        try:
            if ready:
                commands += compiler.install_all(ready, documents, self.abilities(), present)
            for name, each in waiting.items():
                _check(each, documents)
                commands += compiler.learning(device_of(each), self.abilities(), present.get(name, ()))
        except ConfigUnsupportedError:
            self._abilities = None  # a module that is loaded now is found by the next try
            raise
        return Plan(names, commands + [_chain("add", self._mark(name)) for name in names])

    def carry_out(self, plan: Plan) -> None:
        """Have a plan in force, in one transaction.

        Raises:
            BuildFirewallError: The kernel refuses it. Each device has the rules it had.
        """
        from virtkit.network import nftables

        with _refusals(plan.names):
            if plan.commands:
                nftables.apply(plan.commands)

    def install(self, bindings: Collection[Binding], documents: Documents) -> None:
        """Put the rules of devices in force in place of those they have, in one transaction; errors as from both."""
        self.carry_out(self.planned(bindings, documents))

    def remove(self, names: Collection[str]) -> None:
        """Take the rules of devices away, as far as they are this root's; a device without rules is no error.

        Raises:
            BuildFirewallError: The kernel refuses; the rules are all there.
        """
        from virtkit_netfilter import compiler

        if not names:
            return
        installed = self._installed(names)
        commands: list[Command] = []
        for name in names:
            if self._mark(name) in installed.get(name, ()):
                commands += compiler.remove(name, self.abilities(), installed[name])
        self.carry_out(Plan(names, commands))

    def _mark(self, name: str) -> str:
        from virtkit_netfilter.compiler.layout import chain_of

        return chain_of(name, OWNER, self._owner)

    def _installed(self, names: Collection[str]) -> Mapping[str, Collection[str]]:
        """The chains of all devices that have some."""
        from virtkit.network import nftables
        from virtkit_netfilter import compiler

        with _refusals(names):
            return compiler.chains_by_device(nftables.chains(FAMILY, compiler.TABLE))


def learns(binding: Binding, documents: Documents) -> bool:
    """Whether the address of the guest is to be learned.

    Raises:
        VirtError: What the compiler refuses.
    """
    from virtkit_netfilter import compiler

    # Asked without what was learned, which is an answer and not the question.
    return compiler.needs_learning(device_of(binding)._replace(learned=()), documents) is not None


def _check(binding: Binding, documents: Documents) -> None:
    """Refuse what lacks more than the guest's address. Raises `InternalError`."""
    from virtkit_netfilter import compiler

    lacking = compiler.missing(device_of(binding), documents)
    what = [f"there is no network filter {name!r}: define it first" for name in lacking.filters]
    what += [
        f"the variable {name} has no value: state it as a parameter" for name in lacking.variables if name != ADDRESS
    ]
    if what:
        raise InternalError(f"{binding.subject} cannot be in force: {what[0]}", domain=DOMAIN, str1=binding.name)


def _chain(verb: str, name: str) -> Command:
    from virtkit_netfilter.compiler import TABLE

    return {verb: {"chain": {"family": FAMILY, "table": TABLE, "name": name}}}


@contextmanager
def _refusals(names: Collection[str]) -> Iterator[None]:
    """What nftables refuses is a `BuildFirewallError` that names the devices."""
    from virtkit.network.nftables import RefusedError

    try:
        yield
    except RefusedError as error:
        step = "; root may" if "ermitted" in error.message else ""
        raise BuildFirewallError(
            f"the rules of {_enumerated(names)} stay as they are: {error.message.strip()}{step}", domain=DOMAIN
        ) from error


def _enumerated(names: Collection[str]) -> str:
    shown = sorted(names)[:MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more devices" if more else "")


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Have an error of a binding's rules say what was attempted, as a `BuildFirewallError`."""
    try:
        yield
    except VirtError as error:
        raise BuildFirewallError(f"{what}: {error.message}", domain=DOMAIN) from error
