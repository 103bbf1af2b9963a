"""One owner per root at a time."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from virtkit.errors import ResourceBusyError, SystemCallError, VirtError
from virtkit.store import Collection, Root

OWNER = """
import sys
from virtkit.store import Root
claim = Root.under(sys.argv[1]).claim(program="virtkitd", socket=sys.argv[2])
print("mine", flush=True)
sys.stdin.read()
claim.release()
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.under(tmp_path)


@contextmanager
def other_owner(root: Root, socket: str = "") -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the root until its input ends."""
    command = [sys.executable, "-c", OWNER, str(root.etc.parent), socket]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process


def test_a_claim_says_who_owns_the_root(root: Root) -> None:
    assert root.owner() is None
    before = time.time()
    with root.claim(program="virtkitd", socket="/run/sock"):
        owner = root.owner()
    assert owner is not None
    assert (owner.pid, owner.program, owner.socket) == (os.getpid(), "virtkitd", "/run/sock")
    assert before <= owner.started <= time.time()
    assert root.owner() is None


def test_claims_of_one_process_are_counted(root: Root) -> None:
    first, second = root.claim(), root.claim()
    first.release()
    first.release()
    assert root.owner() is not None
    second.release()
    assert root.owner() is None


def test_two_names_of_one_root_are_one_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with Root.under(tmp_path / "real").claim(0), Root.under(tmp_path / "link").claim(0):
        pass
    assert Root.under(tmp_path / "link").owner() is None


def test_a_later_claim_may_add_the_socket(root: Root) -> None:
    with root.claim(program="virtkitd"), root.claim(program="virtkitd", socket="/run/sock"):
        owner = root.owner()
    assert owner is not None
    assert owner.socket == "/run/sock"


def test_a_second_process_is_told_who_owns_the_root(root: Root) -> None:
    with other_owner(root, "/run/virtkit/sock") as process:
        with pytest.raises(ResourceBusyError) as caught:
            root.claim(0)
        for part in ("virtkitd", f"pid {process.pid}", str(root.run), "/run/virtkit/sock"):
            assert part in caught.value.message
        assert (caught.value.str1, caught.value.int1) == ("virtkitd", process.pid)


def test_a_second_process_waits_for_the_first(root: Root) -> None:
    with other_owner(root) as process:
        assert process.stdin is not None
        threading.Timer(0.05, process.stdin.close).start()
        with root.claim(30):
            owner = root.owner()
    assert owner is not None
    assert owner.pid == os.getpid()


def test_an_owner_that_was_killed_leaves_the_root_free(root: Root) -> None:
    with other_owner(root) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert root.owner() is None
        with root.claim(0):
            pass


def test_reading_definitions_needs_no_claim(root: Root) -> None:
    domains = Collection(root.driver("qemu").etc, "domain")
    domains.save("web", b"<domain/>")
    with other_owner(root):
        assert domains.load("web") == b"<domain/>"


def test_threads_share_one_claim(root: Root) -> None:
    claims, errors = [], []

    def claim() -> None:
        try:
            claims.append(root.claim(30))
        except VirtError as error:
            errors.append(error)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(claims), errors) == (8, [])
    for each in claims:
        each.release()
    assert root.owner() is None


def forked(work: str, root: Root) -> str:
    """What a child forked while the parent owns the root prints."""
    script = (
        "import os, sys\n"
        "from virtkit.errors import ResourceBusyError\n"
        "from virtkit.store import Root\n"
        "root = Root.under(sys.argv[1])\n"
        "claim = root.claim(program='parent')\n"
        "ready, go = os.pipe()\n"
        "if os.fork() == 0:\n"
        f"    {work}\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print(root.owner().program if root.owner() else 'free')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(root.etc.parent)], stdout=subprocess.PIPE, timeout=30)
    return done.stdout.decode().strip()


def test_a_forked_child_does_not_share_the_claim(root: Root) -> None:
    work = "exec('try: root.claim(0)\\nexcept ResourceBusyError as error: os.write(1, error.str1.encode() + b\" \")')"
    assert forked(work, root) == "parent parent"


def test_a_forked_child_cannot_release_the_parents_claim(root: Root) -> None:
    assert forked("claim.release()", root) == "parent"


def test_a_child_that_outlives_its_parent_holds_nothing(root: Root) -> None:
    script = (
        "import os, sys\n"
        "from virtkit.store import Root\n"
        "claim = Root.under(sys.argv[1]).claim()\n"
        "if os.fork() == 0:\n"
        "    sys.stdin.read()\n"
        "    os._exit(0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(root.etc.parent)], stdin=subprocess.PIPE) as process:
        assert process.wait(30) == -signal.SIGKILL
        with root.claim(30):
            pass


def test_a_lock_file_that_says_nonsense_is_another_process(root: Root) -> None:
    with other_owner(root):
        (root.run / "owner.lock").write_text("nonsense")
        with pytest.raises(ResourceBusyError, match="another process"):
            root.claim(0)


def test_a_root_that_cannot_be_written_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(SystemCallError, match=f"{tmp_path}/run") as caught:
        Root.under(tmp_path).claim(0)
    assert caught.value.int1 in {errno.EEXIST, errno.ENOTDIR}
