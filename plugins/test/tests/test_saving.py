"""Domains saved to files, in the format of libvirt's simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.test.tests import real
from plugins.test.tests.bench import Bench
from plugins.test.tests.watching import Watch
from virtkit.enums import DomainRunningReason, DomainShutoffReason, DomainState
from virtkit.errors import ArgumentUnsupportedError, InternalError, OperationInvalidError, SystemCallError
from virtkit.events import EventKey


def test_a_saved_domain_is_restored_from_its_file(bench: Bench, tmp_path: Path) -> None:
    path, watch = str(tmp_path / "image"), Watch(bench, EventKey("domain", 0))
    before = bench.domain_get_xml_desc(bench.test, 2)
    bench.domain_save(bench.test, path)
    assert bench.domain_get_state(bench.test, 0) == (DomainState.SHUTOFF, DomainShutoffReason.SAVED)
    assert bench.domain_save_image_get_xml_desc(path, 0) == before
    bench.domain_restore(path)
    assert bench.domain_get_state(bench.test, 0) == (DomainState.RUNNING, DomainRunningReason.RESTORED)
    assert bench.domain_get_xml_desc(bench.test, 2) == before
    assert watch.take() == [("test", 5, 4), ("test", 2, 2)]


def test_an_image_can_be_given_another_definition(bench: Bench, tmp_path: Path) -> None:
    path = str(tmp_path / "image")
    bench.domain_save(bench.test, path)
    xml = bench.domain_save_image_get_xml_desc(path, 0).replace("<memory", "<title>changed</title><memory")
    bench.domain_save_image_define_xml(path, xml, 0)
    bench.domain_restore(path)
    assert bench.domain_get_metadata(bench.test, 1, None, 0) == "changed"


def test_a_running_domain_is_not_restored_over(bench: Bench, tmp_path: Path) -> None:
    path = str(tmp_path / "image")
    bench.domain_save(bench.test, path)
    bench.domain_create(bench.test)
    with pytest.raises(OperationInvalidError, match="running already"):
        bench.domain_restore(path)


def test_a_damaged_image_is_told_from_none(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "image"
    with pytest.raises(SystemCallError, match="No such file") as caught:
        bench.domain_restore(str(path))
    assert (caught.value.domain, caught.value.int1) == (12, 2)
    for damaged in (b"", b"nothing of ours", b"TestGuestMagic\0\xff\xff\xff\x7f", b"TestGuestMagic\0\x40\0\0\0<domain"):
        path.write_bytes(damaged)
        with pytest.raises(InternalError, match="image"):
            bench.domain_restore(str(path))
    assert bench.domain_is_active(bench.test)


def test_a_domain_that_cannot_be_saved_runs_on(bench: Bench) -> None:
    with pytest.raises(SystemCallError):
        bench.domain_save(bench.test, "/nosuch/folder/image")
    assert bench.domain_is_active(bench.test)


def test_a_definition_is_not_changed_on_the_way(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(ArgumentUnsupportedError):
        bench.domain_save_flags(bench.test, str(tmp_path / "image"), "<domain/>", 0)
    assert bench.domain_is_active(bench.test)


@pytest.mark.libvirt
def test_images_are_libvirts_to_the_byte(bench: Bench, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    bench.domain_save(bench.test, str(ours))
    real.run("print(conn.lookupByName('test').save(request['path']))", path=str(theirs))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_core_dump_is_written_and_the_domain_may_crash(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "core"
    bench.domain_core_dump(bench.test, str(path), 0)
    assert path.read_bytes().startswith(b"TestGuestMagic")
    assert bench.domain_is_active(bench.test)
    bench.domain_core_dump(bench.test, str(path), 1)
    assert bench.domain_get_state(bench.test, 0) == (DomainState.SHUTOFF, DomainShutoffReason.CRASHED)
