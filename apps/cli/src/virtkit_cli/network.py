"""Commands on virtual networks and their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    ConnectListAllNetworksFlags,
    NetworkCreateFlags,
    NetworkDefineFlags,
    NetworkPortCreateFlags,
    NetworkUpdateCommand,
    NetworkUpdateSection,
    NetworkXMLFlags,
)
from virtkit.errors import VirtError
from virtkit_cli.command import Arguments, Flag, argument, command, option
from virtkit_cli.objects import NETWORK, find_network
from virtkit_cli.patterns import action, editor, fact, maker, printer, switch
from virtkit_cli.values import document, number, word_of
from virtkit_cli.words import FILE, IMPACT, TABLE, XPATH, listed, print_document

if TYPE_CHECKING:
    from virtkit import Network, NetworkPort
    from virtkit_cli.session import Session

Listed = ConnectListAllNetworksFlags


@command(
    Flag("inactive", "only the inactive ones", Listed.INACTIVE),
    Flag("all", "active and inactive ones"),
    Flag("persistent", "only those with a definition", Listed.PERSISTENT),
    Flag("transient", "only those without", Listed.TRANSIENT),
    Flag("autostart", "only those started with the host", Listed.AUTOSTART),
    Flag("no-autostart", "only those that are not", Listed.NO_AUTOSTART),
    Flag("uuid", "print UUIDs"),
    Flag("name", "print names", excludes=("uuid",)),
    TABLE,
)
def net_list(session: Session, args: Arguments) -> None:
    """List networks: the active ones, unless told otherwise."""
    asked = listed(args, Listed.ACTIVE, Listed.INACTIVE)
    networks = session.connection.list_networks(asked)
    if args.uuid or args.name:
        session.out.lines(network.uuid_string if args.uuid else network.name for network in networks)
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


@command(NETWORK.word)
def net_info(session: Session, args: Arguments) -> None:
    """Show what is known about a network."""
    network = find_network(session, args)
    values = {
        "name": network.name,
        "uuid": network.uuid_string,
        "active": network.is_active(),
        "persistent": network.is_persistent(),
        "autostart": network.autostart(),
        "bridge": _bridge(network),
    }
    session.out.record({key: key.capitalize() if key != "uuid" else "UUID" for key in values}, values)


def _bridge(network: Network) -> str | None:
    """The name of the bridge; None for a network without one."""
    try:
        return network.bridge_name()
    except VirtError:
        return None


maker(
    "net-define",
    "Define a network, or change its definition, from an XML file.",
    lambda session, xml, flags: session.connection.define_network(xml, flags),
    "Network {name} defined from {file}",
    Flag("validate", "refuse a document with names that nobody knows", NetworkDefineFlags.VALIDATE),
)
maker(
    "net-create",
    "Start a network from an XML file without defining it.",
    lambda session, xml, flags: session.connection.create_network(xml, flags),
    "Network {name} created from {file}",
    Flag("validate", "refuse a document with names that nobody knows", NetworkCreateFlags.VALIDATE),
)
action("net-start", "Start a network.", NETWORK, lambda n: n.create(), "Network {} started")
action("net-destroy", "Stop a network.", NETWORK, lambda n: n.destroy(), "Network {} destroyed")
action(
    "net-undefine",
    "Remove the definition of a network.",
    NETWORK,
    lambda network: network.undefine(),
    "Network {} has been undefined",
)
switch("net-autostart", "Start a network with its driver.", NETWORK, "Network {}")
printer(
    "net-dumpxml",
    "Print the XML of a network.",
    NETWORK,
    Flag("inactive", "the definition rather than what runs", NetworkXMLFlags.INACTIVE),
)
editor(
    "net-edit",
    "Edit the definition of a network.",
    NETWORK,
    lambda network, xml: network.connection.define_network(xml),
    NetworkXMLFlags.INACTIVE,
)
fact("net-uuid", "Print the UUID of a network.", NETWORK, "uuid", lambda network: network.uuid_string)
fact("net-name", "Print the name of a network.", NETWORK, "name", lambda network: network.name)


@command(NETWORK.word, option("mac", "only to this MAC address"))
def net_dhcp_leases(session: Session, args: Arguments) -> None:
    """List the addresses a network has given out."""
    import time

    rows = [
        {
            "expires": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(lease.expirytime)),
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


CHANGES = {
    "add": NetworkUpdateCommand.ADD_LAST,
    "add-first": NetworkUpdateCommand.ADD_FIRST,
    "add-last": NetworkUpdateCommand.ADD_LAST,
    "delete": NetworkUpdateCommand.DELETE,
    "modify": NetworkUpdateCommand.MODIFY,
}
SECTIONS = {word_of(section): section for section in NetworkUpdateSection if section}


@command(
    NETWORK.word,
    argument("command", "what to do", choices=tuple(CHANGES)),
    argument("section", "which part", choices=tuple(SECTIONS)),
    argument("xml", "the part as XML, or a file with it", completes="file"),
    option("parent-index", "which of several parents", number, default=-1),
    *IMPACT,
)
def net_update(session: Session, args: Arguments) -> None:
    """Change a part of a network."""
    network = find_network(session, args)
    text = args.xml if args.xml.lstrip().startswith("<") else document(args.xml)
    network.update(CHANGES[args.command], SECTIONS[args.section], args.parent_index, text, args.flags)
    where = "live state" if args.live or not args.config else "persistent config"
    both = "persistent config and live state" if args.live and args.config else where
    session.out.done(f"Updated network {network.name} {both}", name=network.name)


# Ports


def _port(session: Session, args: Arguments) -> NetworkPort:
    return find_network(session, args).lookup_port_by_uuid(args.port)


PORT = argument("port", "UUID of a port")


@command(NETWORK.word, Flag("uuid", "print UUIDs"), Flag("table", "print a table: the default", excludes=("uuid",)))
def net_port_list(session: Session, args: Arguments) -> None:
    """List the ports of a network."""
    uuids = [port.uuid_string for port in find_network(session, args).list_ports()]
    if args.uuid:
        session.out.lines(uuids)
    else:
        session.out.table({"uuid": "UUID"}, [{"uuid": uuid} for uuid in uuids])


@command(
    NETWORK.word,
    FILE,
    Flag("validate", "refuse a document with names that nobody knows", NetworkPortCreateFlags.VALIDATE),
)
def net_port_create(session: Session, args: Arguments) -> None:
    """Claim a port of a network from an XML file."""
    port = find_network(session, args).create_port(document(args.file), args.flags)
    session.out.done(f"Network port {port.uuid_string} created from {args.file}", uuid=port.uuid_string)


@command(NETWORK.word, PORT)
def net_port_delete(session: Session, args: Arguments) -> None:
    """Give a port of a network back."""
    port = _port(session, args)
    port.delete()
    session.out.done(f"Network port {port.uuid_string} deleted", uuid=port.uuid_string)


@command(NETWORK.word, PORT, *XPATH)
def net_port_dumpxml(session: Session, args: Arguments) -> None:
    """Print the XML of a port."""
    print_document(session, args, _port(session, args).xml_desc())
