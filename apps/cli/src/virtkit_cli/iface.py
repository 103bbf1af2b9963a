"""Commands on network interfaces of the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtkit.enums import ConnectListAllInterfacesFlags, InterfaceDefineFlags, InterfaceXMLFlags
from virtkit_cli.command import Arguments, Flag, argument, command, declare
from virtkit_cli.objects import Target
from virtkit_cli.patterns import action, editor, fact, maker, printer
from virtkit_cli.words import listed

if TYPE_CHECKING:
    from virtkit import Interface
    from virtkit_cli.session import Session


def _interface(session: Session, args: Arguments) -> Interface:
    if args.interface.count(":") == 5:
        return session.connection.lookup_interface_by_mac_string(args.interface)
    return session.connection.lookup_interface_by_name(args.interface)


INTERFACE = Target(argument("interface", "name or MAC address of an interface", completes="interface"), _interface)
Listed = ConnectListAllInterfacesFlags


@command(
    Flag("inactive", "only the inactive ones", Listed.INACTIVE),
    Flag("all", "active and inactive ones"),
)
def iface_list(session: Session, args: Arguments) -> None:
    """List the host's interfaces: the active ones, unless told otherwise."""
    rows = [
        {"name": item.name, "state": "active" if item.is_active() else "inactive", "mac": item.mac_string}
        for item in session.connection.list_interfaces(listed(args, Listed.ACTIVE, Listed.INACTIVE))
    ]
    session.out.table({"name": "Name", "state": "State", "mac": "MAC Address"}, rows)


maker(
    "iface-define",
    "Define an interface, or change its definition, from an XML file.",
    lambda session, xml, flags: session.connection.define_interface(xml, flags),
    "Interface {name} defined from {file}",
    Flag("validate", "refuse a document with names that nobody knows", InterfaceDefineFlags.VALIDATE),
)
fact("iface-mac", "Print the MAC address of an interface.", INTERFACE, "mac", lambda item: item.mac_string)
fact("iface-name", "Print the name of an interface.", INTERFACE, "name", lambda item: item.name)
action("iface-start", "Start an interface.", INTERFACE, lambda item: item.create(), "Interface {} started")
action("iface-destroy", "Stop an interface.", INTERFACE, lambda item: item.destroy(), "Interface {} destroyed")
action(
    "iface-undefine",
    "Remove the definition of an interface.",
    INTERFACE,
    lambda item: item.undefine(),
    "Interface {} undefined",
)
printer(
    "iface-dumpxml",
    "Print the XML of an interface.",
    INTERFACE,
    Flag("inactive", "the definition rather than what runs", InterfaceXMLFlags.INACTIVE),
)
editor(
    "iface-edit",
    "Edit the definition of an interface.",
    INTERFACE,
    lambda item, xml: item.connection.define_interface(xml),
    InterfaceXMLFlags.INACTIVE,
)


def _change(name: str, help: str, act: Callable[[Any], None], done: str) -> None:
    """Declare a command on the host's whole configuration of interfaces."""

    def body(session: Session, args: Arguments) -> None:
        act(session.connection)
        session.out.done(f"Network config change transaction {done}")

    declare(name, help, [], body)


_change("iface-begin", "Remember the host's interfaces as they are.", lambda c: c.interface_change_begin(), "started")
_change("iface-commit", "Keep the changes since iface-begin.", lambda c: c.interface_change_commit(), "committed")
_change("iface-rollback", "Undo the changes since iface-begin.", lambda c: c.interface_change_rollback(), "rolled back")
