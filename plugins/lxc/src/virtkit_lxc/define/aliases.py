"""Names of the devices of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain


def live(document: Domain) -> Domain:
    """A copy of a complete definition in which consoles and interfaces have aliases; libvirt gives others none.

    An alias that the user chose stays.
    """
    document = document.copy()
    for number, console in enumerate(document.devices.consoles):
        console.alias = console.alias or f"console{number}"
    for number, interface in enumerate(document.devices.interfaces):
        interface.alias = interface.alias or f"net{number}"
    return document
