"""Documents on disk: what is saved is there, and what cannot be saved harms nothing."""

from __future__ import annotations

import errno
import logging
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from virtkit.errors import NoNameError, SystemCallError, VirtError, XMLError
from virtkit.store import Collection, Fault

OLD = b"<domain>\n  <name>web</name>\n</domain>\n"
NEW = b"<domain>\n  <name>web</name>\n  <title>new</title>\n</domain>\n"


def text(name: str, document: bytes) -> tuple[str, str]:
    return name, document.decode()


@pytest.fixture
def domains(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "etc" / "qemu", "domain", domain=10)


def files(domains: Collection) -> list[str]:
    return sorted(os.listdir(domains.folder))


def test_a_saved_document_is_loaded_byte_by_byte(domains: Collection) -> None:
    domains.save("web", OLD)
    assert domains.load("web") == OLD
    assert domains.path("web").stat().st_mode & 0o777 == 0o600


def test_saving_again_replaces_and_leaves_one_file(domains: Collection) -> None:
    domains.save("web", OLD)
    domains.save("web", NEW)
    assert domains.load("web") == NEW
    assert files(domains) == ["web.xml"]


def test_what_is_not_to_last_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int) -> None:
        raise OSError(errno.EIO, "refused")

    monkeypatch.setattr(os, "fsync", refuse)
    running = Collection(tmp_path / "run", "running domain", lasting=False)
    for document in (OLD, NEW):
        running.save("web", document)
        assert running.load("web") == document
    running.delete("web")
    assert files(running) == []
    with pytest.raises(SystemCallError, match="refused"):
        Collection(tmp_path / "etc", "domain").save("web", OLD)


def test_what_a_host_that_went_down_left_empty_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    running = Collection(tmp_path / "run", "running domain", lasting=False)
    running.save("db", OLD)
    (running.folder / "web.xml").touch()
    again = Collection(running.folder, "running domain", lasting=False)
    assert again.names() == ["db"]
    assert list(again.scan(text)) == [("db", OLD.decode())]
    assert not caplog.records
    again.save("db", NEW)
    assert files(again) == ["db.xml"]


def test_a_folder_that_does_not_exist_holds_nothing(domains: Collection) -> None:
    assert domains.names() == []
    assert list(domains.scan(text)) == []
    assert domains.autostarted() == []
    assert "web" not in domains


def test_names_are_sorted_and_skip_what_is_no_document(domains: Collection) -> None:
    for name in ("web", "db", "a b", "süß"):
        domains.save(name, OLD)
    (domains.folder / "README").write_text("no document")
    (domains.folder / ".hidden.xml").write_text("no document")
    assert domains.names() == ["a b", "db", "süß", "web"]
    assert "web" in domains


def test_a_document_that_is_not_there_is_an_error_with_its_errno(domains: Collection) -> None:
    with pytest.raises(SystemCallError, match="load domain 'web'") as caught:
        domains.load("web")
    assert (caught.value.int1, caught.value.domain) == (errno.ENOENT, 10)


def test_deleting_removes_the_document_and_its_mark_and_may_be_repeated(domains: Collection) -> None:
    domains.save("web", OLD)
    domains.set_autostart("web", True)
    domains.delete("web")
    domains.delete("web")
    assert files(domains) == ["autostart"]
    assert not domains.autostart("web")


def test_renaming_moves_the_document_and_its_mark(domains: Collection) -> None:
    domains.save("web", OLD)
    domains.set_autostart("web", True)
    domains.rename("web", "www", NEW)
    assert domains.names() == ["www"]
    assert domains.load("www") == NEW
    assert domains.autostarted() == ["www"]


def test_autostart_is_a_link_that_can_be_set_and_removed_twice(domains: Collection) -> None:
    domains.save("web", OLD)
    for wanted in (True, True, False, False):
        domains.set_autostart("web", wanted)
        assert domains.autostart("web") is wanted
    domains.set_autostart("web", True)
    mark = domains.folder / "autostart" / "web.xml"
    assert mark.resolve() == domains.path("web").resolve()


def test_a_mark_whose_document_is_gone_starts_nothing(domains: Collection) -> None:
    domains.save("web", OLD)
    domains.set_autostart("web", True)
    domains.path("web").unlink()
    assert domains.autostarted() == []


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("a/b", "slash"),
        ("../etc/passwd", "slash"),
        ("two\nlines", "line end"),
        ("nul\0", "control character"),
        (".", "starts with a dot"),
        ("..", "starts with a dot"),
        (".web", "starts with a dot"),
        ("x" * 241, "longer than 240 bytes"),
        ("ü" * 121, "longer than 240 bytes"),
        ("\udcff", "no UTF-8"),
    ],
)
def test_a_name_that_is_no_file_name_is_refused_before_anything_is_written(
    domains: Collection, name: str, flaw: str
) -> None:
    with pytest.raises(XMLError, match=f"domain name .*{flaw}") as caught:
        domains.save(name, OLD)
    assert caught.value.domain == 10
    assert name not in domains
    assert not domains.folder.exists()


def test_an_empty_name_has_its_own_error(domains: Collection) -> None:
    with pytest.raises(NoNameError):
        domains.save("", OLD)


def test_the_longest_name_fits(domains: Collection) -> None:
    name = "ü" * 120
    domains.save(name, OLD)
    domains.set_autostart(name, True)
    assert domains.autostarted() == [name]


def test_a_broken_document_is_reported_and_the_rest_goes_on(
    domains: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b", "c", "d", "e"):
        domains.save(name, OLD)
    domains.path("b").write_bytes(b"")
    domains.path("c").write_bytes(b"\xff\xfe")
    domains.path("d").unlink()
    domains.path("d").mkdir()
    (domains.folder / os.fsdecode(b"\xff.xml")).write_bytes(OLD)
    faults: list[Fault] = []
    with caplog.at_level(logging.ERROR, "virtkit.store"):
        found = [name for name, _ in domains.scan(text, faults)]
    assert found == ["a", "e"]
    assert [fault.path.name for fault in faults] == ["b.xml", "c.xml", "d.xml", "\udcff.xml"]
    assert all(isinstance(fault.error, VirtError) for fault in faults)
    assert "is empty" in faults[0].error.message
    assert len(caplog.records) == 4
    assert "/\\xff.xml is left out" in caplog.text
    caplog.text.encode()


def test_a_document_the_parser_refuses_is_a_fault_too(domains: Collection) -> None:
    domains.save("web", OLD)
    refused = XMLError("no such element")

    def parse(name: str, document: bytes) -> None:
        raise refused

    faults: list[Fault] = []
    assert list(domains.scan(parse, faults)) == []
    assert faults == [Fault(domains.path("web"), refused)]


def test_a_pipe_in_the_place_of_a_document_does_not_hold_up_a_scan(domains: Collection) -> None:
    domains.save("a", OLD)
    os.mkfifo(domains.path("b"))
    faults: list[Fault] = []
    assert [name for name, _ in domains.scan(text, faults)] == ["a"]
    assert "no regular file" in faults[0].error.message


def test_a_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "qemu").write_text("in the way")
    domains = Collection(tmp_path / "qemu", "domain")
    faults: list[Fault] = []
    assert list(domains.scan(text, faults)) == []
    assert faults[0].error.int1 == errno.ENOTDIR
    with pytest.raises(SystemCallError, match=str(tmp_path / "qemu")):
        domains.save("web", OLD)


AS_NOBODY = """
import os, sys
from pathlib import Path
from virtkit.errors import SystemCallError
from virtkit.store import Collection
import logging
logging.disable()
os.setuid(65534)
domains = Collection(Path(sys.argv[1]), "domain")
faults = []
assert list(domains.scan(lambda name, document: name, faults)) == []
print(faults[0].error.int1, faults[0].error)
try:
    domains.save("web", b"new")
except SystemCallError as error:
    print(error.int1, error)
"""


def test_a_folder_that_may_not_be_read_is_reported_with_the_remedy(domains: Collection) -> None:
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    domains.save("web", OLD)
    command = [sys.executable, "-c", AS_NOBODY, str(domains.folder)]
    errors = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert [error.split()[0] for error in errors] == [str(errno.EACCES)] * 2
    assert all("use a session connection" in error for error in errors)


def test_a_scan_reads_one_document_at_a_time(domains: Collection) -> None:
    for name in ("a", "b"):
        domains.save(name, OLD)
    scan = domains.scan(text)
    assert next(scan)[0] == "a"
    domains.save("b", NEW)
    assert next(scan) == ("b", NEW.decode())


def test_what_a_killed_process_left_behind_is_swept_by_the_next(domains: Collection) -> None:
    domains.save("web", OLD)
    child = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, signal, sys; from pathlib import Path; import virtkit.store.files as files\n"
            "os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
            "files.replace(Path(sys.argv[1]), b'half')",
            str(domains.path("web")),
        ],
        timeout=30,
    )
    assert child.returncode == -9
    assert len(files(domains)) == 2
    assert domains.names() == ["web"]
    assert domains.load("web") == OLD
    Collection(domains.folder, "domain").save("db", NEW)
    assert files(domains) == ["db.xml", "web.xml"]


def test_threads_that_save_one_name_leave_one_whole_document(domains: Collection) -> None:
    documents = [bytes([65 + number]) * 100_000 for number in range(4)]
    threads = [threading.Thread(target=domains.save, args=("web", document)) for document in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert domains.load("web") in documents
    assert files(domains) == ["web.xml"]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let the kernel refuse files that are larger; Python ignores the signal that comes with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_refused_write_keeps_the_old_definition_and_leaves_nothing(domains: Collection) -> None:
    domains.save("web", OLD)
    with file_size_limit(1000), pytest.raises(SystemCallError, match="ulimit -f") as caught:
        domains.save("web", NEW * 100)
    assert caught.value.int1 == errno.EFBIG
    assert domains.load("web") == OLD
    assert files(domains) == ["web.xml"]


ON_A_TINY_DISK = """
import os, subprocess, sys
from virtkit.errors import SystemCallError
from virtkit.store import Collection
from pathlib import Path
mode, folder = sys.argv[1], Path(sys.argv[2])
domains = Collection(folder / "qemu", "domain")
domains.save("web", b"old")
if mode == "full":
    (folder / "ballast").write_bytes(b"x" * (os.statvfs(folder).f_bavail * 4096))
else:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
for action in (lambda: domains.save("web", b"new" * 4000), lambda: domains.save("db", b"new" * 4000)):
    try:
        action()
    except SystemCallError as error:
        print(error.int1, error)
if mode == "read-only":
    try:
        domains.delete("web")
    except SystemCallError as error:
        print(error.int1, error)
assert domains.load("web") == b"old"
assert os.listdir(folder / "qemu") == ["web.xml"], os.listdir(folder / "qemu")
"""


def on_a_tiny_disk(mode: str, folder: Path) -> list[str]:
    """The errors met on a file system of 256 KiB that only the child sees."""
    script = f'mount -t tmpfs -o size=256k tmpfs "{folder}" && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", ON_A_TINY_DISK, mode, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def can_mount(folder: Path) -> bool:
    try:
        return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", folder]).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    if os.geteuid() != 0 or not can_mount(tmp_path):
        pytest.skip("mounting a tiny file system needs root and a mount namespace")
    return tmp_path


def test_a_full_disk_keeps_the_old_definition_and_leaves_nothing(disk: Path) -> None:
    errors = on_a_tiny_disk("full", disk)
    assert [error.split()[0] for error in errors] == [str(errno.ENOSPC)] * 2
    assert "cannot save domain 'web'" in errors[0]
    assert f"{disk}/qemu/web.xml" in errors[0]
    assert "free some space" in errors[0]


def test_a_read_only_disk_refuses_with_the_remedy_and_can_be_read(disk: Path) -> None:
    errors = on_a_tiny_disk("read-only", disk)
    assert [error.split()[0] for error in errors] == [str(errno.EROFS)] * 3
    assert all("writable" in error for error in errors)
