"""Tests of virtual networks."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from virtkit import Network
from virtkit.enums import NetworkUpdateCommand, NetworkUpdateFlags, NetworkUpdateSection
from virtkit.errors import (
    InvalidArgError,
    InvalidMACError,
    NetworkPortExistsError,
    NoNameError,
    NoNetworkPortError,
    OperationInvalidError,
    OperationUnsupportedError,
    VirtError,
    XMLError,
)
from virtkit.testing.kinds import NETWORK, Can
from virtkit.testing.lifecycle import Activity, ActivityEvents, Persistence
from virtkit.testing.objects import (
    UNKNOWN_FLAG,
    Autostart,
    Description,
    Enumeration,
    NameLists,
    NameLookup,
    UUIDDefinition,
    UUIDLookup,
)
from virtkit.testing.profile import fresh_uuid
from virtkit.testing.suite import Conformance, Workshop, requires
from virtkit.xml.network import Network as NetworkXML
from virtkit.xml.networkport import NetworkPort as PortXML

Section, Command, Impact = NetworkUpdateSection, NetworkUpdateCommand, NetworkUpdateFlags

SERVED = "<ip address='198.18.7.1' prefix='24'><dhcp><range start='198.18.7.2' end='198.18.7.9'/></dhcp></ip>"
"""An address with a DHCP server, of the range that is kept for tests (RFC 2544)."""

HOST = "<host mac='52:54:00:4d:4b:02' name='conformance' ip='198.18.7.5'/>"


class BaseNetworkLookup(NameLookup, UUIDLookup):
    """Finding networks by name and UUID."""

    kind = NETWORK


class BaseNetworkEnumeration(Enumeration, NameLists):
    """Listing networks."""

    kind = NETWORK
    parts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ACTIVE", "INACTIVE"),
        ("PERSISTENT", "TRANSIENT"),
        ("AUTOSTART", "NO_AUTOSTART"),
    )


class BaseNetworkDescription(Description):
    """Networks as XML."""

    kind = NETWORK


class BaseNetworkDefinition(UUIDDefinition):
    """Defining networks."""

    kind = NETWORK
    nameless: ClassVar[type[VirtError]] = NoNameError


class BaseNetworkActivity(Activity):
    """Starting and stopping networks."""

    kind = NETWORK


class BaseNetworkPersistence(Persistence):
    """Persistent and transient networks."""

    kind = NETWORK


class BaseNetworkAutostart(Autostart):
    """Networks that start with their driver."""

    kind = NETWORK
    transient_refusal: ClassVar[type[VirtError]] = OperationInvalidError


class BaseNetworkEvents(ActivityEvents):
    """Events of networks."""

    kind = NETWORK


class BaseNetworkUpdate(Conformance):
    """Changing a part of a network."""

    kind = NETWORK
    needs = Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.UPDATE

    @pytest.fixture
    def served(self, workshop: Workshop) -> Any:
        """An inactive network that serves addresses."""
        text = workshop.text(NETWORK)
        end = text.rindex("</network>")
        return workshop.define(NETWORK, f"{text[:end]}{SERVED}{text[end:]}")

    def hosts(self, network: Network, flags: int = 0) -> list[str | None]:
        """Addresses of the hosts that always get the same one."""
        served = NetworkXML.parse(network.xml_desc(flags)).ips[0].dhcp
        return [host.ip for host in served.hosts] if served is not None else []

    def change(self, network: Network, command: int, xml: str = HOST, flags: int = Impact.CONFIG) -> None:
        """Change the hosts."""
        network.update(command, Section.IP_DHCP_HOST, -1, xml, flags)

    def test_what_is_added_is_there(self, served: Network) -> None:
        self.change(served, Command.ADD_LAST)
        assert ["198.18.7.5"] == self.hosts(served)

    def test_what_is_added_first_stands_first(self, served: Network) -> None:
        self.change(served, Command.ADD_LAST)
        self.change(served, Command.ADD_FIRST, "<host mac='52:54:00:4d:4b:03' ip='198.18.7.6'/>")
        assert ["198.18.7.6", "198.18.7.5"] == self.hosts(served)

    def test_what_is_modified_has_changed(self, served: Network) -> None:
        self.change(served, Command.ADD_LAST)
        self.change(served, Command.MODIFY, HOST.replace("198.18.7.5", "198.18.7.7"))
        assert ["198.18.7.7"] == self.hosts(served)

    def test_what_is_deleted_is_gone(self, served: Network) -> None:
        self.change(served, Command.ADD_LAST)
        self.change(served, Command.DELETE)
        assert [] == self.hosts(served)

    def test_what_is_there_cannot_be_added_again(self, served: Network) -> None:
        self.change(served, Command.ADD_LAST)
        with pytest.raises(OperationInvalidError):
            self.change(served, Command.ADD_LAST)
        assert ["198.18.7.5"] == self.hosts(served)

    def test_what_is_not_there_cannot_be_deleted(self, served: Network) -> None:
        with pytest.raises(OperationInvalidError):
            self.change(served, Command.DELETE)

    def test_an_inactive_network_has_no_live_state_to_change(self, served: Network) -> None:
        with pytest.raises(OperationInvalidError):
            self.change(served, Command.ADD_LAST, flags=Impact.LIVE | Impact.CONFIG)
        assert [] == self.hosts(served)

    def test_a_section_that_cannot_change_is_refused(self, served: Network) -> None:
        with pytest.raises(OperationUnsupportedError):
            served.update(Command.ADD_LAST, Section.BRIDGE, -1, "<bridge/>", Impact.CONFIG)

    def test_an_element_of_another_section_is_refused(self, served: Network) -> None:
        with pytest.raises(XMLError):
            self.change(served, Command.ADD_LAST, "<conformance/>")

    def test_unknown_flags_are_refused(self, served: Network) -> None:
        with pytest.raises(InvalidArgError):
            self.change(served, Command.ADD_LAST, flags=UNKNOWN_FLAG)

    @requires(Can.START)
    def test_an_active_network_changes_in_both_places(self, served: Network) -> None:
        served.create()
        self.change(served, Command.ADD_LAST, flags=Impact.LIVE | Impact.CONFIG)
        assert ["198.18.7.5"] == self.hosts(served)
        served.destroy()
        assert ["198.18.7.5"] == self.hosts(served)

    @requires(Can.CREATE)
    def test_a_transient_network_has_no_definition_to_change(self, workshop: Workshop) -> None:
        with pytest.raises(OperationInvalidError):
            self.change(workshop.create(NETWORK), Command.ADD_LAST)


class BaseNetworkLeases(Conformance):
    """Addresses that were handed out. No guest is there to ask for one."""

    kind = NETWORK
    needs = Can.LIST | Can.LEASES

    def test_a_new_network_has_handed_out_nothing(self, workshop: Workshop) -> None:
        assert [] == workshop.active(NETWORK).dhcp_leases()

    @requires(Can.DEFINE)
    def test_an_inactive_network_has_no_leases(self, workshop: Workshop) -> None:
        assert [] == workshop.define(NETWORK).dhcp_leases("52:54:00:4D:4b:02")

    def test_what_is_no_address_is_refused(self, obj: Network) -> None:
        with pytest.raises(InvalidMACError):
            obj.dhcp_leases("conformance")

    def test_unknown_flags_are_refused(self, obj: Network) -> None:
        with pytest.raises(InvalidArgError):
            obj.dhcp_leases(None, UNKNOWN_FLAG)


class BaseNetworkPorts(Conformance):
    """Plugging interfaces into a network."""

    kind = NETWORK
    needs = Can.LIST | Can.DESCRIBE | Can.PORTS

    @pytest.fixture
    def active(self, workshop: Workshop) -> Any:
        """An active network."""
        return workshop.active(NETWORK)

    def text(self, uuid: str, inner: str = "") -> str:
        """The document of a port."""
        owner = f"<owner><name>conformance</name><uuid>{fresh_uuid()}</uuid></owner>"
        return f"<networkport><uuid>{uuid}</uuid>{owner}<mac address='52:54:00:4d:4b:04'/>{inner}</networkport>"

    def test_a_new_network_has_no_ports(self, active: Network) -> None:
        assert [] == active.list_ports()

    def test_a_port_is_listed_and_found(self, active: Network) -> None:
        port = active.create_port(self.text(fresh_uuid()))
        assert ([port], port) == (active.list_ports(), active.lookup_port_by_uuid(port.uuid))

    def test_a_port_says_how_it_is_plugged_in(self, active: Network) -> None:
        uuid = fresh_uuid()
        described = PortXML.parse(active.create_port(self.text(uuid)).xml_desc())
        assert uuid == active.list_ports()[0].uuid_string
        assert described.plug is not None
        assert described.plug.type in ("network", "bridge", "direct", "hostdev-pci")

    def test_the_network_counts_its_ports(self, active: Network) -> None:
        active.create_port(self.text(fresh_uuid()))
        assert 1 == NetworkXML.parse(active.xml_desc()).connections

    def test_a_uuid_that_is_taken_is_refused(self, active: Network) -> None:
        port = active.create_port(self.text(fresh_uuid()))
        with pytest.raises(NetworkPortExistsError):
            active.create_port(self.text(port.uuid_string))
        assert [port] == active.list_ports()

    def test_a_port_cannot_say_itself_how_it_is_plugged_in(self, active: Network) -> None:
        with pytest.raises(InvalidArgError):
            active.create_port(self.text(fresh_uuid(), "<plug type='bridge' bridge='conformance'/>"))
        assert [] == active.list_ports()

    def test_a_document_of_another_kind_is_refused(self, active: Network) -> None:
        with pytest.raises(XMLError):
            active.create_port("<conformance/>")

    def test_a_deleted_port_is_gone(self, active: Network) -> None:
        port = active.create_port(self.text(fresh_uuid()))
        port.delete()
        assert [] == active.list_ports()
        with pytest.raises(NoNetworkPortError):
            port.xml_desc()

    def test_an_unknown_uuid_is_the_error_of_the_kind(self, active: Network) -> None:
        with pytest.raises(NoNetworkPortError):
            active.lookup_port_by_uuid(fresh_uuid())

    def test_limits_are_told_as_they_were_set(self, active: Network) -> None:
        port = active.create_port(self.text(fresh_uuid()))
        assert {} == port.parameters()
        port.set_parameters({"inbound.average": 1000, "inbound.peak": 2000})
        told = port.parameters()
        assert (1000, 2000) == (told["inbound.average"], told["inbound.peak"])
        assert not [name for name in told if name.startswith("outbound")]

    def test_a_limit_that_nobody_knows_is_refused(self, active: Network) -> None:
        port = active.create_port(self.text(fresh_uuid()))
        with pytest.raises(InvalidArgError):
            port.set_parameters({"conformance": 1})

    @requires(Can.DEFINE)
    def test_an_inactive_network_takes_no_ports(self, workshop: Workshop) -> None:
        network = workshop.define(NETWORK)
        with pytest.raises(OperationInvalidError):
            network.create_port(self.text(fresh_uuid()))
        assert [] == network.list_ports()

    @requires(Can.DEFINE, Can.START)
    def test_ports_end_with_their_network(self, workshop: Workshop) -> None:
        network = workshop.start(NETWORK)
        port = network.create_port(self.text(fresh_uuid()))
        network.destroy()
        network.create()
        assert [] == network.list_ports()
        with pytest.raises(NoNetworkPortError):
            port.parameters()
