"""What is recorded of a binding under the run folder, for the next owner of the root.

A record is there before the first rule of its device is, and until after the last: no rules are without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError
from virtkit.xml.element import Document, Element
from virtkit.xml.nwfilterbinding import NWFilterBinding
from virtkit.xml.schema import attribute, child, children
from virtkit.xml.values import UNSIGNED, one_of
from virtkit_netfilter import binding as bindings

if TYPE_CHECKING:
    from virtkit_netfilter.binding import Binding

PENDING, READY = "pending", "ready"


class Learned(Element):
    """An address that was learned, and when its lease ends: seconds since the host was booted."""

    address = attribute("address")
    expires = attribute("expires", UNSIGNED)


class Status(Document, tag="bindingstatus", error_domain=ErrorDomain.NWFILTER):
    """A binding as it is in force.

    Attributes:
        boot: The boot of the host in which it was made: devices of another one are others.
        state: `pending` until the rules are in force for the first time.
        index: Number of the device.
    """

    boot = attribute("boot")
    state = attribute("state", one_of(PENDING, READY))
    index = attribute("index", UNSIGNED)
    learned = children("learned", Learned)
    binding = child("filterbinding", NWFilterBinding)


def recorded(binding: Binding, boot: str, state: str) -> bytes:
    """The record of a binding."""
    learned = [Learned(address=address, expires=end) for address, end in binding.addresses.items()]
    status = Status(boot=boot, state=state, index=binding.index, learned=learned, binding=binding.document)
    return status.format().encode()


def read(name: str, text: bytes) -> tuple[Status, Binding]:
    """A record, and the binding it is of.

    Raises:
        ValueError: It is another device's.
        VirtError: It is no such record.
    """
    status = Status.parse(text)
    if not status.binding:
        raise XMLError("it has no <filterbinding>", domain=ErrorDomain.NWFILTER)
    document = bindings.read(status.binding.format())
    if document.port_dev != name:
        raise ValueError(f"it is of {document.port_dev}")
    found = bindings.made(document, status.index or 0)
    found.addresses = {each.address: each.expires for each in status.learned if each.address}
    return status, found
