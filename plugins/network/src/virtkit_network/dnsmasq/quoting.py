"""What may stand in a file of dnsmasq, so that dnsmasq reads there what the document says and nothing more.

A line of its configuration is an option; `#` after white space begins a comment, commas separate values, quotes take
all of that away. A line longer than its buffer is read as two, and so as two options. See dnsmasq(8) and its option.c.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError

NETWORK = ErrorDomain.NETWORK

LINE_LIMIT = 1023
"""Bytes of a line: dnsmasq reads so many at once, and what is left over as the next line."""

LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"

DNS_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")

NAME_LIMIT = 253
"""Characters of a name of DNS; see RFC 1035."""

LEASE_TIME = re.compile(r"[0-9]+[wdhms]?|infinite|ignore", re.IGNORECASE)
"""What dnsmasq reads in a host's line as its lease time, or as an order not to serve it."""

NUMBER = re.compile(r"[0-9.]+")
"""What dnsmasq reads among names as a time to live, or as an address."""

MAC = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}")

CLIENT_ID = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){0,129}")

CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Address = IPv4Address | IPv6Address


class Checker:
    """Refuses texts of one network's document.

    Attributes:
        network: Its name.

    Every method returns the text as it may stand in a file, and raises `XMLError` that names network and element.
    """

    def __init__(self, name: str) -> None:
        """Take the name of the network."""
        self.network = name

    def refuse(self, where: str, text: str, problem: str) -> XMLError:
        """The error for a text."""
        shown = text if len(text) <= 64 else text[:64] + "…"
        return XMLError(f"network {self.network!r}: {where} {shown!r} {problem}", domain=NETWORK)

    def line(self, where: str, text: str) -> str:
        """A whole line."""
        if CONTROL.search(text):
            raise self.refuse(where, text, "has a line break or another control character: leave it out")
        if len(text.encode("utf-8", "surrogatepass")) > LINE_LIMIT:
            raise self.refuse(where, text, f"makes a line of more than {LINE_LIMIT} bytes: make it shorter")
        return text

    def quoted(self, where: str, text: str) -> str:
        """Any text of one line, as one value."""
        if not text:
            raise self.refuse(where, text, "is empty: give it a value or leave it out")
        escaped = self.line(where, text).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def name(self, where: str, text: str | None) -> str:
        """A name of DNS, or a part of one, in lower case: dnsmasq encodes others by rules that refuse some."""
        if text is None or len(text) > NAME_LIMIT or not DNS_NAME.fullmatch(text):
            raise self.refuse(
                where, text or "", "is no name of DNS: parts of up to 63 letters, digits, '-' and '_', with '.' between"
            )
        if NUMBER.fullmatch(text):
            raise self.refuse(where, text, "would be read by dnsmasq as a number or an address: choose another")
        return text.lower()

    def host_name(self, where: str, text: str) -> str:
        """A guest's name in a line of DHCP hosts."""
        name = self.name(where, text)
        if text.startswith("_"):
            raise self.refuse(where, text, "begins with '_', which no name of a host does: choose another")
        if LEASE_TIME.fullmatch(text):
            raise self.refuse(where, text, "would be read by dnsmasq as a lease time or an order: choose another")
        return name

    def mac(self, where: str, text: str) -> str:
        """The address of a guest's link, in lower case with two digits a byte."""
        if not MAC.fullmatch(text):
            raise self.refuse(where, text, "is no MAC address: six bytes such as 52:54:00:12:34:56")
        return ":".join(f"{int(byte, 16):02x}" for byte in text.split(":"))

    def client_id(self, where: str, text: str) -> str:
        """A client's id, or DUID: bytes with colons."""
        if CLIENT_ID.fullmatch(text):
            return text
        raise self.refuse(where, text, "is no client id: bytes in hexadecimal, with colons between them")

    def address(self, where: str, text: str | None, version: int | None = None) -> Address:
        """An address, of one version if that is given."""
        try:
            found = ip_address(text or "")
        except ValueError:
            raise self.refuse(where, text or "", "is no IP address") from None
        if isinstance(found, IPv6Address) and found.scope_id is not None:
            raise self.refuse(where, text or "", "has a scope: leave out what follows the '%'")
        if version not in (None, found.version):
            raise self.refuse(where, text or "", f"is no address of IPv{version}")
        return found
