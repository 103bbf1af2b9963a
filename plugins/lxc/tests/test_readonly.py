"""What is read-only stays so, also for the root of an id map, which may mount."""

from __future__ import annotations

import pytest

from plugins.lxc.tests.lab import Lab

MAPPED = "<idmap><uid start='0' target='100000' count='9'/><gid start='0' target='200000' count='9'/></idmap>"


@pytest.mark.parametrize("is_file", [False, True])
def test_a_mount_that_is_read_only_cannot_be_made_writable(lab: Lab, *, is_file: bool) -> None:
    source = lab.folder / "source"
    source.mkdir()
    source.chmod(0o777)
    kept = source / "kept"
    kept.write_text("as it was")
    kept.chmod(0o666)
    shared = kept if is_file else source
    device = f"<filesystem type='mount'><source dir='{shared}'/><target dir='/data'/><readonly/></filesystem>"
    made = lab.started(
        root=lab.root("mapped", owner=100000),
        more=MAPPED,
        devices=device,
        plan={"files": frozenset({str(kept)} if is_file else ())},
    )
    written = "/data" if is_file else "/data/kept"
    assert "as it was" == made.says(f"cat {written}")
    status, said = made.shell(f"mount -o remount,bind,rw /data; echo changed > {written}")
    assert 0 != status
    assert "Read-only" in said
    assert "as it was" == kept.read_text()
    made.end()
    assert not (made.plan.folder / "mounts").exists()


def test_a_root_that_is_read_only_cannot_be_made_writable(lab: Lab) -> None:
    root = lab.root("mapped", owner=100000)
    made = lab.container(root=root, more=MAPPED)
    made.domain.devices.filesystems[0].readonly = True
    made.start()
    assert "ok" == made.says("touch /dev/shm/x && echo ok")
    status, said = made.shell("mount -o remount,bind,rw /; touch /new")
    assert 0 != status
    assert "Read-only" in said
    assert not (root / "new").exists()
    made.end()
    assert not (made.plan.folder / "mounts").exists()


def test_a_place_in_a_root_that_is_read_only_is_made(lab: Lab) -> None:
    root = lab.root("mapped", owner=100000)
    source = lab.folder / "source"
    source.mkdir()
    (source / "file").write_text("there")
    device = f"<filesystem type='mount'><source dir='{source}'/><target dir='/new/place'/></filesystem>"
    made = lab.container(root=root, more=MAPPED, devices=device)
    made.domain.devices.filesystems[0].readonly = True
    made.start()
    assert "there" == made.says("cat /new/place/file")
    assert "Read-only" in made.shell("mount -o remount,bind,rw /; touch /new/other")[1]
    made.end()
