"""File systems that come and go in containers that run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import document, eventually, says, wait_for_shell
from tests.containers.rootfs import make_root
from virtkit import Connection, Domain
from virtkit.enums import DomainModificationImpact
from virtkit.errors import OperationFailedError, OperationInvalidError, OperationUnsupportedError, SystemCallError
from virtkit.events import DomainDeviceAddedEvent, DomainDeviceRemovedEvent, DomainRebootEvent

LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG
MAPPED = "<idmap><uid start='0' target='100000' count='2000'/><gid start='0' target='200000' count='2000'/></idmap>"
SHELL = ("/bin/sh",)


def mount(source: Path | str, target: str, more: str = "") -> str:
    return f"<filesystem type='mount'><source dir='{source}'/><target dir='{target}'/>{more}</filesystem>"


def memory(kibibytes: int, target: str, more: str = "") -> str:
    return f"<filesystem type='ram'><source usage='{kibibytes}'/><target dir='{target}'/>{more}</filesystem>"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of the host with a file."""
    folder = tmp_path / "a source"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "planted").write_text("here\n")
    return folder


@pytest.fixture
def web(connection: Connection, tmp_path: Path) -> Domain:
    """A container with a root of its own and a shell on its console."""
    return connection.create_domain(document(make_root(tmp_path / "own"), *SHELL))


def test_a_folder_comes_and_goes(connection: Connection, web: Domain, source: Path) -> None:
    told: list[object] = []
    connection.subscribe(DomainDeviceAddedEvent, lambda _, event: told.append(event))
    connection.subscribe(DomainDeviceRemovedEvent, lambda _, event: told.append(event))
    device = mount(source, "/srv/deep/er")
    web.attach_device(device)
    assert "here" == says(web, "cat /srv/deep/er/planted; echo back > /srv/deep/er/answer")
    assert "back\n" == (source / "answer").read_text()
    assert "<target dir='/srv/deep/er'/>" in web.xml_desc()
    with pytest.raises(OperationInvalidError, match="already"):
        web.attach_device(device)
    web.detach_device(device)
    assert "" == says(web, "ls /srv/deep/er")
    assert "/srv/deep/er" not in web.xml_desc()
    eventually(lambda: [DomainDeviceAddedEvent("fs0"), DomainDeviceRemovedEvent("fs0")] == told, "both are told")


def test_a_file_comes_and_goes(web: Domain, source: Path) -> None:
    device = mount(source / "planted", "/etc/planted")
    web.attach_device(device)
    assert "here" == says(web, "cat /etc/planted")
    web.detach_device(device)
    assert "" == says(web, "cat /etc/planted")


def test_what_is_read_only_is_not_written(web: Domain, source: Path) -> None:
    web.attach_device(mount(source, "/data", "<readonly/>"))
    web.attach_device(memory(512, "/scratch", "<readonly/>"))
    assert 2 == says(web, "touch /data/x; touch /scratch/x").count("Read-only")
    assert ["planted"] == os.listdir(source)


def test_memory_comes_with_its_size_and_goes(web: Domain) -> None:
    web.attach_device(memory(512, "/scratch"))
    assert "512" == says(web, "df -k /scratch | tail -1").split()[1]
    assert "nosuid,nodev" in says(web, "grep ' /scratch ' /proc/mounts")
    web.detach_device(memory(512, "/scratch"))
    assert "" == says(web, "grep ' /scratch ' /proc/mounts")


def test_root_of_an_id_map_owns_what_is_made_for_it(connection: Connection, tmp_path: Path, source: Path) -> None:
    web = connection.define_domain(document(make_root(tmp_path / "mapped", owner=100000), *SHELL, more=MAPPED))
    web.create()
    web.attach_device(memory(512, "/scratch"))
    web.attach_device(mount(source, "/data"))
    assert "0:0\n0:0" == says(web, "stat -c %u:%g /scratch /data/planted | sed s/65534:65534/0:0/; touch /scratch/x")
    assert "/scratch/x" == says(web, "ls /scratch/x")
    assert (100000, 200000) == ((tmp_path / "mapped/data").stat().st_uid, (tmp_path / "mapped/data").stat().st_gid)
    web.detach_device(mount(source, "/data"))
    with pytest.raises(OperationUnsupportedError, match="its root could make /data writable"):
        web.attach_device(mount(source, "/data", "<readonly/>"))


def test_what_the_host_mounts_below_a_folder_stays_out(web: Domain, source: Path) -> None:
    web.attach_device(mount(source, "/data"))
    assert "0" == says(web, "grep ' /data ' /proc/self/mountinfo | grep -c 'shared:\\|master:'")


@pytest.mark.parametrize("target", ["/way/x", "/way", "/mnt/up/x"])
def test_a_target_that_leads_through_a_link_is_refused(web: Domain, source: Path, tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    says(web, f"ln -s {outside} /way; ln -s ../../../../../../{outside} /mnt/up")
    for device in (mount(source, target), memory(512, target)):
        with pytest.raises(OperationFailedError, match="leads through a link"):
            web.attach_device(device)
    assert [] == os.listdir(outside)
    assert f"'{target}'" not in web.xml_desc()


def test_a_link_in_the_place_of_a_target_takes_no_other_mount_away(web: Domain) -> None:
    web.attach_device(memory(512, "/a/firmware"))
    says(web, "mv /a /c; ln -s /sys /a")
    before = says(web, "cat /proc/mounts")
    assert "/sys/firmware" in before
    with pytest.raises(OperationFailedError, match="leads through a link"):
        web.detach_device(memory(512, "/a/firmware"))
    assert before == says(web, "cat /proc/mounts")


def test_what_is_in_use_is_not_unmounted(web: Domain, source: Path) -> None:
    device = mount(source, "/data")
    web.attach_device(device)
    says(web, "cd /data")
    with pytest.raises(OperationFailedError, match="/data is in use in it"):
        web.detach_device(device)
    assert "'/data'" in web.xml_desc()
    says(web, "cd /")
    web.detach_device(device)
    assert "'/data'" not in web.xml_desc()


def test_what_cannot_be_mounted_live_is_named(web: Domain, tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match="nowhere: No such file"):
        web.attach_device(mount(tmp_path / "nowhere", "/data"))
    image = f"<filesystem type='file'><source file='{tmp_path}/x.img'/><target dir='/data'/></filesystem>"
    with pytest.raises(OperationUnsupportedError, match="type file comes and goes only with CONFIG"):
        web.attach_device(image)
    with pytest.raises(OperationUnsupportedError, match="stop it first"):
        web.detach_device(mount(tmp_path / "own", "/"))
    assert "'/data'" not in web.xml_desc()
    assert "" == says(web, "ls -d /data 2>/dev/null")


def test_a_definition_and_a_container_get_the_same(connection: Connection, tmp_path: Path, source: Path) -> None:
    web = connection.define_domain(document(make_root(tmp_path / "own"), *SHELL))
    web.create()
    web.attach_device(mount(source, "/data"), LIVE | CONFIG)
    assert "planted" == says(web, "ls /data")
    web.destroy()
    web.create()
    assert "planted" == says(web, "ls /data")
    web.detach_device(mount(source, "/data"), LIVE | CONFIG)
    assert "" == says(web, "ls /data")
    web.destroy()
    assert "'/data'" not in web.xml_desc()


def test_a_system_that_reboots_has_what_it_was_given(connection: Connection, tmp_path: Path, source: Path) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    web = connection.create_domain(document(make_root(tmp_path / "own")))
    wait_for_shell(web)
    web.attach_device(mount(source, "/data"))
    web.set_memory_parameters({"hard_limit": 128 * 1024})
    web.reboot()
    eventually(lambda: told, "it reboots")
    wait_for_shell(web)
    assert "planted" == says(web, "ls /data")
    assert 128 * 1024 == web.memory_parameters()["hard_limit"]


def test_the_next_manager_takes_away_what_the_last_one_gave(uri: str, tmp_path: Path, source: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.create_domain(document(make_root(tmp_path / "own"), *SHELL)).attach_device(mount(source, "/data"))
    with virtkit.open(uri) as connection:
        web = connection.lookup_domain_by_name("web")
        web.detach_device(mount(source, "/data"))
        assert "" == says(web, "ls /data")


def test_a_frozen_container_gets_and_loses_a_folder(web: Domain, source: Path) -> None:
    web.suspend()
    web.attach_device(mount(source, "/data"))
    web.resume()
    assert "planted" == says(web, "ls /data")
    web.suspend()
    web.detach_device(mount(source, "/data"))
    web.resume()
    assert "" == says(web, "ls /data")
