"""From a document to the binding it makes, and how one is described. Nothing here has an effect."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError
from virtkit.network.links import NAME_LIMIT
from virtkit.refs import NWFilterBindingRef
from virtkit_netfilter.definition import check_reference
from virtkit_netfilter.learning import Addresses, Mode

if TYPE_CHECKING:
    from virtkit.xml.nwfilter import FilterRef
    from virtkit.xml.nwfilterbinding import NWFilterBinding
    from virtkit_netfilter.compiler import Device

DOMAIN = ErrorDomain.NWFILTER

SERVERS = "DHCPSERVER"
"""The variable with the addresses of the DHCP servers to believe."""

ADDRESS, MAC = "IP", "MAC"
"""The variables that are known without being stated."""

_log = logging.getLogger(__name__)


@attrs.define(eq=False)
class Binding:
    """A binding: the filter that is in force on a port device.

    Attributes:
        name: The port device.
        document: The binding as it was made; never changed in place.
        index: Number of the device when it was bound; 0: it was not there.
        mode: Where the guest's address is learned from, if its filter needs it.
        addresses: Those that were learned.
    """

    name: str
    document: NWFilterBinding
    index: int
    mode: Mode
    addresses: Addresses = attrs.field(factory=dict)

    @property
    def ref(self) -> NWFilterBindingRef:
        """What names it."""
        return NWFilterBindingRef(self.name, self.filter)

    @property
    def filter(self) -> str:
        """Name of the filter."""
        return self.filterref.filter or ""

    @property
    def filterref(self) -> FilterRef:
        """The filter, and the values of its variables."""
        assert self.document.filterref
        return self.document.filterref

    @property
    def mac(self) -> str:
        """Address of the guest's interface."""
        return self.document.mac or ""

    @property
    def subject(self) -> str:
        """What it is called in messages."""
        return f"network filter {self.filter!r} on {self.name}"

    def values(self, name: str) -> list[str]:
        """The stated values of a variable, in their order."""
        return [each.value or "" for each in self.filterref.parameters if each.name == name]

    @property
    def servers(self) -> frozenset[str]:
        """The DHCP servers to believe; empty: all. Those of IPv6 are named by the same variable."""
        return frozenset(each for each in self.values(SERVERS) if ":" not in each)

    def describe(self) -> str:
        """The binding in XML, with the variables that are known without being stated, sorted by name."""
        from virtkit.xml.nwfilter import Parameter

        shown = self.document.copy()
        assert shown.filterref
        parameters = shown.filterref.parameters
        for name, values in ((MAC, [self.mac]), (ADDRESS, list(self.addresses))):
            if not self.values(name):
                parameters += [Parameter(name=name, value=value) for value in values]
        parameters.sort(key=lambda parameter: parameter.name or "")
        return shown.format()


def read(xml: str | bytes, *, validate: bool = False) -> NWFilterBinding:
    """Read the document of a binding.

    Args:
        xml: The document.
        validate: Refuse names nobody knows; otherwise they are kept, and logged as warnings.

    Raises:
        XMLError: It is no binding, lacks a part, or its device cannot be one.
        VirtError: As for `Document.parse`.
    """
    from virtkit.xml.nwfilterbinding import NWFilterBinding  # brings lxml

    document = NWFilterBinding.parse(xml, validate=validate)
    for notice in document.notices:
        _log.warning("network filter binding of %r: %s", document.port_dev, notice)
    lacking = _lacking(document)
    if lacking:
        raise XMLError(f"the network filter binding has no {lacking}: give it one", domain=DOMAIN)
    name, reference = document.port_dev, document.filterref
    assert name is not None
    assert reference is not None
    if len(name.encode()) > NAME_LIMIT or name in (".", "..") or any(each in "/:" or not _plain(each) for each in name):
        raise XMLError(
            f"{name[:80]!r} cannot be the name of a device: at most {NAME_LIMIT} bytes, no slash, colon or white space",
            domain=DOMAIN,
        )
    check_reference(f"the network filter binding of {name}", reference)
    return document


def _plain(letter: str) -> bool:
    return letter.isprintable() and not letter.isspace()


def _lacking(document: NWFilterBinding) -> str:
    """What the document lacks; empty: nothing."""
    owner = document.owner
    parts = (
        (document.port_dev, "<portdev name='...'/>"),
        (owner and owner.name, "<name> of an <owner>"),
        (owner and owner.uuid, "<uuid> of an <owner>"),
        (document.mac, "<mac address='...'/>"),
        (document.filterref, "<filterref filter='...'/>"),
    )
    return next((what for value, what in parts if not value), "")


def made(document: NWFilterBinding, index: int) -> Binding:
    """The binding of a document.

    Args:
        document: As `read` returns it.
        index: Number of its device; 0: there is none.

    Raises:
        ConfigUnsupportedError: What it says of learning the guest's address is unknown.
    """
    from virtkit_netfilter.compiler.devices import mode_of

    assert document.port_dev
    binding = Binding(document.port_dev, document, index, Mode.ANY)
    binding.mode = Mode(mode_of(device_of(binding)))
    return binding


def device_of(binding: Binding) -> Device:
    """A binding as the compiler sees it."""
    from virtkit_netfilter.compiler import Device

    return Device(binding.name, binding.mac, binding.filterref, tuple(binding.addresses))
