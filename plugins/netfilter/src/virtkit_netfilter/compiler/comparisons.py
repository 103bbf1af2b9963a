"""What one element of a rule compares, with its variables filled in, attribute by attribute.

Whoever makes expressions of it takes each attribute away; what is left at the end is refused. So no attribute is ever
left out without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.xml.nwfilter import ARP_OPCODES, ETHERNET_PROTOCOLS, MATCHES, PROTOCOLS, Match
from virtkit.xml.schema import AttributeField
from virtkit.xml.values import Refusal
from virtkit_netfilter.compiler.expressions import Expression, Operand, between, compared, inside, masked
from virtkit_netfilter.compiler.variables import NWFILTER, name_of

TAGS = {cls: tag for tag, cls in MATCHES.items()}
"""Names of the elements."""

NOT_COMPARED = ("match", "comment")
"""Attributes that are no comparisons."""

_NUMBERS = {
    name.lower(): number for names in (ETHERNET_PROTOCOLS, PROTOCOLS, ARP_OPCODES) for number, name in names.items()
}
"""Numbers by the names that the documents have for them; none means two."""

_ATTRIBUTES: dict[type[Match], dict[str, AttributeField]] = {}


def attributes_of(cls: type[Match]) -> dict[str, AttributeField]:
    """The attributes of an element that are comparisons, by their names in Python."""
    if cls not in _ATTRIBUTES:
        _ATTRIBUTES[cls] = {
            name: field
            for name, field in cls.fields.items()
            if isinstance(field, AttributeField) and name not in NOT_COMPARED
        }
    return _ATTRIBUTES[cls]


def written(match: Match) -> dict[str, str]:
    """The comparisons of an element as they are written, variables and all."""
    return {name: match.__dict__[name] for name in attributes_of(type(match)) if match.__dict__.get(name) is not None}


def references(match: Match) -> Iterator[str]:
    """References to variables in an element, such as `$IP[@1]`."""
    return (value for value in written(match).values() if value.startswith("$"))


class Comparisons:
    """The comparisons of an element that nobody has made expressions of yet.

    Attributes:
        tag: Name of the element.
        negated: Each comparison counts the other way round.
        where: The rule, for errors.
    """

    def __init__(self, match: Match, values: Mapping[str, str], where: str) -> None:
        self.tag = TAGS[type(match)]
        self.negated = match.match is False
        self.where = where
        self._left: dict[str, str] = {}
        for name, text in written(match).items():
            self._left[name] = self._filled(type(match), name, text, values) if text.startswith("$") else text

    def _filled(self, cls: type[Match], name: str, reference: str, values: Mapping[str, str]) -> str:
        """The value of a variable in the form of the attribute, which it must be allowed for."""
        value = values[reference]
        attribute = attributes_of(cls)[name]
        try:
            if value.startswith("$"):
                raise Refusal("a value cannot be another variable")
            read: Any = attribute.value.read
            return str(read(value))
        except Refusal as refusal:
            raise InternalError(
                f"{self.where}: the variable {name_of(reference)} does not fit {self.tag}/@{attribute.attribute}:"
                f" {refusal.message.split(', nor a variable')[0]}",
                domain=NWFILTER,
            ) from None

    def take(self, name: str) -> str | None:
        """Take an attribute away; None: it is not there."""
        return self._left.pop(name, None)

    def number(self, name: str) -> int | None:
        """Take a number away, which may be written as a name."""
        text = self.take(name)
        if text is None:
            return None
        known = _NUMBERS.get(text.lower())
        return int(text, 16 if text[:2].lower() == "0x" else 10) if known is None else known

    def refused(self, why: str) -> ConfigUnsupportedError:
        """The error for a rule that says what cannot be done."""
        return ConfigUnsupportedError(f"{self.where}: {self.tag}: {why}", domain=NWFILTER)

    def finish(self) -> None:
        """Refuse what is left: attributes that say nothing without others.

        Raises:
            ConfigUnsupportedError: Something is left.
        """
        if self._left:
            names = ", ".join(self._left)
            raise self.refused(f"{names} without the attribute that it belongs to: add that, or remove {names}")

    # Expressions of one kind each

    def equal(self, name: str, operand: Operand) -> list[Expression]:
        """Whether a number is the one that the attribute names."""
        number = self.number(name)
        return [] if number is None else [compared(operand, number, differs=self.negated)]

    def within(self, low: str, high: str, operand: Operand) -> list[Expression]:
        """Whether a number is in the range of two attributes; without the second, is the first."""
        start = self.number(low)
        if start is None:
            return []
        end = self.number(high)
        if end is not None and end < start:
            raise self.refused(f"the range {low} {start} to {high} {end} is empty: exchange the two")
        return [between(operand, start, start if end is None else end, differs=self.negated)]

    def address(self, name: str, mask: str, operand: Operand) -> list[Expression]:
        """Whether an IP address is the attribute's, or in its network."""
        text = self.take(name)
        if text is None:
            return []
        bits = self.number(mask)
        if bits is None:
            return [compared(operand, text, differs=self.negated)]
        return [inside(operand, text, bits, differs=self.negated)]

    def addresses(self, low: str, high: str, operand: Operand) -> list[Expression]:
        """Whether an IP address is in the range of two attributes; without the second, is the first."""
        from ipaddress import ip_address

        start = self.take(low)
        if start is None:
            return []
        end = self.take(high) or start
        if int(ip_address(end)) < int(ip_address(start)):
            raise self.refused(f"the range {low} {start} to {high} {end} is empty: exchange the two")
        return [between(operand, start, end, differs=self.negated)]

    def mac(self, name: str, mask: str, operand: Operand, *, as_number: bool = False) -> list[Expression]:
        """Whether a MAC address is the attribute's, of the bits in its mask.

        Args:
            name: The attribute.
            mask: The attribute with its mask; none may be there.
            operand: The field.
            as_number: The field is one that nftables does not know to be an address.
        """
        text = self.take(name)
        if text is None:
            return []
        bits = self.take(mask)
        shown = _mac_number if as_number else str
        if bits is None:
            return [compared(operand, shown(text), differs=self.negated)]
        wanted = _mac_text(_mac_number(text) & _mac_number(bits))
        return [compared(masked(operand, shown(bits)), shown(wanted), differs=self.negated)]


def _mac_number(text: str) -> int:
    return int(text.replace(":", ""), 16)


def _mac_text(number: int) -> str:
    return ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big"))
