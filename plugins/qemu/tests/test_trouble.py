"""Bad input and bad days: missing files, a QEMU that refuses, disks that are full."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root, state_of
from tests.guests import TinyGuest
from virtkit.enums import DomainShutoffReason, DomainState
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    NoDomainError,
    OperationInvalidError,
    SystemCallError,
    VirtError,
    XMLDetailError,
)
from virtkit.xml.domain import Domain
from virtkit_qemu import ports

pytestmark = pytest.mark.qemu

OFF = DomainState.SHUTOFF


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def nothing_is_left(root: Root) -> bool:
    return [] == [path for path in (root.folder / "run/qemu").iterdir() if path.name != "autostarted"]


# What is missing


def test_a_missing_kernel_is_named_before_anything_starts(root: Root, connection: virtkit.Connection) -> None:
    web = connection.define_domain(root.xml("web").replace("</os>", "<kernel>/nowhere/vmlinuz</kernel></os>"))
    with pytest.raises(SystemCallError, match="'web' cannot start: the kernel, /nowhere/vmlinuz: No such file") as told:
        web.create()
    assert 2 == told.value.int1
    assert OFF == state_of(web)[0]
    assert nothing_is_left(root)


def test_a_missing_disk_is_named(root: Root, connection: virtkit.Connection) -> None:
    web = connection.define_domain(root.xml("web"))
    root.disk("web").unlink()
    with pytest.raises(SystemCallError, match=r"the source of disk vda, .*/web\.img: No such file"):
        web.create()


def test_an_optional_medium_may_be_missing(root: Root, connection: virtkit.Connection) -> None:
    drive = (
        "<disk type='file' device='cdrom'><source file='/nowhere/x.iso' startupPolicy='optional'/>"
        "<target dev='hdc' bus='ide'/></disk>"
    )
    web = connection.define_domain(root.xml("web", devices=drive))
    web.create()
    assert "/nowhere" not in web.xml_desc()


def test_kvm_is_refused_with_the_reason_where_it_does_not_work(root: Root, connection: virtkit.Connection) -> None:
    if "<domain type='kvm'" in connection.capabilities():
        pytest.skip("KVM works here")
    web = connection.define_domain(root.xml("web").replace("type='qemu'", "type='kvm'", 1))
    with pytest.raises(ConfigUnsupportedError, match="'web' asks for KVM: "):
        web.create()
    assert OFF == state_of(web)[0]


# A QEMU that refuses


def test_a_qemu_that_ends_at_once_is_told_in_its_own_words(root: Root, connection: virtkit.Connection) -> None:
    arguments = "<qemu:commandline><qemu:arg value='-toaster'/></qemu:commandline>"
    names = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
    xml = root.xml("web").replace("<domain", f"<domain{names}", 1).replace("</domain>", f"{arguments}</domain>")
    web = connection.define_domain(xml)
    with pytest.raises(InternalError, match=r"'web': QEMU ended while starting: .*-toaster: invalid option"):
        web.create()
    assert (OFF, DomainShutoffReason.FAILED) == state_of(web)
    assert nothing_is_left(root)
    with pytest.raises(InternalError, match="invalid option"):
        connection.create_domain(xml.replace("<name>web<", "<name>passing<"))
    with pytest.raises(NoDomainError):
        connection.lookup_domain_by_name("passing")


def test_a_disk_in_use_by_another_guest_is_told(root: Root, connection: virtkit.Connection) -> None:
    connection.create_domain(root.xml("web"))
    other = root.xml("other").replace(str(root.disk("other")), str(root.disk("web")))
    with pytest.raises(InternalError, match=r"(?s)'other': QEMU ended while starting: .*lock"):
        connection.create_domain(other)


# Full disks


def test_a_definition_that_cannot_be_stored_changes_nothing(
    root: Root, connection: virtkit.Connection, web: virtkit.Domain
) -> None:
    before = web.xml_desc()
    with full_disk(), pytest.raises(SystemCallError, match="'web'"):
        connection.define_domain(before.replace("4096<", "8192<"))
    assert before == web.xml_desc()
    other = root.xml("other")
    with full_disk(), pytest.raises(SystemCallError, match="'other'"):
        connection.define_domain(other)
    assert ["web"] == [domain.name for domain in connection.list_domains()]
    connection.define_domain(other)


def test_a_start_that_cannot_be_recorded_leaves_nothing(root: Root, web: virtkit.Domain) -> None:
    with full_disk(), pytest.raises(VirtError, match="'web'"):
        web.create()
    assert OFF == state_of(web)[0]
    assert nothing_is_left(root)
    web.create()


def test_a_running_guest_outlives_a_full_disk(web: virtkit.Domain, caplog: pytest.LogCaptureFixture) -> None:
    web.create()
    with full_disk():
        web.suspend()
        web.resume()
    assert "runs on, but its status is not stored" in caplog.text
    assert DomainState.RUNNING == state_of(web)[0]


# Wrong input


def test_wrong_paths_of_uris_are_refused() -> None:
    with pytest.raises(InternalError, match="/system, /session or /embed"):
        virtkit.open("qemu:///wrong")
    with pytest.raises(InvalidArgError, match="embed needs"):
        virtkit.open("qemu:///embed")


def test_broken_documents_are_told(connection: virtkit.Connection) -> None:
    with pytest.raises(XMLDetailError):
        connection.define_domain("<domain type='qemu'><name>")


def test_a_running_domain_is_not_created_again(root: Root, connection: virtkit.Connection) -> None:
    guest = connection.create_domain(root.xml("web"))
    with pytest.raises(OperationInvalidError, match="running already"):
        connection.create_domain(guest.xml_desc(2))


# Ports


def test_guests_get_vnc_ports_of_their_own(root: Root, connection: virtkit.Connection) -> None:
    vnc = "<graphics type='vnc' port='-1' autoport='yes'/>"
    documents = [connection.create_domain(root.xml(name, devices=vnc)).xml_desc() for name in ("one", "two")]
    servers = [Domain.parse(document).devices.graphics[0] for document in documents]
    assert 2 == len({server.port for server in servers})
    assert {"127.0.0.1"} == {server.listen for server in servers}
    for server in servers:
        socket.create_connection(("127.0.0.1", server.port or 0), timeout=60).close()


def test_guests_that_start_at_once_get_ports_of_their_own(root: Root, connection: virtkit.Connection) -> None:
    vnc = "<graphics type='vnc' port='-1' autoport='yes'/>"
    guests = [connection.define_domain(root.xml(f"guest{number}", devices=vnc)) for number in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda guest: guest.create(), guests))
    assert 4 == connection.num_of_domains()


def test_a_port_that_somebody_takes_meanwhile_is_replaced(
    root: Root, connection: virtkit.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_is_free", lambda address, port: True)
    monkeypatch.setattr(ports, "FIRST", ports.free_port("127.0.0.1", frozenset()) + 300)
    vnc = "<graphics type='vnc' port='-1' autoport='yes'/>"
    with socket.create_server(("127.0.0.1", ports.FIRST)):
        guest = connection.create_domain(root.xml("web", devices=vnc))
        assert ports.FIRST + 1 == Domain.parse(guest.xml_desc()).devices.graphics[0].port


def test_a_port_that_is_taken_is_not_given_out() -> None:
    first = ports.free_port("127.0.0.1", frozenset())
    assert first != ports.free_port("127.0.0.1", frozenset({first}))


# Secrets of files


def test_status_documents_are_private(root: Root, web: virtkit.Domain, tiny: TinyGuest) -> None:
    web.create()
    files: list[Path] = [root.folder / "run/qemu/web.xml", root.folder / "etc/qemu/web.xml"]
    assert [0o600, 0o600] == [file.stat().st_mode & 0o777 for file in files]
