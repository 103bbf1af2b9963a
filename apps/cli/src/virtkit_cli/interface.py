"""Commands on network interfaces of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllInterfacesFlags
from virtkit_cli.command import Argument, Arguments, Flag, command
from virtkit_cli.words import FILE, action, document, printer

if TYPE_CHECKING:
    from virtkit import Interface
    from virtkit_cli.session import Session

INTERFACE = Argument("interface", "name or MAC of an interface", completes="interface")


def _interface(session: Session, args: Arguments) -> Interface:
    if args.interface.count(":") == 5:
        return session.connection.lookup_interface_by_mac_string(args.interface)
    return session.connection.lookup_interface_by_name(args.interface)


@command(
    "iface-list",
    "List the host's interfaces: the active ones, unless told otherwise.",
    Flag("all", "active and inactive ones"),
    Flag("inactive", "only the inactive ones"),
)
def iface_list(session: Session, args: Arguments) -> None:
    """One row per interface."""
    kinds = ConnectListAllInterfacesFlags
    asked = 0 if args.all else kinds.INACTIVE if args.inactive else kinds.ACTIVE
    rows = [
        {"name": item.name, "state": "active" if item.is_active() else "inactive", "mac": item.mac_string}
        for item in session.connection.list_interfaces(asked)
    ]
    session.out.table({"name": "Name", "state": "State", "mac": "MAC Address"}, rows)


@command("iface-define", "Define an interface, or change its definition, from an XML file.", FILE)
def iface_define(session: Session, args: Arguments) -> None:
    """Define an interface."""
    item = session.connection.define_interface(document(args.file))
    session.out.done(f"Interface {item.name} defined from {args.file}", name=item.name)


@command("iface-mac", "Print the MAC of an interface.", INTERFACE)
def iface_mac(session: Session, args: Arguments) -> None:
    """The MAC."""
    session.out.value("mac", _interface(session, args).mac_string)


@command("iface-name", "Print the name of an interface.", INTERFACE)
def iface_name(session: Session, args: Arguments) -> None:
    """The name."""
    session.out.value("name", _interface(session, args).name)


action(
    __name__, "iface-start", "Start an interface.", INTERFACE, _interface, lambda i: i.create(), "Interface {} started"
)
action(
    __name__,
    "iface-destroy",
    "Stop an interface.",
    INTERFACE,
    _interface,
    lambda i: i.destroy(),
    "Interface {} destroyed",
)
action(
    __name__,
    "iface-undefine",
    "Remove the definition of an interface.",
    INTERFACE,
    _interface,
    lambda i: i.undefine(),
    "Interface {} undefined",
)
printer(__name__, "iface-dumpxml", "Print the XML of an interface.", INTERFACE, _interface)


@command("iface-begin", "Remember the host's interfaces as they are.")
def iface_begin(session: Session, args: Arguments) -> None:
    """Begin a change."""
    session.connection.interface_change_begin()
    session.out.done("Network config change transaction started")


@command("iface-commit", "Keep the changes since iface-begin.")
def iface_commit(session: Session, args: Arguments) -> None:
    """Commit a change."""
    session.connection.interface_change_commit()
    session.out.done("Network config change transaction committed")


@command("iface-rollback", "Undo the changes since iface-begin.")
def iface_rollback(session: Session, args: Arguments) -> None:
    """Roll a change back."""
    session.connection.interface_change_rollback()
    session.out.done("Network config change transaction rolled back")
