"""Guests as configuration: found, listed, described, defined, changed, undefined."""

from __future__ import annotations

import logging
import subprocess
import threading
import uuid
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Journal, Root, state_of
from virtkit.enums import (
    ConnectListAllDomainsFlags,
    DomainCreateFlags,
    DomainDefineFlags,
    DomainEventType,
    DomainMetadataType,
    DomainModificationImpact,
    DomainState,
    DomainUndefineFlags,
    DomainXMLFlags,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    NoDomainError,
    NoDomainMetadataError,
    NoNameError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
    XMLError,
    XMLInvalidSchemaError,
)
from virtkit.events import DomainMetadataChangeEvent, Event
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.disk import BackingStore
from virtkit_qemu.guest import Guest
from virtkit_qemu.state import QemuState

pytestmark = pytest.mark.qemu

DEFINED, UNDEFINED = DomainEventType.DEFINED, DomainEventType.UNDEFINED
ELEMENT = DomainMetadataType.ELEMENT
LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG


# Defined and found


def test_a_defined_domain_is_found_by_name_and_uuid(connection: virtkit.Connection, web: virtkit.Domain) -> None:
    assert "web" == connection.lookup_domain_by_name("web").name
    assert web.uuid == connection.lookup_domain_by_uuid(web.uuid).uuid
    assert not web.is_active()
    assert web.is_persistent()
    assert "hvm" == web.os_type()


def test_a_running_domain_is_found_by_its_id(connection: virtkit.Connection, web: virtkit.Domain) -> None:
    with pytest.raises(NoDomainError, match="running with id 1"):
        connection.lookup_domain_by_id(1)
    web.create()
    assert "web" == connection.lookup_domain_by_id(1).name


def test_a_definition_is_complete_and_defining_it_again_changes_nothing(
    connection: virtkit.Connection, web: virtkit.Domain
) -> None:
    before = web.xml_desc()
    assert "machine='pc-i440fx-" in before
    assert "<emulator>/" in before
    connection.define_domain(before)
    assert before == web.xml_desc()


def test_definitions_outlive_the_connection(root: Root, journal: Journal, web: virtkit.Domain) -> None:
    expected = web.xml_desc()
    web.connection.close()
    with root.open(readonly=True) as again:
        assert expected == again.lookup_domain_by_name("web").xml_desc()


def test_defining_and_undefining_are_told(root: Root, connection: virtkit.Connection, journal: Journal) -> None:
    web = connection.define_domain(root.xml("web"))
    connection.define_domain(web.xml_desc())
    web.undefine()
    journal.wait((DEFINED, 0), (DEFINED, 1), (UNDEFINED, 0))
    assert [] == connection.list_domains()


def test_a_name_and_a_uuid_belong_together(root: Root, connection: virtkit.Connection, web: virtkit.Domain) -> None:
    other = web.xml_desc().replace("<name>web<", "<name>other<")
    with pytest.raises(OperationFailedError, match="another name, 'web'"):
        connection.define_domain(other)
    with pytest.raises(OperationFailedError, match="named 'web' already, with another UUID"):
        connection.define_domain(root.xml("web"))


@pytest.mark.parametrize(
    ("name", "error"), [("", NoNameError), ("a/b", XMLError), ("a\nb", XMLError), (".hidden", XMLError)]
)
def test_names_that_cannot_be_files_are_refused(
    root: Root, connection: virtkit.Connection, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        connection.define_domain(root.xml("web").replace("<name>web</name>", f"<name>{name}</name>"))
    assert [] == connection.list_domains()


def test_unknown_names_are_kept_and_told(
    root: Root, connection: virtkit.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    document = root.xml("web", more="<cpu><topolgy/></cpu>")
    with caplog.at_level(logging.WARNING, "virtkit_qemu.drafts"):
        web = connection.define_domain(document)
    assert "'web'" in caplog.text
    assert "topolgy" in caplog.text
    assert "<topolgy/>" in web.xml_desc()
    with pytest.raises(XMLInvalidSchemaError, match="topolgy"):
        connection.define_domain(document, DomainDefineFlags.VALIDATE)


def test_other_hypervisors_are_not_ours(root: Root, connection: virtkit.Connection) -> None:
    with pytest.raises(ConfigUnsupportedError, match="'xen'"):
        connection.define_domain(root.xml("web").replace("type='qemu'", "type='xen'", 1))


def test_an_emulator_that_is_missing_is_named(root: Root, connection: virtkit.Connection) -> None:
    with pytest.raises(SystemCallError, match="/nowhere/qemu"):
        connection.define_domain(root.xml("web", devices="<emulator>/nowhere/qemu</emulator>"))


# Lists


def test_lists_are_filtered(root: Root, connection: virtkit.Connection) -> None:
    for name in ("off", "paused", "runs"):
        connection.define_domain(root.xml(name))
    connection.lookup_domain_by_name("off").set_autostart(True)
    connection.lookup_domain_by_name("runs").create()
    connection.lookup_domain_by_name("paused").create(DomainCreateFlags.START_PAUSED)
    connection.create_domain(root.xml("passing"))

    def listed(flags: str) -> str:
        bits = sum(ConnectListAllDomainsFlags[name] for name in flags.split())
        return " ".join(sorted(domain.name for domain in connection.list_domains(bits)))

    assert "off passing paused runs" == listed("")
    assert "passing paused runs" == listed("ACTIVE")
    assert "off" == listed("INACTIVE")
    assert "off" == listed("AUTOSTART")
    assert "passing" == listed("TRANSIENT")
    assert "off paused runs" == listed("PERSISTENT")
    assert "paused" == listed("PAUSED")
    assert "off paused" == listed("PAUSED SHUTOFF")
    assert "paused runs" == listed("ACTIVE PERSISTENT")
    assert "" == listed("HAS_SNAPSHOT")
    assert "off passing paused runs" == listed("NO_MANAGEDSAVE")
    with pytest.raises(InvalidArgError):
        connection.list_domains(1 << 20)


# Documents


def test_a_live_document_has_id_aliases_and_terminals(web: virtkit.Domain) -> None:
    before = web.xml_desc()
    web.create()
    live = web.xml_desc()
    assert "<domain type='qemu' id='1'>" in live
    assert "<alias name='virtio-disk0'/>" in live
    assert "<source path='/dev/pts/" in live
    assert "<console type='pty' tty='/dev/pts/" in live
    assert before == web.xml_desc(DomainXMLFlags.INACTIVE)


def test_the_inactive_document_of_a_transient_guest_lacks_its_run(root: Root, connection: virtkit.Connection) -> None:
    graphics = "<graphics type='vnc' port='-1' autoport='yes'/>"
    guest = connection.create_domain(root.xml("passing", devices=graphics))
    live, inactive = guest.xml_desc(), guest.xml_desc(DomainXMLFlags.INACTIVE)
    assert " port='59" in live
    guest.destroy()
    defined = connection.define_domain(inactive)
    assert inactive == defined.xml_desc()


def test_secrets_are_shown_to_who_asks(root: Root, connection: virtkit.Connection) -> None:
    web = connection.define_domain(root.xml("web", devices="<graphics type='vnc' passwd='sesame'/>"))
    assert "sesame" not in web.xml_desc()
    assert "passwd='sesame'" in web.xml_desc(DomainXMLFlags.SECURE)
    assert "passwd='sesame'" in web.xml_desc(DomainXMLFlags.MIGRATABLE)


def test_a_document_for_migration_leaves_out_what_every_pc_has(web: virtkit.Domain) -> None:
    document = web.xml_desc(DomainXMLFlags.MIGRATABLE)
    assert "pci-root" not in document
    assert "<input type='keyboard'" not in document
    assert "<input type='mouse'" in document


def test_a_live_document_shows_the_chain_of_images(root: Root, connection: virtkit.Connection) -> None:
    top, base = root.folder / "top.qcow2", root.disk("web")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top], check=True)
    document = root.xml("web").replace(str(base), str(top)).replace("type='raw'", "type='qcow2'")
    web = connection.define_domain(document)
    assert "backingStore" not in web.xml_desc()
    web.create()
    disk = Domain.parse(web.xml_desc()).devices.disks[0]
    assert disk.source is not None
    assert disk.backing_store is not None
    assert disk.backing_store.source is not None
    assert disk.backing_store.format is not None
    assert (1, str(top)) == (disk.source.index, disk.source.file)
    assert (2, "file", str(base)) == (
        disk.backing_store.index,
        disk.backing_store.type,
        disk.backing_store.source.file,
    )
    assert "raw" == disk.backing_store.format.type
    assert BackingStore() == disk.backing_store.backing_store


# Changed while it runs


def test_a_definition_changed_while_the_guest_runs_holds_from_the_next_start(web: virtkit.Domain) -> None:
    web.create()
    changed = web.xml_desc(DomainXMLFlags.INACTIVE).replace("4096<", "8192<")
    web.connection.define_domain(changed)
    assert web.is_updated()
    assert 4096 == web.info().max_mem
    web.destroy()
    assert 8192 == web.info().max_mem


def test_a_running_guest_without_definition_becomes_persistent_and_back(
    root: Root, connection: virtkit.Connection
) -> None:
    guest = connection.create_domain(root.xml("web"))
    connection.define_domain(guest.xml_desc(DomainXMLFlags.INACTIVE))
    assert guest.is_persistent()
    guest.undefine()
    assert not guest.is_persistent()
    assert guest.is_active()
    with pytest.raises(OperationInvalidError, match="transient"):
        guest.undefine()


def test_a_transient_run_of_a_defined_guest_leaves_its_definition(
    connection: virtkit.Connection, web: virtkit.Domain
) -> None:
    other = web.xml_desc().replace("4096<", "8192<")
    connection.create_domain(other)
    assert 8192 == web.info().max_mem
    web.destroy()
    assert 4096 == web.info().max_mem


# Autostart


def test_autostart_is_remembered(root: Root, web: virtkit.Domain) -> None:
    assert not web.autostart()
    web.set_autostart(True)
    web.set_autostart(True)
    web.connection.close()
    with root.open() as again:
        web = again.lookup_domain_by_name("web")
        assert web.autostart()
        web.set_autostart(False)
        assert not web.autostart()


def test_a_marked_guest_starts_with_the_first_owner_after_a_boot(root: Root, web: virtkit.Domain) -> None:
    web.set_autostart(True)
    web.connection.close()
    with root.open() as again:
        again.define_domain(root.xml("other"))
        assert not again.lookup_domain_by_name("web").is_active()
    (root.folder / "run/qemu/autostarted").write_text("another boot")
    with root.open() as again:
        again.lookup_domain_by_name("other").undefine()
    with root.open() as again:
        assert again.lookup_domain_by_name("web").is_active()


def test_a_transient_guest_cannot_be_marked(root: Root, connection: virtkit.Connection) -> None:
    guest = connection.create_domain(root.xml("web"))
    with pytest.raises(OperationInvalidError, match="transient"):
        guest.set_autostart(True)


# Renamed


def test_a_renamed_domain_keeps_its_uuid_and_mark(
    root: Root, connection: virtkit.Connection, journal: Journal, web: virtkit.Domain
) -> None:
    web.set_autostart(True)
    journal.clear()
    web.rename("shop")
    assert web.uuid == connection.lookup_domain_by_name("shop").uuid
    assert connection.lookup_domain_by_name("shop").autostart()
    with pytest.raises(NoDomainError):
        connection.lookup_domain_by_name("web")
    assert ["shop.xml"] == [path.name for path in (root.folder / "etc/qemu").glob("*.xml")]
    journal.wait((UNDEFINED, 1), (DEFINED, 2))


def test_wrong_renames_are_refused(root: Root, connection: virtkit.Connection, web: virtkit.Domain) -> None:
    connection.define_domain(root.xml("other"))
    for name, error in (("", InvalidArgError), ("a/b", XMLError), ("other", OperationInvalidError)):
        with pytest.raises(error):
            web.rename(name)
    web.create()
    with pytest.raises(OperationInvalidError, match="running"):
        web.rename("shop")


# Metadata


def test_title_and_description_are_set_and_removed(web: virtkit.Domain) -> None:
    with pytest.raises(NoDomainMetadataError):
        web.metadata(DomainMetadataType.TITLE)
    web.set_metadata(DomainMetadataType.TITLE, "A title")
    assert "A title" == web.metadata(DomainMetadataType.TITLE)
    assert "<title>A title</title>" in web.xml_desc()
    web.set_metadata(DomainMetadataType.TITLE, None)
    with pytest.raises(NoDomainMetadataError):
        web.metadata(DomainMetadataType.TITLE)
    with pytest.raises(InvalidArgError, match="line break"):
        web.set_metadata(DomainMetadataType.TITLE, "two\nlines")


def test_an_element_comes_back_as_it_was_given(connection: virtkit.Connection, web: virtkit.Domain) -> None:
    changes: list[tuple[int, str | None]] = []
    connection.subscribe(DomainMetadataChangeEvent, lambda domain, event: changes.append((event.type, event.nsuri)))
    web.set_metadata(ELEMENT, "<a b='c'><d/></a>", "k", "http://x/")
    assert '<a b="c">\n  <d/>\n</a>' == web.metadata(ELEMENT, "http://x/")
    assert '<k:a xmlns:k="http://x/" b="c">\n      <k:d/>' in web.xml_desc()
    web.set_metadata(ELEMENT, None, None, "http://x/")
    assert "<metadata/>" in web.xml_desc()  # as libvirt leaves it


def test_metadata_of_the_run_and_of_the_definition_are_two(web: virtkit.Domain) -> None:
    web.create()
    web.set_metadata(DomainMetadataType.DESCRIPTION, "now", flags=LIVE)
    web.set_metadata(DomainMetadataType.DESCRIPTION, "later", flags=CONFIG)
    assert "now" == web.metadata(DomainMetadataType.DESCRIPTION)
    assert "later" == web.metadata(DomainMetadataType.DESCRIPTION, flags=CONFIG)
    web.destroy()
    assert "later" == web.metadata(DomainMetadataType.DESCRIPTION)
    with pytest.raises(OperationInvalidError, match="not running"):
        web.metadata(DomainMetadataType.DESCRIPTION, flags=LIVE)


# Stored by hand


def test_a_definition_written_by_hand_is_taken(root: Root, connection: virtkit.Connection) -> None:
    folder = root.folder / "etc/qemu"
    folder.mkdir(parents=True)
    number = uuid.uuid4()
    own = f"<uuid>{number}</uuid>\n<name>own</name><memory>4096</memory><os><type>hvm</type></os>"
    (folder / "own.xml").write_text(f"<domain type='qemu'>{own}</domain>")
    assert number == connection.lookup_domain_by_name("own").uuid


def test_a_broken_definition_is_left_out_and_told(
    root: Root, connection: virtkit.Connection, web: virtkit.Domain, caplog: pytest.LogCaptureFixture
) -> None:
    broken = root.folder / "etc/qemu/broken.xml"
    broken.write_text("<domain type='qemu'><name>broken")
    connection.close()
    with root.open() as again:
        assert ["web"] == [domain.name for domain in again.list_domains()]
    assert str(broken) in caplog.text


def test_a_state_that_cannot_be_read_is_told(root: Root, tmp_path: Path) -> None:
    (root.folder / "etc").mkdir()
    (root.folder / "etc/qemu").write_text("a file in the place of a folder")
    with root.open() as connection, pytest.raises(SystemCallError, match="etc/qemu"):
        connection.list_domains()
    (root.folder / "etc/qemu").unlink()


def test_the_state_of_what_is_off_is_shutoff(web: virtkit.Domain) -> None:
    assert DomainState.SHUTOFF == state_of(web)[0]


# Firmware variables


def test_firmware_variables_are_not_left_behind_unasked(root: Root, connection: virtkit.Connection) -> None:
    variables = root.folder / "VARS.fd"
    variables.write_bytes(b"")
    firmware = f"<loader readonly='yes' type='pflash'>/firmware.fd</loader><nvram>{variables}</nvram></os>"

    def defined() -> virtkit.Domain:
        return connection.define_domain(root.xml("web").replace("</os>", firmware))

    with pytest.raises(OperationInvalidError, match=r"VARS\.fd"):
        defined().undefine()
    connection.lookup_domain_by_name("web").undefine(DomainUndefineFlags.KEEP_NVRAM)
    assert variables.exists()
    with pytest.raises(InvalidArgError, match="exclude each other"):
        defined().undefine(DomainUndefineFlags.KEEP_NVRAM | DomainUndefineFlags.NVRAM)
    connection.lookup_domain_by_name("web").undefine(DomainUndefineFlags.NVRAM)
    assert not variables.exists()


def test_a_transient_guest_stays_in_sight_when_its_starter_is_interrupted_after_the_start(
    connection: virtkit.Connection, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = QemuState.publish

    def interrupted(state: QemuState, guest: Guest, event: Event) -> None:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        publish(state, guest, event)

    with monkeypatch.context() as patch:
        patch.setattr(QemuState, "publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            connection.create_domain(root.xml("passing"))
    assert connection.lookup_domain_by_name("passing").is_active()
