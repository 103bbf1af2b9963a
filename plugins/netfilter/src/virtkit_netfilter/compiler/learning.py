"""Provisional rules, for as long as the address of a guest is being found out.

The guest can ask DHCP servers for an address and be answered; where its address is learned from anything, it can use
ARP, too. Everything else is dropped, and it never speaks with another MAC address than its own.
"""

from __future__ import annotations

from collections.abc import Collection

from virtkit.network.nftables import Command
from virtkit.xml.nwfilter import Arp, FilterRef, Ip, Mac, NWFilter, Parameter, Rule
from virtkit_netfilter.compiler.devices import DHCP_SERVER, MAC, Device, checked_name, mode_of, values_of
from virtkit_netfilter.compiler.rules import install
from virtkit_netfilter.probing import Abilities

_NAME = "learning"

CLIENT_PORT, SERVER_PORT = "68", "67"


def learning(device: Device, abilities: Abilities, installed: Collection[str] = ()) -> list[Command]:
    """Commands that put the provisional rules of a device in force, in place of those it had.

    Args:
        device: The device. `$DHCPSERVER` are the only servers that may answer, if it has values of IPv4.
        abilities: What the kernel can do.
        installed: As for `install`.

    Raises:
        InternalError: A value of `$DHCPSERVER` is no IPv4 address.
        ConfigUnsupportedError: `CTRL_IP_LEARNING` is an unknown word.
    """
    checked_name(device.name)
    values = values_of(device)
    servers = [server for server in values.get(DHCP_SERVER, ()) if ":" not in server]  # DHCPv6 is not learned from
    rules = [
        _rule("drop", "out", -1000, Mac(match=False, srcmacaddr=f"${MAC}")),
        _rule("accept", "out", 100, _dhcp(CLIENT_PORT, SERVER_PORT)),
        _rule("accept", "in", 100, _dhcp(SERVER_PORT, CLIENT_PORT, source=f"${DHCP_SERVER}" if servers else None)),
        _rule("drop", "inout", 1000, Mac()),
    ]
    if mode_of(device) == "any":
        rules.insert(1, _rule("accept", "inout", 0, Arp()))
    parameters = [Parameter(name=MAC, value=values[MAC][0])]
    parameters += [Parameter(name=DHCP_SERVER, value=server) for server in servers]
    provisional = NWFilter(name=_NAME, parts=rules)
    reference = FilterRef(filter=_NAME, parameters=parameters)
    return install(device._replace(filterref=reference, learned=()), {_NAME: provisional}, abilities, installed)


def _rule(action: str, direction: str, priority: int, match: Mac | Arp | Ip) -> Rule:
    return Rule(action=action, direction=direction, priority=priority, matches=[match])


def _dhcp(source_port: str, target_port: str, source: str | None = None) -> Ip:
    ports = {"srcportstart": source_port, "dstportstart": target_port}
    return Ip(protocol="udp", **ports, **({"srcipaddr": source} if source else {}))
