"""Disks that are volumes of storage pools."""

from __future__ import annotations

import re

import pytest

import virtkit
from plugins.qemu.tests.define.documents import completed
from plugins.qemu.tests.hypervisor import Journal, Root, boot, state_of
from plugins.qemu.tests.pools import DISK, domain_of, volume
from plugins.qemu.tests.rig import eventually
from tests.guests import TinyGuest
from virtkit.enums import DomainState
from virtkit.errors import ConfigUnsupportedError, NoStoragePoolError, NoStorageVolError, XMLError
from virtkit.ops import Ops
from virtkit_qemu import volumes

pytestmark = pytest.mark.qemu

CDROM = "<disk type='volume' device='cdrom'>{}<target dev='hdc' bus='ide'/></disk>"
QCOW2 = "<driver name='qemu' type='qcow2'/>"


@pytest.fixture
def web(connection: virtkit.Connection, images: virtkit.StoragePool) -> virtkit.Domain:
    """A domain that boots from that volume."""
    return connection.define_domain(domain_of("web", DISK.format("<source pool='images' volume='tiny.img'/>", "vda")))


def disks(domain: virtkit.Domain) -> list[str]:
    """The sources of its disks as its document has them."""
    return re.findall("<source pool.*?>", domain.xml_desc())


def test_a_guest_boots_from_a_volume_which_its_document_goes_on_to_name(web: virtkit.Domain, tiny: TinyGuest) -> None:
    assert "<driver name='qemu'/>" in web.xml_desc()
    boot(web, tiny)
    text = web.xml_desc()
    assert ["<source pool='images' volume='tiny.img' index='1'/>"] == disks(web)
    assert "<disk type='volume' device='disk'>\n      <driver name='qemu' type='raw'/>" in text
    assert "tiny.img" not in text.replace(disks(web)[0], "")


def test_an_image_under_a_volume_is_shown_as_the_file_it_is(
    root: Root, connection: virtkit.Connection, images: virtkit.StoragePool, tiny: TinyGuest
) -> None:
    base = root.folder / "images" / "tiny.img"
    store = f"<backingStore><path>{base}</path><format type='raw'/></backingStore>"
    images.create_volume(volume("top.qcow2", base.stat().st_size, format="qcow2", more=store))
    source = "<source pool='images' volume='top.qcow2'/>"
    domain = connection.define_domain(domain_of("web", DISK.format(QCOW2 + source, "vda")))
    boot(domain, tiny)
    assert f"<source file='{base}'/>" in domain.xml_desc()


def test_a_volume_of_a_format_that_the_definition_does_not_tell_is_raw(
    connection: virtkit.Connection, images: virtkit.StoragePool
) -> None:
    images.create_volume(volume("data.qcow2", 1 << 20, format="qcow2"))
    source = "<source pool='images' volume='data.qcow2'/>"
    domain = connection.create_domain(domain_of("web", DISK.format(source, "vda")), 1)
    assert "<driver name='qemu' type='raw'/>" in domain.xml_desc()
    assert "<backingStore/>" in domain.xml_desc()
    domain.destroy()


def test_a_guest_is_adopted_without_its_pool(
    root: Root, connection: virtkit.Connection, web: virtkit.Domain, images: virtkit.StoragePool
) -> None:
    web.create()
    images.destroy()
    connection.close()
    with root.open() as next_one:
        found = next_one.lookup_domain_by_name("web")
        found.suspend()
        assert DomainState.PAUSED == state_of(found)[0]
        assert ["<source pool='images' volume='tiny.img' index='1'/>"] == disks(found)
        assert "<volume pool='images' name='tiny.img' type='file'" in (root.folder / "run/qemu/web.xml").read_text()


def test_a_pool_that_is_not_active_is_not_started(web: virtkit.Domain, images: virtkit.StoragePool) -> None:
    images.destroy()
    with pytest.raises(ConfigUnsupportedError, match=r"'web'.*vda.*'images'.*`virtkit pool-start images`"):
        web.create()
    assert DomainState.SHUTOFF == state_of(web)[0]
    assert not images.is_active()


def test_a_pool_that_does_not_exist_is_told(web: virtkit.Domain, images: virtkit.StoragePool) -> None:
    images.destroy()
    images.undefine()
    with pytest.raises(NoStoragePoolError, match=r"'web'.*vda.*'images', which does not exist"):
        web.create()


def test_a_volume_that_does_not_exist_is_told(root: Root, web: virtkit.Domain) -> None:
    (root.folder / "images" / "tiny.img").unlink()
    with pytest.raises(NoStorageVolError, match=r"'web'.*vda.*'tiny.img'.*`virtkit vol-list images`"):
        web.create()


def test_a_volume_that_is_a_folder_is_no_disk(root: Root, web: virtkit.Domain) -> None:
    image = root.folder / "images" / "tiny.img"
    image.unlink()
    image.mkdir()
    with pytest.raises(ConfigUnsupportedError, match=r"vda.*neither a file nor a block device"):
        web.create()


def test_a_mode_is_for_volumes_of_iscsi_targets(connection: virtkit.Connection, images: virtkit.StoragePool) -> None:
    source = "<source pool='images' volume='tiny.img' mode='host'/>"
    with pytest.raises(XMLError, match=r"vda.*no iSCSI target: leave mode='host' out"):
        connection.create_domain(domain_of("web", DISK.format(source, "vda")))


@pytest.mark.parametrize("source", ["pool='images' volume='none'", "pool='none' volume='cd.iso'"])
def test_a_drive_whose_medium_is_missing_and_optional_is_empty(
    connection: virtkit.Connection, images: virtkit.StoragePool, source: str
) -> None:
    drive = CDROM.format(f"<source {source} startupPolicy='optional'/>")
    domain = connection.create_domain(domain_of("web", drive), 1)
    assert "<disk type='file' device='cdrom'>\n      <driver name='qemu'/>\n      <target" in domain.xml_desc()
    domain.destroy()


@pytest.mark.parametrize("source", ["pool='images'", "volume='tiny.img'"])
def test_a_definition_names_both_pool_and_volume(connection: virtkit.Connection, source: str) -> None:
    with pytest.raises(XMLError, match=r"vda.*name both"):
        connection.define_domain(domain_of("web", DISK.format(f"<source {source}/>", "vda")))


def test_without_a_storage_driver_its_package_is_named() -> None:
    document = completed(domain_of("web", DISK.format("<source pool='images' volume='a'/>", "vda")))
    with pytest.raises(ConfigUnsupportedError, match=r"'web'.*vda.*pip install virtkit-storage"):
        volumes.locate(Ops(lambda kind: None), document)


def test_a_guest_that_starts_with_the_host_has_its_pool_started_first(
    root: Root, connection: virtkit.Connection, web: virtkit.Domain, images: virtkit.StoragePool
) -> None:
    web.set_autostart(True)
    images.set_autostart(True)
    images.destroy()
    connection.close()
    for stamp in (root.folder / "run").glob("*/autostarted"):
        stamp.unlink()
    with root.open() as booted:
        Journal(booted)
        eventually(lambda: booted.lookup_domain_by_name("web").state()[0] == DomainState.RUNNING)
        assert booted.lookup_storage_pool_by_name("images").is_active()
