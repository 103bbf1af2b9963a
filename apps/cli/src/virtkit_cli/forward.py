"""The command on ports of the host that lead to guests of a network.

They stand in the metadata of the network's definition, so a change is a new definition; a driver that forwards ports
takes one that differs in nothing else over into the active network at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from virtkit.enums import NetworkXMLFlags
from virtkit_cli.command import Arguments, Flag, UsageError, command, option
from virtkit_cli.objects import NETWORK, find_network

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from virtkit import Network
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_cli.session import Session

NAMESPACE = "urn:virtkit:network:1"
TAG = f"{{{NAMESPACE}}}forward"

COLUMNS = {"proto": "Protocol", "address": "Address", "port": "Port", "guest": "Guest", "to": "Guest port"}

ElementTree.register_namespace("vk", NAMESPACE)


@command(
    NETWORK.word,
    Flag("add", "forward a port", excludes=("remove",)),
    Flag("remove", "forward a port no longer"),
    option("port", "port of the host, or a range such as 5000-5009", by_name=True),
    option("guest", "host name, MAC address or IP address of the guest", by_name=True),
    option("to", "port of the guest, of a range the first; the same as the host's if left out", by_name=True),
    option("proto", "protocol: tcp if left out", choices=("tcp", "udp"), default="tcp", by_name=True),
    option("address", "address of the host; any but loopback if left out", by_name=True),
)
def net_port_forward(session: Session, args: Arguments) -> None:
    """List the ports of the host that lead to guests of a network, or change them."""
    network = find_network(session, args)
    if not (args.add or args.remove):
        session.out.table(COLUMNS, [_told(each) for each in _elements(_document(network, 0))])
        return
    if not args.port or (args.add and not args.guest):
        raise UsageError(f"net-port-forward --{'add needs --guest and' if args.add else 'remove needs'} --port")
    if not network.is_persistent():
        raise UsageError(f"network {network.name} is transient, and forwards stand in a definition: define it first")
    document = _document(network, NetworkXMLFlags.INACTIVE if network.is_active() else 0)
    elements = _elements(document)
    kept = _without(elements, args) if args.remove else [*elements, _made(args)]
    _put(document, kept)
    network.connection.define_network(document.format())
    verb = "added to" if args.add else "removed from"
    session.out.done(f"Port {args.port}/{args.proto} {verb} the forwards of network {network.name}", name=network.name)


def _document(network: Network, flags: int) -> NetworkXML:
    from virtkit.xml.network import Network as NetworkXML

    return NetworkXML.parse(network.xml_desc(flags))


def _elements(document: NetworkXML) -> list[Element]:
    """The forwards that a network declares."""
    text = (document.metadata or {}).get(NAMESPACE)
    return [each for each in ElementTree.fromstring(text) if each.tag == TAG] if text else []


def _put(document: NetworkXML, elements: list[Element]) -> None:
    """Have a network declare other forwards; none at all leave nothing of them."""
    metadata = dict(document.metadata or {})
    metadata.pop(NAMESPACE, None)
    if elements:
        root = ElementTree.Element(f"{{{NAMESPACE}}}forwards")
        root.extend(elements)
        metadata[NAMESPACE] = ElementTree.tostring(root, encoding="unicode")
    document.metadata = metadata


def _told(element: Element) -> dict[str, str | None]:
    values = {name: element.get(name) for name in COLUMNS}
    return {**values, "proto": values["proto"] or "tcp", "to": values["to"] or values["port"]}


def _made(args: Arguments) -> Element:
    given = {name: getattr(args, name) for name in ("guest", "proto", "address", "port", "to")}
    return ElementTree.Element(TAG, {name: value for name, value in given.items() if value is not None})


def _without(elements: list[Element], args: Arguments) -> list[Element]:
    """The forwards but the one that is named by port, protocol and address, and by the guest if that is given."""
    wanted = {"port": args.port, "proto": args.proto, "address": args.address}
    wanted |= {"guest": args.guest} if args.guest else {}
    kept = [each for each in elements if not wanted.items() <= _told(each).items()]
    if len(kept) == len(elements):
        raise UsageError(f"port {args.port}/{args.proto} is not forwarded; net-port-forward {args.network} lists all")
    return kept
