"""What the document of a run has beside that of a definition; the values are the real libvirt's."""

from __future__ import annotations

import pytest

from plugins.qemu.tests.define.documents import completed, given, golden
from virtkit.xml.domain import Domain
from virtkit_qemu import define


def _live(name: str) -> Domain:
    return define.live(completed(given(name)))


@pytest.mark.parametrize(
    ("name", "aliases"),
    [
        ("pc-disk-ide", {"disk": ["ide0-0-0", "ide0-1-0", "ide0-1-1"], "controller": ["usb", "pci.0", "ide"]}),
        ("pc-disk-floppy", {"disk": ["fdc0-0-0", "fdc0-0-1"], "controller": ["usb", "pci.0", "fdc0"]}),
        ("pc-disk-sata", {"disk": ["sata0-0-0", "sata0-0-1", "sata0-0-2"], "controller": ["usb", "pci.0", "sata0"]}),
        ("q35-disk-sata", {"disk": ["sata0-0-0", "sata0-0-1", "sata0-0-2"]}),
        ("pc-disk-scsi", {"disk": ["scsi0-0-0", "scsi0-0-1", "scsi0-0-2"]}),
        ("q35-disk-virtio-scsi", {"disk": ["scsi0-0-0-0", "scsi1-0-0", "scsi2-0-2"]}),
        ("pc-disk-usb", {"disk": ["usb-disk0", "usb-disk1"]}),
        ("q35-disk-virtio", {"disk": ["virtio-disk0", "virtio-disk1", "virtio-disk2"]}),
        ("pc-usb-ich9", {"controller": ["usb", "usb", "usb", "usb", "pci.0"], "input": ["input0", "input1", "input2"]}),
        ("q35-aliases", {"disk": ["ua-root", "virtio-disk1"], "serial": ["ua-console"], "console": ["ua-console"]}),
        ("pc-console-virtio", {"serial": ["serial0"], "console": ["serial0", "console1", "console2"]}),
        ("q35-rng", {"rng": ["rng0", "rng1", "rng2"], "memballoon": ["balloon0"]}),
        ("pc-panic", {"panic": [None]}),
    ],
)
def test_devices_have_the_names_that_libvirt_gives_them(name: str, aliases: dict[str, list[str | None]]) -> None:
    plugged = list(_live(name).devices.plugged())
    assert aliases == {tag: [device.alias for kind, device in plugged if kind == tag] for tag in aliases}


def test_images_are_numbered_from_the_last_disk_on_along_their_chains() -> None:
    top, alone = _live("pc-disk-backing").devices.disks
    assert top.source is not None
    assert top.backing_store is not None
    assert alone.source is not None
    assert [2, 3, 1] == [top.source.index, top.backing_store.index, alone.source.index]


def test_the_chain_of_a_raw_image_ends_and_an_empty_drive_has_no_format() -> None:
    sata = _live("q35-disk-sata").devices.disks
    assert "      <backingStore/>\n" in sata[0].write_node("disk", "    ")
    assert sata[2].driver is not None
    assert (None, None) == (sata[2].source, sata[2].driver.type)


def test_a_definition_stays_as_it_was() -> None:
    document = completed(given("q35-disk-sata"))
    define.live(document)
    assert golden("q35-disk-sata") == document.format()
