"""The real libvirt's daemon, for a test: up when the context is entered, gone when it is left.

    with libvirtd.running(tmp_path) as path:
        virsh("-c", f"test+unix:///default?socket={path}", "list", "--all")

Each is private to its folder, so any number of unprivileged ones live side by side. The daemon ends when its standard
input does, hence also when the test is killed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.interop.shortened import shortened

START_SECONDS = 60.0
"""How long a daemon may take to answer: it probes what its drivers need, which took 2 s on a quiet machine."""

STOP_SECONDS = 30.0
"""How long it may take to end before it is killed."""

UNPRIVILEGED = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
"""Root as an ordinary user: files it makes still belong to root, who can clean them up."""

NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--")

SERVE = """
exec 3<&0
libvirtd "$@" < /dev/null &
daemon=$!
(cat <&3 > /dev/null; kill $daemon) &
wait $daemon
"""
"""Runs libvirtd with the given arguments until standard input ends."""

PREPARE = """
set -e
folder=$1
mount --make-rprivate /
mkdir -p "$folder/dev" && mount -t tmpfs none "$folder/dev"
for node in null zero full random urandom tty; do
    touch "$folder/dev/$node" && mount --bind "/dev/$node" "$folder/dev/$node"
done
mkdir "$folder/dev/pts" "$folder/dev/shm" "$folder/dev/net" && mount --bind /dev/pts "$folder/dev/pts"
if [ -c /dev/net/tun ]; then
    touch "$folder/dev/net/tun" && mount --bind /dev/net/tun "$folder/dev/net/tun"
fi
ln -s pts/ptmx "$folder/dev/ptmx" && ln -s /proc/self/fd "$folder/dev/fd"
mount --rbind "$folder/dev" /dev
umount --lazy --recursive /sys && mount -t sysfs none /sys
mount -t tmpfs none /run && mkdir -p /run/lock
for state in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
    mkdir -p $state "$folder/state$state" && mount --bind "$folder/state$state" $state
done
printf '%s\\n' 'user = "root"' 'group = "root"' 'stdio_handler = "file"' 'namespaces = []' > /etc/libvirt/qemu.conf
ip link set lo up
shift
set +e
"""
"""Makes the host's state invisible: its own /dev without KVM, no control groups, folders of libvirt that are ours.

Guests run as root, whose files the tests make, and log to plain files since there is no virtlogd.
"""


@contextmanager
def running(folder: Path, *, settings: Sequence[str] = (), arguments: Sequence[str] = ()) -> Iterator[Path]:
    """Run an unprivileged daemon, which serves `test:///default` and its own `/session` URIs.

    Skips the test where there can be none.

    Args:
        folder: Where its socket, state and log go; must exist.
        settings: Lines of its configuration file.
        arguments: Options of its command line, `--listen` for one.

    Yields:
        Path of its read-write socket.
    """
    _need("libvirtd", "unshare")
    prefix = UNPRIVILEGED if os.geteuid() == 0 else ()
    with shortened(folder) as short:
        command = [*prefix, "sh", "-c", SERVE, "sh", *_options(short, settings), *arguments]
        places = {"HOME": short, "XDG_RUNTIME_DIR": short, "XDG_CONFIG_HOME": short / "config"}
        path = short / "libvirt" / "libvirt-sock"
        with _running(short, command, path, {**places, "XDG_CACHE_HOME": short / "cache"}):
            yield path


@contextmanager
def running_system(folder: Path, *, settings: Sequence[str] = ()) -> Iterator[Path]:
    """Run the privileged daemon with QEMU, networks, storage and the rest, in namespaces of its own.

    Nothing of the host's libvirt is touched; guests end with the daemon. Its definitions are below `folder`, where the
    next one in the same folder finds them. Files below `folder` are the same inside and outside; `/run` and `/dev` are
    not. Process ids are those of its namespace. Skips the test where there can be none.

    Args:
        folder: Where its sockets and log go; must exist, outside `/run` and `/dev`.
        settings: Lines of its configuration file.

    Yields:
        Path of its read-write socket; `libvirt-sock-ro` and `libvirt-admin-sock` are beside it.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can give a daemon namespaces of its own")
    _need("libvirtd", "unshare", "ip", "qemu-system-x86_64")
    tried = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True, timeout=30, check=False)
    if tried.returncode:
        pytest.skip(f"no namespaces here: {tried.stderr.strip()}")
    with shortened(folder) as short:
        sockets = (f'unix_sock_dir = "{short}"', 'auth_unix_rw = "none"')
        options = _options(short, (*sockets, *settings))
        command = [*NAMESPACES, "sh", "-c", PREPARE + SERVE, "sh", str(folder), *options]
        path = short / "libvirt-sock"
        with _running(short, command, path, {}):
            yield path


def _need(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def _options(folder: Path, settings: Sequence[str]) -> list[str]:
    """Command-line options of a daemon that keeps to its folder."""
    configuration = folder / "libvirtd.conf"
    configuration.write_text("".join(f"{line}\n" for line in settings))
    return ["--config", str(configuration), "--pid-file", str(folder / "libvirtd.pid")]


@contextmanager
def _running(folder: Path, command: Sequence[str], path: Path, places: dict[str, Path]) -> Iterator[None]:
    environment = {"PATH": os.environ["PATH"], **{name: str(place) for name, place in places.items()}}
    log = folder / "libvirtd.log"
    with (
        open(log, "ab") as output,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment) as process,
    ):
        try:
            _await(process, path, log)
            yield
        finally:
            _end(process)


def _await(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    """Wait until a daemon accepts connections."""
    deadline = time.monotonic() + START_SECONDS
    while not _answers(path):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"libvirtd does not serve {path}:\n{log.read_text(errors='replace')}")
        time.sleep(0.01)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.connect(os.fspath(path))
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
