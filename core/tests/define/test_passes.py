"""The passes one by one: what goes in, and what comes out."""

from __future__ import annotations

import re

import pytest

from virtkit.define import Profile, characters, complete, defaults, devices, disks, graphics
from virtkit.define.metadata import get_metadata, set_metadata
from virtkit.define.secrets import without_secrets
from virtkit.enums import DomainMetadataType
from virtkit.errors import InvalidArgError, NoDomainMetadataError, XMLDetailError
from virtkit.xml.domain import Domain

TITLE, DESCRIPTION, ELEMENT = DomainMetadataType.TITLE, DomainMetadataType.DESCRIPTION, DomainMetadataType.ELEMENT


def domain(inside: str = "", *, os: str = "<os><type>hvm</type></os>") -> Domain:
    """A small domain as it was written."""
    return Domain.parse(f"<domain type='test'><name>x</name><memory>1024</memory>{os}{inside}</domain>")


def plugged(*written: str) -> Domain:
    """A small domain with devices."""
    return domain(f"<devices>{''.join(written)}</devices>")


def disk(target: str, bus: str = "") -> str:
    """A disk."""
    return f"<disk><source file='/a'/><target dev='{target}'{bus and f' bus={bus!r}'}/></disk>"


def targets(document: Domain) -> list[str]:
    """Targets of the disks, in order."""
    return [one.target.dev or "" for one in document.devices.disks if one.target is not None]


def controllers(document: Domain) -> list[tuple[str | None, int | None]]:
    """Types and indexes of the controllers, in order."""
    return [(one.type, one.index) for one in document.devices.controllers]


# Disks


@pytest.mark.parametrize(
    ("target", "index"),
    [("sda", 0), ("sdz", 25), ("sdaa", 26), ("vdb1", 1), ("xvdc", 2), ("hd", -1), ("foo", -1), ("sdA", -1)],
)
def test_letters_count_as_in_a_spreadsheet(target: str, index: int) -> None:
    assert disks.letter_index(target) == index


def test_disks_are_sorted_inside_their_bus_and_buses_stay_in_order() -> None:
    document = plugged(*(disk(name, bus) for name, bus in (("vdb", "virtio"), ("sdb", "scsi"), ("vda", "virtio"))))
    disks.arrange(document)
    assert targets(document) == ["vda", "vdb", "sdb"]


def test_disks_without_bus_are_sorted_by_letter_alone() -> None:
    document = plugged(*map(disk, ("sdb", "vda", "hdd", "sda")))
    disks.arrange(document)
    assert targets(document) == ["vda", "sda", "sdb", "hdd"]


@pytest.mark.parametrize(
    ("target", "wide", "place"),
    [
        ("sdh", False, (1, 0, 0)),
        ("sdh", True, (0, 0, 8)),
        ("sdg", True, (0, 0, 6)),
        ("sdp", True, (1, 0, 0)),
        ("hdd", False, (0, 1, 1)),
        ("fdb", False, (0, 0, 1)),
    ],
)
def test_a_letter_stands_for_a_place_on_a_controller(target: str, wide: bool, place: tuple[int, int, int]) -> None:
    document = plugged(disk(target))
    complete(document, Profile("i686", wide_scsi=wide))
    text = document.format()
    controller, bus, unit = place
    assert f"<address type='drive' controller='{controller}' bus='{bus}' target='0' unit='{unit}'/>" in text
    assert len(document.devices.controllers) == controller + 1


def test_controllers_without_index_come_after_those_with_one_and_get_the_lowest_free() -> None:
    document = plugged(
        "<controller type='scsi' index='2'/><controller type='usb'/><controller type='scsi'/>"
        "<controller type='scsi' index='0'/>"
    )
    disks.arrange(document)
    assert controllers(document) == [("scsi", 0), ("scsi", 2), ("scsi", 1), ("usb", 0)]


def test_a_controller_that_is_there_is_not_added_again() -> None:
    document = plugged("<controller type='scsi' index='0' model='virtio-scsi'/>", disk("sda"))
    complete(document, Profile("i686"))
    assert controllers(document) == [("scsi", 0)]


# Characters


def test_ports_are_numbered_after_the_highest() -> None:
    document = plugged("<serial type='pty'/><serial type='pty'><target port='5'/></serial><serial type='pty'/>")
    characters.number_ports(document.devices.serials)
    assert [one.target.port for one in document.devices.serials if one.target is not None] == [6, 5, 7]


def test_a_console_alone_is_a_serial_port_and_a_serial_port_a_console() -> None:
    for written in ("<console type='pty'/>", "<serial type='pty'/>"):
        document = plugged(written)
        characters.fill(document)
        assert len(document.devices.serials) == len(document.devices.consoles) == 1


def test_a_container_has_consoles_and_no_serial_port() -> None:
    document = domain("<devices><console type='pty'/></devices>", os="<os><type>exe</type></os>")
    characters.fill(document)
    assert (len(document.devices.serials), len(document.devices.consoles)) == (0, 1)


# Graphics


@pytest.mark.parametrize(
    ("written", "attributes"),
    [
        ("<graphics type='vnc'/>", "port='-1' autoport='yes'"),
        ("<graphics type='vnc' port='5901'/>", "port='5901' autoport='no'"),
        ("<graphics type='vnc' port='5901' autoport='yes'/>", "port='-1' autoport='yes'"),
        ("<graphics type='spice' autoport='yes' port='9'/>", "autoport='yes'"),
        ("<graphics type='spice' port='9'/>", "port='9' autoport='no'"),
    ],
)
def test_a_server_has_a_port_or_gets_one(written: str, attributes: str) -> None:
    document = plugged(written)
    graphics.fill(document)
    line = next(line for line in document.format().splitlines() if "<graphics" in line)
    assert re.sub(r" type='\w+'", "", line).strip(" <>/") == f"graphics {attributes}"


def test_the_primary_card_comes_first_and_is_the_only_one() -> None:
    document = plugged("<video><model type='vga'/></video><video><model type='qxl' primary='yes'/></video>")
    graphics.fill(document)
    models = [video.model for video in document.devices.videos if video.model is not None]
    assert [(model.type, model.primary) for model in models] == [("qxl", True), ("vga", None)]


def test_a_guest_that_is_seen_has_a_card() -> None:
    document = plugged("<graphics type='sdl'/>")
    graphics.fill(document)
    assert [video.model.type for video in document.devices.videos if video.model is not None] == ["cirrus"]


# Other devices


def test_an_interface_gets_an_address_of_the_virtual_range_and_keeps_its_own() -> None:
    document = plugged("<interface type='user'/><interface type='user'><mac address='52:54:00:1:2:3'/></interface>")
    devices.fill(document)
    first, second = (one.mac.address for one in document.devices.interfaces if one.mac is not None)
    assert re.fullmatch("52:54:00(:[0-9a-f]{2}){3}", first or "")
    assert second == "52:54:00:01:02:03"


def test_a_name_that_was_given_out_at_a_start_is_dropped() -> None:
    document = plugged("<interface type='user'><target dev='vnet3'/></interface>")
    devices.fill(document)
    assert document.devices.interfaces[0].target is None


@pytest.mark.parametrize(
    ("live", "kept"),
    [
        (
            "type='network'><source network='lan' portgroup='a' portid='1' bridge='br0'/>",
            {"network": "lan", "portgroup": "a"},
        ),
        ("type='bridge'><source network='lan' portid='1' bridge='br0'/>", {"bridge": "br0"}),
        ("type='direct'><source network='lan' portid='1' dev='e' mode='private'/>", {"dev": "e", "mode": "private"}),
    ],
)
def test_the_port_of_a_guest_whose_live_document_was_copied_is_dropped(live: str, kept: dict[str, str]) -> None:
    document = plugged(f"<interface {live}</interface>")
    devices.fill(document)
    (interface,) = document.devices.interfaces
    assert interface.source is not None
    assert kept == interface.source.content()


def test_aliases_of_users_stay_and_others_go() -> None:
    document = plugged(
        "<disk><alias name='ua-mine'/></disk><disk><alias name='virtio-disk0'/></disk>"
        "<memballoon model='virtio'><alias name='balloon0'/></memballoon>"
    )
    devices.drop_foreign_aliases(document.devices)
    assert [one.alias for one in document.devices.disks] == ["ua-mine", None]
    assert document.devices.memballoon is not None
    assert document.devices.memballoon.alias is None


# The domain


def test_current_memory_is_at_most_the_memory() -> None:
    for written, current in (
        ("", 1024),
        ("<currentMemory>99</currentMemory>", 99),
        ("<currentMemory unit='G'>9</currentMemory>", 1024),
    ):
        document = domain(written)
        defaults.resources(document)
        assert document.current_memory == current


def test_threads_that_are_counted_and_not_listed_get_the_free_numbers() -> None:
    document = domain("<iothreads>4</iothreads><iothreadids><iothread id='7'/><iothread id='2'/></iothreadids>")
    defaults.resources(document)
    assert document.iothread_ids is not None
    assert [thread.id for thread in document.iothread_ids.iothreads] == [7, 2, 1, 3]


def test_only_machines_boot_from_a_disk_by_themselves() -> None:
    for kind, boot in (("hvm", ["hd"]), ("exe", [])):
        document = domain(os=f"<os><type>{kind}</type></os>")
        defaults.machine(document, "x86_64")
        assert document.os.boot == boot
        assert document.os.type is not None
        assert document.os.type.arch == "x86_64"


def test_completing_twice_is_completing_once() -> None:
    document = plugged(disk("sda"), "<serial/><graphics type='vnc'/><interface type='user'/>")
    complete(document, Profile("i686"))
    once = document.format()
    complete(document, Profile("i686"))
    assert document.format() == once


# Secrets and metadata


def test_passwords_are_left_out_of_a_copy() -> None:
    document = plugged("<graphics type='vnc' passwd='secret'/>")
    assert "secret" not in without_secrets(document).format()
    assert "secret" in document.format()
    open_one = plugged("<graphics type='vnc'/>")
    assert without_secrets(open_one) is open_one


def test_texts_are_set_read_and_removed() -> None:
    document = domain()
    for kind in (TITLE, DESCRIPTION):
        set_metadata(document, kind, "one line", None, None)
        assert get_metadata(document, kind, None) == "one line"
        set_metadata(document, kind, "", None, None)
        with pytest.raises(NoDomainMetadataError, match=kind.name.lower()):
            get_metadata(document, kind, None)


def test_an_element_gets_a_namespace_and_is_handed_out_without() -> None:
    document = domain()
    set_metadata(document, ELEMENT, "<a x='1'><b/></a>", "k", "urn:k")
    assert '<k:a xmlns:k="urn:k" x="1">' in document.format()
    assert get_metadata(document, ELEMENT, "urn:k") == '<a x="1">\n  <b/>\n</a>'


def test_where_an_element_was_removed_an_empty_metadata_stays_as_in_libvirt() -> None:
    document = domain()
    set_metadata(document, ELEMENT, None, None, "urn:k")
    assert "metadata" not in document.format()
    set_metadata(document, ELEMENT, "<a/>", "k", "urn:k")
    set_metadata(document, ELEMENT, None, None, "urn:k")
    assert "  <metadata/>\n" in document.format()
    with pytest.raises(NoDomainMetadataError):
        get_metadata(document, ELEMENT, "urn:k")


def test_metadata_that_cannot_be_is_refused() -> None:
    document = domain()
    for arguments in ((TITLE, "a\nb", None, None), (ELEMENT, "<a/>", None, "urn:k"), (ELEMENT, "<a/>", "k", None)):
        with pytest.raises(InvalidArgError):
            set_metadata(document, *arguments)
    with pytest.raises(XMLDetailError):
        set_metadata(document, ELEMENT, "<a", "k", "urn:k")
