"""Filters of guests' interfaces, put in force through the network filter driver."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError, NoNWFilterBindingError, NotSupportedError
from virtkit.network.ownership import device_of, mac_of

if TYPE_CHECKING:
    from virtkit.network.ownership import Owner, Peers
    from virtkit.refs import NWFilterBindingRef
    from virtkit.xml.domain.devices.interface import Interface

FILTERED = ("network", "bridge", "ethernet")
"""Types of interfaces that can have a filter."""

_log = logging.getLogger(__name__)
_changing = threading.Lock()
"""The kernel gives names of devices out again: nobody makes a binding while another looks whose it is."""


def bind(peers: Peers, owner: Owner, interface: Interface) -> None:
    """Put the filter of an interface in force, if it has one. Its device exists, and its guest does not run yet.

    Raises:
        ConfigUnsupportedError: No filter driver is installed, or this type of interface cannot be filtered.
        VirtError: The filter driver refuses: none of the filter's rules is left.
    """
    if interface.filterref is None:
        return
    name = interface.filterref.filter
    if interface.type not in FILTERED:
        raise ConfigUnsupportedError(
            f"{owner.about(interface)} of type {interface.type!r} cannot have the filter {name!r}: remove <filterref>, "
            "or use a bridge",
            domain=owner.driver,
        )
    with _changing:
        try:
            stale = _find(peers, interface)
            if stale is not None:  # of a guest that is gone: the device has just been made
                _log.warning("the filter %s of an earlier %s is taken away", stale.filtername, stale.portdev)
                peers["nwfilter_binding_delete"](stale)
            peers["nwfilter_binding_create_xml"](_document(owner, interface), 0)
        except NotSupportedError as error:
            raise ConfigUnsupportedError(
                f"{owner.about(interface)} has the filter {name!r}, and no filter driver is installed: "
                "pip install virtkit-netfilter",
                domain=owner.driver,
            ) from error


def restore(peers: Peers, owner: Owner, interface: Interface) -> None:
    """Put the filter of an interface in force again, if the filter driver has lost it.

    Raises:
        VirtError: As `bind`.
    """
    if interface.filterref is None:
        return
    with _changing:
        if _find(peers, interface) is None:
            peers["nwfilter_binding_create_xml"](_document(owner, interface), 0)


def unbind(peers: Peers, owner: Owner, interface: Interface) -> None:
    """Take the filter of an interface away; one that is gone, or is another guest's by now, is no error."""
    if interface.filterref is None or not device_of(interface):
        return
    with _changing:
        try:
            found = _find(peers, interface)
            if found is not None and _owner_of(peers, found) == owner.uuid:
                peers["nwfilter_binding_delete"](found)
        except (NoNWFilterBindingError, NotSupportedError) as error:
            _log.debug("the filter of %s is gone already: %s", device_of(interface), error)


def _find(peers: Peers, interface: Interface) -> NWFilterBindingRef | None:
    try:
        found: NWFilterBindingRef = peers["nwfilter_binding_lookup_by_port_dev"](device_of(interface))
    except NoNWFilterBindingError:
        return None
    return found


def _owner_of(peers: Peers, binding: NWFilterBindingRef) -> bytes | None:
    from virtkit.xml.nwfilterbinding import NWFilterBinding

    owner = NWFilterBinding.parse(peers["nwfilter_binding_get_xml_desc"](binding, 0)).owner
    return owner.uuid if owner else None


def _document(owner: Owner, interface: Interface) -> str:
    from virtkit.xml import nwfilter, nwfilterbinding

    wanted = interface.filterref
    assert wanted is not None
    parameters = [nwfilter.Parameter(name=each.name, value=each.value) for each in wanted.parameters]
    return nwfilterbinding.NWFilterBinding(
        owner=nwfilterbinding.Owner(name=owner.name, uuid=owner.uuid),
        port_dev=device_of(interface),
        mac=mac_of(interface),
        filterref=nwfilter.FilterRef(filter=wanted.filter, parameters=parameters),
    ).format()
