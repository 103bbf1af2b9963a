"""Commands on network interfaces of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainInterfaceAddressesSource, DomainXMLFlags, IPAddrType
from virtkit.errors import VirtError
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import word_of
from virtkit_cli.words import CONFIG, IMPACT, PERSISTENT, PRINT_XML, lasting

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_cli.session import Session

INTERFACE = argument("interface", "MAC address or device on the host", completes="nic")


def interfaces(domain: Domain, flags: int = 0) -> list[Interface]:
    """The network interfaces of a domain."""
    from virtkit.xml.domain import Domain as Document

    return Document.parse(domain.xml_desc(flags)).devices.interfaces


def mac_of(item: Interface) -> str | None:
    """The MAC address of an interface."""
    return item.mac.address if item.mac else None


def device_of(item: Interface) -> str | None:
    """The device of the host behind an interface."""
    return item.target.dev if item.target else None


@command(DOMAIN.word, Flag("inactive", "of the definition rather than of what runs", DomainXMLFlags.INACTIVE))
def domiflist(session: Session, args: Arguments) -> None:
    """List the network interfaces of a domain."""
    rows = []
    for item in interfaces(find_domain(session, args), args.flags):
        fields = ("network", "bridge", "dev", "name", "switchid")
        source = next((value for field in fields if (value := getattr(item.source, field, None))), None)
        row = {"interface": device_of(item), "type": item.type, "source": source, "model": item.model}
        rows.append(row | {"mac": mac_of(item)})
    heads = {"interface": "Interface", "type": "Type", "source": "Source", "model": "Model", "mac": "MAC"}
    session.out.table(heads, rows)


SOURCES = {word_of(source): source for source in DomainInterfaceAddressesSource}


@command(
    DOMAIN.word,
    option("interface", "only of this interface"),
    Flag("full", "name and MAC address on every line"),
    option("source", "who to ask", default="lease", choices=tuple(SOURCES)),
)
def domifaddr(session: Session, args: Arguments) -> None:
    """List the addresses of a running domain."""
    rows = []
    for item in find_domain(session, args).interface_addresses(SOURCES[args.source]):
        if args.interface not in (None, item.name):
            continue
        for position, address in enumerate(item.addrs):
            named = position == 0 or args.full or session.out.json
            row = {"name": item.name, "mac": item.hwaddr or "N/A"} if named else {}
            protocol = IPAddrType(address.type).name.lower()
            rows.append(row | {"protocol": protocol, "address": f"{address.addr}/{address.prefix}"})
    if session.out.json:
        session.out.table({}, rows)
        return
    if not session.out.quiet:
        session.out.write(f" {'Name':<10} {'MAC address':<20} {'Protocol':<8}     Address\n{'-' * 79}")
    for row in rows:
        name, mac = row.get("name", "-"), row.get("mac", "-")
        session.out.write(f" {name:<10} {mac:<17}    {row['protocol']:<12} {row['address']}")


@command(DOMAIN.word, INTERFACE)
def domifstat(session: Session, args: Arguments) -> None:
    """Show what an interface did since the start."""
    stats = find_domain(session, args).interface_stats(args.interface)._asdict()
    known = {name: value for name, value in stats.items() if value >= 0}
    session.out.pairs(known, args.interface + " {} {}")


def interface_named(domain: Domain, name: str, flags: int) -> Interface:
    """The interface of a MAC address or a device on the host.

    Raises:
        VirtError: There is none.
    """
    for item in interfaces(domain, flags):
        if name in (mac_of(item), device_of(item)):
            return item
    raise VirtError(f"domain {domain.name!r} has no interface {name!r}; virtkit domiflist shows them")


FROM_CONFIG = Flag("config", "of the definition rather than of what runs", CONFIG)


@command(DOMAIN.word, INTERFACE, FROM_CONFIG)
def domif_getlink(session: Session, args: Arguments) -> None:
    """Show whether the link of an interface is up."""
    flags = DomainXMLFlags.INACTIVE if args.config else 0
    item = interface_named(find_domain(session, args), args.interface, flags)
    state = "down" if item.link_up is False else "up"
    session.out.value("state", state, f"{args.interface} {state}")


@command(DOMAIN.word, INTERFACE, argument("state", "the new state", choices=("up", "down")), FROM_CONFIG, PRINT_XML)
def domif_setlink(session: Session, args: Arguments) -> None:
    """Plug or unplug the link of an interface."""
    domain = find_domain(session, args)
    item = interface_named(domain, args.interface, DomainXMLFlags.INACTIVE if args.config else 0)
    item.link_up = args.state == "up"
    if args.print_xml:
        session.out.document(item.format_as("interface"))
        return
    domain.update_device(item.format_as("interface"), CONFIG if args.config else 0)
    session.out.done("Device updated successfully", interface=args.interface, state=args.state)


SOURCE_FIELDS = {"network": "network", "bridge": "bridge", "direct": "dev"}


@command(
    DOMAIN.word,
    argument("type", "what it is connected to", choices=(*SOURCE_FIELDS, "user")),
    option("source", "name of the network, bridge or device"),
    option("target", "device on the host"),
    option("mac", "MAC address"),
    option("script", "program that sets up the device on the host", completes="file"),
    option("model", "model, such as virtio"),
    option("alias", "alias in the document"),
    PRINT_XML,
    PERSISTENT,
    *IMPACT,
)
def attach_interface(session: Session, args: Arguments) -> None:
    """Attach a network interface to a domain."""
    from virtkit.xml.domain.devices.interface import Interface, InterfaceSource, InterfaceTarget, Mac

    item = Interface(type=args.type, script=args.script, model=args.model, alias=args.alias)
    if args.type in SOURCE_FIELDS:
        if not args.source:
            raise UsageError(f"attach-interface needs --source for an interface of type {args.type}")
        item.source = InterfaceSource(**{SOURCE_FIELDS[args.type]: args.source})
    item.mac = Mac(address=args.mac) if args.mac else None
    item.target = InterfaceTarget(dev=args.target) if args.target else None
    if args.print_xml:
        session.out.document(item.format_as("interface"))
        return
    domain = find_domain(session, args)
    domain.attach_device(item.format_as("interface"), lasting(args, domain))
    session.out.done("Interface attached successfully", type=args.type, source=args.source)


@command(
    DOMAIN.word, argument("type", "its type"), option("mac", "its MAC address; needed if there are several"),
    PERSISTENT, *IMPACT, PRINT_XML,
)  # fmt: skip
def detach_interface(session: Session, args: Arguments) -> None:
    """Detach a network interface from a domain."""
    domain = find_domain(session, args)
    all_of_them = interfaces(domain, DomainXMLFlags.INACTIVE if args.config and not args.live else 0)
    found = [item for item in all_of_them if item.type == args.type and args.mac in (None, mac_of(item))]
    if len(found) != 1:
        problem = f"has {len(found)} such interfaces: name one by --mac" if found else "has no such interface"
        raise VirtError(f"domain {domain.name!r} {problem}; virtkit domiflist shows them")
    if args.print_xml:
        session.out.document(found[0].format_as("interface"))
        return
    domain.detach_device(found[0].format_as("interface"), lasting(args, domain))
    session.out.done("Interface detached successfully", mac=mac_of(found[0]))
