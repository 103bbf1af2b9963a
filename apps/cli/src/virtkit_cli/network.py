"""Commands on virtual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllNetworksFlags, NetworkUpdateCommand, NetworkUpdateFlags, NetworkUpdateSection
from virtkit_cli.command import Argument, Arguments, Flag, Option, command
from virtkit_cli.words import (
    FILE,
    IMPACT,
    NETWORK,
    VALIDATE,
    action,
    document,
    find_network,
    flags,
    impact,
    printer,
    switch,
)

if TYPE_CHECKING:
    from virtkit_cli.session import Session

Listed = ConnectListAllNetworksFlags
FILTERS = {
    "inactive": Listed.INACTIVE,
    "persistent": Listed.PERSISTENT,
    "transient": Listed.TRANSIENT,
    "autostart": Listed.AUTOSTART,
    "no_autostart": Listed.NO_AUTOSTART,
}


@command(
    "net-list",
    "List networks: the active ones, unless told otherwise.",
    Flag("all", "active and inactive ones"),
    *(Flag(key.replace("_", "-"), f"only those {key.replace('_', ' ')}") for key in FILTERS),
    Flag("uuid", "print UUIDs"),
    Flag("name", "print names"),
)
def net_list(session: Session, args: Arguments) -> None:
    """One row per network."""
    asked = flags(args, FILTERS)
    if not args.all and not args.inactive:
        asked |= Listed.ACTIVE
    networks = session.connection.list_networks(asked)
    if args.uuid or args.name:
        for network in networks:
            session.out.write(network.uuid_string if args.uuid else network.name)
        return
    rows = [
        {
            "name": network.name,
            "state": "active" if network.is_active() else "inactive",
            "autostart": network.autostart(),
            "persistent": network.is_persistent(),
            "uuid": network.uuid_string,
        }
        for network in networks
    ]
    columns = {"name": "Name", "state": "State", "autostart": "Autostart", "persistent": "Persistent"}
    session.out.table(columns, rows)


@command("net-info", "Show what is known about a network.", NETWORK)
def net_info(session: Session, args: Arguments) -> None:
    """Basic facts."""
    network = find_network(session, args)
    labels = {"name": "Name", "uuid": "UUID", "active": "Active", "persistent": "Persistent", "autostart": "Autostart"}
    values = {
        "name": network.name,
        "uuid": network.uuid_string,
        "active": network.is_active(),
        "persistent": network.is_persistent(),
        "autostart": network.autostart(),
    }
    bridge = _bridge(network)
    session.out.record(labels | {"bridge": "Bridge"}, values | {"bridge": bridge})


def _bridge(network: object) -> str | None:
    from virtkit.errors import VirtError

    try:
        name: str = network.bridge_name()  # type: ignore[attr-defined]
    except VirtError:
        return None  # a network without a bridge
    return name


@command("net-define", "Define a network, or change its definition, from an XML file.", FILE, VALIDATE)
def net_define(session: Session, args: Arguments) -> None:
    """Define a network."""
    from virtkit.enums import NetworkDefineFlags

    wanted = flags(args, {"validate": NetworkDefineFlags.VALIDATE})
    network = session.connection.define_network(document(args.file), wanted)
    session.out.done(f"Network {network.name} defined from {args.file}", name=network.name, uuid=network.uuid_string)


@command("net-create", "Start a network from an XML file without defining it.", FILE, VALIDATE)
def net_create(session: Session, args: Arguments) -> None:
    """Start a transient network."""
    from virtkit.enums import NetworkCreateFlags

    wanted = flags(args, {"validate": NetworkCreateFlags.VALIDATE})
    network = session.connection.create_network(document(args.file), wanted)
    session.out.done(f"Network {network.name} created from {args.file}", name=network.name, uuid=network.uuid_string)


action(__name__, "net-start", "Start a network.", NETWORK, find_network, lambda n: n.create(), "Network {} started")
action(__name__, "net-destroy", "Stop a network.", NETWORK, find_network, lambda n: n.destroy(), "Network {} destroyed")
action(
    __name__,
    "net-undefine",
    "Remove the definition of a network.",
    NETWORK,
    find_network,
    lambda n: n.undefine(),
    "Network {} has been undefined",
)
switch(__name__, "net-autostart", "Start a network with its driver.", NETWORK, find_network, "Network")
printer(__name__, "net-dumpxml", "Print the XML of a network.", NETWORK, find_network)


@command("net-uuid", "Print the UUID of a network.", NETWORK)
def net_uuid(session: Session, args: Arguments) -> None:
    """The UUID."""
    session.out.value("uuid", find_network(session, args).uuid_string)


@command("net-dhcp-leases", "List the addresses a network has given out.", NETWORK, Option("mac", "only to this MAC"))
def net_dhcp_leases(session: Session, args: Arguments) -> None:
    """One row per lease."""
    import time

    rows = [
        {
            "expires": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(lease.expirytime))
            if lease.expirytime
            else None,
            "mac": lease.mac,
            "protocol": lease.type.name.lower(),
            "address": f"{lease.ipaddr}/{lease.prefix}",
            "hostname": lease.hostname,
            "clientid": lease.clientid,
        }
        for lease in find_network(session, args).dhcp_leases(args.mac)
    ]
    heads = {"expires": "Expiry Time", "mac": "MAC address", "protocol": "Protocol", "address": "IP address"}
    session.out.table(heads | {"hostname": "Hostname", "clientid": "Client ID or DUID"}, rows)


COMMANDS = {
    "add": NetworkUpdateCommand.ADD_LAST,
    "add-first": NetworkUpdateCommand.ADD_FIRST,
    "add-last": NetworkUpdateCommand.ADD_LAST,
    "delete": NetworkUpdateCommand.DELETE,
    "modify": NetworkUpdateCommand.MODIFY,
}
SECTIONS = {section.name.lower().replace("_", "-"): section for section in NetworkUpdateSection if section}


@command(
    "net-update",
    "Change a part of a network.",
    NETWORK,
    Argument("command", "what to do", choices=tuple(COMMANDS)),
    Argument("section", "which part", choices=tuple(SECTIONS)),
    Argument("xml", "the part as XML, or a file with it", completes="file"),
    Option("parent-index", "which of several parents", type=int, default=-1),
    *IMPACT,
)
def net_update(session: Session, args: Arguments) -> None:
    """Update a network."""
    network = find_network(session, args)
    text = args.xml if args.xml.lstrip().startswith("<") else document(args.xml)
    wanted = NetworkUpdateFlags(impact(args))
    network.update(COMMANDS[args.command], SECTIONS[args.section], args.parent_index, text, wanted)
    session.out.done(f"Updated network {network.name}", name=network.name)
